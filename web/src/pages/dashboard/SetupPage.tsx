import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { setupQuery, updateSetup, type Setup } from '../../api/dashboardSetup.ts'
import { useSubmit } from '../../api/submit.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { toast } from '../../ui/Toast.tsx'
import { SetupCompanyCard } from './SetupCompanyCard.tsx'
import { SetupStepCard } from './SetupStepCard.tsx'

/** What a new operator connects, one after the other. */
export default function SetupPage() {
  const { can } = useSession()
  const query = useQuery({ ...setupQuery, enabled: can('infrastructure:manage', null) })
  return (
    <Page
      title="Set-up guide"
      permission="infrastructure:manage"
      ofPlatform
      actions={query.data && <Dismiss setup={query.data} />}
    >
      <p className="max-w-3xl text-muted">
        mPanel works with systems of yours. Connect them in any order; until then what is simulated behaves
        like the real thing, and nothing of it is real.
      </p>
      <Loaded query={query} what="guide">
        {({ steps }) => (
          <ol aria-label="Steps" className="space-y-4">
            {steps.map((one) => (
              <li key={one.step}>
                {one.step === 'company' ? (
                  <SetupCompanyCard step={one} />
                ) : (
                  <SetupStepCard system={one.step} step={one} />
                )}
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Page>
  )
}

function Dismiss({ setup }: { setup: Setup }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const { mutate, isPending } = useSubmit({
    send: updateSetup,
    onDone: ({ dismissed }) => {
      if (dismissed) void navigate(paths.dashboard(tenant.slug))
    },
  })
  const isDone = setup.steps.every(({ state }) => state === 'connected')
  return (
    <Button
      loading={isPending}
      onClick={() =>
        mutate(
          { dismissed: !setup.dismissed },
          { onError: (error) => toast.failed(t`Not saved`, error.message) },
        )
      }
    >
      {setup.dismissed ? t`Show it on the dashboard` : isDone ? t`Done` : t`Go on as it is`}
    </Button>
  )
}

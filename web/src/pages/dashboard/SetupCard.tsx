import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { setupQuery } from '../../api/dashboardSetup.ts'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'

/** Leads to the guide as long as a step of it is not done and nobody has said that this is enough. */
export function SetupCard() {
  const { tenant } = useSession()
  const { data } = useQuery(setupQuery)
  const connected = data?.steps.filter(({ state }) => state === 'connected').length ?? 0
  if (data === undefined || data.dismissed || connected === data.steps.length) return null
  return (
    <Notice
      tone="info"
      title="Connect what mPanel works with"
      action={
        <Link {...paths.setup(tenant.slug)} className={buttonClass()}>
          Set-up guide
        </Link>
      }
    >
      <p>
        {connected} of {data.steps.length} steps are done. What is not connected is simulated, or cannot be
        used yet.
      </p>
    </Notice>
  )
}

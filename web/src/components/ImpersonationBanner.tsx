import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { VenetianMask } from 'lucide-react'
import { useEffect } from 'react'
import { t } from '../../../shared/text.ts'
import { stopImpersonation } from '../api/impersonation.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { Time } from '../ui/Time.tsx'
import { toast } from '../ui/Toast.tsx'
import { useSession } from './session.ts'
import { nowMs } from '../lib/now.ts'

/** The operator's own session comes back a moment before this one would end by itself. */
const EARLY_MS = 10_000

/** Says over every page under whose name an operator acts. */
export function ImpersonationBanner() {
  const { me } = useSession()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { mutate, isPending } = useSubmit({
    send: stopImpersonation,
    sessionOnly: true,
    onDone: () => {
      client.clear()
      void navigate({ to: '/' })
    },
  })
  const until = me.impersonation?.until
  useEffect(() => {
    if (until === undefined) return undefined
    const timer = setTimeout(mutate, Math.max(0, new Date(until).getTime() - nowMs() - EARLY_MS))
    return () => clearTimeout(timer)
  }, [until, mutate])
  if (me.impersonation === null) return null
  const { by, reason, readOnly } = me.impersonation
  return (
    <section
      aria-label="Acting as somebody else"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 bg-danger-fill px-4 py-2 text-on-fill sm:px-6"
    >
      <VenetianMask aria-hidden className="size-5 shrink-0" />
      <p className="min-w-0 flex-1 basis-60 break-words">
        <strong>
          {readOnly ? t`You look as ` : t`You act as `}
          {me.user.email}
        </strong>{' '}
        (you are {by.email}) until <Time at={me.impersonation.until} />.{' '}
        {readOnly && t`Nothing can be changed. `}
        Reason: {reason}
      </p>
      <Button
        size="sm"
        loading={isPending}
        onClick={() => mutate(undefined, { onError: (error) => toast.failed(t`Not stopped`, error.message) })}
      >
        Stop
      </Button>
    </section>
  )
}

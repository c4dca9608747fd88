import { useQuery } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import { sendTestMail } from '../../api/mails.ts'
import { jobQuery } from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { JobNow } from '../../components/JobProgress.tsx'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'

/** Asks the system itself, now. */
export function LiveCheck({
  title,
  problem,
  send,
}: {
  title: string
  /** What was last seen of it. */
  problem: string | null
  send: (key: string) => Promise<string[]>
}) {
  const check = useSubmit({ send: (_: undefined, key) => send(key) })
  return (
    <div aria-live="polite" className="space-y-3">
      {problem !== null && check.data === undefined && <Notice tone="warning">{problem}</Notice>}
      <Button
        size="sm"
        aria-label={t`Check now: ${title}`}
        loading={check.isPending}
        onClick={() => check.mutate(undefined)}
      >
        Check now
      </Button>
      {check.error && <Notice tone="danger">{check.error.message}</Notice>}
      {check.data?.length === 0 && (
        <Notice tone="success">It answers, and all that is needed is allowed.</Notice>
      )}
      {check.data?.map((one) => (
        <Notice key={one} tone="danger">
          {one}
        </Notice>
      ))}
    </div>
  )
}

/** Sends a mail to who asks, and shows what became of it. */
export function MailCheck() {
  const check = useSubmit({ send: (_: undefined, key) => sendTestMail(key) })
  return (
    <div aria-live="polite" className="space-y-3">
      <Button size="sm" loading={check.isPending} onClick={() => check.mutate(undefined)}>
        Send me a test mail
      </Button>
      {check.error && <Notice tone="danger">{check.error.message}</Notice>}
      {check.data && <MailOutcome key={check.data.jobId} of={check.data} />}
    </div>
  )
}

function MailOutcome({ of: { to, jobId } }: { of: { to: string; jobId: string } }) {
  const { data: job } = useQuery(jobQuery(jobId))
  if (job === undefined) return null
  if (job.state !== 'succeeded') return <JobNow job={job} />
  return <Notice tone="success">The mail server has taken it. Look whether it arrives at {to}.</Notice>
}

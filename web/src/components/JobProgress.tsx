import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { t } from '../../../shared/text.ts'
import { jobQuery, type Job, type JobDetail } from '../api/provisioning.ts'
import { capitalize } from '../lib/spelledOut.ts'
import { useJobWords } from '../lib/useJobWords.ts'
import { humanize, jobTitle } from '../lib/words.ts'
import { paths } from '../paths.ts'
import { Card } from '../ui/Card.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Progress } from '../ui/Progress.tsx'
import { Time } from '../ui/Time.tsx'
import { useSession } from './session.ts'
import { StateBadge } from './StateBadge.tsx'

const FINAL: readonly Job['state'][] = ['succeeded', 'failed', 'cancelled']
export const isOver = (job: Job): boolean => FINAL.includes(job.state)

const IDLE: Partial<Record<Job['state'], string>> = {
  running: t`Working`,
  stuck: t`Stopped: it goes on when somebody has mended the cause.`,
}

/** What it does, in words, with how far it is. */
export function doing(job: Job, say: (text: string) => string): string {
  const words = capitalize(say(job.doing ?? '')) || (IDLE[job.state] ?? t`Waiting to be run`)
  return job.progress === null || words.includes('%') ? words : `${words}, ${job.progress} %`
}

/** What a job is doing now, or why it is not going on. */
export function JobNow({ job }: { job: Job }) {
  const say = useJobWords()
  if (isOver(job) && (job.error === null || job.state === 'succeeded')) return null
  return (
    <div className="space-y-2" aria-live="polite">
      {!isOver(job) && (
        <>
          <p>
            {job.phase === 'undo' && <strong>Undoing: </strong>}
            {doing(job, say)}
          </p>
          {job.state === 'running' && <Progress value={job.progress} label={jobTitle(job.kind)} />}
        </>
      )}
      {job.waitingFor && !isOver(job) && (
        <Notice tone={job.state === 'stuck' ? 'warning' : 'info'} title="Not going on">
          {say(job.waitingFor)}
          {job.runAt && job.state === 'scheduled' && (
            <>
              {' '}
              Next attempt <Time at={job.runAt} relative />.
            </>
          )}
        </Notice>
      )}
      {job.error && job.state !== 'succeeded' && (
        <Notice
          tone={isOver(job) || job.state === 'stuck' ? 'danger' : 'warning'}
          title={humanize(job.error.code)}
        >
          {say(job.error.message)}
        </Notice>
      )}
    </div>
  )
}

export function JobSteps({ steps }: { steps: JobDetail['steps'] }) {
  const say = useJobWords()
  if (steps.length === 0) return <p className="text-muted">No step has begun.</p>
  return (
    <ol className="space-y-2">
      {steps.map((step) => (
        <li key={step.name} className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
          <div className="min-w-0 flex-1 basis-52">
            <p>{say(step.title)}</p>
            {step.error && <p className="text-[13px] break-words text-danger-text">{say(step.error)}</p>}
          </div>
          <div className="flex items-center gap-3 text-[13px] text-muted">
            {step.error && step.attempts > 1 && <span>{step.attempts} attempts</span>}
            {step.finishedAt && <Time at={step.finishedAt} relative />}
            <StateBadge of="step" state={step.state} />
          </div>
        </li>
      ))}
    </ol>
  )
}

/** The job at work on something, live, with its steps. */
export function JobProgress({ job }: { job: Job }) {
  const { tenant } = useSession()
  const { data } = useQuery(jobQuery(job.id))
  const shown = data ?? job
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          <Link {...paths.job(tenant.slug, job.id)} className="hover:underline">
            {jobTitle(job.kind)}
          </Link>
          <StateBadge of="job" state={shown.state} />
        </span>
      }
    >
      <div className="space-y-4">
        <JobNow job={shown} />
        {data && data.steps.length > 0 && <JobSteps steps={data.steps} />}
      </div>
    </Card>
  )
}

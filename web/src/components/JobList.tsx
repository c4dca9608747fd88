import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Workflow } from 'lucide-react'
import type { Page } from '../../../shared/api/common.ts'
import { t } from '../../../shared/text.ts'
import type { Job } from '../api/provisioning.ts'
import { useJobWords } from '../lib/useJobWords.ts'
import { jobTitle } from '../lib/words.ts'
import { paths } from '../paths.ts'
import type { Column } from '../ui/DataTable.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Time } from '../ui/Time.tsx'
import { doing } from './JobProgress.tsx'
import { List } from './List.tsx'
import { useSession } from './session.ts'
import { StateBadge } from './StateBadge.tsx'
import { SubjectLink } from './SubjectLink.tsx'

/** Jobs as every page lists them. */
export function JobList({
  query,
  withSubject = false,
  trail,
  onTrail,
}: {
  query: UseQueryResult<Page<Job>>
  withSubject?: boolean
  trail?: string | undefined
  onTrail?: (trail: string | undefined) => void
}) {
  const { tenant } = useSession()
  const subject: Column<Job> = {
    header: t`For`,
    render: (job) => <SubjectLink {...job.subject} />,
    from: 'sm',
  }
  const columns: Column<Job>[] = [
    {
      header: t`Job`,
      render: (job) => (
        <>
          <Link {...paths.job(tenant.slug, job.id)} className="font-medium hover:underline">
            {jobTitle(job.kind)}
          </Link>
          {withSubject && (
            <div className="text-[13px] break-words text-muted sm:hidden">{job.subject.label}</div>
          )}
        </>
      ),
    },
    ...(withSubject ? [subject] : []),
    {
      header: t`State`,
      narrow: true,
      render: (job) => <StateBadge of="job" state={job.state} />,
    },
    { header: t`Doing`, from: 'lg', render: (job) => <Now job={job} /> },
    { header: t`Created`, from: 'md', narrow: true, render: (job) => <Time at={job.createdAt} relative /> },
  ]
  return (
    <List
      query={query}
      what="jobs"
      columns={columns}
      trail={trail}
      onTrail={onTrail}
      empty={
        <EmptyState icon={Workflow} title="No jobs">
          Work on CloudPods and clusters is listed here, while it is done and afterwards.
        </EmptyState>
      }
    />
  )
}

function Now({ job }: { job: Job }) {
  const say = useJobWords()
  const trouble = job.error && job.state !== 'succeeded' ? job.error.message : job.waitingFor
  const words = trouble ? say(trouble) : job.state === 'running' ? doing(job, say) : null
  if (!words) return <span className="text-muted">—</span>
  return (
    <span className="line-clamp-2 max-w-md" title={words}>
      {words}
    </span>
  )
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { t } from '../../../../shared/text.ts'
import { jobQuery, type JobDetail } from '../../api/provisioning.ts'
import { isOver, JobNow, JobSteps } from '../../components/JobProgress.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { locale } from '../../lib/language.ts'
import { useJobWords } from '../../lib/useJobWords.ts'
import { codeWords, humanize, jobTitle } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Time } from '../../ui/Time.tsx'
import { JobActions } from './JobActions.tsx'

const route = getRouteApi('/t/$tenant/jobs/$id')

export default function JobPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...jobQuery(id), enabled: can('jobs:read') })
  const job = query.data
  return (
    <Page
      title={job ? `${jobTitle(job.kind)}${job.subject.label && `: ${job.subject.label}`}` : t`Job`}
      crumbs={[{ label: t`Jobs`, link: paths.jobs(tenant.slug) }]}
      permission="jobs:read"
      badge={job && <StateBadge of="job" state={job.state} />}
      actions={job && !isOver(job) && <JobActions job={job} />}
    >
      <Loaded query={query} what="job">
        {(data) => <Content job={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ job }: { job: JobDetail }) {
  return (
    <div className="space-y-4">
      <Card>
        <div className="space-y-4">
          <JobNow job={job} />
          <Facts
            facts={[
              [t`For`, <SubjectLink key="subject" {...job.subject} />],
              [t`Queue`, humanize(job.queue)],
              [t`Failed attempts`, job.attempts],
              [t`Priority`, job.priority],
              [t`Direction`, job.phase === 'undo' ? t`Undoing what was done` : t`Forward`],
              [t`Created`, <Time key="created" at={job.createdAt} />],
              [t`Begun`, <Time key="started" at={job.startedAt} />],
              [t`Ended`, <Time key="finished" at={job.finishedAt} />],
              [t`Correlation`, <CopyId key="correlation" id={job.correlationId} what="correlation id" />],
              [t`Id`, <CopyId key="id" id={job.id} what="job id" />],
            ]}
          />
        </div>
      </Card>
      <Card title="Steps">
        <JobSteps steps={job.steps} />
      </Card>
      <Card title="Log" flush>
        <Log lines={job.log} />
      </Card>
    </div>
  )
}

const LEVELS = { info: '', warning: 'text-warning-text', error: 'text-danger-text' }

function Log({ lines }: { lines: JobDetail['log'] }) {
  const say = useJobWords()
  if (lines.length === 0) return <p className="p-4 text-muted">Nothing was written yet.</p>
  return (
    <ol
      aria-label="Log"
      // What scrolls must be reachable by keyboard.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      className="max-h-112 space-y-1 overflow-y-auto p-4 font-mono text-[12.5px]"
    >
      {lines.map((line) => (
        <li key={line.id} className="flex flex-wrap gap-x-3">
          <time dateTime={line.at} className="text-muted" title={line.at}>
            {new Date(line.at).toLocaleTimeString(locale)}
          </time>
          <span className={clsx('min-w-0 flex-1 basis-48 break-words', LEVELS[line.level])}>
            {line.level !== 'info' && <span className="sr-only">{codeWords(line.level)}: </span>}
            {say(line.line)}
          </span>
        </li>
      ))}
    </ol>
  )
}

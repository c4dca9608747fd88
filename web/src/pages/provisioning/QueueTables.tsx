import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import type { QueueOverview } from '../../api/provisioningControls.ts'
import { useSession } from '../../components/session.ts'
import { humanize, jobTitle } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { Workflow } from 'lucide-react'
import { PauseButton } from './PauseButton.tsx'

type Pause = QueueOverview['pauses'][number]
type Queue = QueueOverview['queues'][number]
type Kind = QueueOverview['kinds'][number]

const number = <Row,>(header: string, of: (row: Row) => number, from?: Column<Row>['from']): Column<Row> => ({
  header,
  align: 'right',
  render: of,
  ...(from && { from }),
})

const isPaused = ({ pauses }: QueueOverview, what: Pause['what'], which: string): boolean =>
  pauses.some((pause) => pause.what === what && pause.which === which)

const wordsOf = ({ what, which, label }: Pause): string => {
  if (what === 'all') return t`All automation is stopped`
  if (what === 'queue') return t`The queue ${humanize(which)} is paused`
  return what === 'kind' ? t`${jobTitle(which)} is paused` : t`The node ${label} is paused`
}

/** What is stopped, why and by whom: above everything else, since it explains why things wait. */
export function Pauses({ overview }: { overview: QueueOverview }) {
  return overview.pauses.map((pause) => (
    <Notice
      key={`${pause.what} ${pause.which}`}
      tone={pause.what === 'all' ? 'danger' : 'warning'}
      title={wordsOf(pause)}
      action={
        pause.what === 'node' && (
          <PauseButton what="node" which={pause.which} label={t`node ${pause.label}`} paused />
        )
      }
    >
      {pause.reason} ({pause.by}, <Time at={pause.at} relative />)
    </Notice>
  ))
}

export function Queues({ overview }: { overview: QueueOverview }) {
  const { tenant } = useSession()
  return (
    <Card title="Queues" flush>
      <DataTable
        label="Queues"
        rowKey={({ queue }) => queue}
        rows={overview.queues}
        columns={[
          {
            header: t`Queue`,
            render: ({ queue }) => (
              <span className="inline-flex flex-wrap items-center gap-2">
                <Link {...paths.jobs(tenant.slug, { queue })} className="hover:underline">
                  {humanize(queue)}
                </Link>
                {isPaused(overview, 'queue', queue) && <Badge tone="warning">Paused</Badge>}
              </span>
            ),
          },
          number(t`Ready`, ({ ready }: Queue) => ready),
          number(t`Running`, ({ running }: Queue) => running),
          number(t`Waiting`, ({ scheduled, blocked }: Queue) => scheduled + blocked, 'md'),
          {
            header: t`Stuck`,
            align: 'right',
            from: 'sm',
            render: ({ queue, stuck }) =>
              stuck === 0 ? (
                0
              ) : (
                <Link {...paths.jobs(tenant.slug, { queue, state: 'stuck' })} className="hover:underline">
                  {stuck}
                  <span className="sr-only"> wait for a person</span>
                </Link>
              ),
          },
          number(t`Done in the last hour`, ({ succeeded }: Queue) => succeeded, 'lg'),
          number(t`Failed in the last hour`, ({ failed }: Queue) => failed, 'lg'),
          {
            header: t`Oldest ready`,
            from: 'md',
            render: ({ oldestReady }) => <Time at={oldestReady} relative />,
          },
          {
            header: t`Action`,
            narrow: true,
            render: ({ queue }) => (
              <PauseButton
                what="queue"
                which={queue}
                label={t`the queue ${humanize(queue)}`}
                paused={isPaused(overview, 'queue', queue)}
              />
            ),
          },
        ]}
      />
    </Card>
  )
}

export function Kinds({ overview }: { overview: QueueOverview }) {
  return (
    <Card title="Kinds of job, open or ended in the last hour" flush>
      {overview.kinds.length === 0 ? (
        <EmptyState icon={Workflow} title="Nothing was done in the last hour" />
      ) : (
        <DataTable
          label="Kinds of job"
          rowKey={({ kind }) => kind}
          rows={overview.kinds}
          columns={[
            {
              header: t`Kind`,
              render: ({ kind }) => (
                <span className="inline-flex flex-wrap items-center gap-2">
                  {jobTitle(kind)}
                  {isPaused(overview, 'kind', kind) && <Badge tone="warning">Paused</Badge>}
                </span>
              ),
            },
            number(t`Waiting`, ({ waiting }: Kind) => waiting),
            number(t`Running`, ({ running }: Kind) => running, 'sm'),
            number(t`Done`, ({ succeeded }: Kind) => succeeded, 'md'),
            number(t`Failed`, ({ failed }: Kind) => failed, 'sm'),
            number(t`Stuck`, ({ stuck }: Kind) => stuck, 'md'),
            {
              header: t`Action`,
              narrow: true,
              render: ({ kind }) => (
                <PauseButton
                  what="kind"
                  which={kind}
                  label={jobTitle(kind)}
                  paused={isPaused(overview, 'kind', kind)}
                />
              ),
            },
          ]}
        />
      )}
    </Card>
  )
}

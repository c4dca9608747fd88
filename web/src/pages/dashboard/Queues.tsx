import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { queuesQuery, workersQuery, type QueueOverview } from '../../api/provisioningControls.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { locale } from '../../lib/language.ts'
import { count, humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'

type Queue = QueueOverview['queues'][number]

/** Whether work goes on: what waits in each queue and since when, what is paused, and who works. */
export default function Queues() {
  const { tenant } = useSession()
  const queues = useQuery(queuesQuery())
  const workers = useQuery(workersQuery())
  const there = workers.data?.items.filter(({ state }) => state !== 'silent').length
  const number = (queue: string, state: 'ready' | 'running' | 'stuck', amount: number) => (
    <Link {...paths.jobs(tenant.slug, { queue, state })} className="hover:underline">
      {amount.toLocaleString(locale)}
    </Link>
  )
  const columns: Column<Queue>[] = [
    { header: t`Queue`, render: ({ queue }) => humanize(queue) },
    { header: t`Waiting`, align: 'right', render: ({ queue, ready }) => number(queue, 'ready', ready) },
    { header: t`Running`, align: 'right', render: ({ queue, running }) => number(queue, 'running', running) },
    { header: t`Stuck`, align: 'right', render: ({ queue, stuck }) => number(queue, 'stuck', stuck) },
    {
      header: t`Oldest waits since`,
      from: 'sm',
      align: 'right',
      render: ({ oldestReady }) => <Time at={oldestReady} relative />,
    },
  ]
  return (
    <Card
      title="Queues"
      flush
      actions={
        <Link {...paths.queues(tenant.slug)} className="text-accent hover:underline">
          {there === undefined ? t`Queues & workers` : count(there, t`worker`, t`workers`)}
        </Link>
      }
    >
      <Loaded query={queues} what="queues">
        {(overview) => (
          <>
            {overview.stopped && (
              <div className="p-3">
                <Notice tone="danger" title="Everything is stopped: no job is started." />
              </div>
            )}
            {!overview.stopped && overview.pauses.length > 0 && (
              <div className="p-3">
                <Notice
                  tone="warning"
                  title={t`Paused: ${overview.pauses.map(({ label }) => label).join(', ')}`}
                />
              </div>
            )}
            <DataTable
              label="Queues"
              columns={columns}
              rows={overview.queues}
              rowKey={({ queue }) => queue}
            />
          </>
        )}
      </Loaded>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Cpu } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { timersQuery, workersQuery } from '../../api/provisioningControls.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { count, humanize, jobTitle } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

export function Workers() {
  const { tenant } = useSession()
  const query = useQuery(workersQuery())
  return (
    <Card flush>
      <Loaded query={query} what="workers">
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon={Cpu} title="No worker is running">
              Jobs wait until one is: start it with <code>mpanel worker</code>.
            </EmptyState>
          ) : (
            <DataTable
              label="Workers"
              rowKey={({ name }) => name}
              rows={items}
              columns={[
                {
                  header: t`Worker`,
                  render: ({ host, pid, version }) => (
                    <>
                      {host}
                      <span className="block text-[13px] text-muted">
                        process {pid}, version {version}
                      </span>
                    </>
                  ),
                },
                { header: t`State`, render: ({ state }) => <StateBadge of="worker" state={state} /> },
                { header: t`Seen`, from: 'sm', render: ({ seenAt }) => <Time at={seenAt} relative /> },
                {
                  header: t`Started`,
                  from: 'lg',
                  render: ({ startedAt }) => <Time at={startedAt} relative />,
                },
                {
                  header: t`Running`,
                  render: ({ jobs, concurrency }) => (
                    <>
                      {count(jobs.length, t`job`, t`jobs`)} of {concurrency} at once
                      <ul>
                        {jobs.map(({ id, kind, label }) => (
                          <li key={id}>
                            <Link {...paths.job(tenant.slug, id)} className="hover:underline">
                              {jobTitle(kind)} {label}
                            </Link>
                          </li>
                        ))}
                      </ul>
                    </>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  )
}

function every(seconds: number | null): string {
  if (seconds === null) return '—'
  if (seconds < 60) return count(seconds, t`second`, t`seconds`)
  return seconds < 3_600
    ? count(seconds / 60, t`minute`, t`minutes`)
    : count(seconds / 3_600, t`hour`, t`hours`)
}

export function Timers() {
  const query = useQuery(timersQuery())
  return (
    <Card flush>
      <Loaded query={query} what="timers">
        {({ items }) => (
          <DataTable
            label="Timers"
            rowKey={({ name }) => name}
            rows={items}
            columns={[
              {
                header: t`Timer`,
                render: ({ name, lastError }) => (
                  <>
                    {humanize(name)}
                    {lastError && <span className="block break-words text-danger-text">{lastError}</span>}
                  </>
                ),
              },
              { header: t`State`, render: ({ state }) => <StateBadge of="timer" state={state} /> },
              { header: t`Every`, from: 'sm', render: ({ everySeconds }) => every(everySeconds) },
              {
                header: t`Last success`,
                from: 'md',
                render: ({ lastSuccessAt }) => <Time at={lastSuccessAt} relative />,
              },
              {
                header: t`Next run`,
                from: 'sm',
                render: ({ nextRunAt }) => <Time at={nextRunAt} relative />,
              },
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}

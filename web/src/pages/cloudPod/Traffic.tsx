import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ArrowUpDown } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { trafficMonthsQuery, trafficQuery, type TrafficMonth } from '../../api/cloudPodTraffic.ts'
import { LoadMore } from '../../components/LoadMore.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { UsageBar } from '../../components/UsageBar.tsx'
import { locale } from '../../lib/language.ts'
import { bytes } from '../../lib/words.ts'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'

/** `2026-11` as people say it. */
const monthName = (month: string): string =>
  new Date(`${month}-01T00:00:00Z`).toLocaleDateString(locale, {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  })

/** What was sent and received in the month that it is, in a line. */
export function TrafficNow({ podId }: { podId: string }) {
  const { data, error } = useQuery(trafficQuery(podId))
  if (!data) return error ? t`It could not be read` : '…'
  const { current, includedBytes, throttledAt, rateMbps } = data
  const { bytesIn, bytesOut } = current
  return (
    <>
      {bytes(bytesIn)} in, {bytes(bytesOut)} out
      {includedBytes !== null && <span className="text-muted">, of {bytes(includedBytes)}</span>}
      {rateMbps !== null && (
        <span className={throttledAt === null ? 'block text-muted' : 'block text-warning-text'}>
          {throttledAt === null
            ? t`At ${rateMbps.toLocaleString(locale)} Mbit/s`
            : t`Slowed down, at ${rateMbps.toLocaleString(locale)} Mbit/s`}
        </span>
      )}
    </>
  )
}

/** How much of what the plan includes is used in the month that it is. */
function Included({ podId }: { podId: string }) {
  const { data } = useQuery(trafficQuery(podId))
  if (!data || data.includedBytes === null) return null
  const { current, includedBytes, throttledAt } = data
  return (
    <div className="space-y-3 border-b border-line p-4">
      <UsageBar
        label={monthName(current.month)}
        used={current.bytesIn + current.bytesOut}
        total={includedBytes}
        format={bytes}
      />
      {throttledAt !== null && (
        <Notice tone="warning" title="The network is slowed down">
          The traffic of the month is used up. It is fast again when the month ends, or with a plan that
          includes more.
        </Notice>
      )}
    </div>
  )
}

const COLUMNS: Column<TrafficMonth>[] = [
  { header: t`Month`, render: ({ month }) => monthName(month) },
  { header: t`In`, align: 'right', render: ({ bytesIn }) => bytes(bytesIn) },
  { header: t`Out`, align: 'right', render: ({ bytesOut }) => bytes(bytesOut) },
  {
    header: t`Together`,
    align: 'right',
    from: 'sm',
    render: ({ bytesIn, bytesOut }) => bytes(bytesIn + bytesOut),
  },
]

/** Month by month; it stays when the pod is gone. */
export function Traffic({ podId }: { podId: string }) {
  const query = useInfiniteQuery(trafficMonthsQuery(podId))
  return (
    <Card title="Traffic" flush>
      <Included podId={podId} />
      <Loaded query={query} what="traffic">
        {(months) =>
          months.length === 0 ? (
            <EmptyState icon={ArrowUpDown} title="Nothing was counted yet">
              The counters of the CloudPod are read once a minute while it runs.
            </EmptyState>
          ) : (
            <DataTable
              label="traffic by month"
              columns={COLUMNS}
              rows={months}
              rowKey={({ month }) => month}
            />
          )
        }
      </Loaded>
      <LoadMore query={query} what="months" />
    </Card>
  )
}

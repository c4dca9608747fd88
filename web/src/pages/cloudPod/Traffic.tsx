import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ArrowUpDown } from 'lucide-react'
import { trafficMonthsQuery, trafficQuery, type TrafficMonth } from '../../api/cloudPodTraffic.ts'
import { LoadMore } from '../../components/LoadMore.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { bytes } from '../../lib/words.ts'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

/** `2026-11` as people say it. */
const monthName = (month: string): string =>
  new Date(`${month}-01T00:00:00Z`).toLocaleDateString(undefined, {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  })

/** What was sent and received in the month that it is, in a line. */
export function TrafficNow({ podId }: { podId: string }) {
  const { data, error } = useQuery(trafficQuery(podId))
  if (!data) return error ? 'It could not be read' : '…'
  const { bytesIn, bytesOut } = data.current
  return `${bytes(bytesIn)} in, ${bytes(bytesOut)} out`
}

const COLUMNS: Column<TrafficMonth>[] = [
  { header: 'Month', render: ({ month }) => monthName(month) },
  { header: 'In', align: 'right', render: ({ bytesIn }) => bytes(bytesIn) },
  { header: 'Out', align: 'right', render: ({ bytesOut }) => bytes(bytesOut) },
  {
    header: 'Together',
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

import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Activity } from 'lucide-react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { TIMEFRAMES, type Timeframe } from '../../../../shared/states/cloudPodMetrics.ts'
import { t } from '../../../../shared/text.ts'
import { metricsQuery, type CloudPodMetrics, type MetricPoint } from '../../api/cloudPodMetrics.ts'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { locale } from '../../lib/language.ts'
import { bytes, fileSize } from '../../lib/words.ts'
import { Card } from '../../ui/Card.tsx'
import { Chart } from '../../ui/Chart.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Select } from '../../ui/Field.tsx'

const route = getRouteApi('/t/$tenant/cloudpods/$id')

/** What the cluster has measured of the pod; the time frame is part of the address. */
export function Metrics({ pod }: { pod: CloudPodDetail }) {
  const timeframe = oneOf(TIMEFRAMES, route.useSearch().timeframe) ?? 'hour'
  const navigate = route.useNavigate()
  const verdict = canPod.measure(pod)
  const query = useQuery({ ...metricsQuery(pod.id, timeframe), enabled: verdict.allowed })
  if (!verdict.allowed)
    return (
      <Card>
        <EmptyState icon={Activity} title="No figures">
          {verdict.reason}
        </EmptyState>
      </Card>
    )
  return (
    <Card
      title="Metrics"
      actions={
        <Select
          aria-label="Time frame"
          value={timeframe}
          className="w-40"
          onChange={({ target }) =>
            void navigate({
              search: { tab: 'metrics', timeframe: oneOf(TIMEFRAMES, target.value) },
              replace: true,
            })
          }
        >
          {TIMEFRAMES.map((one) => (
            <option key={one} value={one}>
              {LAST[one]}
            </option>
          ))}
        </Select>
      }
    >
      <Loaded query={query} what="figures">
        {(metrics) => (isEmpty(metrics) ? <Nothing pod={pod} /> : <Charts metrics={metrics} />)}
      </Loaded>
    </Card>
  )
}

const LAST: Record<Timeframe, string> = {
  hour: t`Last hour`,
  day: t`Last day`,
  week: t`Last week`,
  month: t`Last month`,
  year: t`Last year`,
}

const isEmpty = ({ points }: CloudPodMetrics): boolean =>
  points.every((point) => Object.entries(point).every(([name, figure]) => name === 'at' || figure === null))

function Nothing({ pod }: { pod: CloudPodDetail }) {
  return (
    <EmptyState icon={Activity} title="Nothing was measured in this time">
      {pod.powerState === 'stopped'
        ? t`The CloudPod is stopped.`
        : t`The first figures of a CloudPod come some minutes after its start.`}
    </EmptyState>
  )
}

const percent = (share: number): string =>
  `${(share * 100).toLocaleString(locale, { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`
const rate = (amount: number): string => `${bytes(amount)}/s`

function Charts({ metrics: { points, cores, memoryTotalBytes } }: { metrics: CloudPodMetrics }) {
  const times = points.map(({ at }) => at)
  const of = (name: keyof Omit<MetricPoint, 'at'>) => points.map((point) => point[name])
  return (
    <div className="grid gap-x-8 gap-y-6 lg:grid-cols-2">
      <Chart
        title={cores === 1 ? t`Processor, of its core` : t`Processor, of all ${cores} cores`}
        times={times}
        series={[{ name: t`Used`, values: of('cpuShare') }]}
        format={percent}
        max={1}
      />
      <Chart
        title="Memory"
        times={times}
        series={[{ name: t`Used`, values: of('memoryBytes') }]}
        format={fileSize}
        max={memoryTotalBytes}
      />
      <Chart
        title="Disk"
        times={times}
        series={[
          { name: t`Read`, values: of('diskReadBytesPerSecond') },
          { name: t`Written`, values: of('diskWriteBytesPerSecond') },
        ]}
        format={rate}
      />
      <Chart
        title="Network"
        times={times}
        series={[
          { name: t`In`, values: of('netInBytesPerSecond') },
          { name: t`Out`, values: of('netOutBytesPerSecond') },
        ]}
        format={rate}
      />
    </div>
  )
}

import type { MetricPoint } from '../../../shared/api/cloudPodMetrics.ts'
import type { Timeframe } from '../../../shared/states/cloudPodMetrics.ts'
import type { MetricPoint as Measured } from '../../integrations/proxmox/types.ts'

/**
 * The steps into which each time frame is divided: the coarsest that a version of Proxmox VE keeps, so that every
 * version fills all of them, and no more than can be read.
 */
const GRIDS: Record<Timeframe, { stepSeconds: number; steps: number }> = {
  hour: { stepSeconds: 60, steps: 60 },
  day: { stepSeconds: 1_800, steps: 48 },
  week: { stepSeconds: 10_800, steps: 56 },
  month: { stepSeconds: 43_200, steps: 60 },
  year: { stepSeconds: 604_800, steps: 53 },
}

const FIGURES = [
  'cpuShare',
  'memoryBytes',
  'diskReadBytesPerSecond',
  'diskWriteBytesPerSecond',
  'netInBytesPerSecond',
  'netOutBytesPerSecond',
] as const

/**
 * Means of what was measured, step by step up to the newest point. A step without a figure is a gap.
 * @param since what is older belongs to another guest that had the same VMID
 */
export function gridOf(
  timeframe: Timeframe,
  measured: readonly Measured[],
  since: Date,
): { stepSeconds: number; points: MetricPoint[] } {
  const { stepSeconds, steps } = GRIDS[timeframe]
  const stepOf = ({ at }: Measured): number => Math.floor(at.getTime() / 1000 / stepSeconds)
  const last = Math.max(...measured.map(stepOf))
  if (measured.length === 0) return { stepSeconds, points: [] }
  const own = Map.groupBy(
    measured.filter(({ at }) => at >= since),
    stepOf,
  )
  const points = Array.from({ length: steps }, (_, index): MetricPoint => {
    const step = last - steps + 1 + index
    const at = new Date(step * stepSeconds * 1000).toISOString()
    const means = FIGURES.map((name) => [name, meanOf((own.get(step) ?? []).map((point) => point[name]))])
    return { at, ...(Object.fromEntries(means) as Omit<MetricPoint, 'at'>) }
  })
  return { stepSeconds, points }
}

function meanOf(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null)
  return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0) / known.length
}

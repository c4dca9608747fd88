import { z } from 'zod'
import { TIMEFRAMES } from '../states/cloudPodMetrics.ts'
import { timestamp } from './common.ts'

export const cloudPodMetricsQuery = z.strictObject({ timeframe: z.enum(TIMEFRAMES).default('hour') })

/** Null: nothing was measured in that time, which is not 0. */
const figure = z.number().nullable()

/** Means over `stepSeconds` from `at` on. */
const metricPoint = z.object({
  at: timestamp,
  /** Of all cores of the pod: 1 is all of them busy. */
  cpuShare: figure,
  memoryBytes: figure,
  diskReadBytesPerSecond: figure,
  diskWriteBytesPerSecond: figure,
  netInBytesPerSecond: figure,
  netOutBytesPerSecond: figure,
})
export type MetricPoint = z.infer<typeof metricPoint>

export const cloudPodMetrics = z.object({
  timeframe: z.enum(TIMEFRAMES),
  stepSeconds: z.number().int(),
  /** What the pod has today. */
  cores: z.number().int(),
  memoryTotalBytes: z.number().int(),
  /** One for each step, the oldest first, gaps included. */
  points: z.array(metricPoint),
})
export type CloudPodMetrics = z.infer<typeof cloudPodMetrics>

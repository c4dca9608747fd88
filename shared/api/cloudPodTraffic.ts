import { z } from 'zod'
import { OVER_LIMIT } from '../states/cloudPodTraffic.ts'
import { timestamp } from './common.ts'

/** `2026-11` */
const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month such as 2026-11')

const trafficMonth = z.object({
  month,
  /** To the pod, over all its network cards. */
  bytesIn: z.number().int(),
  bytesOut: z.number().int(),
})
export type TrafficMonth = z.infer<typeof trafficMonth>

export const cloudPodTrafficQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(120).default(12),
  /** Only months before this one. */
  cursor: month.optional(),
})

export const cloudPodTraffic = z.object({
  /** The month that it is in the time zone in which the tenant is billed, up to now. */
  current: trafficMonth,
  /** What the plan includes in a month, in and out together; null: as much as one likes. */
  includedBytes: z.number().int().nullable(),
  /** What happens when that is used up. */
  overLimit: z.enum(OVER_LIMIT),
  /** How fast the network card is set, each way, as it was read back; null: without a limit. */
  rateMbps: z.number().int().nullable(),
  /** Since when it is slowed down; null: it is not. */
  throttledAt: timestamp.nullable(),
  /** The newest first; a month in which nothing was counted is left out. */
  items: z.array(trafficMonth),
  nextCursor: month.nullable(),
})
export type CloudPodTraffic = z.infer<typeof cloudPodTraffic>

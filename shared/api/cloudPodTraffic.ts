import { z } from 'zod'

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
  /** The newest first; a month in which nothing was counted is left out. */
  items: z.array(trafficMonth),
  nextCursor: month.nullable(),
})
export type CloudPodTraffic = z.infer<typeof cloudPodTraffic>

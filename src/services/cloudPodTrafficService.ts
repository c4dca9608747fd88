import type { CloudPodTraffic, TrafficMonth } from '../../shared/api/cloudPodTraffic.ts'
import { BYTES_OF_GB } from '../../shared/states/cloudPodTraffic.ts'
import type { Ctx } from '../context.ts'
import * as bandwidth from '../db/cloudPodBandwidth.ts'
import * as traffic from '../db/cloudPodTraffic.ts'
import type { Month, Reading } from '../db/cloudPodTraffic.ts'
import { notFound } from '../errors.ts'

export type { Reading }
export { enforceTraffic, markRate, markRateFailed } from './cloudPods/bandwidth.ts'

/** To be read before a cluster is asked for counters. */
export const clock = (ctx: Ctx): Promise<Date> => traffic.clock(ctx.tx)

/** Adds what was read of a cluster's guests. The same list, or an older one, adds nothing. */
export async function add(
  ctx: Ctx,
  clusterId: string,
  asked: Date,
  readings: readonly Reading[],
): Promise<void> {
  await traffic.add(ctx.tx, clusterId, { asked, at: ctx.now() }, readings)
}

/** `2026-11-01` → `2026-11` */
const present = ({ month, bytesIn, bytesOut }: Month): TrafficMonth => ({
  month: month.slice(0, 7),
  bytesIn: Number(bytesIn),
  bytesOut: Number(bytesOut),
})

/** What a pod has sent and received, month by month, and what its plan includes. @throws AppError not_found */
export async function read(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<CloudPodTraffic> {
  const before = cursor === undefined ? undefined : `${cursor}-01`
  const of = { tenantId, podId }
  const terms = await bandwidth.termsOf(ctx.tx, tenantId, podId)
  if (!terms) throw notFound('CloudPod')
  const { trafficGb, overLimit, rateMbps, throttledAt } = terms
  const rows = await traffic.months(ctx.tx, of, { limit: limit + 1, before })
  const items = rows.slice(0, limit).map(present)
  return {
    current: await current(ctx, of),
    includedBytes: trafficGb === null ? null : trafficGb * BYTES_OF_GB,
    overLimit,
    rateMbps,
    throttledAt: throttledAt?.toISOString() ?? null,
    items,
    nextCursor: rows.length > limit ? (items.at(-1)?.month ?? null) : null,
  }
}

async function current(ctx: Ctx, of: { tenantId: string; podId: string }): Promise<TrafficMonth> {
  const month = await traffic.monthOf(ctx.tx, of.tenantId, ctx.now())
  const [newest] = await traffic.months(ctx.tx, of, { limit: 1, before: undefined })
  return present(newest?.month === month ? newest : { month, bytesIn: 0n, bytesOut: 0n })
}

import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as bandwidth from '../../db/cloudPodBandwidth.ts'
import * as pods from '../../db/cloudPods.ts'
import * as findings from '../../db/provisioningFindings.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import type { BandwidthPayload } from '../cloudPodQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { emit, lockPod } from './changes.ts'

/** So many pods in a run; the others follow in the next. */
const AT_ONCE = 200

/** Tells of traffic that is used up, slows down and lifts what is due, and has every card set as it should be. */
export async function enforceTraffic(root: Root): Promise<void> {
  for (const work of [tell, throttle, lift, setCards])
    await asSystem(root, 'traffic.enforce', 'platform', work)
}

async function tell(ctx: Ctx): Promise<void> {
  for (const told of await bandwidth.tell(ctx.tx, ctx.now(), AT_ONCE)) {
    const { id, tenantId: tenant_id, hostname, percent, month, used, included, overLimit } = told
    const action = percent === 100 ? 'CLOUDPOD_TRAFFIC_USED_UP' : 'CLOUDPOD_TRAFFIC_NEARLY_USED_UP'
    const details = { month: month.slice(0, 7), usedBytes: Number(used), includedBytes: Number(included) }
    await emit(ctx, { id, tenant_id, hostname }, action, {}, { ...details, overLimit })
  }
}

/** Unusually many at once hint at a fault of the counting, so they wait for a confirmation. */
async function throttle(ctx: Ctx): Promise<void> {
  const due = await bandwidth.toThrottle(ctx.tx, ctx.now(), AT_ONCE)
  const total = await findings.countActive(ctx.tx)
  if (!(await provisioningService.mayTouch(ctx, 'traffic.throttle', { wanted: due.length, total }))) return
  for (const { id, tenantId } of due) {
    const pod = await lockPod(ctx, tenantId, id)
    const { 'cloudPods.throttleMbps': rate } = await settingsService.effective(ctx, tenantId)
    const throttle_mbps = Number(rate.value)
    await pods.update(ctx.tx, id, { throttled_at: ctx.now(), throttle_mbps, updated_at: ctx.now() })
    await emit(ctx, pod, 'CLOUDPOD_THROTTLED', { throttleMbps: [null, throttle_mbps] })
  }
}

async function lift(ctx: Ctx): Promise<void> {
  for (const { id, tenantId } of await bandwidth.toLift(ctx.tx, ctx.now(), AT_ONCE)) {
    const pod = await lockPod(ctx, tenantId, id)
    await pods.update(ctx.tx, id, { throttled_at: null, throttle_mbps: null, updated_at: ctx.now() })
    await emit(ctx, pod, 'CLOUDPOD_THROTTLE_LIFTED', { throttleMbps: [pod.throttle_mbps, null] })
  }
}

/** What could not be set is tried again an hour later. */
async function setCards(ctx: Ctx): Promise<void> {
  for (const { id, tenantId, rateMbps } of await bandwidth.toSet(ctx.tx, AT_ONCE))
    await cloudPodQueues.enqueueBandwidth(ctx, await lockPod(ctx, tenantId, id), rateMbps)
}

/** The card was read back as fast as this. */
export async function markRate(ctx: Ctx, { tenantId, podId, rateMbps }: BandwidthPayload): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  await pods.update(ctx.tx, podId, { rate_mbps: rateMbps, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_RATE_SET', { rateMbps: [pod.rate_mbps, rateMbps] })
}

/** It could not be set, and is as it was. */
export async function markRateFailed(
  ctx: Ctx,
  { tenantId, podId, rateMbps }: BandwidthPayload,
  problem: string,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  await emit(ctx, pod, 'CLOUDPOD_RATE_FAILED', {}, { rateMbps, problem })
}

import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as tenants from '../../db/tenants.ts'
import * as findings from '../../db/provisioningFindings.ts'
import { AppError } from '../../errors.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import type { PodPayload } from '../cloudPodQueues.ts'
import * as settingsService from '../tenantSettingsService.ts'
import * as tenantSuspensionService from '../tenantSuspensionService.ts'
import { emit, lockPod } from './changes.ts'

const HOUR_MS = 3_600_000

/** How the guest of a pod was when it was put aside. `cards`: which were plugged in. */
export type KeptAs = { ran: boolean; autostart: boolean; cards: string[] }

export async function undeleteHours(ctx: Ctx, tenantId: string): Promise<number> {
  const { 'cloudPods.undeleteHours': hours } = await settingsService.effective(ctx, tenantId)
  return Number(hours.value)
}

/**
 * Lets the deletion begin, after whatever is still being done to the pod. A pod that was proven to exist is kept for a
 * while, holding all it holds; what was never finished, and one that was kept already, is destroyed.
 */
export async function startDestruction(
  ctx: Ctx,
  pod: PodRow,
  { atOnce = false }: { atOnce?: boolean } = {},
): Promise<{ id: string }> {
  const hours = atOnce || pod.state !== 'active' ? 0 : await undeleteHours(ctx, pod.tenant_id)
  await pods.update(ctx.tx, pod.id, {
    state: 'deleting',
    action: null,
    problem: null,
    recoverable_until: null,
    kept: null,
    updated_at: ctx.now(),
  })
  const diff: Record<string, [unknown, unknown]> = { state: [pod.state, 'deleting'] }
  await emit(ctx, pod, 'CLOUDPOD_DELETE_REQUESTED', diff, { keptHours: hours })
  return hours > 0 ? cloudPodQueues.enqueueKeep(ctx, pod) : cloudPodQueues.enqueueDestroy(ctx, pod)
}

/** The guest was read back off and without a network: the pod can be undeleted from now on, for a while. */
export async function markRecoverable(
  ctx: Ctx,
  { tenantId, podId }: PodPayload,
  kept: KeptAs,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  const hours = await undeleteHours(ctx, tenantId)
  // What a tenant leaves behind that is closed meanwhile is not kept.
  const isClosing = (await tenants.find(ctx.tx, tenantId))?.state === 'closing'
  if (hours === 0 || isClosing) return void (await cloudPodQueues.enqueueDestroy(ctx, pod))
  const until = new Date(ctx.now().getTime() + hours * HOUR_MS)
  await pods.update(ctx.tx, podId, {
    state: 'recoverable',
    recoverable_until: until,
    kept: JSON.stringify(kept),
    power_state: 'stopped',
    power_checked_at: ctx.now(),
    updated_at: ctx.now(),
  })
  await findings.closeAt(ctx.tx, pod.cluster_id, pod.vmid, ctx.now())
  await emit(ctx, pod, 'CLOUDPOD_KEPT', { state: [pod.state, 'recoverable'] }, { until: until.toISOString() })
}

/** There is no guest that could be kept: what the pod holds is released by the job that proves it. */
export async function destroyInstead(ctx: Ctx, { tenantId, podId }: PodPayload): Promise<void> {
  await cloudPodQueues.enqueueDestroy(ctx, await lockPod(ctx, tenantId, podId))
}

/** How a job is to bring the guest of a pod back; one of a suspended tenant stays off. */
export async function keptAs(ctx: Ctx, { tenantId, podId }: PodPayload): Promise<KeptAs> {
  const pod = await lockPod(ctx, tenantId, podId)
  const kept = pod.kept as KeptAs
  return (await tenantSuspensionService.isStopping(ctx, pod))
    ? { ...kept, ran: false, autostart: false }
    : kept
}

/**
 * The guest was read back as it was: the pod is what it was before it was deleted.
 * @throws AppError invalid_state when its destruction was ordered meanwhile
 */
export async function markUndeleted(
  ctx: Ctx,
  { tenantId, podId }: PodPayload,
  power_state: 'running' | 'stopped',
): Promise<PodRow> {
  const pod = await lockPod(ctx, tenantId, podId)
  if (pod.state !== 'recoverable') throw new AppError('invalid_state', 'The pod is not kept any more.')
  const after = await pods.update(ctx.tx, podId, {
    state: 'active',
    recoverable_until: null,
    kept: null,
    power_state,
    power_checked_at: ctx.now(),
    pending_restart: false,
    config_checked_at: null,
    action: null,
    problem: null,
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, 'CLOUDPOD_UNDELETED', { state: [pod.state, 'active'] })
  return after
}

/** It is kept on, as before. */
export async function markUndeleteFailed(
  ctx: Ctx,
  { tenantId, podId }: PodPayload,
  problem: string,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  await pods.update(ctx.tx, podId, { action: null, problem, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_UNDELETE_FAILED', { action: [pod.action, null] }, { problem })
}

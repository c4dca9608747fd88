import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as rebuilds from '../../db/cloudPodRebuilds.ts'
import type { RebuildRow } from '../../db/cloudPodRebuilds.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as findings from '../../db/provisioningFindings.ts'
import { AppError, notFound } from '../../errors.ts'
import type { RebuildPayload } from '../cloudPodQueues.ts'
import { emit, lockPod } from './changes.ts'
import { keepHours } from './rebuild.ts'

const HOUR_MS = 3_600_000

/** Locks the pod before its second guest, as everybody does. */
async function lock(ctx: Ctx, payload: RebuildPayload): Promise<{ pod: PodRow; row: RebuildRow }> {
  const pod = await lockPod(ctx, payload.tenantId, payload.podId)
  const row = await rebuilds.lock(ctx.tx, payload.tenantId, payload.rebuildId)
  if (!row) throw notFound('second guest')
  return { pod, row }
}

/** Gives the second guest another VMID because a guest that is not ours holds the present one. */
export async function reassignSecond(ctx: Ctx, payload: RebuildPayload): Promise<number> {
  const { pod, row } = await lock(ctx, payload)
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  await reservations.markVmidForeign(ctx.tx, pod.cluster_id, row.vmid)
  const vmid = await reservations.freeVmid(ctx.tx, pod.cluster_id)
  if (vmid === null)
    throw new AppError('vmid_range_exhausted', 'The cluster has no free VMID in its range. Widen the range.')
  await reservations.reserveVmid(ctx.tx, pod.cluster_id, vmid, pod.id, ctx.now())
  await rebuilds.update(ctx.tx, row.id, { vmid })
  await emit(ctx, pod, 'CLOUDPOD_VMID_CHANGED', { vmid: [row.vmid, vmid] }, { rebuildId: row.id })
  return vmid
}

/** What an exchange changed of the second guest's row: taken back with it. */
export type Exchanged = Pick<RebuildRow, 'state' | 'cards' | 'cores' | 'memory_mb'> & {
  kept_until: string | null
  swapped_at: string | null
}

/**
 * Makes the second guest the pod's own, and the pod's own the second one, which is off by now and holds its disk alone.
 * @param cards which cards of the pod's own guest were set down
 */
export async function exchange(ctx: Ctx, payload: RebuildPayload, cards: string[]): Promise<Exchanged> {
  const { pod, row } = await lock(ctx, payload)
  const now = ctx.now()
  const isNew = row.state === 'making'
  const until = isNew ? new Date(now.getTime() + (await keepHours(ctx, pod.tenant_id)) * HOUR_MS) : null
  await change(ctx, pod, row, {
    state: 'kept',
    cards,
    cores: 0,
    memory_mb: 0,
    kept_until: until ?? row.kept_until,
    swapped_at: now,
  })
  return {
    state: row.state,
    cards: row.cards,
    cores: row.cores,
    memory_mb: row.memory_mb,
    kept_until: row.kept_until?.toISOString() ?? null,
    swapped_at: row.swapped_at?.toISOString() ?? null,
  }
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(text))

/** Takes an exchange back. */
export async function exchangeBack(ctx: Ctx, payload: RebuildPayload, before: Exchanged): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await change(ctx, pod, row, {
    ...before,
    kept_until: date(before.kept_until),
    swapped_at: date(before.swapped_at),
  })
}

type Change = Parameters<typeof rebuilds.update>[2]

async function change(ctx: Ctx, pod: PodRow, row: RebuildRow, more: Change): Promise<void> {
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  await rebuilds.update(ctx.tx, row.id, {
    vmid: pod.vmid,
    node_id: pod.node_id,
    blueprint_id: pod.blueprint_id,
    ...more,
  })
  await reservations.moveCapacity(ctx.tx, pod.id, row.node_id)
  await pods.update(ctx.tx, pod.id, {
    vmid: row.vmid,
    node_id: row.node_id,
    blueprint_id: row.blueprint_id,
    pending_restart: false,
    config_checked_at: null,
    updated_at: ctx.now(),
  })
  // What was found about the guest that the pod had says nothing about the one that it has.
  await findings.closeAt(ctx.tx, pod.cluster_id, pod.vmid, ctx.now())
  await emit(ctx, pod, 'CLOUDPOD_GUEST_EXCHANGED', {
    vmid: [pod.vmid, row.vmid],
    blueprintId: [pod.blueprint_id, row.blueprint_id],
    nodeId: [pod.node_id, row.node_id],
  })
}

/** The pod's new guest was read back. */
export async function markExchanged(
  ctx: Ctx,
  payload: RebuildPayload,
  power_state: 'running' | 'stopped',
): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  const action = pod.action === 'going_back' ? 'CLOUDPOD_WENT_BACK' : 'CLOUDPOD_REBUILT'
  await pods.update(ctx.tx, pod.id, {
    power_state,
    power_checked_at: ctx.now(),
    action: null,
    problem: null,
    updated_at: ctx.now(),
  })
  const details = { rebuildId: row.id, vmid: pod.vmid, keptVmid: row.vmid, keptUntil: row.kept_until }
  await emit(ctx, pod, action, { powerState: [pod.power_state, power_state] }, details)
}

/** Nothing of the new guest is left, and the pod has the guest that it had. */
export async function markRebuildFailed(ctx: Ctx, payload: RebuildPayload, problem: string): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  if (row.ended_at === null) await release(ctx, pod, row, { state: 'failed', problem })
  await endAction(ctx, pod, problem)
  await emit(
    ctx,
    pod,
    'CLOUDPOD_REBUILD_FAILED',
    { action: [pod.action, null] },
    { rebuildId: row.id, problem },
  )
}

/** The pod has the guest that it had, and the kept one is kept on. */
export async function markGoBackFailed(ctx: Ctx, payload: RebuildPayload, problem: string): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await rebuilds.update(ctx.tx, row.id, { cores: 0, memory_mb: 0 })
  await endAction(ctx, pod, problem)
  await emit(
    ctx,
    pod,
    'CLOUDPOD_GO_BACK_FAILED',
    { action: [pod.action, null] },
    { rebuildId: row.id, problem },
  )
}

/** How far it came was not read back, so the power state is not known. */
async function endAction(ctx: Ctx, pod: PodRow, problem: string): Promise<void> {
  await pods.update(ctx.tx, pod.id, {
    action: null,
    power_state: 'unknown',
    problem,
    updated_at: ctx.now(),
  })
}

/** The second guest was proven gone: it holds nothing any more, and its VMID rests. */
export async function markLetGo(ctx: Ctx, payload: RebuildPayload): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  // It went with its pod.
  if (row.ended_at !== null) return
  await release(ctx, pod, row, { state: 'gone' })
  const diff: Record<string, [unknown, unknown]> = { keptGuest: [row.state, 'gone'] }
  await emit(ctx, pod, 'CLOUDPOD_KEPT_GUEST_REMOVED', diff, { rebuildId: row.id, vmid: row.vmid })
}

/** It could not be destroyed, and is kept until somebody asks again. */
export async function markLetGoFailed(ctx: Ctx, payload: RebuildPayload, problem: string): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  if (row.ended_at !== null) return
  await rebuilds.update(ctx.tx, row.id, { state: 'kept', problem })
  const diff: Record<string, [unknown, unknown]> = { keptGuest: [row.state, 'kept'] }
  await emit(ctx, pod, 'CLOUDPOD_KEPT_GUEST_REMOVAL_FAILED', diff, { rebuildId: row.id, problem })
}

async function release(
  ctx: Ctx,
  pod: PodRow,
  row: RebuildRow,
  end: { state: 'gone' | 'failed'; problem?: string },
): Promise<void> {
  await rebuilds.update(ctx.tx, row.id, { ...end, ended_at: ctx.now() })
  const until = new Date(ctx.now().getTime() + ctx.settings.vmidQuarantineHours * HOUR_MS)
  await rebuilds.restVmid(ctx.tx, { clusterId: pod.cluster_id, vmid: row.vmid }, until)
}

import type {
  CloudPodSnapshot,
  CloudPodSnapshots,
  SnapshotCreate,
} from '../../shared/api/cloudPodSnapshots.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { canSnapshot } from '../../shared/states/cloudPodSnapshot.ts'
import { told, type Actor, type Ctx } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as snapshots from '../db/cloudPodSnapshots.ts'
import type { SnapshotRow } from '../db/cloudPodSnapshots.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import { emit as emitOfPod, lockPod } from './cloudPods/changes.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import type { SnapshotPayload } from './cloudPodQueues.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'
import * as provisioningService from './provisioningService.ts'
import * as settingsService from './tenantSettingsService.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

const present = (ctx: Ctx, row: SnapshotRow): CloudPodSnapshot => ({
  id: row.id,
  podId: row.pod_id,
  name: row.name,
  description: row.description,
  state: row.state,
  problem: told(ctx, row.problem, 'This could not be done. Your provider sees the details.'),
  createdBy: (row.created_by as Actor).label,
  createdAt: row.created_at.toISOString(),
  takenAt: iso(row.taken_at),
  rolledBackAt: iso(row.rolled_back_at),
})

async function limitOf(ctx: Ctx, tenantId: string): Promise<number> {
  const { 'cloudPods.maxSnapshots': limit } = await settingsService.effective(ctx, tenantId)
  return Number(limit.value)
}

export async function list(ctx: Ctx, tenantId: string, podId: string): Promise<CloudPodSnapshots> {
  const rows = await snapshots.ofPod(ctx.tx, tenantId, podId)
  return {
    items: rows.map((row) => present(ctx, row)),
    limit: await limitOf(ctx, tenantId),
    quota: await cloudPodQuotas.limitOf(ctx, tenantId, 'snapshots'),
  }
}

export type Accepted = { snapshot: CloudPodSnapshot; job: Job }

async function answer(ctx: Ctx, row: SnapshotRow, job: { id: string }): Promise<Accepted> {
  return { snapshot: present(ctx, row), job: await provisioningService.getJob(ctx, job.id) }
}

/** Locks the pod before its snapshot, as everybody does. */
async function lock(
  ctx: Ctx,
  { tenantId, podId, snapshotId }: SnapshotPayload,
): Promise<{ pod: PodRow; row: SnapshotRow }> {
  const pod = await lockPod(ctx, tenantId, podId)
  const row = await snapshots.lock(ctx.tx, tenantId, podId, snapshotId)
  if (!row) throw notFound('snapshot')
  return { pod, row }
}

/**
 * Orders a snapshot of the pod's disks. The pod's row is locked while its snapshots are counted, and that of the tenant's
 * quota until the snapshot counts against it.
 * @throws AppError not_found; invalid_state when the pod is not active or has as many as it may; quota_exceeded;
 *   already_exists
 */
export async function take(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  { name, description }: SnapshotCreate,
): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, podId)
  const existing = await snapshots.ofPod(ctx.tx, tenantId, podId)
  requireAllowed(canSnapshot.take(pod, existing.length, await limitOf(ctx, tenantId), null))
  await cloudPodQuotas.requireRoom(ctx, tenantId, { snapshots: 1 })
  const row = await snapshots.insert(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    pod_id: podId,
    name,
    description,
    state: 'creating',
    created_by: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  if (!row) throw new AppError('already_exists', `The pod has a snapshot named ${name}.`)
  await emit(ctx, pod, row, 'CLOUDPOD_SNAPSHOT_REQUESTED', { state: [null, 'creating'] })
  return answer(ctx, row, await cloudPodQueues.enqueueSnapshot(ctx, pod, row.id, cloudPodQueues.podSnapshot))
}

/** @throws AppError not_found, invalid_state with the reason */
export async function remove(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  snapshotId: string,
): Promise<Accepted> {
  const { pod, row } = await lock(ctx, { tenantId, podId, snapshotId })
  requireAllowed(canSnapshot.delete(pod, row))
  const after = await snapshots.update(ctx.tx, row.id, { state: 'deleting', problem: null })
  await emit(ctx, pod, row, 'CLOUDPOD_SNAPSHOT_DELETE_REQUESTED', { state: [row.state, 'deleting'] })
  const job = await cloudPodQueues.enqueueSnapshot(ctx, pod, row.id, cloudPodQueues.podSnapshotDelete)
  return answer(ctx, after, job)
}

/**
 * Orders the pod's disks back to what they were; what was written since is lost.
 * @throws AppError not_found, invalid_state with the reason; invalid_input when `hostname` is not the pod's
 */
export async function rollback(
  ctx: Ctx,
  tenantId: string,
  { podId, snapshotId, hostname }: { podId: string; snapshotId: string; hostname: string },
): Promise<Accepted> {
  const { pod, row } = await lock(ctx, { tenantId, podId, snapshotId })
  requireAllowed(canSnapshot.rollback(pod, row))
  if (hostname !== pod.hostname) {
    const message = 'This is not the host name of the pod.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'hostname', message }] })
  }
  await pods.update(ctx.tx, pod.id, { action: 'rolling_back', problem: null, updated_at: ctx.now() })
  await emit(ctx, pod, row, 'CLOUDPOD_ROLLBACK_REQUESTED', { action: [pod.action, 'rolling_back'] })
  return answer(ctx, row, await cloudPodQueues.enqueueSnapshot(ctx, pod, row.id, cloudPodQueues.podRollback))
}

/** The snapshot was read back from the hypervisor, complete. */
export async function markReady(ctx: Ctx, payload: SnapshotPayload, takenAt: Date): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await snapshots.update(ctx.tx, row.id, { state: 'ready', taken_at: takenAt })
  await emit(ctx, pod, row, 'CLOUDPOD_SNAPSHOT_TAKEN', { state: [row.state, 'ready'] })
}

/** The hypervisor's list was read, and the snapshot is not in it. */
export async function markDeleted(ctx: Ctx, payload: SnapshotPayload): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await snapshots.update(ctx.tx, row.id, { state: 'deleted', deleted_at: ctx.now() })
  await emit(ctx, pod, row, 'CLOUDPOD_SNAPSHOT_DELETED', { state: [row.state, 'deleted'] })
}

/** It could not be made, or not be removed. */
export async function markFailed(ctx: Ctx, payload: SnapshotPayload, problem: string): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await snapshots.update(ctx.tx, row.id, { state: 'failed', problem })
  await emit(ctx, pod, row, 'CLOUDPOD_SNAPSHOT_FAILED', { state: [row.state, 'failed'] }, { problem })
}

/** The disks were read back as they were in the snapshot; the guest is off. */
export async function markRolledBack(ctx: Ctx, payload: SnapshotPayload): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await snapshots.update(ctx.tx, row.id, { rolled_back_at: ctx.now() })
  await emit(ctx, pod, row, 'CLOUDPOD_ROLLED_BACK', {
    rolledBackAt: [iso(row.rolled_back_at), iso(ctx.now())],
  })
}

/** The rollback is over, and the pod's power was read back. */
export async function markRollbackDone(
  ctx: Ctx,
  payload: SnapshotPayload,
  power_state: 'running' | 'stopped',
): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await pods.update(ctx.tx, pod.id, {
    power_state,
    power_checked_at: ctx.now(),
    action: null,
    problem: null,
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, row, 'CLOUDPOD_ROLLBACK_DONE', { powerState: [pod.power_state, power_state] })
}

/** An event of the pod that names the snapshot. */
const emit = (
  ctx: Ctx,
  pod: PodRow,
  { id, name }: SnapshotRow,
  action: string,
  diff: Record<string, [unknown, unknown]>,
  details: Record<string, unknown> = {},
): Promise<void> => emitOfPod(ctx, pod, action, diff, { snapshotId: id, snapshot: name, ...details })

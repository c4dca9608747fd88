import type { Ctx } from '../context.ts'
import * as backups from '../db/cloudPodBackups.ts'
import type { BackupRow } from '../db/cloudPodBackups.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as snapshots from '../db/cloudPodSnapshots.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import { notFound } from '../errors.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import type { BackupPayload } from './cloudPodQueues.ts'

/** What jobs have read back from the hypervisor, written down. */

/** Locks the pod before its backup, as everybody does. @throws AppError not_found */
export async function lock(
  ctx: Ctx,
  { tenantId, podId, backupId }: BackupPayload,
): Promise<{ pod: PodRow; row: BackupRow }> {
  const pod = await lockPod(ctx, tenantId, podId)
  const row = await backups.lock(ctx.tx, tenantId, podId, backupId)
  if (!row) throw notFound('backup')
  return { pod, row }
}

/** What was read of a backup that is complete. */
export type SeenBackup = {
  volid: string
  node: string
  shared: boolean
  sizeBytes: number
  takenAt: string
  diskGb: number
}

/** Which guest is backed up now: the pod may have got another one since the backup was asked for. */
export async function noteVmid(ctx: Ctx, payload: BackupPayload, vmid: number): Promise<void> {
  const { row } = await lock(ctx, payload)
  if (row.vmid !== vmid) await backups.update(ctx.tx, row.id, { vmid })
}

/** The backup was found on its storage. */
export async function markReady(ctx: Ctx, payload: BackupPayload, seen: SeenBackup): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  const node = await infrastructure.findNode(ctx.tx, pod.cluster_id, seen.node)
  await backups.update(ctx.tx, row.id, {
    state: 'ready',
    node_id: node?.id ?? row.node_id,
    volid: seen.volid,
    shared: seen.shared,
    size_bytes: BigInt(seen.sizeBytes),
    disk_gb: seen.diskGb,
    taken_at: new Date(seen.takenAt),
  })
  const details = { backupId: row.id, ...seen }
  await emit(ctx, pod, 'CLOUDPOD_BACKUP_TAKEN', { state: [row.state, 'ready'] }, details)
}

/** The storage was read, and the backup is not there. */
export async function markDeleted(ctx: Ctx, payload: BackupPayload): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await backups.update(ctx.tx, row.id, { state: 'deleted', deleted_at: ctx.now(), problem: null })
  const details = { backupId: row.id }
  await emit(ctx, pod, 'CLOUDPOD_BACKUP_DELETED', { state: [row.state, 'deleted'] }, details)
}

/** It could not be made, or not be removed. */
export async function markFailed(ctx: Ctx, payload: BackupPayload, problem: string): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await backups.update(ctx.tx, row.id, { state: 'failed', problem })
  const details = { backupId: row.id, problem }
  await emit(ctx, pod, 'CLOUDPOD_BACKUP_FAILED', { state: [row.state, 'failed'] }, details)
}

/** The guest was overwritten with the backup; its snapshots are gone. */
export async function markRestored(ctx: Ctx, payload: BackupPayload): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await backups.update(ctx.tx, row.id, { restored_at: ctx.now() })
  const gone = await snapshots.markAllDeleted(ctx.tx, payload.tenantId, pod.id, ctx.now())
  const before = row.restored_at?.toISOString() ?? null
  await emit(
    ctx,
    pod,
    'CLOUDPOD_RESTORED',
    { restoredAt: [before, ctx.now().toISOString()] },
    { backupId: row.id, snapshots: gone },
  )
}

/** The restore is over, and the pod was read back. */
export async function markRestoreDone(
  ctx: Ctx,
  payload: BackupPayload,
  power_state: 'running' | 'stopped',
): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  await pods.update(ctx.tx, pod.id, {
    power_state,
    power_checked_at: ctx.now(),
    // The guest was off while it was set up.
    pending_restart: false,
    action: null,
    problem: null,
    updated_at: ctx.now(),
  })
  const details = { backupId: row.id }
  await emit(ctx, pod, 'CLOUDPOD_RESTORE_DONE', { powerState: [pod.power_state, power_state] }, details)
}

import type { BackupRestoreToNew, CloudPodBackup, CloudPodBackups } from '../../shared/api/cloudPodBackups.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { canBackup } from '../../shared/states/cloudPodBackup.ts'
import { told, type Actor, type Ctx } from '../context.ts'
import * as backups from '../db/cloudPodBackups.ts'
import type { BackupRow } from '../db/cloudPodBackups.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import { emit as emitOfPod, lockPod } from './cloudPods/changes.ts'
import { lock } from './cloudPodBackupMarks.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'
import * as cloudPodService from './cloudPodService.ts'
import * as provisioningService from './provisioningService.ts'
import * as settingsService from './tenantSettingsService.ts'

const DAY_MS = 86_400_000

export type Limits = { maxBackups: number; keptDays: number }

/** How many backups a pod may have, and how long they outlive it. */
export async function limitsOf(ctx: Ctx, tenantId: string): Promise<Limits> {
  const settings = await settingsService.effective(ctx, tenantId)
  return {
    maxBackups: Number(settings['cloudPods.maxBackups'].value),
    keptDays: Number(settings['cloudPods.backupsKeptDaysAfterDelete'].value),
  }
}

/** When backups of a pod that was destroyed then are due to go. */
export const expiryOf = (goneAt: Date, { keptDays }: Limits): Date =>
  new Date(goneAt.getTime() + keptDays * DAY_MS)

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

function present(ctx: Ctx, row: BackupRow, expiresAt: Date | null): CloudPodBackup {
  return {
    id: row.id,
    podId: row.pod_id,
    kind: row.kind,
    state: row.state,
    protected: row.protected,
    problem: told(ctx, row.problem, 'This could not be done. Your provider sees the details.'),
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
    diskGb: row.disk_gb,
    createdBy: (row.created_by as Actor).label,
    createdAt: row.created_at.toISOString(),
    takenAt: iso(row.taken_at),
    restoredAt: iso(row.restored_at),
    expiresAt: row.protected ? null : iso(expiresAt),
  }
}

type Pod = Pick<PodRow, 'state' | 'deleted_at'>
const expiresAt = ({ state, deleted_at }: Pod, limits: Limits): Date | null =>
  state === 'deleted' && deleted_at !== null ? expiryOf(deleted_at, limits) : null

/** @throws AppError not_found */
export async function list(ctx: Ctx, tenantId: string, podId: string): Promise<CloudPodBackups> {
  const pod = await pods.find(ctx.tx, tenantId, podId)
  if (!pod) throw notFound('CloudPod')
  const limits = await limitsOf(ctx, tenantId)
  const rows = await backups.ofPod(ctx.tx, tenantId, podId)
  return {
    items: rows.map((row) => present(ctx, row, expiresAt(pod, limits))),
    limit: limits.maxBackups,
    quota: await cloudPodQuotas.limitOf(ctx, tenantId, 'backups'),
  }
}

export type Accepted = { backup: CloudPodBackup; job: Job }

async function shown(ctx: Ctx, pod: PodRow, row: BackupRow): Promise<CloudPodBackup> {
  return present(ctx, row, expiresAt(pod, await limitsOf(ctx, pod.tenant_id)))
}

async function answer(ctx: Ctx, pod: PodRow, row: BackupRow, job: { id: string }): Promise<Accepted> {
  return { backup: await shown(ctx, pod, row), job: await provisioningService.getJob(ctx, job.id) }
}

/**
 * Orders a backup of the pod. The pod's row is locked while its backups are counted, and that of the tenant's quota until
 * the backup counts against it.
 * @throws AppError not_found; invalid_state when the pod is not active, has as many as it may, or its node has no
 *   storage for backups; quota_exceeded
 */
export async function take(ctx: Ctx, tenantId: string, podId: string): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, podId)
  const { row, job } = await begin(ctx, pod, 'manual')
  return answer(ctx, pod, row, job)
}

/** The same for a pod whose row is locked already. @throws AppError as `take` */
export async function begin(
  ctx: Ctx,
  pod: PodRow,
  kind: BackupRow['kind'],
): Promise<{ row: BackupRow; job: { id: string } }> {
  const existing = await backups.ofPod(ctx.tx, pod.tenant_id, pod.id)
  const { maxBackups } = await limitsOf(ctx, pod.tenant_id)
  requireAllowed(canBackup.take(pod, existing.length, maxBackups, null))
  const storage = await backups.storageOfNode(ctx.tx, pod.node_id)
  if (storage === null) throw new AppError('invalid_state', noStorage(ctx))
  await cloudPodQuotas.requireRoom(ctx, pod.tenant_id, { backups: 1 })
  const row = await backups.insert(ctx.tx, {
    id: newId(),
    tenant_id: pod.tenant_id,
    pod_id: pod.id,
    kind,
    state: 'creating',
    node_id: pod.node_id,
    vmid: pod.vmid,
    storage,
    created_by: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  await emit(ctx, pod, row, 'CLOUDPOD_BACKUP_REQUESTED', { state: [null, 'creating'] }, { kind })
  // What a person waits for goes before what was planned.
  const more = kind === 'scheduled' ? { priority: 120 } : {}
  return { row, job: await cloudPodQueues.enqueueBackup(ctx, pod, row, cloudPodQueues.podBackup, more) }
}

const noStorage = (ctx: Ctx): string =>
  ctx.seesInfrastructure
    ? 'The node of the pod has no storage for backups: give a storage the content "backup", or name one with the node.'
    : 'There is no place for backups where the pod runs. Ask your provider.'

/** @throws AppError not_found, invalid_state with the reason */
export async function remove(ctx: Ctx, tenantId: string, podId: string, backupId: string): Promise<Accepted> {
  const { pod, row } = await lock(ctx, { tenantId, podId, backupId })
  requireAllowed(canBackup.delete(row))
  const { row: after, job } = await startDeletion(ctx, pod, row, 'asked for')
  return answer(ctx, pod, after, job)
}

async function startDeletion(
  ctx: Ctx,
  pod: PodRow,
  row: BackupRow,
  why: string,
): Promise<{ row: BackupRow; job: { id: string } }> {
  const after = await backups.update(ctx.tx, row.id, { state: 'deleting', problem: null, protected: false })
  await emit(ctx, pod, row, 'CLOUDPOD_BACKUP_DELETE_REQUESTED', { state: [row.state, 'deleting'] }, { why })
  const job = await cloudPodQueues.enqueueBackup(ctx, pod, row, cloudPodQueues.podBackupDelete)
  return { row: after, job }
}

/** Deletes one that nobody needs any more, unless something has happened to it meanwhile. */
export async function retire(
  ctx: Ctx,
  { tenant_id: tenantId, pod_id: podId, id: backupId }: { tenant_id: string; pod_id: string; id: string },
  why: 'retention' | 'the pod is gone' | 'the tenant is closed',
): Promise<void> {
  const { pod, row } = await lock(ctx, { tenantId, podId, backupId })
  if (row.state !== 'ready' && row.state !== 'failed') return
  if (row.protected && why !== 'the tenant is closed') return
  await startDeletion(ctx, pod, row, why)
}

/** Those of a tenant that can be deleted now. */
export const standing = (ctx: Ctx, tenantId: string, limit: number) =>
  backups.standing(ctx.tx, tenantId, limit)

/** How many of a tenant are not proven gone. */
export const countLeft = (ctx: Ctx, tenantId: string): Promise<number> => backups.countLeft(ctx.tx, tenantId)

/** A protected backup is neither deleted nor tidied away. @throws AppError not_found, invalid_state */
export async function protect(
  ctx: Ctx,
  tenantId: string,
  payload: { podId: string; backupId: string; protected: boolean },
): Promise<CloudPodBackup> {
  const { pod, row } = await lock(ctx, { tenantId, podId: payload.podId, backupId: payload.backupId })
  requireAllowed(canBackup.protect(row))
  if (row.protected === payload.protected) return shown(ctx, pod, row)
  const after = await backups.update(ctx.tx, row.id, { protected: payload.protected })
  const action = payload.protected ? 'CLOUDPOD_BACKUP_PROTECTED' : 'CLOUDPOD_BACKUP_UNPROTECTED'
  await emit(ctx, pod, row, action, { protected: [row.protected, payload.protected] })
  return shown(ctx, pod, after)
}

/**
 * Orders the pod to be overwritten with a backup; what was written since is lost, and so are its snapshots.
 * @throws AppError not_found, invalid_state with the reason; invalid_input when `hostname` is not the pod's
 */
export async function restore(
  ctx: Ctx,
  tenantId: string,
  { podId, backupId, hostname }: { podId: string; backupId: string; hostname: string },
): Promise<Accepted> {
  const { pod, row } = await lock(ctx, { tenantId, podId, backupId })
  requireAllowed(canBackup.restore(pod, row))
  if (hostname !== pod.hostname) {
    const message = 'This is not the host name of the pod.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'hostname', message }] })
  }
  await pods.update(ctx.tx, pod.id, { action: 'restoring', problem: null, updated_at: ctx.now() })
  await emit(ctx, pod, row, 'CLOUDPOD_RESTORE_REQUESTED', { action: [pod.action, 'restoring'] })
  const job = await cloudPodQueues.enqueueBackup(ctx, pod, row, cloudPodQueues.podRestore)
  return answer(ctx, pod, row, job)
}

/**
 * Orders a new pod made out of a backup, with an address, MAC and name of its own. It belongs to no subscription.
 * @throws AppError not_found, invalid_state with the reason; what ordering a pod throws
 */
export async function restoreToNew(
  ctx: Ctx,
  tenantId: string,
  { podId, backupId, ...wanted }: { podId: string; backupId: string } & BackupRestoreToNew,
): Promise<cloudPodService.Accepted> {
  const { pod, row } = await lock(ctx, { tenantId, podId, backupId })
  requireAllowed(canBackup.restoreToNew(row))
  const made = await cloudPodService.createFrom(
    ctx,
    {
      tenantId,
      customerId: pod.customer_id,
      subscriptionId: null,
      planId: wanted.planId ?? pod.plan_id,
      blueprintId: pod.blueprint_id,
      hostname: wanted.hostname,
      sshKeys: wanted.sshKeys,
      region: null,
    },
    {
      backupId,
      clusterId: pod.cluster_id,
      // From a storage of its own a node alone can read.
      nodeId: row.shared ? null : row.node_id,
      diskGb: row.disk_gb ?? 1,
    },
  )
  await emit(ctx, pod, row, 'CLOUDPOD_BACKUP_USED', {}, { newPodId: made.cloudPod.id })
  return made
}

/** An event of the pod that names the backup. */
const emit = (
  ctx: Ctx,
  pod: PodRow,
  { id }: { id: string },
  action: string,
  diff: Record<string, [unknown, unknown]>,
  details: Record<string, unknown> = {},
): Promise<void> => emitOfPod(ctx, pod, action, diff, { backupId: id, ...details })

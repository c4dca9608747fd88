import { z } from 'zod'
import { POWER_ACTIONS, type PowerAction } from '../../shared/states/cloudPod.ts'
import type { Ctx } from '../context.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import { enqueue, type JobRequest } from './provisioningQueues.ts'

/** The pods' jobs: their names and payloads. Services know no more of them; src/jobs does them. */
const podPayload = z.object({ podId: z.string(), tenantId: z.string() })
export type PodPayload = z.infer<typeof podPayload>
const powerPayload = podPayload.extend({ action: z.enum(POWER_ACTIONS) })
export type PowerPayload = z.infer<typeof powerPayload>

const resizePayload = podPayload.extend({
  size: z.object({ cores: z.number(), memoryMb: z.number(), diskGb: z.number() }),
  reboot: z.boolean(),
  /** The plan that it has with the new size, where that is another one. */
  planId: z.string().optional(),
  /** The change of a subscription that it is part of. */
  changeId: z.string().optional(),
})
export type ResizePayload = z.infer<typeof resizePayload>

/** Null: without a limit. */
const bandwidthPayload = podPayload.extend({ rateMbps: z.number().nullable() })
export type BandwidthPayload = z.infer<typeof bandwidthPayload>

const addressPayload = podPayload.extend({ address: z.string(), change: z.enum(['add', 'release']) })
export type AddressPayload = z.infer<typeof addressPayload>

const suspensionPayload = podPayload.extend({ suspensionId: z.string() })
export type SuspensionPayload = z.infer<typeof suspensionPayload>

const snapshotPayload = podPayload.extend({ snapshotId: z.string() })
export type SnapshotPayload = z.infer<typeof snapshotPayload>

const backupPayload = podPayload.extend({ backupId: z.string() })
export type BackupPayload = z.infer<typeof backupPayload>

/** A pod is made out of its blueprint's image, or out of a backup of another pod. */
const createPayload = podPayload.extend({ backupId: z.string().optional() })
export type CreatePayload = z.infer<typeof createPayload>

const rebuildPayload = podPayload.extend({ rebuildId: z.string() })
export type RebuildPayload = z.infer<typeof rebuildPayload>

const migratePayload = podPayload.extend({ migrationId: z.string() })
export type MigratePayload = z.infer<typeof migratePayload>

const repairPayload = podPayload.extend({ findingId: z.string() })
export type RepairPayload = z.infer<typeof repairPayload>
const orphanPayload = podPayload.extend({ findingId: z.string(), clusterId: z.string(), vmid: z.number() })
export type OrphanPayload = z.infer<typeof orphanPayload>
const reconcilePayload = z.object({ clusterId: z.string() })
export type ReconcilePayload = z.infer<typeof reconcilePayload>

export const podCreate = { kind: 'cloudPod.create', payload: createPayload } as const
export const podAdopt = { kind: 'cloudPod.adopt', payload: podPayload } as const
export const podDestroy = { kind: 'cloudPod.destroy', payload: podPayload } as const
/** Puts a pod that is deleted aside, or brings it back. */
export const podKeep = { kind: 'cloudPod.keep', payload: podPayload } as const
export const podUndelete = { kind: 'cloudPod.undelete', payload: podPayload } as const
export const podPower = { kind: 'cloudPod.power', payload: powerPayload } as const
export const podResize = { kind: 'cloudPod.resize', payload: resizePayload } as const
export const podBandwidth = { kind: 'cloudPod.bandwidth', payload: bandwidthPayload } as const
export const podAddress = { kind: 'cloudPod.address', payload: addressPayload } as const
export const podFirewall = { kind: 'cloudPod.firewall', payload: podPayload } as const
export const podSuspend = { kind: 'cloudPod.suspend', payload: suspensionPayload } as const
export const podResume = { kind: 'cloudPod.resume', payload: suspensionPayload } as const
export const podSnapshot = { kind: 'cloudPod.snapshot', payload: snapshotPayload } as const
export const podSnapshotDelete = { kind: 'cloudPod.snapshotDelete', payload: snapshotPayload } as const
export const podRollback = { kind: 'cloudPod.rollback', payload: snapshotPayload } as const
export const podBackup = { kind: 'cloudPod.backup', payload: backupPayload } as const
export const podBackupDelete = { kind: 'cloudPod.backupDelete', payload: backupPayload } as const
export const podRestore = { kind: 'cloudPod.restore', payload: backupPayload } as const
export const podMigrate = { kind: 'cloudPod.migrate', payload: migratePayload } as const
export const podRebuild = { kind: 'cloudPod.rebuild', payload: rebuildPayload } as const
export const podGoBack = { kind: 'cloudPod.goBack', payload: rebuildPayload } as const
export const podLetGo = { kind: 'cloudPod.letGo', payload: rebuildPayload } as const
export const podRepair = { kind: 'cloudPod.repair', payload: repairPayload } as const
export const podOrphan = { kind: 'cloudPod.removeOrphan', payload: orphanPayload } as const
export const clusterReconcile = { kind: 'cluster.reconcile', payload: reconcilePayload } as const

export const DAY_MS = 86_400_000

/** A job of a pod; `payload` is what it says beside the pod. */
export const podJob = (
  pod: PodRow,
  kind: string,
  { payload, ...more }: Partial<JobRequest> & { payload?: Record<string, unknown> } = {},
): JobRequest => ({
  queue: 'cloud_pod',
  kind,
  tenantId: pod.tenant_id,
  subject: { type: 'cloudPod', id: pod.id, label: pod.hostname },
  serialKey: `cloudPod:${pod.id}`,
  nodeId: pod.node_id,
  payload: { podId: pod.id, tenantId: pod.tenant_id, ...payload },
  ...more,
})

/** Storages of one name count together in a cluster: whether they are one is the cluster's business. */
export const storageLimit = (pod: PodRow, storage: string): string => `storage:${pod.cluster_id}/${storage}`

/** The one job that makes a pod of a guest that is there already. */
export const enqueueAdopt = (ctx: Ctx, pod: PodRow): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podAdopt.kind, { idempotencyKey: `adopt:${pod.id}`, deadlineMs: DAY_MS }))

/**
 * One create job for a pod, however often it is asked for.
 * @param again why it is made another time
 * @param backupId what it is made out of, instead of its blueprint's image
 */
export async function enqueueCreate(
  ctx: Ctx,
  pod: PodRow,
  { again, backupId }: { again?: string | undefined; backupId?: string | undefined } = {},
): Promise<{ id: string }> {
  const storage = await infrastructure.storageOf(ctx.tx, pod.node_id)
  return enqueue(
    ctx,
    podJob(pod, podCreate.kind, {
      payload: backupId === undefined ? {} : { backupId },
      limits: [
        `${backupId === undefined ? 'clones' : 'backups'}:${pod.cluster_id}`,
        ...(storage === null ? [] : [storageLimit(pod, storage)]),
      ],
      idempotencyKey: ['create', pod.id, ...(again === undefined ? [] : [again])].join(':'),
      deadlineMs: 7 * DAY_MS,
    }),
  )
}

export const enqueueDestroy = (ctx: Ctx, pod: PodRow): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podDestroy.kind, { idempotencyKey: `destroy:${pod.id}` }))

/** Puts a deleted pod aside for a while. */
export const enqueueKeep = (ctx: Ctx, pod: PodRow): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podKeep.kind))

export const enqueueUndelete = (ctx: Ctx, pod: PodRow): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podUndelete.kind, { deadlineMs: DAY_MS, priority: 50 }))

export const enqueuePower = (ctx: Ctx, pod: PodRow, action: PowerAction): Promise<{ id: string }> =>
  enqueue(
    ctx,
    podJob(pod, podPower.kind, {
      payload: { action },
      deadlineMs: DAY_MS,
      priority: 50,
    }),
  )

export const enqueueResize = (
  ctx: Ctx,
  pod: PodRow,
  wanted: Pick<ResizePayload, 'size' | 'reboot' | 'planId' | 'changeId'>,
): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podResize.kind, { payload: wanted, deadlineMs: DAY_MS }))

/**
 * Stops a pod for a suspension, or brings it back after it; behind whatever is still being done to the pod.
 * @param round the same one finds the same job
 */
export const enqueueSuspension = (
  ctx: Ctx,
  pod: PodRow,
  suspensionId: string,
  deed: 'suspend' | 'resume',
  round: string,
): Promise<{ id: string }> =>
  enqueue(
    ctx,
    podJob(pod, deed === 'suspend' ? podSuspend.kind : podResume.kind, {
      payload: { suspensionId },
      idempotencyKey: `${deed}:${suspensionId}:${pod.id}:${round}`,
      priority: 60,
    }),
  )

/** Takes, deletes or rolls back to a snapshot, behind whatever is still being done to the pod. */
export const enqueueSnapshot = (
  ctx: Ctx,
  pod: PodRow,
  snapshotId: string,
  { kind }: typeof podSnapshot | typeof podSnapshotDelete | typeof podRollback,
): Promise<{ id: string }> => enqueue(ctx, podJob(pod, kind, { payload: { snapshotId }, deadlineMs: DAY_MS }))

/**
 * Makes, deletes or restores a backup, behind whatever is still being done to the pod. A cluster and a storage
 * make and restore so many at once; deleting needs no such limit.
 */
export const enqueueBackup = (
  ctx: Ctx,
  pod: PodRow,
  backup: { id: string; storage: string },
  { kind }: typeof podBackup | typeof podBackupDelete | typeof podRestore,
  more: Pick<JobRequest, 'priority'> = {},
): Promise<{ id: string }> =>
  enqueue(
    ctx,
    podJob(pod, kind, {
      payload: { backupId: backup.id },
      limits:
        kind === podBackupDelete.kind ? [] : [`backups:${pod.cluster_id}`, storageLimit(pod, backup.storage)],
      deadlineMs: DAY_MS,
      ...more,
    }),
  )

/** Moves a pod to another node. It takes a slot of both: the one it leaves has as much to do as the one it comes to. */
export const enqueueMigrate = (
  ctx: Ctx,
  pod: PodRow,
  migration: { id: string; toNodeId: string },
  more: Pick<JobRequest, 'priority'> = {},
): Promise<{ id: string }> =>
  enqueue(
    ctx,
    podJob(pod, podMigrate.kind, {
      payload: { migrationId: migration.id },
      nodeId: migration.toNodeId,
      limits: [`node:${pod.node_id}`],
      deadlineMs: DAY_MS,
      ...more,
    }),
  )

/**
 * Makes a second guest of a pod and exchanges the two, exchanges them again, or destroys the kept one. It takes a slot of
 * the node where that guest is, and of the pod's own.
 */
export const enqueueRebuild = (
  ctx: Ctx,
  pod: PodRow,
  { id: rebuildId, nodeId, storage }: { id: string; nodeId: string; storage: string | null },
  { kind }: typeof podRebuild | typeof podGoBack | typeof podLetGo,
): Promise<{ id: string }> =>
  enqueue(
    ctx,
    podJob(pod, kind, {
      payload: { rebuildId },
      nodeId,
      limits: [
        ...(kind === podRebuild.kind ? [`clones:${pod.cluster_id}`] : []),
        ...(storage === null ? [] : [storageLimit(pod, storage)]),
        ...(nodeId === pod.node_id ? [] : [`node:${pod.node_id}`]),
      ],
      deadlineMs: DAY_MS,
    }),
  )

/** Puts an address on a guest, or takes one off. */
export const enqueueAddress = (
  ctx: Ctx,
  pod: PodRow,
  wanted: Pick<AddressPayload, 'address' | 'change'>,
): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podAddress.kind, { payload: wanted, deadlineMs: DAY_MS }))

/** Sets a guest's firewall to what its pod's groups and addresses say by then. */
export const enqueueFirewall = (ctx: Ctx, pod: PodRow): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podFirewall.kind, { deadlineMs: DAY_MS }))

/** Sets a guest to what its pod says. */
export const enqueueRepair = (ctx: Ctx, pod: PodRow, findingId: string): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podRepair.kind, { payload: { findingId }, deadlineMs: DAY_MS }))

/** Destroys a guest that carries the mark of a pod and is not its guest. */
export const enqueueOrphan = (
  ctx: Ctx,
  pod: PodRow,
  guest: Pick<OrphanPayload, 'findingId' | 'clusterId' | 'vmid'>,
): Promise<{ id: string }> =>
  enqueue(ctx, podJob(pod, podOrphan.kind, { payload: guest, deadlineMs: DAY_MS }))

const HOUR_MS = 3_600_000

/** Sets how fast a pod's card is; asked for the same again within the hour, it finds the same job. */
export const enqueueBandwidth = (ctx: Ctx, pod: PodRow, rateMbps: number | null): Promise<{ id: string }> =>
  enqueue(
    ctx,
    podJob(pod, podBandwidth.kind, {
      payload: { rateMbps },
      idempotencyKey: `bandwidth:${pod.id}:${pod.rate_mbps}:${rateMbps}:${Math.floor(ctx.now().getTime() / HOUR_MS)}`,
      deadlineMs: DAY_MS,
    }),
  )

const MINUTE_MS = 60_000

/** Compares a cluster with the database. @param round the same one finds the same job; default: one a minute */
export const enqueueReconcile = (
  ctx: Ctx,
  cluster: { id: string; name: string },
  round = String(Math.floor(ctx.now().getTime() / MINUTE_MS)),
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind: clusterReconcile.kind,
    tenantId: null,
    subject: { type: 'cluster', id: cluster.id, label: cluster.name },
    payload: { clusterId: cluster.id },
    serialKey: `reconcile:${cluster.id}`,
    idempotencyKey: `reconcile:${cluster.id}:${round}`,
    maxAttempts: 3,
  })

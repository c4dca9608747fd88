import type { Ctx } from '../../context.ts'
import * as migrations from '../../db/cloudPodMigrations.ts'
import type { MigrationRow } from '../../db/cloudPodMigrations.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { AppError, notFound } from '../../errors.ts'
import type { MigratePayload } from '../cloudPodQueues.ts'
import { emit, lockPod } from './changes.ts'

/** What a job has read of a pod that moves: where its guest is, and whether it runs. */
export type Arrived = { node: string; power: 'running' | 'stopped' }

/** Locks the pod before its migration, as everybody does. */
async function lock(ctx: Ctx, payload: MigratePayload): Promise<{ pod: PodRow; row: MigrationRow }> {
  const pod = await lockPod(ctx, payload.tenantId, payload.podId)
  const row = await migrations.lock(ctx.tx, payload.tenantId, payload.migrationId)
  if (!row) throw notFound('migration')
  return { pod, row }
}

/** Where a job of the pod is to bring it. @throws AppError not_found */
export async function targetOf(ctx: Ctx, payload: MigratePayload) {
  const found = await migrations.target(ctx.tx, payload.tenantId, payload.migrationId)
  if (!found) throw notFound('migration')
  return found
}

/** Lets pod and reservation count on the node where the guest was seen. */
async function follow(ctx: Ctx, pod: PodRow, name: string): Promise<PodRow> {
  const node = await infrastructure.findNode(ctx.tx, pod.cluster_id, name)
  if (!node)
    throw new AppError('invalid_state', `The node ${name} is not known yet; clusters are read once a minute.`)
  if (node.id === pod.node_id) return pod
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  await reservations.moveCapacity(ctx.tx, pod.id, node.id)
  const after = await pods.update(ctx.tx, pod.id, { node_id: node.id, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_MOVED', { nodeId: [pod.node_id, node.id] }, { node: name })
  return after
}

/** The guest was read on its new node: only that one holds room for it from now on. */
export async function markArrived(ctx: Ctx, payload: MigratePayload, read: Arrived): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  const after = await follow(ctx, pod, read.node)
  await migrations.update(ctx.tx, row.id, { state: 'done', problem: null, ended_at: ctx.now() })
  await pods.update(ctx.tx, pod.id, {
    power_state: read.power,
    power_checked_at: ctx.now(),
    // A guest that was off takes over what it was given.
    pending_restart: read.power === 'running' && pod.pending_restart,
    action: after.action === 'migrating' ? null : after.action,
    problem: null,
    updated_at: ctx.now(),
  })
  await emit(
    ctx,
    pod,
    'CLOUDPOD_MIGRATED',
    { powerState: [pod.power_state, read.power] },
    { migrationId: row.id, node: read.node },
  )
}

/** What a migration that did not work has left was read: pod and reservation count where the guest really is. */
export async function noteWhere(ctx: Ctx, payload: MigratePayload, read: Arrived): Promise<void> {
  const { pod } = await lock(ctx, payload)
  await follow(ctx, pod, read.node)
  await pods.update(ctx.tx, pod.id, { power_state: read.power, power_checked_at: ctx.now() })
}

/** Ends a migration that did not work: its target holds no room any more, unless the pod is there. */
export async function markMigrationFailed(ctx: Ctx, payload: MigratePayload, problem: string): Promise<void> {
  const { pod, row } = await lock(ctx, payload)
  if (row.state === 'moving')
    await migrations.update(ctx.tx, row.id, { state: 'failed', problem, ended_at: ctx.now() })
  await pods.update(ctx.tx, pod.id, {
    action: pod.action === 'migrating' ? null : pod.action,
    problem,
    updated_at: ctx.now(),
  })
  const diff: Record<string, [unknown, unknown]> = { action: [pod.action, null] }
  await emit(ctx, pod, 'CLOUDPOD_MIGRATE_FAILED', diff, { migrationId: row.id, problem })
}

import type { CloudPod, CloudPodCreate, CloudPodDetail, Regions } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { canPod, type PowerAction } from '../../shared/states/cloudPod.ts'
import { canCustomer } from '../../shared/states/customer.ts'
import { told, type Ctx } from '../context.ts'
import * as customers from '../db/customers.ts'
import * as podAddresses from '../db/cloudPodAddresses.ts'
import * as pods from '../db/cloudPods.ts'
import * as backupSchedules from '../db/cloudPodBackupSchedules.ts'
import * as snapshots from '../db/cloudPodSnapshots.ts'
import type { PodFilter, PodRow, PodView } from '../db/cloudPods.ts'
import type { ListOptions } from '../db/list.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import type { Judgement } from './cloudPods/placement.ts'
import { startDestruction, undeleteHours } from './cloudPods/deletion.ts'
import { updateDetails } from './cloudPods/details.ts'
import { keptGuestOf } from './cloudPods/keptGuest.ts'
import { reserve, type PodOrder, type PodSource } from './cloudPods/reserve.ts'
import * as resizing from './cloudPods/resize.ts'
import * as provisioningService from './provisioningService.ts'
import * as tenantSuspensionService from './tenantSuspensionService.ts'

export { reserve, type PodOrder }
export { startDestruction } from './cloudPods/deletion.ts'
export { markResized, markResizeFailed, noteSetBack, previewResize } from './cloudPods/resize.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

function present(ctx: Ctx, row: PodView): CloudPod {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    customerId: row.customer_id,
    subscriptionId: row.subscription_id,
    hostname: row.hostname,
    kind: row.kind,
    plan: { id: row.plan_id, name: row.plan_name },
    blueprint: { id: row.blueprint_id, name: row.blueprint_name },
    cores: row.cores,
    memoryMb: row.memory_mb,
    diskGb: row.disk_gb,
    state: row.state,
    powerState: row.power_state,
    powerCheckedAt: iso(row.power_seen_at),
    action: row.action,
    pendingRestart: row.pending_restart,
    problem: told(ctx, row.problem, 'The last action could not be done. Your provider sees the details.'),
    addresses: row.addresses,
    region: row.region,
    protected: row.protected,
    notes: row.notes,
    tags: row.tags,
    soldBy: row.sold_by,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    recoverableUntil: iso(row.recoverable_until),
    deletedAt: iso(row.deleted_at),
  }
}

export async function list(ctx: Ctx, filter: PodFilter, options: ListOptions) {
  const page = await pods.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map((row) => present(ctx, row)), nextCursor: page.nextCursor }
}

/** Where it runs is told only to who may see the infrastructure. @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, id: string): Promise<CloudPodDetail> {
  const row = await pods.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('CloudPod')
  const shown = {
    ...present(ctx, row),
    keptGuest: await keptGuestOf(ctx, row),
    undeleteHours: await undeleteHours(ctx, tenantId),
    keptOff: await tenantSuspensionService.stopping(ctx, row),
  }
  if (!ctx.seesInfrastructure) return { ...shown, placement: null }
  const { storage: _, judged, ...placement } = await pods.placement(ctx.tx, id)
  return { ...shown, placement: { ...placement, judged: judged as Judgement[] | null } }
}

/** Where one can order. */
export const regions = async (ctx: Ctx): Promise<Regions> => ({
  items: (await infrastructure.regions(ctx.tx)).map((name) => ({ name })),
})

export type Accepted = { cloudPod: CloudPod; job: Job }

/** A pod and its job as they are shown. */
export async function answer(ctx: Ctx, pod: PodRow, job: { id: string }): Promise<Accepted> {
  const row = await pods.find(ctx.tx, pod.tenant_id, pod.id)
  if (!row) throw notFound('CloudPod')
  return { cloudPod: present(ctx, row), job: await provisioningService.getJob(ctx, job.id) }
}

/**
 * Orders a pod that belongs to no subscription.
 * @throws AppError what `reserve` throws; not_found and invalid_state for the customer
 */
export async function create(ctx: Ctx, body: CloudPodCreate): Promise<Accepted> {
  if (body.customerId !== null) {
    const customer = await customers.keep(ctx.tx, body.tenantId, body.customerId)
    if (!customer) throw notFound('customer')
    requireAllowed(canCustomer.order(customer))
  }
  const pod = await reserve(ctx, { ...body, subscriptionId: null })
  return answer(ctx, pod, await startCreation(ctx, pod))
}

/**
 * Orders a pod that is made out of a backup, on a node that can read it.
 * @throws AppError what `reserve` throws
 */
export async function createFrom(ctx: Ctx, order: PodOrder, source: PodSource): Promise<Accepted> {
  const pod = await reserve(ctx, order, source)
  return answer(ctx, pod, await startCreation(ctx, pod, source.backupId))
}

/** Lets the making of a reserved pod begin. */
export async function startCreation(ctx: Ctx, pod: PodRow, backupId?: string): Promise<{ id: string }> {
  await pods.update(ctx.tx, pod.id, { state: 'creating', updated_at: ctx.now() })
  const diff: Record<string, [unknown, unknown]> = { state: [pod.state, 'creating'] }
  await emit(ctx, pod, 'CLOUDPOD_CREATE_REQUESTED', diff, backupId === undefined ? undefined : { backupId })
  return cloudPodQueues.enqueueCreate(ctx, pod, { backupId })
}

const ACTING = {
  start: 'starting',
  stop: 'stopping',
  shutdown: 'shutting_down',
  reboot: 'rebooting',
} as const

/** After these the guest runs. */
const RUNS = new Set<PowerAction>(['start', 'reboot'])

/** @throws AppError not_found, invalid_state with the reason, also to start a pod that is suspended */
export async function power(ctx: Ctx, tenantId: string, id: string, action: PowerAction): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, id)
  requireAllowed(
    canPod[action]({ state: pod.state, powerState: pod.power_state, subscriptionId: pod.subscription_id }),
  )
  const stopped = RUNS.has(action) ? await tenantSuspensionService.whyStopping(ctx, pod) : null
  if (stopped !== null) throw new AppError('invalid_state', stopped)
  await pods.update(ctx.tx, id, { action: ACTING[action], problem: null, updated_at: ctx.now() })
  await emit(ctx, pod, `CLOUDPOD_${action.toUpperCase()}_REQUESTED`, { action: [pod.action, ACTING[action]] })
  return answer(ctx, pod, await cloudPodQueues.enqueuePower(ctx, pod, action))
}

/** Lets a pod get another size. @throws AppError what `resize` of cloudPods/resize.ts throws */
export async function resize(...asked: Parameters<typeof resizing.resize>): Promise<Accepted> {
  const [ctx] = asked
  const { pod, job } = await resizing.resize(...asked)
  return answer(ctx, pod, job)
}

/** Changes notes, tags and protection. @throws AppError what `updateDetails` of cloudPods/details.ts throws */
export async function update(...asked: Parameters<typeof updateDetails>): Promise<CloudPod> {
  await updateDetails(...asked)
  const [ctx, tenantId, id] = asked
  const row = await pods.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('CloudPod')
  return present(ctx, row)
}

/** Deletes a pod that belongs to no subscription. @throws AppError not_found, invalid_state */
export async function destroy(ctx: Ctx, tenantId: string, id: string): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, id)
  requireAllowed(
    canPod.delete({
      state: pod.state,
      powerState: pod.power_state,
      subscriptionId: pod.subscription_id,
      protected: pod.protected,
    }),
  )
  return answer(ctx, pod, await startDestruction(ctx, pod))
}

/** Frees what a pod held that was reserved but never begun. */
export async function releaseReserved(ctx: Ctx, pod: PodRow, reason: string): Promise<void> {
  await reservations.release(ctx.tx, pod.id, ctx.now(), false, 0)
  await pods.update(ctx.tx, pod.id, { state: 'failed', problem: reason, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_RELEASED', { state: [pod.state, 'failed'] }, { reason })
}

export type Evidence = Record<string, unknown>

/** Marks a pod active after its configuration and power were read back. @param powerState as it was read */
export async function markActive(
  ctx: Ctx,
  tenantId: string,
  id: string,
  evidence: Evidence,
  powerState: 'running' | 'stopped' = 'running',
): Promise<PodRow> {
  const pod = await lockPod(ctx, tenantId, id)
  // A destruction ordered meanwhile keeps its claim on the pod.
  const state = pod.state === 'creating' ? 'active' : pod.state
  await podAddresses.assignAddresses(ctx.tx, id)
  const after = await pods.update(ctx.tx, id, {
    state,
    power_state: powerState,
    power_checked_at: ctx.now(),
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, 'CLOUDPOD_CREATED', { state: [pod.state, state] }, evidence)
  return after
}

/** Marks a pod that could not be made and of which nothing is left; gives back what it held. */
export async function markFailed(ctx: Ctx, tenantId: string, id: string, problem: string): Promise<PodRow> {
  const pod = await lockPod(ctx, tenantId, id)
  await reservations.release(ctx.tx, id, ctx.now(), true, ctx.settings.vmidQuarantineHours)
  // Destruction was ordered while the pod was being made: its job will find nothing and say so.
  const state = pod.state === 'deleting' ? 'deleting' : 'failed'
  const after = await pods.update(ctx.tx, id, { state, problem, updated_at: ctx.now() })
  await tenantSuspensionService.podGone(ctx, tenantId, id)
  await emit(ctx, pod, 'CLOUDPOD_CREATE_FAILED', { state: [pod.state, state] }, { problem })
  return after
}

/**
 * Writes down the power state that was read from the hypervisor.
 * @param stillPending whether the running guest needs another restart to have its size; absent: it was not read
 */
export async function markPower(
  ctx: Ctx,
  tenantId: string,
  id: string,
  power_state: 'running' | 'stopped',
  action: PowerAction,
  stillPending?: boolean,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  await pods.update(ctx.tx, id, {
    power_state,
    // A guest that is off takes over what it was given at its next start.
    pending_restart: power_state === 'running' && (stillPending ?? pod.pending_restart),
    power_checked_at: ctx.now(),
    action: null,
    problem: null,
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, `CLOUDPOD_${action.toUpperCase()}_DONE`, {
    powerState: [pod.power_state, power_state],
  })
}

/** Writes down what was read of a guest that was set to what its pod says. */
export async function markRepaired(
  ctx: Ctx,
  tenantId: string,
  id: string,
  read: { power: 'running' | 'stopped'; pendingRestart: boolean },
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  await pods.update(ctx.tx, id, {
    power_state: read.power,
    pending_restart: read.pendingRestart,
    power_checked_at: ctx.now(),
    problem: null,
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, 'CLOUDPOD_REPAIRED', {
    powerState: [pod.power_state, read.power],
    pendingRestart: [pod.pending_restart, read.pendingRestart],
  })
}

/** Ends an attempt that did not work. How far it came was not read back, so the power state is not known. */
export async function markActionFailed(
  ctx: Ctx,
  tenantId: string,
  id: string,
  problem: string,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  await pods.update(ctx.tx, id, { action: null, power_state: 'unknown', problem, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_ACTION_FAILED', { action: [pod.action, null] }, { problem })
}

/** Marks a pod deleted after its absence was proven, and its snapshots; its backups stay. Its address and VMID rest from now on. */
export async function markDeleted(
  ctx: Ctx,
  tenantId: string,
  id: string,
  evidence: Evidence,
): Promise<PodRow> {
  const pod = await lockPod(ctx, tenantId, id)
  await reservations.release(ctx.tx, id, ctx.now(), true, ctx.settings.vmidQuarantineHours)
  const after = await pods.update(ctx.tx, id, {
    state: 'deleted',
    deleted_at: ctx.now(),
    power_state: 'unknown',
    action: null,
    updated_at: ctx.now(),
  })
  const gone = await snapshots.markAllDeleted(ctx.tx, tenantId, id, ctx.now())
  await backupSchedules.remove(ctx.tx, tenantId, id)
  await tenantSuspensionService.podGone(ctx, tenantId, id)
  const details = { ...evidence, snapshots: gone }
  await emit(ctx, pod, 'CLOUDPOD_DELETED', { state: [pod.state, 'deleted'] }, details)
  return after
}

/** Gives the pod another VMID because a guest that is not ours holds the present one. */
export async function reassignVmid(ctx: Ctx, tenantId: string, id: string): Promise<number> {
  const pod = await lockPod(ctx, tenantId, id)
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  await reservations.markVmidForeign(ctx.tx, pod.cluster_id, pod.vmid)
  const vmid = await reservations.freeVmid(ctx.tx, pod.cluster_id)
  if (vmid === null)
    throw new AppError('vmid_range_exhausted', 'The cluster has no free VMID in its range. Widen the range.')
  await reservations.reserveVmid(ctx.tx, pod.cluster_id, vmid, id, ctx.now())
  await pods.update(ctx.tx, id, { vmid, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_VMID_CHANGED', { vmid: [pod.vmid, vmid] })
  return vmid
}

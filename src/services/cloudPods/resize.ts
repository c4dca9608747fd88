import type { CloudPodResizePreview } from '../../../shared/api/cloudPods.ts'
import { canPod } from '../../../shared/states/cloudPod.ts'
import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import type { Resources } from '../../db/cloudPodReservations.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import * as cloudPodQuotas from '../cloudPodQuotas.ts'
import { emit, lockPod } from './changes.ts'
import { requireCapacity } from './placement.ts'
import { outsideOf, withNew, type NewSize } from './reserve.ts'

/**
 * `byPlatform`: the caller may manage the infrastructure, or it is the plan itself that asks, so the plan of a subscription does not
 * bind them. `changeId`: the change of a subscription that is done with it, or is not.
 */
type Asker = { byPlatform: boolean; changeId?: string }

const sizeOf = (pod: PodRow): Resources => ({
  cores: pod.cores,
  memoryMb: pod.memory_mb,
  diskGb: pod.disk_gb,
})
const columnsOf = ({ cores, memoryMb, diskGb }: Resources) => ({
  cores,
  memory_mb: memoryMb,
  disk_gb: diskGb,
})
const larger = (a: Resources, b: Resources): Resources => ({
  cores: Math.max(a.cores, b.cores),
  memoryMb: Math.max(a.memoryMb, b.memoryMb),
  diskGb: Math.max(a.diskGb, b.diskGb),
})

/** What must hold for a pod to get another size; each throws AppError when it does not. */
function checksOf(ctx: Ctx, pod: PodRow, size: Resources, { byPlatform }: Asker): (() => Promise<void>)[] {
  const old = sizeOf(pod)
  const held = larger(old, size)
  const more = {
    cores: held.cores - old.cores,
    memoryMb: held.memoryMb - old.memoryMb,
    diskGb: held.diskGb - old.diskGb,
  }
  return [
    async () => {
      const { state, action } = pod
      const subject = { state, action, powerState: pod.power_state, subscriptionId: pod.subscription_id }
      requireAllowed(canPod.resize(subject, byPlatform))
      if (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
        throw new AppError('invalid_state', 'Another job of the pod has not ended: wait for its end.')
    },
    async () => requireChange(old, size),
    () => requireWithinBlueprint(ctx, pod, size),
    () => cloudPodQuotas.requireRoom(ctx, pod.tenant_id, more),
    () => requireCapacity(ctx, pod, more),
  ]
}

function requireChange(old: Resources, size: Resources): void {
  if (size.diskGb < old.diskGb) {
    const message = `A disk only grows: it has ${old.diskGb} GiB.`
    throw new AppError('invalid_input', message, { errors: [{ path: 'diskGb', message }] })
  }
  if (size.cores === old.cores && size.memoryMb === old.memoryMb && size.diskGb === old.diskGb)
    throw new AppError('invalid_input', 'The pod has this size already.')
}

async function requireWithinBlueprint(ctx: Ctx, pod: PodRow, size: Resources): Promise<void> {
  const blueprint = await infrastructure.findBlueprint(ctx.tx, pod.blueprint_id)
  if (!blueprint) throw notFound('blueprint')
  const outside = outsideOf(blueprint, size)
  if (outside !== null)
    throw new AppError(
      'plan_not_allowed',
      `The blueprint ${blueprint.name} does not allow this size: ${outside}.`,
    )
}

/**
 * Takes what a pod's new size needs beyond the old one, and lets the change begin. Until it is proven, the larger of
 * both stays reserved, part by part. `planId`: the plan that the pod has with its new size.
 * @throws AppError not_found, invalid_state, invalid_input, plan_not_allowed, quota_exceeded, no_node_fits
 */
export async function resize(
  ctx: Ctx,
  tenantId: string,
  id: string,
  wanted: NewSize & { reboot: boolean; planId?: string },
  asker: Asker,
): Promise<{ pod: PodRow; job: { id: string } }> {
  const before = await lockPod(ctx, tenantId, id)
  const old = sizeOf(before)
  const size = withNew(old, wanted)
  for (const check of checksOf(ctx, before, size, asker)) await check()
  await reservations.setCapacity(ctx.tx, id, larger(old, size))
  const pod = await pods.update(ctx.tx, id, { action: 'resizing', problem: null, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_RESIZE_REQUESTED', auditService.diffOf<Record<string, unknown>>(old, size), {
    reboot: wanted.reboot,
  })
  const { reboot, planId } = wanted
  const { changeId } = asker
  const job = await cloudPodQueues.enqueueResize(ctx, pod, { size, reboot, planId, changeId })
  return { pod, job }
}

/** Every refusal that a resize would meet now; nothing is reserved. @throws AppError not_found */
export async function previewResize(
  ctx: Ctx,
  tenantId: string,
  id: string,
  wanted: NewSize,
  asker: Asker,
): Promise<CloudPodResizePreview> {
  const pod = await lockPod(ctx, tenantId, id)
  const refusals: CloudPodResizePreview['refusals'] = []
  for (const check of checksOf(ctx, pod, withNew(sizeOf(pod), wanted), asker)) {
    try {
      await check()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      refusals.push({ code: error.code, message: error.message })
    }
  }
  return { refusals }
}

type Read = { diskGb: number; pendingRestart: boolean }

/** Ends a resize that was read back: the pod is, and holds, its new size. */
export async function markResized(
  ctx: Ctx,
  tenantId: string,
  id: string,
  size: Resources,
  { pendingRestart, planId }: { pendingRestart: boolean; planId?: string | undefined },
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  await pods.update(ctx.tx, id, {
    ...columnsOf(size),
    plan_id: planId ?? pod.plan_id,
    pending_restart: pendingRestart,
    action: pod.action === 'resizing' ? null : pod.action,
    problem: null,
    updated_at: ctx.now(),
  })
  await reservations.setCapacity(ctx.tx, id, size)
  await emit(ctx, pod, 'CLOUDPOD_RESIZED', {
    ...auditService.diffOf<Record<string, unknown>>(sizeOf(pod), size),
    ...(planId === undefined ? {} : { planId: [pod.plan_id, planId] }),
    pendingRestart: [pod.pending_restart, pendingRestart],
  })
}

/** Writes down what setting a resize back has left: a disk that had grown stays as large as it is. */
export async function noteSetBack(ctx: Ctx, tenantId: string, id: string, read: Read): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  const disk_gb = Math.max(pod.disk_gb, read.diskGb)
  if (disk_gb === pod.disk_gb && read.pendingRestart === pod.pending_restart) return
  await pods.update(ctx.tx, id, { disk_gb, pending_restart: read.pendingRestart, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_RESIZE_SET_BACK', {
    diskGb: [pod.disk_gb, disk_gb],
    pendingRestart: [pod.pending_restart, read.pendingRestart],
  })
}

/** Ends a resize that was undone: what the pod is by now is what it holds. */
export async function markResizeFailed(
  ctx: Ctx,
  tenantId: string,
  id: string,
  problem: string,
  rebooted: boolean,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  await reservations.setCapacity(ctx.tx, id, sizeOf(pod))
  await pods.update(ctx.tx, id, {
    action: pod.action === 'resizing' ? null : pod.action,
    // How far a restart came was not read back.
    ...(rebooted ? { power_state: 'unknown' as const } : {}),
    problem,
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, 'CLOUDPOD_RESIZE_FAILED', { action: [pod.action, null] }, { problem })
}

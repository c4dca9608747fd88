import type { CloudPodRebuild, CloudPodRebuildPreview } from '../../../shared/api/cloudPodRebuilds.ts'
import { canPod } from '../../../shared/states/cloudPod.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as rebuilds from '../../db/cloudPodRebuilds.ts'
import type { OfferedBlueprint, SecondGuest } from '../../db/cloudPodRebuilds.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import type { Candidate, Resources } from '../../db/cloudPodReservations.ts'
import * as snapshots from '../../db/cloudPodSnapshots.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import * as settingsService from '../tenantSettingsService.ts'
import * as tenantSuspensionService from '../tenantSuspensionService.ts'
import { emit, lockPod } from './changes.ts'
import { judge } from './placement.ts'
import { outsideOf } from './reserve.ts'

const sizeOf = (pod: PodRow): Resources => ({
  cores: pod.cores,
  memoryMb: pod.memory_mb,
  diskGb: pod.disk_gb,
})

/** How many blueprints are offered. */
const OFFERED = 100

export async function keepHours(ctx: Ctx, tenantId: string): Promise<number> {
  const { 'cloudPods.rebuildKeepHours': hours } = await settingsService.effective(ctx, tenantId)
  return Number(hours.value)
}

/** Why the guest of a pod cannot be exchanged now, null when it can: what lies on it would be away without a word. */
async function obstacle(ctx: Ctx, pod: PodRow): Promise<string | null> {
  const stopped = await tenantSuspensionService.whyStopping(ctx, pod)
  if (stopped !== null) return stopped
  if (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
    return 'Another job of the pod has not ended: wait for its end.'
  const taken = await snapshots.ofPod(ctx.tx, pod.tenant_id, pod.id)
  return taken.length > 0
    ? 'The pod has snapshots, which lie on its present disks: delete them first. Backups stay.'
    : null
}

async function refusalOf(ctx: Ctx, pod: PodRow, second: SecondGuest | undefined): Promise<string | null> {
  const verdict = canPod.rebuild(pod, stateOf(second))
  return verdict.allowed ? obstacle(ctx, pod) : verdict.reason
}

type LiveState = 'making' | 'kept' | 'removing'
export const stateOf = (second: Pick<SecondGuest, 'state'> | undefined): LiveState | null =>
  second === undefined ? null : (second.state as LiveState)

/** Why a pod of this size cannot be made of a blueprint, null when it can. */
function sizeReason(blueprint: OfferedBlueprint, pod: PodRow): string | null {
  const outside = outsideOf(blueprint, sizeOf(pod))
  return outside === null ? null : `It does not allow the size of the pod: ${outside}.`
}

/** What a rebuild would be told now; nothing is reserved. @throws AppError not_found */
export async function preview(ctx: Ctx, tenantId: string, id: string): Promise<CloudPodRebuildPreview> {
  const pod = await pods.find(ctx.tx, tenantId, id)
  if (!pod) throw notFound('CloudPod')
  const offered = await rebuilds.blueprintsFor(ctx.tx, pod, OFFERED)
  return {
    refusal: await refusalOf(ctx, pod, await rebuilds.ofPod(ctx.tx, tenantId, id)),
    keepHours: await keepHours(ctx, tenantId),
    blueprints: offered.map((blueprint) => ({
      id: blueprint.id,
      name: blueprint.name,
      current: blueprint.id === pod.blueprint_id,
      reason: sizeReason(blueprint, pod),
    })),
  }
}

export function requireHostname(pod: PodRow, hostname: string): void {
  if (hostname === pod.hostname) return
  const message = 'This is not the host name of the pod.'
  throw new AppError('invalid_input', message, { errors: [{ path: 'hostname', message }] })
}

async function blueprintOf(ctx: Ctx, pod: PodRow, asked: string | null): Promise<OfferedBlueprint> {
  const offered = await rebuilds.blueprintsFor(ctx.tx, pod, OFFERED)
  const blueprint = offered.find(({ id }) => id === (asked ?? pod.blueprint_id))
  if (!blueprint) throw notFound('blueprint of this kind')
  const reason = sizeReason(blueprint, pod)
  if (reason !== null) throw new AppError('plan_not_allowed', `${blueprint.name} cannot be chosen. ${reason}`)
  return blueprint
}

/**
 * Where the new guest is made: on the pod's own node, which needs no more than another disk, or where the placement would
 * put it. The cluster stays locked until the transaction ends.
 * @throws AppError no_node_fits, with each node's reason for those who see the infrastructure
 */
async function chooseNode(
  ctx: Ctx,
  pod: PodRow,
  { id: blueprintId, min_cpu_level: cpuLevel }: OfferedBlueprint,
): Promise<Candidate> {
  const nodes = await reservations.lockNodesOf(ctx.tx, pod.cluster_id)
  const images = await rebuilds.nodesWithImage(ctx.tx, blueprintId)
  const plan = await billing.findPlan(ctx.tx, pod.plan_id)
  const able = nodes.filter(({ nodeId }) => images.has(nodeId))
  const isOwn = ({ nodeId }: Candidate): boolean => nodeId === pod.node_id
  const diskAlone = { cores: 0, memoryMb: 0, diskGb: pod.disk_gb, region: null, tags: [], cpuLevel }
  const all = { ...sizeOf(pod), region: null, tags: plan?.node_tags ?? [], cpuLevel }
  const judged = [
    ...(await judge(ctx, pod.tenant_id, able.filter(isOwn), diskAlone)),
    ...(await judge(
      ctx,
      pod.tenant_id,
      able.filter((node) => !isOwn(node)),
      all,
    )),
  ]
  const chosen = judged.find(({ reason }) => reason === null)?.node
  if (chosen) return chosen
  const without = nodes.filter(({ nodeId }) => !images.has(nodeId))
  const told = [
    ...judged.map(({ node, reason }) => ({ node: node.nodeName, reason })),
    ...without.map(({ nodeName }) => ({ node: nodeName, reason: 'no image of the blueprint' })),
  ]
  const reasons = told.map(({ node, reason }) => `${node}: ${reason}`)
  throw new AppError(
    'no_node_fits',
    ctx.seesInfrastructure
      ? `No node of the cluster can take the new guest beside the present one. ${reasons.join('; ')}.`
      : 'There is no room for the new disk beside the present one at the moment. Ask your provider.',
    ctx.seesInfrastructure ? { details: { nodes: told } } : {},
  )
}

export type Begun = { pod: PodRow; job: { id: string } }

/**
 * Reserves VMID and room for a second guest of the pod and lets it be made. The present one goes on until it is whole.
 * @throws AppError not_found, invalid_state with the reason, invalid_input when `hostname` is not the pod's,
 *   plan_not_allowed, no_node_fits, vmid_range_exhausted
 */
export async function rebuild(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { blueprintId, hostname }: CloudPodRebuild,
): Promise<Begun> {
  const before = await lockPod(ctx, tenantId, id)
  const second = await rebuilds.ofPod(ctx.tx, tenantId, id)
  const refusal = await refusalOf(ctx, before, second)
  if (refusal !== null) throw new AppError('invalid_state', refusal)
  requireHostname(before, hostname)
  const blueprint = await blueprintOf(ctx, before, blueprintId)
  const node = await chooseNode(ctx, before, blueprint)
  const vmid = await reservations.freeVmid(ctx.tx, before.cluster_id)
  if (vmid === null)
    throw new AppError('vmid_range_exhausted', 'The cluster has no free VMID in its range. Widen the range.')
  await reservations.reserveVmid(ctx.tx, before.cluster_id, vmid, id, ctx.now())
  const isOwn = node.nodeId === before.node_id
  const row = await rebuilds.insert(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    pod_id: id,
    state: 'making',
    node_id: node.nodeId,
    vmid,
    blueprint_id: blueprint.id,
    // Never do both run.
    cores: isOwn ? 0 : before.cores,
    memory_mb: isOwn ? 0 : before.memory_mb,
    disk_gb: before.disk_gb,
    created_by: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  const pod = await pods.update(ctx.tx, id, { action: 'rebuilding', problem: null, updated_at: ctx.now() })
  const diff: Record<string, [unknown, unknown]> = { action: [before.action, 'rebuilding'] }
  const details = { rebuildId: row.id, blueprint: blueprint.name, node: node.nodeName, vmid }
  await emit(ctx, pod, 'CLOUDPOD_REBUILD_REQUESTED', diff, details)
  const place = { id: row.id, nodeId: node.nodeId, storage: node.storage }
  return { pod, job: await cloudPodQueues.enqueueRebuild(ctx, pod, place, cloudPodQueues.podRebuild) }
}

/**
 * Lets the pod's guest and the kept one be exchanged: the pod is what it was before it was rebuilt, and the other is kept
 * until the same time.
 * @throws AppError not_found, invalid_state with the reason, invalid_input, no_node_fits
 */
export async function goBack(ctx: Ctx, tenantId: string, id: string, hostname: string): Promise<Begun> {
  const before = await lockPod(ctx, tenantId, id)
  const second = await rebuilds.ofPod(ctx.tx, tenantId, id)
  requireAllowed(canPod.goBack(before, stateOf(second)))
  if (!second) throw notFound('kept guest')
  const refusal = await obstacle(ctx, before)
  if (refusal !== null) throw new AppError('invalid_state', refusal)
  requireHostname(before, hostname)
  await holdForReturn(ctx, before, second)
  const pod = await pods.update(ctx.tx, id, { action: 'going_back', problem: null, updated_at: ctx.now() })
  const diff: Record<string, [unknown, unknown]> = { action: [before.action, 'going_back'] }
  await emit(ctx, pod, 'CLOUDPOD_GO_BACK_REQUESTED', diff, { rebuildId: second.id, vmid: second.vmid })
  const place = { id: second.id, nodeId: second.node_id, storage: null }
  return { pod, job: await cloudPodQueues.enqueueRebuild(ctx, pod, place, cloudPodQueues.podGoBack) }
}

/** A kept guest holds its disk alone. To run it needs the size that the pod has today, on its node. */
async function holdForReturn(ctx: Ctx, pod: PodRow, second: SecondGuest): Promise<void> {
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  const node = await reservations.nodeOf(ctx.tx, second.node_id)
  if (!node) throw notFound('node')
  const isOwn = second.node_id === pod.node_id
  const size = sizeOf(pod)
  const held = {
    cores: isOwn ? 0 : size.cores,
    memoryMb: isOwn ? 0 : size.memoryMb,
    diskGb: Math.max(second.disk_gb, size.diskGb),
  }
  const more = { ...held, diskGb: held.diskGb - second.disk_gb, region: null, tags: [], cpuLevel: null }
  // It is there already, so a node that is drained may have it.
  const [judged] = await judge(ctx, pod.tenant_id, [{ ...node, nodeState: 'active' }], more)
  if (judged && judged.reason !== null)
    throw new AppError(
      'no_node_fits',
      ctx.seesInfrastructure
        ? `The node of the kept guest cannot run it now. ${node.nodeName}: ${judged.reason}.`
        : 'There is no room where the kept guest is at the moment. Ask your provider.',
    )
  await rebuilds.update(ctx.tx, second.id, {
    cores: held.cores,
    memory_mb: held.memoryMb,
    disk_gb: held.diskGb,
    problem: null,
  })
}

/**
 * Lets the kept guest be destroyed before its time.
 * @throws AppError not_found, invalid_state with the reason, invalid_input
 */
export async function letGo(ctx: Ctx, tenantId: string, id: string, hostname: string): Promise<Begun> {
  const pod = await lockPod(ctx, tenantId, id)
  const second = await rebuilds.ofPod(ctx.tx, tenantId, id)
  requireAllowed(canPod.letGo(pod, stateOf(second)))
  if (!second) throw notFound('kept guest')
  requireHostname(pod, hostname)
  return { pod, job: await beginRemoval(ctx, pod, second, 'asked for') }
}

/** The same for a pod that is locked already. */
export async function beginRemoval(
  ctx: Ctx,
  pod: PodRow,
  second: Pick<SecondGuest, 'id' | 'state' | 'node_id' | 'vmid'>,
  why: string,
): Promise<{ id: string }> {
  await rebuilds.update(ctx.tx, second.id, { state: 'removing', problem: null })
  const diff: Record<string, [unknown, unknown]> = { keptGuest: [second.state, 'removing'] }
  const details = { rebuildId: second.id, vmid: second.vmid, why }
  await emit(ctx, pod, 'CLOUDPOD_KEPT_GUEST_REMOVAL_REQUESTED', diff, details)
  const place = { id: second.id, nodeId: second.node_id, storage: null }
  return cloudPodQueues.enqueueRebuild(ctx, pod, place, cloudPodQueues.podLetGo)
}

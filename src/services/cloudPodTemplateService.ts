import type { CloudPodTemplatePreview } from '../../shared/api/cloudPodTemplates.ts'
import type { Blueprint, Job } from '../../shared/api/provisioning.ts'
import { canTemplate } from '../../shared/states/cloudPodTemplate.ts'
import type { Ctx } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import * as templates from '../db/cloudPodTemplates.ts'
import type { TemplateRow, TemplateView } from '../db/cloudPodTemplates.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import * as jobs from '../db/provisioningJobs.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import { requireCapacity } from './cloudPods/placement.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'
import { enqueueTemplate, enqueueTemplateRemove, type TemplatePayload } from './cloudPodTemplateQueues.ts'
import * as provisioningService from './provisioningService.ts'

const HOUR_MS = 3_600_000

async function refusalOf(ctx: Ctx, pod: PodRow): Promise<string | null> {
  const verdict = canTemplate.make({ ...pod, powerState: pod.power_state })
  if (!verdict.allowed) return verdict.reason
  return (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
    ? 'Another job of the pod has not ended: wait for its end.'
    : null
}

/** What would be said to a request now; nothing is reserved. @throws AppError not_found */
export async function preview(ctx: Ctx, tenantId: string, podId: string): Promise<CloudPodTemplatePreview> {
  const pod = await pods.find(ctx.tx, tenantId, podId)
  if (!pod) throw notFound('CloudPod')
  return { refusal: await refusalOf(ctx, pod), diskGb: pod.disk_gb }
}

export type Accepted = { blueprint: Blueprint; job: Job }

async function answer(ctx: Ctx, blueprintId: string, job: { id: string }): Promise<Accepted> {
  const blueprint = await provisioningService.getBlueprint(ctx, blueprintId)
  return {
    blueprint: ctx.seesInfrastructure ? blueprint : { ...blueprint, images: [] },
    job: await provisioningService.getJob(ctx, job.id),
  }
}

/**
 * Orders a blueprint of the pod's tenant alone, made of a copy of the pod's guest. Quota, room on the node and VMID are
 * held from now on; it can be ordered once its template was read back.
 * @throws AppError not_found, invalid_state with the reason, quota_exceeded, no_node_fits, vmid_range_exhausted
 */
export async function make(ctx: Ctx, tenantId: string, podId: string, name: string): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, podId)
  const refusal = await refusalOf(ctx, pod)
  if (refusal !== null) throw new AppError('invalid_state', refusal)
  await cloudPodQuotas.requireRoom(ctx, tenantId, { diskGb: pod.disk_gb })
  await requireCapacity(ctx, pod, { cores: 0, memoryMb: 0, diskGb: pod.disk_gb })
  const vmid = await freeVmid(ctx, pod.cluster_id)
  const blueprintId = await insertBlueprint(ctx, pod, name)
  await templates.insert(ctx.tx, {
    blueprint_id: blueprintId,
    tenant_id: tenantId,
    pod_id: pod.id,
    state: 'making',
    cluster_id: pod.cluster_id,
    node_id: pod.node_id,
    vmid,
    disk_gb: pod.disk_gb,
    created_by: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  await templates.reserveVmid(ctx.tx, { clusterId: pod.cluster_id, vmid, blueprintId, at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_TEMPLATE_REQUESTED', {}, { blueprintId, name, vmid })
  return answer(ctx, blueprintId, await enqueueTemplate(ctx, pod, blueprintId))
}

/** The cluster's row is locked. @throws AppError vmid_range_exhausted */
async function freeVmid(ctx: Ctx, clusterId: string): Promise<number> {
  const vmid = await reservations.freeVmid(ctx.tx, clusterId)
  if (vmid !== null) return vmid
  throw new AppError('vmid_range_exhausted', 'The cluster has no free VMID in its range. Widen the range.')
}

/** With the limits of the blueprint that the pod is made of; its disk is not smaller than the pod's. */
async function insertBlueprint(ctx: Ctx, pod: PodRow, name: string): Promise<string> {
  const source = await infrastructure.findBlueprint(ctx.tx, pod.blueprint_id)
  if (!source) throw notFound('blueprint')
  const id = newId()
  await infrastructure.insertBlueprint(ctx.tx, {
    id,
    tenant_id: pod.tenant_id,
    code: `template-${id.slice(-12)}`,
    name,
    kind: pod.kind,
    min_disk_gb: pod.disk_gb,
    min_memory_mb: source.min_memory_mb,
    max_cores: source.max_cores,
    max_memory_mb: source.max_memory_mb,
    max_disk_gb: Math.max(source.max_disk_gb, pod.disk_gb),
    min_cpu_level: source.min_cpu_level,
    created_at: ctx.now(),
  })
  return id
}

/** @throws AppError not_found */
async function lock(ctx: Ctx, { tenantId, blueprintId }: TemplatePayload): Promise<TemplateView> {
  await templates.lock(ctx.tx, tenantId, blueprintId)
  const row = await templates.find(ctx.tx, tenantId, blueprintId)
  if (!row) throw notFound('template')
  return row
}

/** Locks the pod before its template, as everybody does. */
async function lockBoth(ctx: Ctx, payload: TemplatePayload): Promise<{ pod: PodRow; row: TemplateView }> {
  const pod = await lockPod(ctx, payload.tenantId, payload.podId)
  return { pod, row: await lock(ctx, payload) }
}

/** Gives the template another VMID because a guest that is not ours holds the present one. */
export async function reassignVmid(ctx: Ctx, payload: TemplatePayload): Promise<number> {
  const { pod, row } = await lockBoth(ctx, payload)
  await reservations.lockCluster(ctx.tx, row.cluster_id)
  await reservations.markVmidForeign(ctx.tx, row.cluster_id, row.vmid)
  const vmid = await freeVmid(ctx, row.cluster_id)
  const { blueprintId } = payload
  await templates.reserveVmid(ctx.tx, { clusterId: row.cluster_id, vmid, blueprintId, at: ctx.now() })
  await templates.update(ctx.tx, blueprintId, { vmid })
  await emit(ctx, pod, 'CLOUDPOD_VMID_CHANGED', { vmid: [row.vmid, vmid] }, { blueprintId })
  return vmid
}

/** The template was read back. @param nodes names of the nodes that can make pods of it */
export async function markReady(ctx: Ctx, payload: TemplatePayload, nodes: readonly string[]): Promise<void> {
  const { pod, row } = await lockBoth(ctx, payload)
  const known = await infrastructure.nodesOf(ctx.tx, row.cluster_id)
  await offer(
    ctx,
    row,
    known.filter(({ name }) => nodes.includes(name)).map(({ id }) => id),
  )
  await templates.update(ctx.tx, row.blueprint_id, { state: 'ready' })
  const details = { blueprintId: row.blueprint_id, name: row.name, vmid: row.vmid, nodes }
  await emit(ctx, pod, 'CLOUDPOD_TEMPLATE_MADE', {}, details)
}

async function offer(ctx: Ctx, row: TemplateRow, nodeIds: readonly string[]): Promise<void> {
  if (nodeIds.length === 0) return
  await infrastructure.insertImages(
    ctx.tx,
    nodeIds.map((node_id) => ({
      blueprint_id: row.blueprint_id,
      node_id,
      source_node_id: row.node_id,
      ref: String(row.vmid),
    })),
  )
}

/** It could not be made, and nothing of it is left. */
export async function markFailed(ctx: Ctx, payload: TemplatePayload, problem: string): Promise<void> {
  const { pod, row } = await lockBoth(ctx, payload)
  await dissolve(ctx, row)
  const details = { blueprintId: row.blueprint_id, name: row.name, problem }
  await emit(ctx, pod, 'CLOUDPOD_TEMPLATE_FAILED', {}, details)
}

/** Nothing of the template is left: its blueprint goes as well, unless pods were made of it. */
async function dissolve(ctx: Ctx, { blueprint_id: id }: TemplateRow): Promise<void> {
  const until = new Date(ctx.now().getTime() + ctx.settings.vmidQuarantineHours * HOUR_MS)
  await templates.restVmids(ctx.tx, id, until)
  if (await templates.wasUsed(ctx.tx, id)) {
    await templates.update(ctx.tx, id, { state: 'gone', problem: null, ended_at: ctx.now() })
    await infrastructure.updateBlueprint(ctx.tx, id, { state: 'retired' })
    return
  }
  await templates.remove(ctx.tx, id)
  await infrastructure.deleteBlueprint(ctx.tx, id)
}

/**
 * Orders the destruction of a blueprint's template; nothing can be made of it from now on. Pods that were made of it have
 * disks of their own, and stay.
 * @throws AppError not_found, invalid_state with the reason, also for a blueprint of the platform
 */
export async function remove(ctx: Ctx, blueprintId: string): Promise<Accepted> {
  const { tenant_id: tenantId = null } = (await infrastructure.findBlueprint(ctx.tx, blueprintId)) ?? {}
  const known = tenantId === null ? undefined : await templates.find(ctx.tx, tenantId, blueprintId)
  requireAllowed(canTemplate.remove(known ?? null, 0))
  if (!known) throw notFound('template')
  // Whoever orders a pod or a rebuild of it holds this lock.
  await reservations.lockCluster(ctx.tx, known.cluster_id)
  const row = await lock(ctx, { tenantId: known.tenant_id, podId: known.pod_id, blueprintId })
  requireAllowed(canTemplate.remove(row, await templates.countReaders(ctx.tx, blueprintId)))
  return answer(ctx, blueprintId, await beginRemoval(ctx, row))
}

async function beginRemoval(ctx: Ctx, row: TemplateView): Promise<{ id: string }> {
  const images = await infrastructure.imagesOf(ctx.tx, [row.blueprint_id])
  await infrastructure.deleteImages(ctx.tx, row.blueprint_id)
  await infrastructure.updateBlueprint(ctx.tx, row.blueprint_id, { state: 'retired' })
  const nodes = images.map(({ node_id }) => node_id)
  await templates.update(ctx.tx, row.blueprint_id, { state: 'removing', problem: null, nodes })
  await record(ctx, row, 'BLUEPRINT_REMOVAL_REQUESTED', { template: [row.state, 'removing'] })
  return enqueueTemplateRemove(ctx, row)
}

/** An event of the blueprint. */
const record = (
  ctx: Ctx,
  row: TemplateView,
  action: string,
  diff: Record<string, [unknown, unknown]>,
  details: Record<string, unknown> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'blueprint', id: row.blueprint_id, label: row.name },
    diff,
    details: { vmid: row.vmid, ...details },
  })

/** The template was proven gone. */
export async function markRemoved(ctx: Ctx, payload: TemplatePayload): Promise<void> {
  const row = await lock(ctx, payload)
  await dissolve(ctx, row)
  await record(ctx, row, 'BLUEPRINT_REMOVED', { template: [row.state, 'gone'] })
}

/** It could not be removed, and is as it was. */
export async function markRemovalFailed(ctx: Ctx, payload: TemplatePayload, problem: string): Promise<void> {
  const row = await lock(ctx, payload)
  await offer(ctx, row, row.nodes)
  await infrastructure.updateBlueprint(ctx.tx, row.blueprint_id, { state: 'active' })
  await templates.update(ctx.tx, row.blueprint_id, { state: 'ready', problem, nodes: [] })
  await record(ctx, row, 'BLUEPRINT_REMOVAL_FAILED', { template: [row.state, 'ready'] }, { problem })
}

/** For a tenant that is closed: orders the removal of all that can go now. @returns how many are not proven gone */
export async function removeAll(ctx: Ctx, tenantId: string): Promise<number> {
  const live = await templates.liveOf(ctx.tx, tenantId)
  for (const { blueprint_id: blueprintId, pod_id: podId } of live.filter(({ state }) => state === 'ready'))
    await beginRemoval(ctx, await lock(ctx, { tenantId, podId, blueprintId }))
  return live.length
}

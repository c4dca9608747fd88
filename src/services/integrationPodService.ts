import type {
  IntegrationPodAnswer,
  IntegrationPodDetail,
  IntegrationPodPut,
} from '../../shared/api/integrationPods.ts'
import { canCustomer } from '../../shared/states/customer.ts'
import type { PowerAction } from '../../shared/states/cloudPod.ts'
import { canIntegrationPod, sourceName } from '../../shared/states/integrationPod.ts'
import type { Ctx } from '../context.ts'
import * as cloudPods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as customers from '../db/customers.ts'
import * as sold from '../db/integrationPods.ts'
import type { IntegrationPodRow } from '../db/integrationPods.ts'
import type { ListOptions } from '../db/list.ts'
import * as jobs from '../db/provisioningJobs.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as cloudPodService from './cloudPodService.ts'
import { columnsOf, customerOf, wantedOf, type Wanted } from './integrations/asked.ts'
import { outcomeOf, present, presentDetail } from './integrations/present.ts'
import * as provisioningService from './provisioningService.ts'
import * as tenantSuspensionService from './tenantSuspensionService.ts'

/** What is sold elsewhere, with its state and usage. */
export async function list(ctx: Ctx, options: ListOptions) {
  const page = await sold.list(ctx.tx, ctx.scope, ctx.now(), options)
  return { items: page.items.map((row) => present(ctx, row)), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, externalKey: string): Promise<IntegrationPodDetail> {
  const row = await sold.find(ctx.tx, tenantId, externalKey, ctx.now())
  if (!row) throw notFound('service: nothing was ordered under this key')
  return presentDetail(ctx, row)
}

async function answer(
  ctx: Ctx,
  tenantId: string,
  externalKey: string,
  job: { id: string } | null,
): Promise<IntegrationPodAnswer> {
  return {
    service: await get(ctx, tenantId, externalKey),
    job: job === null ? null : await provisioningService.getJob(ctx, job.id),
  }
}

type Sold = { row: IntegrationPodRow; pod: PodRow }

/** What was sold under a key and its pod, both locked. @throws AppError not_found */
async function lockSold(ctx: Ctx, tenantId: string, externalKey: string): Promise<Sold> {
  const row = await sold.lock(ctx.tx, tenantId, externalKey)
  if (!row) throw notFound('service: nothing was ordered under this key')
  const pod = await cloudPods.lock(ctx.tx, tenantId, row.pod_id)
  if (!pod) throw new Error(`what was sold as ${externalKey} has lost its pod`)
  return { row, pod }
}

async function emit(
  ctx: Ctx,
  { row, pod }: { row: Pick<IntegrationPodRow, 'external_key' | 'service_id'>; pod: PodRow },
  action: string,
  more: { diff?: Record<string, [unknown, unknown]>; details?: Record<string, unknown> } = {},
): Promise<void> {
  await auditService.record(ctx, {
    action,
    tenantId: pod.tenant_id,
    target: { type: 'cloudPod', id: pod.id, label: pod.hostname },
    diff: more.diff,
    details: { externalKey: row.external_key, serviceId: row.service_id, ...more.details },
  })
}

/**
 * Makes what is under a key be what the body says: orders its pod when there is none that lives, else changes the pod's plan
 * and size. The same again, at the same time or later, does nothing more.
 * @throws AppError what `cloudPodService.create` and `resize` throw; invalid_state while the pod is being made, deleted or kept;
 *   conflict for another host name or blueprint
 */
export async function put(
  ctx: Ctx,
  tenantId: string,
  externalKey: string,
  body: IntegrationPodPut,
): Promise<IntegrationPodAnswer> {
  await sold.claim(ctx.tx, tenantId, externalKey)
  const row = await sold.lock(ctx.tx, tenantId, externalKey)
  const pod = row && (await cloudPods.lock(ctx.tx, tenantId, row.pod_id))
  const isMade = pod !== undefined && !canIntegrationPod.again(pod).allowed
  const wanted = await wantedOf(ctx, tenantId, body, isMade ? row : undefined)
  if (!row || !pod || !isMade)
    return answer(ctx, tenantId, externalKey, await order(ctx, { tenantId, externalKey, body, wanted, row }))
  if (pod.state !== 'active' && pod.state !== 'creating') requireAllowed(canIntegrationPod.again(pod))
  return answer(ctx, tenantId, externalKey, await change(ctx, { row, pod }, body, wanted))
}

type Order = {
  tenantId: string
  externalKey: string
  body: IntegrationPodPut
  wanted: Wanted
  row: IntegrationPodRow | undefined
}

async function order(ctx: Ctx, { tenantId, externalKey, body, wanted, row }: Order): Promise<{ id: string }> {
  const customerId = await customerOf(ctx, tenantId, body.customer)
  if (customerId !== null) {
    const customer = await customers.keep(ctx.tx, tenantId, customerId)
    if (!customer) throw notFound('customer')
    requireAllowed(canCustomer.order(customer))
  }
  const { hostname, sshKeys, region, blueprintId, planId, source, serviceId } = body
  const place = { tenantId, customerId, subscriptionId: null, planId, blueprintId }
  const pod = await cloudPodService.reserve(ctx, { ...place, hostname, sshKeys, region, size: wanted.size })
  const job = await cloudPodService.startCreation(ctx, pod)
  const asked = { ...columnsOf(wanted), source, service_id: serviceId, pod_id: pod.id, job_id: job.id }
  if (row) await sold.update(ctx.tx, row.id, { ...asked, updated_at: ctx.now() })
  else
    await sold.insert(ctx.tx, {
      ...asked,
      id: newId(),
      tenant_id: tenantId,
      external_key: externalKey,
      created_at: ctx.now(),
      updated_at: ctx.now(),
    })
  const names = { external_key: externalKey, service_id: serviceId }
  await emit(ctx, { row: names, pod }, 'INTEGRATION_POD_ORDERED', {
    details: { source, again: row !== undefined },
  })
  return job
}

/** @returns the job that changes the pod; null when there is nothing to do; that of before when it is under way */
async function change(
  ctx: Ctx,
  { row, pod }: Sold,
  body: IntegrationPodPut,
  wanted: Wanted,
): Promise<{ id: string } | null> {
  requireSame(pod, body)
  await handOver(ctx, { row, pod }, body)
  const asked = columnsOf(wanted)
  const isAsked = (Object.keys(asked) as (keyof typeof asked)[]).every((name) => asked[name] === row[name])
  const outcome = outcomeOf(row.job_id === null ? undefined : await jobs.find(ctx.tx, row.job_id))
  if (isAsked && row.job_id !== null && outcome === 'underway') return { id: row.job_id }
  if (isAsked && outcome === 'done') return null
  requireAllowed(canIntegrationPod.change(pod))
  const job = await resize(ctx, pod, wanted, body.reboot)
  await sold.update(ctx.tx, row.id, { ...asked, job_id: job?.id ?? null, updated_at: ctx.now() })
  await emit(ctx, { row, pod }, 'INTEGRATION_POD_CHANGED', {
    diff: auditService.diffOf<Record<string, unknown>>(
      { planId: row.plan_id, cores: row.cores, memoryMb: row.memory_mb, diskGb: row.disk_gb },
      { planId: wanted.planId, ...wanted.size },
    ),
  })
  return job
}

/** Another name or another system on the disk is no change of what was bought. @throws AppError conflict */
function requireSame(pod: PodRow, { hostname, blueprintId }: IntegrationPodPut): void {
  if (hostname !== pod.hostname)
    throw new AppError(
      'conflict',
      `The pod of this service is named ${pod.hostname}, and a pod keeps its name: ask for it under that name.`,
    )
  if (blueprintId !== pod.blueprint_id)
    throw new AppError(
      'conflict',
      'The pod of this service was made from another blueprint. Another one would overwrite its disk: rebuild it in mPanel if that is wanted.',
    )
}

/** A service may have gone to another customer, or got another number. */
async function handOver(ctx: Ctx, { row, pod }: Sold, body: IntegrationPodPut): Promise<void> {
  const customerId = await customerOf(ctx, pod.tenant_id, body.customer)
  // Whoever merges the customer meanwhile waits, and then moves this pod as well.
  const kept = customerId === null ? undefined : await customers.keep(ctx.tx, pod.tenant_id, customerId)
  if (customerId !== pod.customer_id && kept && kept.state !== 'merged') {
    await cloudPods.update(ctx.tx, pod.id, { customer_id: customerId, updated_at: ctx.now() })
    await emit(ctx, { row, pod }, 'INTEGRATION_POD_HANDED_OVER', {
      diff: { customerId: [pod.customer_id, customerId] },
    })
  }
  const { source, serviceId: service_id } = body
  if (source !== row.source || service_id !== row.service_id) {
    await sold.update(ctx.tx, row.id, { source, service_id, updated_at: ctx.now() })
    await emit(ctx, { row, pod }, 'INTEGRATION_POD_RENUMBERED', {
      diff: { source: [row.source, source], serviceId: [row.service_id, service_id] },
    })
  }
}

/** A plan that differs in what is not the guest's size (its traffic, its speed) holds at once. */
async function resize(
  ctx: Ctx,
  pod: PodRow,
  { planId, size }: Wanted,
  reboot: boolean,
): Promise<{ id: string } | null> {
  if (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
    throw new AppError(
      'invalid_state',
      'Something else is still being done to the pod: ask again when it has ended.',
    )
  if (size.cores === pod.cores && size.memoryMb === pod.memory_mb && size.diskGb === pod.disk_gb) {
    await cloudPods.update(ctx.tx, pod.id, { plan_id: planId, updated_at: ctx.now() })
    return null
  }
  const wanted = { ...size, reboot, planId }
  const { job } = await cloudPodService.resize(ctx, pod.tenant_id, pod.id, wanted, { byPlatform: false })
  return job
}

/**
 * Lets the pod be stopped and kept off until the selling system ends that. Asked for again it changes nothing.
 * @throws AppError not_found, invalid_state
 */
export async function suspend(
  ctx: Ctx,
  tenantId: string,
  externalKey: string,
  reason: string,
): Promise<IntegrationPodAnswer> {
  const { row, pod } = await lockSold(ctx, tenantId, externalKey)
  requireAllowed(canIntegrationPod.suspend(pod))
  const why = `by ${sourceName(row.source)}${reason === '' ? '' : ` (${reason})`}`
  const job = await tenantSuspensionService.holdSoldPod(ctx, pod, why)
  if (job) await emit(ctx, { row, pod }, 'INTEGRATION_POD_SUSPENDED', { details: { reason } })
  return answer(ctx, tenantId, externalKey, job)
}

/** Ends that, and brings the pod back as it was. Asked for again it changes nothing. @throws AppError not_found, invalid_state */
export async function unsuspend(
  ctx: Ctx,
  tenantId: string,
  externalKey: string,
): Promise<IntegrationPodAnswer> {
  const { row, pod } = await lockSold(ctx, tenantId, externalKey)
  requireAllowed(canIntegrationPod.unsuspend(pod))
  const job = await tenantSuspensionService.letGoSoldPod(ctx, pod)
  if (job) await emit(ctx, { row, pod }, 'INTEGRATION_POD_UNSUSPENDED')
  return answer(ctx, tenantId, externalKey, job)
}

/** Switches a pod on, off or anew, for the customer who bought it. @throws AppError not_found, and what `cloudPodService.power` throws */
export async function power(
  ctx: Ctx,
  tenantId: string,
  externalKey: string,
  action: PowerAction,
): Promise<IntegrationPodAnswer> {
  const { pod } = await lockSold(ctx, tenantId, externalKey)
  const { job } = await cloudPodService.power(ctx, tenantId, pod.id, action)
  return answer(ctx, tenantId, externalKey, job)
}

/**
 * Deletes the pod, also while it is being made; it is kept for the tenant's undelete window. Asked for again it changes nothing.
 * @throws AppError not_found, invalid_state for a protected pod
 */
export async function terminate(
  ctx: Ctx,
  tenantId: string,
  externalKey: string,
): Promise<IntegrationPodAnswer> {
  const { row, pod } = await lockSold(ctx, tenantId, externalKey)
  if (pod.state !== 'active' && pod.state !== 'creating') return answer(ctx, tenantId, externalKey, null)
  requireAllowed(canIntegrationPod.terminate(pod))
  const { job } = await cloudPodService.destroy(ctx, tenantId, pod.id)
  await emit(ctx, { row, pod }, 'INTEGRATION_POD_TERMINATED')
  return answer(ctx, tenantId, externalKey, job)
}

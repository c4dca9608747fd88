import type { SuspensionView } from '../../shared/api/tenants.ts'
import { told, type Ctx } from '../context.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as suspensions from '../db/tenantSuspensions.ts'
import type { Remembered, SuspensionRow } from '../db/tenantSuspensions.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import type { EnforcePayload } from './tenantQueues.ts'
import { enqueueEnforce } from './tenantQueues.ts'

const SHOWN_PODS = 200
const WAITING = 'The infrastructure is not ready for this yet; it goes on by itself.'

/** The tenant's present suspension, or its last one, with what has become of each pod. */
export async function view(ctx: Ctx, tenantId: string): Promise<SuspensionView> {
  const row = await suspensions.latest(ctx.tx, tenantId)
  if (!row) return { suspension: null }
  const { pods, counts } = await suspensions.progress(ctx.tx, row, SHOWN_PODS)
  return {
    suspension: {
      id: row.id,
      reason: row.reason,
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      counts,
      pods: pods.map((pod) => ({
        id: pod.id,
        hostname: pod.hostname,
        state: pod.state,
        ran: pod.ran,
        stoppedAt: pod.stopped_at?.toISOString() ?? null,
        restoredAt: pod.restored_at?.toISOString() ?? null,
        jobId: pod.job_id,
        jobState: pod.job_state,
        waitingFor: told(ctx, pod.waiting_for, WAITING),
      })),
    },
  }
}

/**
 * Suspends a tenant: from the commit on its users and keys are refused and nothing can be ordered; its pods are
 * stopped by jobs. Asked for again it changes nothing.
 * @throws AppError not_found, invalid_state for a tenant that is closing or closed
 */
export async function suspend(ctx: Ctx, tenantId: string, reason: string): Promise<SuspensionView> {
  const tenant = await lock(ctx, tenantId)
  if (tenant.state === 'suspended') return view(ctx, tenantId)
  await hold(ctx, tenant, reason)
  await tenants.update(ctx.tx, tenantId, { state: 'suspended', updated_at: ctx.now() })
  await emit(ctx, tenant, 'TENANT_SUSPENDED', 'suspended', reason)
  return view(ctx, tenantId)
}

/** Begins to stop the pods of a tenant whose row the caller holds, and remembers which ran. @returns the suspension */
export async function hold(ctx: Ctx, tenant: { id: string; name: string }, reason: string): Promise<string> {
  const id = newId()
  await suspensions.insert(ctx.tx, {
    id,
    tenant_id: tenant.id,
    reason,
    started_by: JSON.stringify(ctx.actor),
    started_at: ctx.now(),
  })
  await enqueueEnforce(ctx, tenant, id, 'stop')
  return id
}

/** Ends a suspension and begins to start what ran before it. */
export async function letGo(ctx: Ctx, tenant: { id: string; name: string }, id: string): Promise<void> {
  await suspensions.end(ctx.tx, id, ctx.now())
  await enqueueEnforce(ctx, tenant, id, 'restore')
}

/**
 * Ends a suspension: users and keys work again at once; jobs start the pods that ran before. Asked for again it
 * changes nothing.
 * @throws AppError not_found, invalid_state for a tenant that is closing or closed
 */
export async function restore(ctx: Ctx, tenantId: string): Promise<SuspensionView> {
  const tenant = await lock(ctx, tenantId)
  const row = await suspensions.latest(ctx.tx, tenantId)
  if (tenant.state === 'active' || !row) return view(ctx, tenantId)
  await letGo(ctx, tenant, row.id)
  await tenants.update(ctx.tx, tenantId, { state: 'active', updated_at: ctx.now() })
  await emit(ctx, tenant, 'TENANT_RESTORED', 'active', row.reason)
  return view(ctx, tenantId)
}

async function lock(ctx: Ctx, tenantId: string) {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  if (tenant.state === 'closing' || tenant.state === 'closed')
    throw new AppError(
      'invalid_state',
      `The tenant is ${tenant.state}: it can be neither suspended nor restored.`,
    )
  return tenant
}

const BATCH = 100

/**
 * Enqueues the next pods' jobs, from the pod `after` on.
 * @returns the last pod of a full batch, or null when there are no more
 */
export async function enforceBatch(
  ctx: Ctx,
  { tenantId, suspensionId, round }: EnforcePayload,
  after: string,
): Promise<string | null> {
  const row = await suspensions.find(ctx.tx, tenantId, suspensionId)
  if (!row) return null
  const pods =
    row.ended_at === null
      ? await suspensions.livePods(ctx.tx, row, after, BATCH)
      : await suspensions.podsOf(ctx.tx, suspensionId, after, BATCH)
  if (row.ended_at === null) await suspensions.concern(ctx.tx, suspensionId, pods)
  for (const pod of pods)
    await cloudPodQueues.enqueueSuspension(
      ctx,
      pod,
      suspensionId,
      row.ended_at === null ? 'suspend' : 'resume',
      round,
    )
  return pods.length === BATCH ? (pods.at(-1)?.id ?? null) : null
}

/** Whether the suspension still holds, and what was remembered of the pod. */
export async function of(
  ctx: Ctx,
  place: { tenantId: string; suspensionId: string; podId: string },
): Promise<{ suspension: SuspensionRow | undefined } & Remembered> {
  const suspension = await suspensions.find(ctx.tx, place.tenantId, place.suspensionId)
  return { suspension, ...(await suspensions.remembered(ctx.tx, place)) }
}

export const remember = (
  ctx: Ctx,
  place: { suspensionId: string; podId: string },
  seen: { running: boolean; ha: string | null },
): Promise<void> => suspensions.remember(ctx.tx, place, seen)

export const markStopped = (ctx: Ctx, place: { suspensionId: string; podId: string }): Promise<void> =>
  suspensions.mark(ctx.tx, place, { stopped_at: ctx.now() })

export const markRestored = (ctx: Ctx, place: { suspensionId: string; podId: string }): Promise<void> =>
  suspensions.mark(ctx.tx, place, { restored_at: ctx.now() })

/** After the end of a suspension: whether another one holds the pod. Then that one brings it back. */
export const handOver = (ctx: Ctx, place: { suspensionId: string; podId: string }): Promise<boolean> =>
  suspensions.handOver(ctx.tx, place)

/** Why the pod of a subscription is kept off that somebody has paused. */
export const PAUSED = 'the subscription is paused'

/** The subscription that a suspension is about; null: a whole tenant. */
export async function subscriptionOf(
  ctx: Ctx,
  tenantId: string,
  id: string,
): Promise<{ id: string; isPause: boolean } | null> {
  const row = await suspensions.find(ctx.tx, tenantId, id)
  return row?.subscription_id == null ? null : { id: row.subscription_id, isPause: row.reason === PAUSED }
}

/** Lets the pod of one subscription be stopped, whatever its tenant's state. Asked for again it changes nothing. */
export async function holdPod(ctx: Ctx, pod: PodRow, subscriptionId: string, reason: string): Promise<void> {
  if (await suspensions.ofSubscription(ctx.tx, pod.tenant_id, subscriptionId)) return
  await holdOne(ctx, pod, { subscription_id: subscriptionId, reason })
}

/** The same for a pod that another system sells. @returns its job; null: that system has suspended it before */
export async function holdSoldPod(ctx: Ctx, pod: PodRow, reason: string): Promise<{ id: string } | null> {
  if (await suspensions.ofPod(ctx.tx, pod.tenant_id, pod.id)) return null
  return holdOne(ctx, pod, { pod_id: pod.id, reason })
}

async function holdOne(
  ctx: Ctx,
  pod: PodRow,
  about: { subscription_id?: string; pod_id?: string; reason: string },
): Promise<{ id: string }> {
  const id = newId()
  await suspensions.insert(ctx.tx, {
    id,
    tenant_id: pod.tenant_id,
    ...about,
    started_by: JSON.stringify(ctx.actor),
    started_at: ctx.now(),
  })
  await suspensions.concern(ctx.tx, id, [pod])
  return cloudPodQueues.enqueueSuspension(ctx, pod, id, 'suspend', 'stop')
}

/**
 * Ends the suspension of one subscription, and begins to bring its pod back. @param bringBack false: the pod is gone
 * @returns whether there was one
 */
export async function letGoPod(
  ctx: Ctx,
  tenantId: string,
  subscriptionId: string,
  bringBack: boolean,
): Promise<boolean> {
  const row = await suspensions.ofSubscription(ctx.tx, tenantId, subscriptionId)
  if (!row) return false
  await suspensions.end(ctx.tx, row.id, ctx.now())
  for (const pod of bringBack ? await suspensions.podsOf(ctx.tx, row.id, NO_POD, BATCH) : [])
    await cloudPodQueues.enqueueSuspension(ctx, pod, row.id, 'resume', 'restore')
  return true
}

/** Ends the suspension by the system that sells a pod. @returns the job that brings it back; null: there was none */
export async function letGoSoldPod(ctx: Ctx, pod: PodRow): Promise<{ id: string } | null> {
  const row = await suspensions.ofPod(ctx.tx, pod.tenant_id, pod.id)
  if (!row) return null
  await suspensions.end(ctx.tx, row.id, ctx.now())
  return cloudPodQueues.enqueueSuspension(ctx, pod, row.id, 'resume', 'restore')
}

/** Nothing is left of a pod that could be suspended. */
export async function podGone(ctx: Ctx, tenantId: string, podId: string): Promise<void> {
  const row = await suspensions.ofPod(ctx.tx, tenantId, podId)
  if (row) await suspensions.end(ctx.tx, row.id, ctx.now())
}

const NO_POD = '00000000-0000-0000-0000-000000000000'

type Held = { id: string; tenant_id: string }

/** Whether a suspension wants the pod to be stopped now. */
export const isStopping = async (ctx: Ctx, pod: Held): Promise<boolean> =>
  (await suspensions.holdingPod(ctx.tx, pod.tenant_id, pod.id)) !== undefined

type Stopping = { by: 'tenant' | 'subscription' | 'seller'; why: string }

/** By what a pod is to stay off now, and why, with what has to be done; null when it may run. */
export async function stopping(ctx: Ctx, pod: Held): Promise<Stopping | null> {
  const holding = await suspensions.holdingPod(ctx.tx, pod.tenant_id, pod.id)
  if (!holding) return null
  if (holding.pod_id !== null)
    return {
      by: 'seller',
      why: `The pod is suspended ${holding.reason}: it stays off until whoever sells it ends that.`,
    }
  if (holding.subscription_id === null)
    return { by: 'tenant', why: 'The tenant is suspended: its pods stay off until it is restored.' }
  return {
    by: 'subscription',
    why:
      holding.reason === PAUSED
        ? 'The subscription is paused: its pod stays off until it is resumed.'
        : 'The subscription is suspended because an invoice is overdue: its pod stays off until that is paid.',
  }
}

/** Why a pod is to stay off now; null when it may run. */
export const whyStopping = async (ctx: Ctx, pod: Held): Promise<string | null> =>
  (await stopping(ctx, pod))?.why ?? null

/** Stops a pod again that was powered on during its suspension: what was proven before holds no more. */
export async function stopAgain(ctx: Ctx, pod: PodRow): Promise<{ id: string } | null> {
  const suspensionId = (await suspensions.holdingPod(ctx.tx, pod.tenant_id, pod.id))?.id
  if (suspensionId === undefined) return null
  await suspensions.mark(ctx.tx, { suspensionId, podId: pod.id }, { stopped_at: null })
  return cloudPodQueues.enqueueSuspension(ctx, pod, suspensionId, 'suspend', newId())
}

const HOUR_MS = 3_600_000

/** Looks once an hour at every pod that a suspension has stopped: one that was powered on meanwhile is stopped again. */
export async function enforceAll(ctx: Ctx): Promise<void> {
  const hour = String(Math.floor(ctx.now().getTime() / HOUR_MS))
  for (const { id, tenant_id } of await suspensions.holding(ctx.tx)) {
    const tenant = await tenants.find(ctx.tx, tenant_id)
    if (tenant) await enqueueEnforce(ctx, tenant, id, hour)
  }
}

async function emit(
  ctx: Ctx,
  tenant: { id: string; name: string; state: string },
  action: string,
  state: string,
  reason: string,
): Promise<void> {
  await auditService.record(ctx, {
    action,
    tenantId: tenant.id,
    target: { type: 'tenant', id: tenant.id, label: tenant.name },
    diff: { state: [tenant.state, state] },
    details: { reason },
  })
}

import type { ClosureProof, ClosureView, TenantClose } from '../../shared/api/tenantClosures.ts'
import { asSystem, type Ctx, type Root } from '../context.ts'
import * as closures from '../db/tenantClosures.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as provisioningService from './provisioningService.ts'
import { blockersOf, planOf } from './tenants/closurePlan.ts'
import { enqueueClose } from './tenantQueues.ts'
import * as settingsService from './tenantSettingsService.ts'
import * as tenantSuspensionService from './tenantSuspensionService.ts'

export {
  backupsLeft,
  deleteSomeBackups,
  endSome,
  endZones,
  rememberPods,
  removeTemplates,
  stillThere,
} from './tenants/destruction.ts'
export { closeWhenEmpty, eraseSome } from './tenants/erasure.ts'

const SHOWN_PODS = 200
const DAY_MS = 86_400_000

type Tenant = { id: string; name: string; state: string }

/** The closing that is going on, or the last one, with what has become of each pod. @throws AppError not_found */
export async function view(ctx: Ctx, tenantId: string): Promise<ClosureView> {
  if (!(await tenants.find(ctx.tx, tenantId))) throw notFound('tenant')
  const row = await closures.latest(ctx.tx, tenantId)
  if (!row) return { plan: null, closure: null }
  const { pods, counts } = await closures.progress(ctx.tx, row, SHOWN_PODS)
  const job = await closures.jobOf(ctx.tx, row.id)
  return {
    plan: null,
    closure: {
      id: row.id,
      state: row.state,
      reason: row.reason,
      startedAt: row.started_at.toISOString(),
      dueAt: row.due_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      counts,
      pods: pods.map((pod) => ({
        id: pod.id,
        hostname: pod.hostname,
        state: pod.state,
        jobId: pod.job_id,
        jobState: pod.job_state,
        waitingFor: pod.waiting_for,
      })),
      erased: row.erased as Record<string, number>,
      jobId: job?.id ?? null,
      jobState: job?.state ?? null,
      waitingFor: job?.waiting_for ?? (job?.state === 'stuck' ? job.problem : null),
    },
  }
}

const coolingOffDays = async (ctx: Ctx, tenantId: string): Promise<number> =>
  Number((await settingsService.effective(ctx, tenantId))['tenants.coolingOffDays'].value)

/**
 * Closes a tenant: from the commit on its users are out and nothing can be ordered; once the cooling-off is over
 * everything is destroyed. Asked for again it changes nothing. With `dryRun` it only says what would happen.
 * @throws AppError not_found; invalid_input for another name or no reason; invalid_state when it is closed, or with
 *   what prevents it
 */
export async function close(ctx: Ctx, tenantId: string, body: TenantClose): Promise<ClosureView> {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  if (tenant.state === 'closed') throw new AppError('invalid_state', 'The tenant is closed already.')
  const days = await coolingOffDays(ctx, tenantId)
  if (body.dryRun) return { ...(await view(ctx, tenantId)), plan: await planOf(ctx, tenant, days) }
  if (tenant.state === 'closing') return view(ctx, tenantId)
  if (body.name !== tenant.name) throw invalid('name', `type the tenant's name: ${tenant.name}`)
  if (body.reason === undefined) throw invalid('reason', 'say why the tenant is closed')
  const blockers = await blockersOf(ctx, tenantId)
  if (blockers.length > 0) throw new AppError('invalid_state', blockers.join(' '))
  const now = ctx.now()
  const id = newId()
  // Without a cooling-off there is nothing to bring back: the pods go at once.
  const pause = tenant.state === 'active' && days > 0
  const suspensionId = pause
    ? await tenantSuspensionService.hold(ctx, tenant, `closing: ${body.reason}`.slice(0, 500))
    : null
  const row = {
    id,
    tenant_id: tenantId,
    state: 'cooling' as const,
    reason: body.reason,
    was: tenant.state,
    suspension_id: suspensionId,
    started_by: JSON.stringify(ctx.actor),
    started_at: now,
    due_at: new Date(now.getTime() + days * DAY_MS),
  }
  await closures.insert(ctx.tx, row)
  await tenants.update(ctx.tx, tenantId, { state: 'closing', updated_at: now })
  const details = { reason: body.reason, dueAt: row.due_at.toISOString() }
  await record(ctx, tenant, 'TENANT_CLOSING', { state: [tenant.state, 'closing'] }, details)
  if (days === 0) await begin(ctx, { ...tenant, state: 'closing' }, id)
  return view(ctx, tenantId)
}

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_input', `${path}: ${message}`, { errors: [{ path, message }] })

/**
 * Ends a closing within its cooling-off: the tenant is what it was before.
 * @throws AppError not_found, invalid_state once the destruction has begun
 */
export async function cancel(ctx: Ctx, tenantId: string): Promise<ClosureView> {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  const row = await closures.latest(ctx.tx, tenantId)
  if (tenant.state !== 'closing' || !row)
    throw new AppError('invalid_state', `The tenant is ${tenant.state}: there is no closing to cancel.`)
  if (row.state !== 'cooling')
    throw new AppError('invalid_state', 'The destruction has begun: the closing can no longer be cancelled.')
  const now = ctx.now()
  await closures.update(ctx.tx, row.id, { state: 'cancelled', ended_at: now })
  await tenants.update(ctx.tx, tenantId, { state: row.was, updated_at: now })
  if (row.suspension_id !== null) await tenantSuspensionService.letGo(ctx, tenant, row.suspension_id)
  await record(ctx, tenant, 'TENANT_CLOSING_CANCELLED', { state: ['closing', row.was] })
  return view(ctx, tenantId)
}

/** Begins the destruction; from here on there is no way back. The caller holds the tenant's row. */
async function begin(ctx: Ctx, tenant: Tenant, closureId: string): Promise<void> {
  await closures.update(ctx.tx, closureId, { state: 'destroying' })
  await enqueueClose(ctx, tenant, closureId)
  await record(ctx, tenant, 'TENANT_DESTRUCTION_STARTED', undefined, { closureId })
}

/** Begins what is due, each in a transaction of its own. */
export async function beginDue(root: Root): Promise<void> {
  const due = await asSystem(root, 'tenants.close', 'platform', async (ctx) => {
    const all = await closures.due(ctx.tx, ctx.now())
    const counts = { wanted: all.length, total: await tenants.count(ctx.tx) }
    return (await provisioningService.mayTouch(ctx, 'tenants.close', counts)) ? all : []
  })
  for (const { id, tenant_id } of due) {
    await asSystem(root, 'tenants.close', 'platform', async (ctx) => {
      const tenant = await tenants.lock(ctx.tx, tenant_id)
      const row = await closures.find(ctx.tx, tenant_id, id)
      // It may have been cancelled meanwhile.
      if (tenant && row?.state === 'cooling') await begin(ctx, tenant, id)
    }).catch((error: unknown) =>
      root.log.error({ err: error, tenantId: tenant_id }, 'a due closing could not be begun'),
    )
  }
}

/** @throws AppError not_found, invalid_state before the tenant is closed */
export async function proof(ctx: Ctx, tenantId: string): Promise<ClosureProof> {
  if (!(await tenants.find(ctx.tx, tenantId))) throw notFound('tenant')
  const row = await closures.latest(ctx.tx, tenantId)
  if (!row?.proof)
    throw new AppError('invalid_state', 'The tenant is not closed: there is no proof of deletion yet.')
  return row.proof as ClosureProof
}

const record = (
  ctx: Ctx,
  tenant: Tenant,
  action: string,
  diff?: Record<string, [unknown, unknown]>,
  details?: Record<string, unknown>,
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: tenant.id,
    target: { type: 'tenant', id: tenant.id, label: tenant.name },
    diff,
    details,
  })

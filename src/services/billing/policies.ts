import type { z } from 'zod'
import type {
  DunningPolicy,
  dunningPolicyCreate,
  dunningPolicyUpdate,
} from '../../../shared/api/billingContracts.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as policies from '../../db/billingPolicies.ts'
import type { PolicyRow, PolicyView } from '../../db/billingPolicies.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { FINAL_NOTICE_DAYS } from './schedule.ts'

const present = (row: PolicyView): DunningPolicy => ({
  id: row.id,
  tenantId: row.tenant_id,
  tenantName: row.tenant_name,
  plan: row.plan_id === null ? null : { id: row.plan_id, name: row.plan_name ?? '' },
  remindAfterDays: row.remind_after_days,
  suspendAfterDays: row.suspend_after_days,
  terminateAfterDays: row.terminate_after_days,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export async function listPolicies(ctx: Ctx, options: ListOptions) {
  const page = await policies.list(ctx.tx, ctx.scope, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

async function lock(ctx: Ctx, id: string): Promise<PolicyRow> {
  const row = await policies.lock(ctx.tx, id)
  if (!row) throw notFound('dunning policy')
  return row
}

type Days = Pick<DunningPolicy, 'remindAfterDays' | 'suspendAfterDays' | 'terminateAfterDays'>

/** @throws AppError invalid_input naming the field */
function checked({ remindAfterDays, suspendAfterDays, terminateAfterDays }: Days): Days {
  const wrong = (path: keyof Days, message: string) =>
    new AppError('invalid_input', message, { errors: [{ path, message }] })
  const remind = [...new Set(remindAfterDays)].toSorted((one, other) => one - other)
  const [last = 0] = remind.slice(-1)
  if (suspendAfterDays !== null && last >= suspendAfterDays)
    throw wrong('remindAfterDays', 'Reminders come before the suspension: name fewer days than it has.')
  if (terminateAfterDays !== null && terminateAfterDays < (suspendAfterDays ?? 1) + FINAL_NOTICE_DAYS)
    throw wrong(
      'terminateAfterDays',
      `At least ${FINAL_NOTICE_DAYS} days after the suspension: the last warning comes between them.`,
    )
  return { remindAfterDays: remind, suspendAfterDays, terminateAfterDays }
}

const columns = (days: Days) => ({
  remind_after_days: days.remindAfterDays,
  suspend_after_days: days.suspendAfterDays,
  terminate_after_days: days.terminateAfterDays,
})

async function emit(
  ctx: Ctx,
  row: Pick<PolicyRow, 'id' | 'tenant_id'>,
  action: string,
  diff: Record<string, [unknown, unknown]>,
): Promise<void> {
  // What is due by the new days is found out at once.
  await contracts.lookAgain(ctx.tx, { tenantId: row.tenant_id }, ctx.now())
  await auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'dunningPolicy', id: row.id },
    diff,
  })
}

/** Gives a tenant, a plan, or a plan of a tenant days of its own. @throws AppError invalid_input, not_found, already_exists */
export async function createPolicy(
  ctx: Ctx,
  body: z.infer<typeof dunningPolicyCreate>,
): Promise<DunningPolicy> {
  const days = checked(body)
  const { tenantId, planId } = body
  if (tenantId === null && planId === null)
    throw new AppError('invalid_input', 'The platform has its policy already: name a tenant or a plan.')
  const plan = planId === null ? null : await billing.findPlan(ctx.tx, planId)
  // A tenant's plan has its policy in that tenant.
  if (planId !== null && (!plan || (plan.tenant_id ?? tenantId) !== tenantId)) throw notFound('plan')
  const now = ctx.now()
  const id = newId()
  await policies
    .insert(ctx.tx, {
      id,
      tenant_id: tenantId,
      plan_id: planId,
      ...columns(days),
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'dunning_policies_once') throw error
      throw new AppError('already_exists', 'There is such a policy already: change that.')
    })
  const row = await policies.find(ctx.tx, id)
  await emit(ctx, row, 'DUNNING_POLICY_CREATED', auditService.diffOf<Record<string, unknown>>({}, days))
  return present(row)
}

/** Changes what is named. @throws AppError not_found, precondition_failed, invalid_input */
export async function updatePolicy(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof dunningPolicyUpdate>,
  version: number | undefined,
): Promise<DunningPolicy> {
  const before = await lock(ctx, id)
  requireVersion(before.version, version)
  const old = present(await policies.find(ctx.tx, id))
  const days = checked({
    remindAfterDays: change.remindAfterDays ?? old.remindAfterDays,
    suspendAfterDays: change.suspendAfterDays === undefined ? old.suspendAfterDays : change.suspendAfterDays,
    terminateAfterDays:
      change.terminateAfterDays === undefined ? old.terminateAfterDays : change.terminateAfterDays,
  })
  await policies.update(ctx.tx, id, { ...columns(days), updated_at: ctx.now() })
  const diff = Object.entries(days).filter(([key, value]) => String(value) !== String(old[key as keyof Days]))
  await emit(
    ctx,
    before,
    'DUNNING_POLICY_UPDATED',
    Object.fromEntries(diff.map(([key, value]) => [key, [old[key as keyof Days], value]])),
  )
  return present(await policies.find(ctx.tx, id))
}

/** Lets a tenant or plan follow the policy of all others again. @throws AppError not_found, invalid_state for the platform's own */
export async function removePolicy(ctx: Ctx, id: string): Promise<void> {
  const row = await lock(ctx, id)
  if (row.tenant_id === null && row.plan_id === null)
    throw new AppError('invalid_state', 'The platform’s policy is what all others fall back to: change it.')
  await policies.remove(ctx.tx, id)
  await emit(ctx, row, 'DUNNING_POLICY_REMOVED', {})
}

import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as policies from '../../db/billingPolicies.ts'
import * as customers from '../../db/customers.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { isRecordedElsewhere } from './providers.ts'
import type { Contract, PlannedChange, Terms } from './schedule.ts'

/** What decides about a delivered contract's future. */
export function factsOf(row: ContractRow, creditMinor = 0n): Contract {
  if (row.anchor_date === null) throw new Error(`subscription ${row.id} was never delivered`)
  return {
    state: row.state,
    anchor: row.anchor_date,
    timeZone: row.billing_tz,
    interval: row.interval,
    intervalCount: row.interval_count,
    unitMinor: row.unit_minor,
    change: changeOf(row),
    creditMinor,
    periodNo: row.period_no,
    periodsBilled: row.periods_billed,
    cancelAt: row.cancel_at,
    holdUntil: row.hold_until,
    notifiedAt: row.notified_at,
    finalWarnedAt: row.final_warned_at,
    isProtected: row.protected,
    due: row.due,
  }
}

function changeOf(row: ContractRow): PlannedChange | null {
  const { open_change, change_period_no, change_interval, change_interval_count } = row
  if (open_change !== 'planned' || change_period_no === null || change_interval === null) return null
  return {
    periodNo: change_period_no,
    interval: change_interval,
    intervalCount: change_interval_count ?? 1,
    unitMinor: row.change_unit_minor ?? 0n,
    setupMinor: row.change_setup_minor ?? 0n,
  }
}

/** The tenant's terms as they are now. */
export async function termsOf(ctx: Ctx, tenantId: string): Promise<Terms> {
  const settings = await settingsService.effective(ctx, tenantId)
  const policy = await policies.ofTenant(ctx.tx, tenantId)
  return {
    leadDays: Number(settings['billing.renewalLeadDays'].value),
    remindAfterDays: policy.remind_after_days,
    suspendAfterDays: policy.suspend_after_days,
    terminateAfterDays: policy.terminate_after_days,
    isRecordedElsewhere: await isRecordedElsewhere(ctx, tenantId),
  }
}

/**
 * Locks a contract and reads what decides about it. Its customer is neither merged nor closed until the transaction ends;
 * undefined when that one was merged just now.
 */
export async function take(ctx: Ctx, tenantId: string, id: string): Promise<ContractRow | undefined> {
  const seen = await billing.findSubscription(ctx.tx, tenantId, id)
  if (!seen) return undefined
  // In this order, as closing and merging do: the customer, then what is his.
  await customers.keep(ctx.tx, tenantId, seen.customer_id)
  await billing.lockSubscription(ctx.tx, tenantId, id)
  const [row] = await contracts.contractsOf(ctx.tx, [id])
  return row?.customer_id === seen.customer_id ? row : undefined
}

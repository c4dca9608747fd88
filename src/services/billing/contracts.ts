import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as policies from '../../db/billingPolicies.ts'
import * as customers from '../../db/customers.ts'
import { localDate } from '../../lib/period.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { soldIn, sumOfSold } from './addonsSold.ts'
import { isRecordedElsewhere } from './providers.ts'
import type { Contract, PlannedChange, Terms } from './contractPeriods.ts'

/** What decides about a delivered contract's future. */
export function factsOf(row: ContractRow, creditMinor = 0n): Contract {
  if (row.anchor_date === null) throw new Error(`subscription ${row.id} was never delivered`)
  return {
    state: row.state,
    planId: row.plan_id,
    anchor: row.anchor_date,
    begins: row.period_begins,
    movedDays: row.moved_days,
    pause:
      row.paused_at === null
        ? null
        : { since: localDate(row.paused_at, row.billing_tz), until: row.paused_until },
    storage: { minor: row.paused_minor, billed: row.pause_billed },
    timeZone: row.billing_tz,
    interval: row.interval,
    intervalCount: row.interval_count,
    unitMinor: row.unit_minor,
    addonsMinor: sumOfSold(soldIn(row.addons)),
    discount:
      row.coupon_id === null
        ? null
        : {
            percentPpm: row.coupon_percent_ppm,
            minor: row.coupon_amount_minor,
            until: row.coupon_until,
            planIds: row.coupon_plan_ids ?? [],
          },
    trial:
      row.state === 'trialing'
        ? { after: row.trial_then, setupMinor: row.setup_minor, hasMethod: row.has_method }
        : null,
    change: changeOf(row),
    creditMinor,
    periodNo: row.period_no,
    periodsBilled: row.periods_billed,
    cancelAt: row.cancel_at,
    holdUntil: row.hold_until,
    notifiedAt: row.notified_at,
    finalWarnedAt: row.final_warned_at,
    isProtected: row.protected,
    isDisputed: row.disputed,
    due: row.due,
  }
}

function changeOf(row: ContractRow): PlannedChange | null {
  const { open_change, change_period_no, change_interval, change_interval_count } = row
  if (open_change !== 'planned' || change_period_no === null || change_interval === null) return null
  return {
    periodNo: change_period_no,
    planId: row.change_plan_id ?? row.plan_id,
    interval: change_interval,
    intervalCount: change_interval_count ?? 1,
    unitMinor: row.change_unit_minor ?? 0n,
    addonsMinor: sumOfSold(soldIn(row.change_addons ?? [])),
    setupMinor: row.change_setup_minor ?? 0n,
  }
}

/** The tenant's terms for a plan as they are now. */
export async function termsOf(ctx: Ctx, tenantId: string, planId: string): Promise<Terms> {
  const settings = await settingsService.effective(ctx, tenantId)
  const policy = await policies.ofPlan(ctx.tx, tenantId, planId)
  return {
    leadDays: Number(settings['billing.renewalLeadDays'].value),
    termDays: Number(settings['billing.paymentTermDays'].value),
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

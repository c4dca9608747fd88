import type { z } from 'zod'
import type {
  calendarQuery,
  SubscriptionCalendar,
  SubscriptionTimeline,
} from '../../../shared/api/billingContracts.ts'
import { isRunning } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as customers from '../../db/customers.ts'
import { happenedTo } from '../../db/billingTimeline.ts'
import { notFound } from '../../errors.ts'
import { toMoney } from '../../lib/money.ts'
import { addDays, localDate } from '../../lib/period.ts'
import { factsOf, termsOf } from './contracts.ts'
import { amountOf, boundary, type Terms } from './contractPeriods.ts'
import { calendar, issues, type Planned } from './calendar.ts'
import { dueDate } from './schedule.ts'
import { taxationOf } from './taxing.ts'

const DAY_MS = 86_400_000
const LIMIT = 200

/**
 * What happens to a subscription on which day if nobody does anything: asked of the same function that the automation asks.
 * @throws AppError not_found
 */
export async function showCalendar(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { assume, days }: z.infer<typeof calendarQuery>,
): Promise<SubscriptionCalendar> {
  const [row] = await contracts.contractsOf(ctx.tx, [id])
  if (row?.tenant_id !== tenantId) throw notFound('subscription')
  if (!isRunning(row.state)) return { timeZone: row.billing_tz, items: [] }
  const credit = await contracts.creditOf(ctx.tx, tenantId, row.customer_id, row.currency)
  const terms = await termsOf(ctx, tenantId, row.plan_id)
  const now = ctx.now()
  const until = new Date(now.getTime() + days * DAY_MS)
  const customer = await customers.find(ctx.tx, tenantId, row.customer_id)
  const taxation = customer && (await taxationOf(ctx, tenantId, customer, localDate(now, row.billing_tz)))
  const facts = { ...factsOf(row, credit > 0n ? credit : 0n), tax: taxation?.treatment ?? null }
  const planned = calendar(facts, terms, { now, until, paid: assume === 'paid', limit: LIMIT })
  return {
    timeZone: row.billing_tz,
    items: planned.map((one) => ({
      what: one.what,
      at: one.at.toISOString(),
      date: localDate(one.at, row.billing_tz),
      invoice: issues(one.what) ? invoiceOf(one, terms, row.currency) : null,
    })),
  }
}

/** The invoice that a planned step issues. */
export function invoiceOf({ at, before }: Planned, terms: Terms, currency: string) {
  const { timeZone, creditMinor, periodsBilled } = before
  const total = amountOf(before, periodsBilled)
  return {
    from: localDate(boundary(before, periodsBilled), timeZone),
    to: addDays(localDate(boundary(before, periodsBilled + 1), timeZone), -1),
    total: toMoney(total, currency),
    fromCredit: toMoney(creditMinor < total ? creditMinor : total, currency),
    dueDate: dueDate(before, terms, at),
  }
}

/** What happened to a subscription, newest first: audit events, invoices, payments and jobs. */
export async function timeline(
  ctx: Ctx,
  tenantId: string,
  id: string,
  options: { limit: number; cursor?: string | undefined },
): Promise<SubscriptionTimeline> {
  const page = await happenedTo(ctx.tx, { tenantId, id }, options)
  return {
    items: page.items.map((one) => ({
      id: one.id,
      at: one.at.toISOString(),
      kind: one.kind,
      label: one.label,
      state: one.state,
      amount: one.amount === null || one.currency === null ? null : toMoney(one.amount, one.currency),
      actor: one.actor && { type: one.actor.type, label: one.actor.label },
      diff: one.diff,
    })),
    nextCursor: page.nextCursor,
  }
}

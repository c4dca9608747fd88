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
import { AppError, notFound } from '../../errors.ts'
import { toMoney } from '../../lib/money.ts'
import { addDays, instantOf, localDate } from '../../lib/period.ts'
import { factsOf, termsOf } from './contracts.ts'
import { boundary, type Terms } from './contractPeriods.ts'
import { billedBy, calendar, issues, type Planned } from './calendar.ts'
import { dueDate, type StepName } from './schedule.ts'
import { taxationOf } from './taxing.ts'

/** As many as a contract by the day has in two years, with their invoices. */
const LIMIT = 1_500
const DEFAULT_DAYS = 120
const MOST_DAYS = 731

const wrong = (message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path: 'until', message }] })

/** The last day that is asked for. @throws AppError invalid_input */
function lastDay({ until, days }: z.infer<typeof calendarQuery>, today: string): string {
  if (until === undefined) return addDays(today, days ?? DEFAULT_DAYS)
  if (days !== undefined) throw wrong('Name the last day or the number of days, not both.')
  if (until < today) throw wrong(`The calendar begins today, on ${today}: name no day before.`)
  const latest = addDays(today, MOST_DAYS)
  if (until > latest) throw wrong(`The calendar reaches two years ahead, to ${latest}: name no later day.`)
  return until
}

/**
 * What happens to a subscription on which day if nobody does anything: asked of the same function that the automation asks.
 * @throws AppError not_found, invalid_input for a day that it does not reach
 */
export async function showCalendar(
  ctx: Ctx,
  tenantId: string,
  id: string,
  query: z.infer<typeof calendarQuery>,
): Promise<SubscriptionCalendar> {
  const [row] = await contracts.contractsOf(ctx.tx, [id])
  if (row?.tenant_id !== tenantId) throw notFound('subscription')
  const now = ctx.now()
  const asked = lastDay(query, localDate(now, row.billing_tz))
  if (!isRunning(row.state)) return { timeZone: row.billing_tz, until: asked, items: [] }
  const terms = await termsOf(ctx, tenantId, row.plan_id)
  // The last instant of that day.
  const until = new Date(instantOf(addDays(asked, 1), row.billing_tz).getTime() - 1)
  const planned = await plannedOf(ctx, row, terms, { until, paid: query.assume === 'paid' })
  const last = planned[LIMIT - 1]
  return {
    timeZone: row.billing_tz,
    until: last ? addDays(localDate(last.at, row.billing_tz), -1) : asked,
    items: planned.map((one) => ({
      what: one.what,
      at: one.at.toISOString(),
      date: localDate(one.at, row.billing_tz),
      invoice: issues(one.what) ? invoiceOf(one, terms, row.currency) : null,
    })),
  }
}

async function plannedOf(
  ctx: Ctx,
  row: contracts.ContractRow,
  terms: Terms,
  { until, paid }: { until: Date; paid: boolean },
): Promise<Planned[]> {
  const now = ctx.now()
  const { tenant_id: tenantId, customer_id: customerId, billing_tz: timeZone } = row
  const credit = await contracts.creditOf(ctx.tx, tenantId, customerId, row.currency)
  const customer = await customers.find(ctx.tx, tenantId, customerId)
  const taxation = customer && (await taxationOf(ctx, tenantId, customer, localDate(now, timeZone)))
  const facts = { ...factsOf(row, credit > 0n ? credit : 0n), tax: taxation?.treatment ?? null }
  return calendar(facts, terms, { now, until, paid, limit: LIMIT })
}

/** What happens to a subscription on which day, or to an order that nobody pays. */
export type Coming = {
  at: Date
  date: string
  what: StepName | 'orderUnpaid'
  tenantId: string
  id: string
  label: string
  customer: { id: string; name: string }
}

/**
 * What happens to the first so many subscriptions of all tenants, if nobody does anything.
 * @returns nothing of those beyond, and whether there are any
 */
export async function whatComes(
  ctx: Ctx,
  { limit, ...how }: { until: Date; paid: boolean; limit: number },
): Promise<{ items: Coming[]; isPart: boolean }> {
  const found = await contracts.soonest(ctx.tx, limit + 1)
  const items: Coming[] = []
  for (const one of found.slice(0, limit)) {
    const about = {
      tenantId: one.tenant_id,
      id: one.id,
      label: one.label,
      customer: { id: one.customer_id, name: one.customer_name },
    }
    const add = (what: Coming['what'], at: Date): void =>
      void items.push({ ...about, what, at, date: localDate(at, one.billing_tz) })
    if (one.payment_due_at !== null && !how.paid && one.payment_due_at <= how.until)
      add('orderUnpaid', one.payment_due_at)
    const [row] = await contracts.contractsOf(ctx.tx, [one.id])
    if (!row || !isRunning(row.state)) continue
    const terms = await termsOf(ctx, row.tenant_id, row.plan_id)
    for (const { what, at } of await plannedOf(ctx, row, terms, how)) add(what, at)
  }
  return { items, isPart: found.length > limit }
}

/** When something happens next to any subscription, after now; null: nothing is known. */
export const nextAt = (ctx: Ctx): Promise<Date | null> => contracts.nextAt(ctx.tx, ctx.now())

/** The invoice that a planned step issues. */
export function invoiceOf({ what, at, before }: Planned, terms: Terms, currency: string) {
  const { timeZone, creditMinor } = before
  const total = billedBy(before, what)
  const index = before.periodsBilled + (what === 'storage' ? (before.storage?.billed ?? 0) : 0)
  return {
    from: localDate(boundary(before, index), timeZone),
    to: addDays(localDate(boundary(before, index + 1), timeZone), -1),
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

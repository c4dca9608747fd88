import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { SubscriptionChange } from '../../db/billing.ts'
import * as changes from '../../db/billingChanges.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as customers from '../../db/customers.ts'
import * as tenants from '../../db/tenants.ts'
import { newId } from '../../lib/ids.ts'
import { localDate } from '../../lib/period.ts'
import { linesOf, soldIn } from './addonsSold.ts'
import { cancel } from './cancelling.ts'
import { emit, move } from './changes.ts'
import { issueRenewal, issueStorage } from './invoicing.ts'
import { wordsFor } from './lineWords.ts'
import * as notices from './notices.ts'
import { comeBack } from './pausing.ts'
import { begin } from './plannedChanges.ts'
import { boundary, discountOf, firstDayOf, type Contract, type Terms } from './contractPeriods.ts'
import { dueDate, FINAL_NOTICE_DAYS, type Step, type StepName } from './schedule.ts'
import * as suspension from './suspension.ts'

type Taken = { row: ContractRow; facts: Contract; terms: Terms }
type Deed = (ctx: Ctx, taken: Taken) => Promise<void>

const update = (ctx: Ctx, { id }: ContractRow, change: SubscriptionChange) =>
  billing.updateSubscription(ctx.tx, id, { ...change, updated_at: ctx.now() })

/** The next period counts as billed; the first one after a trial ends the trial. */
async function count(
  ctx: Ctx,
  { row, facts }: Taken,
  { action, ...more }: { action: string; invoice?: string },
): Promise<void> {
  const index = row.periods_billed
  const [start, end] = [boundary(facts, index), boundary(facts, index + 1)]
  const details = { from: localDate(start, row.billing_tz), to: localDate(end, row.billing_tz), ...more }
  if (facts.trial === null) {
    await update(ctx, row, { periods_billed: index + 1 })
    return emit(ctx, row, action, undefined, details)
  }
  const current_period = `[${start.toISOString()},${end.toISOString()})`
  const change = { periods_billed: 1, current_period, notified_at: null }
  await move(ctx, row, 'trialOver', { action: 'SUBSCRIPTION_ACTIVATED', change, details })
}

/** The period is on an invoice of the system whose invoices count; mPanel only goes on counting. */
const billedElsewhere: Deed = (ctx, taken) => count(ctx, taken, { action: 'SUBSCRIPTION_BILLED_ELSEWHERE' })

/** Issues the invoice of the next period. */
async function bill(ctx: Ctx, { row, facts, terms }: Taken): Promise<void> {
  const by = await termsOfPeriod(ctx, row, facts)
  const parties = await partiesOf(ctx, row)
  const index = row.periods_billed
  const period = { start: boundary(facts, index), end: boundary(facts, index + 1) }
  const issued = await issueRenewal(ctx, {
    subscription: row,
    ...by,
    off: row.coupon_code === null ? null : { code: row.coupon_code, minor: discountOf(facts, index) },
    ...parties,
    dueDate: dueDate(facts, terms, ctx.now()),
    period,
  })
  if (by.changeId !== null)
    await changes.update(ctx.tx, by.changeId, { item_id: by.itemId, invoice_id: issued.id })
  await count(ctx, { row, facts, terms }, { action: 'SUBSCRIPTION_RENEWED', invoice: issued.number })
  await notices.invoiceIssued(ctx, row, parties.customer, issued)
}

/** Bills the disk of what is paused, for the renewal day that has come. */
async function storage(ctx: Ctx, { row, facts, terms }: Taken): Promise<void> {
  const parties = await partiesOf(ctx, row)
  const index = facts.periodsBilled + row.pause_billed
  const [from, to] = [firstDayOf(facts, index), firstDayOf(facts, index + 1)]
  const issued = await issueStorage(ctx, {
    ...parties,
    subscription: row,
    planName: row.plan_name,
    itemId: row.item_id,
    days: { from, to },
    minor: row.paused_minor,
    dueDate: dueDate(facts, terms, ctx.now()),
  })
  await update(ctx, row, { pause_billed: row.pause_billed + 1 })
  await emit(ctx, row, 'SUBSCRIPTION_STORAGE_BILLED', undefined, { from, to, invoice: issued.number })
  await notices.invoiceIssued(ctx, row, parties.customer, issued)
}

async function partiesOf(ctx: Ctx, row: ContractRow) {
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  const seller = await tenants.find(ctx.tx, row.tenant_id)
  if (!customer || !seller) throw new Error(`subscription ${row.id} has lost its customer or tenant`)
  return { customer, seller, words: await wordsFor(ctx, row.tenant_id, customer) }
}

/** By which terms the next period is billed: the first of a planned change gets an item of its own. */
async function termsOfPeriod(ctx: Ctx, row: ContractRow, { change, periodsBilled, trial }: Contract) {
  if (change === null || row.change_id === null || periodsBilled < change.periodNo)
    return {
      itemId: row.item_id,
      price: row,
      setupMinor: trial?.setupMinor ?? 0n,
      planName: row.plan_name,
      addons: linesOf(soldIn(row.addons)),
      changeId: null,
    }
  const planned = await changes.planned(ctx.tx, row.id)
  const price = planned && (await billing.findPrice(ctx.tx, planned.to_price_id))
  if (!price) throw new Error(`the planned change of subscription ${row.id} is missing`)
  const itemId = newId()
  await changes.addItem(ctx.tx, {
    id: itemId,
    tenantId: row.tenant_id,
    subscriptionId: row.id,
    priceId: price.id,
    at: ctx.now(),
  })
  const planName = row.change_plan_name ?? row.plan_name
  const addons = linesOf(soldIn(planned.to_addons))
  const setupMinor = change.setupMinor
  return { itemId, price, setupMinor, planName, addons, changeId: row.change_id }
}

async function advance(ctx: Ctx, { row, facts }: Taken): Promise<void> {
  const index = row.period_no + 1
  const [start, end] = [boundary(facts, index), boundary(facts, index + 1)]
  await update(ctx, row, {
    period_no: index,
    moved_days: 0,
    current_period: `[${start.toISOString()},${end.toISOString()})`,
  })
  await emit(ctx, row, 'SUBSCRIPTION_PERIOD_BEGUN', { period: [row.period_no, index] })
}

async function overdue(ctx: Ctx, taken: Taken): Promise<void> {
  const change = { notified_at: ctx.now(), final_warned_at: null }
  if (await move(ctx, taken.row, 'overdue', { action: 'SUBSCRIPTION_OVERDUE', change }))
    await tell(ctx, taken)
}

async function remind(ctx: Ctx, taken: Taken): Promise<void> {
  await update(ctx, taken.row, { notified_at: ctx.now() })
  await emit(ctx, taken.row, 'SUBSCRIPTION_REMINDED', undefined, { dueSince: taken.facts.due[0] })
  await tell(ctx, taken)
}

/** Says what is overdue, and what follows from it when. */
const tell = (ctx: Ctx, { row, facts, terms }: Taken): Promise<void> =>
  notices.overdue(ctx, row, { ...facts, state: 'grace', notifiedAt: ctx.now() }, terms)

async function suspend(ctx: Ctx, { row, facts }: Taken): Promise<void> {
  const change = { final_warned_at: null }
  if (
    !(await move(ctx, row, 'suspend', {
      action: 'SUBSCRIPTION_SUSPENDING',
      change,
      details: { dueSince: facts.due[0] },
    }))
  )
    return
  await suspension.begin(ctx, row)
}

async function warn(ctx: Ctx, { row, facts, terms }: Taken): Promise<void> {
  const now = ctx.now()
  await update(ctx, row, { final_warned_at: now })
  await emit(ctx, row, 'SUBSCRIPTION_FINAL_WARNING', undefined, { days: FINAL_NOTICE_DAYS })
  await notices.finalWarning(ctx, row, { ...facts, finalWarnedAt: now }, terms)
}

async function terminate(ctx: Ctx, { row }: Taken): Promise<void> {
  await cancel(ctx, row.tenant_id, row.id, { when: 'now', reason: 'not paid' })
}

async function release(ctx: Ctx, { row }: Taken): Promise<void> {
  await update(ctx, row, suspension.NOT_HELD)
  await emit(ctx, row, 'SUBSCRIPTION_RELEASED', undefined, { reason: 'its time was over' })
}

async function trialNotice(ctx: Ctx, { row, facts }: Taken): Promise<void> {
  await update(ctx, row, { notified_at: ctx.now() })
  await emit(ctx, row, 'SUBSCRIPTION_TRIAL_ENDING', undefined, { on: facts.anchor })
  await notices.trialEnds(ctx, row, facts)
}

async function trialOver(ctx: Ctx, { row }: Taken): Promise<void> {
  await cancel(ctx, row.tenant_id, row.id, { when: 'now', reason: 'its trial is over' })
}

/** Whose invoices count, bills. */
const goOn: Deed = (ctx, taken) =>
  (taken.terms.isRecordedElsewhere === true ? billedElsewhere : bill)(ctx, taken)

const DEEDS: Record<Exclude<StepName, 'end'>, Deed> = {
  trialNotice,
  activate: goOn,
  trialOver,
  bill: goOn,
  advance,
  change: async (ctx, { row, facts }) => {
    await begin(ctx, row, facts)
  },
  overdue,
  remind,
  suspend,
  warn,
  terminate,
  release,
  storage,
  resume: (ctx, { row, facts }) => comeBack(ctx, row, facts, 'its time was over'),
  settle: (ctx, { row }) => suspension.settle(ctx, row),
}

/** Does a step whose time has come to a contract that the caller holds. */
export async function carryOut(ctx: Ctx, { what }: Step, taken: Taken): Promise<void> {
  if (what !== 'end') await DEEDS[what](ctx, taken)
}

import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as changes from '../../db/billingChanges.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as customers from '../../db/customers.ts'
import * as pods from '../../db/cloudPods.ts'
import * as tenants from '../../db/tenants.ts'
import { newId } from '../../lib/ids.ts'
import { addDays, instantOf, localDate } from '../../lib/period.ts'
import * as cloudPodService from '../cloudPodService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { inWords, isSame, soldIn } from './addonsSold.ts'
import { emit } from './changes.ts'
import { creditInvoice } from './crediting.ts'
import { issue, usableCredit, type Issued } from './invoicing.ts'
import { priceWords } from './lineWords.ts'
import * as notices from './notices.ts'
import type { Quote } from './quote.ts'
import { boundary, type Contract } from './contractPeriods.ts'

type Order = { id: string; row: ContractRow; quote: Quote; restart: boolean }
type Begun = { invoiceId: string | null; job: { id: string } | null }

/** The columns that say in which period a contract is. */
export function periodOf(of: Contract) {
  const [start, end] = [boundary(of, of.periodNo), boundary(of, of.periodNo + 1)]
  return {
    anchor_date: of.anchor,
    period_begins: of.begins,
    moved_days: of.movedDays,
    period_no: of.periodNo,
    periods_billed: of.periodsBilled,
    current_period: `[${start.toISOString()},${end.toISOString()})`,
    ...(of.discount && { coupon_until: of.discount.until }),
  }
}

/** What of a row is written down of every change. */
const rowOf = (ctx: Ctx, { id, row, quote, restart }: Order) => ({
  id,
  tenant_id: row.tenant_id,
  subscription_id: row.id,
  from_plan_id: row.plan_id,
  from_price_id: row.price_id,
  to_plan_id: quote.plan.id,
  to_price_id: quote.price.id,
  from_addons: JSON.stringify(soldIn(row.addons)),
  to_addons: JSON.stringify(quote.addons),
  effective_at: quote.begins,
  restart,
  grows: quote.pod?.grows ?? false,
  lines: JSON.stringify(
    quote.lines.map(({ kind, description, netMinor, taxMinor }) => ({
      kind,
      description,
      minor: String(netMinor),
      ...(taxMinor !== 0n && { tax: String(taxMinor) }),
    })),
  ),
  total_minor: quote.totalMinor,
  carried_minor: quote.carriedMinor,
  from_item_id: row.item_id,
  decided_by: JSON.stringify(ctx.actor),
  created_at: ctx.now(),
})

/** Charges a change and lets the pod become what the new plan says: room for it is taken first, in the same transaction. */
export async function changeNow(ctx: Ctx, order: Order): Promise<Begun> {
  const { id, row, quote, restart } = order
  const { pod } = quote
  const job =
    pod?.resized === true
      ? (
          await cloudPodService.resize(
            ctx,
            row.tenant_id,
            pod.id,
            { ...pod.to, reboot: restart },
            { byPlatform: true, changeId: id },
          )
        ).job
      : null
  await takeBack(ctx, row, quote)
  const itemId = newId()
  await changes.addItem(ctx.tx, {
    id: itemId,
    tenantId: row.tenant_id,
    subscriptionId: row.id,
    priceId: quote.price.id,
    at: ctx.now(),
  })
  await changes.setRemoved(ctx.tx, row.item_id, ctx.now())
  const issued = await charge(ctx, row, quote, itemId)
  await changes.insert(ctx.tx, {
    ...rowOf(ctx, order),
    state: job === null ? 'done' : 'working',
    item_id: itemId,
    invoice_id: issued.id,
    was: JSON.stringify(periodOf(quote.present)),
    ended_at: job === null ? ctx.now() : null,
  })
  await billing.updateSubscription(ctx.tx, row.id, {
    plan_id: quote.plan.id,
    price_id: quote.price.id,
    addons: JSON.stringify(quote.addons),
    ...periodOf(quote.after),
    updated_at: ctx.now(),
  })
  if (pod && quote.plan.id !== row.plan_id)
    await pods.update(ctx.tx, pod.id, { plan_id: quote.plan.id, updated_at: ctx.now() })
  await emit(ctx, row, 'SUBSCRIPTION_UPDATED', diffOf(row, quote), {
    change: id,
    invoice: issued.number,
    total: quote.totalMinor,
    ...(job && { job: job.id }),
  })
  return { invoiceId: issued.id, job }
}

const diffOf = (row: ContractRow, { plan, price, addons }: Quote): Record<string, [unknown, unknown]> => ({
  ...(plan.id !== row.plan_id && { plan: [row.plan_name, plan.name] }),
  ...(price.id !== row.price_id && {
    price: [priceWords(row, row.currency), priceWords(price, price.currency)],
  }),
  ...(!isSame(soldIn(row.addons), addons) && {
    addons: [inWords(soldIn(row.addons), row.currency), inWords(addons, row.currency)],
  }),
})

/** Credits what was billed for periods to come at the old price; it is billed anew at the new one. */
async function takeBack(ctx: Ctx, row: ContractRow, { takenBack }: Quote): Promise<void> {
  for (const { id } of takenBack) {
    const invoice = await invoices.lock(ctx.tx, row.tenant_id, id)
    if (invoice)
      await creditInvoice(ctx, invoice, ({ t }) => t`the plan or price changes before the period begins`)
  }
}

async function charge(ctx: Ctx, row: ContractRow, quote: Quote, itemId: string): Promise<Issued> {
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  const seller = await tenants.find(ctx.tx, row.tenant_id)
  if (!customer || !seller) throw new Error(`subscription ${row.id} has lost its customer or tenant`)
  const settings = await settingsService.effective(ctx, row.tenant_id)
  const today = localDate(ctx.now(), row.billing_tz)
  const at = (day: string): Date => instantOf(day, row.billing_tz)
  const issued = await issue(ctx, {
    subscription: row,
    customer,
    seller,
    words: quote.words,
    dueDate:
      quote.totalMinor === 0n ? null : addDays(today, Number(settings['billing.paymentTermDays'].value)),
    lines: quote.lines.map(({ kind, description, days, minor, tax }, index) => ({
      itemId: kind === 'credit' ? row.item_id : itemId,
      kind,
      period: days && { start: at(days.from), end: at(days.to) },
      description,
      minor,
      tax,
      dedupeKey: `${itemId}:change:${kind}:${index}`,
    })),
    useCredit: (totalMinor) => usableCredit(ctx, row, customer.id, totalMinor),
  })
  await notices.planChanged(ctx, row, { planName: quote.plan.name, issued })
  return issued
}

/** Plans a change for the end of the period: nothing is charged before the invoice of the next one. */
export async function planChange(ctx: Ctx, order: Order): Promise<Begun> {
  const { id, row, quote } = order
  await takeBack(ctx, row, quote)
  await changes.insert(ctx.tx, {
    ...rowOf(ctx, order),
    state: 'planned',
    period_no: quote.present.periodNo + 1,
  })
  await billing.updateSubscription(ctx.tx, row.id, { ...periodOf(quote.present), updated_at: ctx.now() })
  await emit(ctx, row, 'SUBSCRIPTION_CHANGE_PLANNED', diffOf(row, quote), { change: id, from: quote.day })
  return { invoiceId: null, job: null }
}

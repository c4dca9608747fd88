import type { Ctx } from '../../context.ts'
import type { PriceRow, SubscriptionRow } from '../../db/billing.ts'
import { creditOf } from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import { newId } from '../../lib/ids.ts'
import { localDate } from '../../lib/period.ts'
import type { Words } from '../../words.ts'
import * as auditService from '../auditService.ts'
import { linesOfPeriod, type Off } from './invoiceLines.ts'
import { storageText } from './lineWords.ts'
import { requireOwnInvoices } from './providers.ts'
import { sumOf, taxLines, type Treatment } from './taxRules.ts'
import { taxationOf, type TaxedCustomer } from './taxing.ts'

export type Party = TaxedCustomer & { name: string; company: string | null; email: string }
export type Seller = { id: string; name: string }

export type Line = {
  /** Null: it is of no subscription. */
  itemId: string | null
  /** `storage`: the disk of what is paused. `credit`: billed time that is not used; `carried`: what of it is more than the rest, which becomes the customer's credit. */
  kind: 'recurring' | 'discount' | 'addon' | 'setup' | 'credit' | 'carried' | 'domain' | 'storage'
  period: { start: Date; end: Date } | null
  description: string
  /** As in the price list. */
  minor: bigint
  /** What is credited is taxed as it was; null: not at all. Undefined: as is decided today. */
  tax?: Treatment | null
  dedupeKey: string
}

export type Issued = { id: string; number: string; totalMinor: bigint; openMinor: bigint; dueDate: string }

/**
 * Issues an invoice: a number without gaps, the parties and the tax as they are today, the posting receivable / revenue and tax,
 * and of what the customer has in hand as much as is used for it.
 * @throws AppError invalid_state where another system's invoices count
 */
export async function issue(
  ctx: Ctx,
  order: {
    /** Its id is null for what is sold by itself. */
    subscription: Pick<SubscriptionRow, 'tenant_id' | 'currency' | 'billing_tz'> & { id: string | null }
    customer: Party
    seller: Seller
    /** Those of its lines; the document is in this language for ever. */
    words: Words
    /** Null: the day of issue. */
    dueDate: string | null
    lines: Line[]
    /** What is paid at once out of the customer's credit. */
    useCredit: (totalMinor: bigint) => Promise<bigint>
  },
): Promise<Issued> {
  const { subscription, customer } = order
  const now = ctx.now()
  const id = newId()
  const tenantId = subscription.tenant_id
  await requireOwnInvoices(ctx, tenantId)
  const date = localDate(now, subscription.billing_tz)
  // The lock of the number is kept until the commit: nobody else uses credit of this tenant meanwhile.
  const numbered = await invoices.nextNumber(ctx.tx, { newId: newId(), tenantId, kind: 'invoice', date })
  const taxation = await taxationOf(ctx, tenantId, customer, date)
  const lines = taxLines(
    order.lines.map((line) => ({ ...line, tax: line.tax === undefined ? taxation.treatment : line.tax })),
  )
  const { netMinor, taxMinor, grossMinor: totalMinor } = sumOf(lines)
  const usedMinor = totalMinor === 0n ? 0n : await order.useCredit(totalMinor)
  const dueDate = order.dueDate ?? date
  await invoices.insert(
    ctx.tx,
    {
      id,
      tenant_id: tenantId,
      customer_id: customer.id,
      subscription_id: subscription.id,
      series_id: numbered.seriesId,
      number: numbered.number,
      status: totalMinor === usedMinor ? 'paid' : 'open',
      currency: subscription.currency,
      language: order.words.tag,
      issue_date: numbered.issueDate,
      due_date: dueDate,
      subtotal_minor: netMinor,
      tax_minor: taxMinor,
      total_minor: totalMinor,
      paid_minor: usedMinor,
      buyer: {
        name: customer.name,
        company: customer.company,
        email: customer.email,
        country: customer.country,
        ...taxation.buyer,
      },
      seller: { name: order.seller.name, ...taxation.seller },
      issued_at: now,
      created_at: now,
    },
    lines.map((line, at) => ({
      id: newId(),
      tenant_id: tenantId,
      invoice_id: id,
      line_no: at + 1,
      item_id: line.itemId,
      kind: line.kind,
      period: line.period && `[${line.period.start.toISOString()},${line.period.end.toISOString()})`,
      description: line.description,
      unit_minor: line.minor,
      net_minor: line.netMinor,
      tax_minor: line.taxMinor,
      gross_minor: line.grossMinor,
      tax_category: line.tax?.category ?? null,
      tax_ppm: line.tax?.ratePpm ?? 0,
      tax_included: line.tax?.included ?? false,
      tax_reason: line.tax?.reason ?? '',
      dedupe_key: line.dedupeKey,
    })),
  )
  const post = (kind: string, entries: ledger.Entry[]) =>
    ledger.post(ctx.tx, {
      tenantId,
      kind,
      source: { type: 'invoice', id },
      currency: subscription.currency,
      at: now,
      entries,
    })
  await post('issue', [
    { account: 'receivable', customerId: customer.id, amountMinor: totalMinor },
    { account: 'revenue', amountMinor: -netMinor },
    { account: 'tax', amountMinor: -taxMinor },
  ])
  if (usedMinor > 0n)
    await post('use_credit', [
      { account: 'credit', customerId: customer.id, amountMinor: usedMinor },
      { account: 'receivable', customerId: customer.id, amountMinor: -usedMinor },
    ])
  const carriedMinor = order.lines.find(({ kind }) => kind === 'carried')?.minor ?? 0n
  if (carriedMinor > 0n)
    await post('carry', [
      { account: 'revenue', amountMinor: carriedMinor },
      { account: 'credit', customerId: customer.id, amountMinor: -carriedMinor },
    ])
  await auditService.record(ctx, {
    action: 'INVOICE_ISSUED',
    tenantId,
    target: { type: 'invoice', id, label: numbered.number },
    details: {
      total: totalMinor,
      currency: subscription.currency,
      ...(taxation.treatment && { tax: taxMinor, taxedBecause: taxation.why }),
      ...(usedMinor > 0n && { paidFromCredit: usedMinor }),
    },
  })
  return { id, number: numbered.number, totalMinor, openMinor: totalMinor - usedMinor, dueDate }
}

/** Issues the first invoice of a subscription. The recurring line's period begins with the delivery and is fixed then. */
export function issueFirstInvoice(
  ctx: Ctx,
  order: {
    subscription: SubscriptionRow
    itemId: string
    price: PriceRow
    off: Off | null
    addons: readonly { description: string; minor: bigint }[]
    planName: string
    customer: Party
    seller: Seller
    words: Words
  },
): Promise<Issued> {
  const { subscription, price, itemId } = order
  const lines = linesOfPeriod({ ...order, setupMinor: price.setup_minor, span: 'delivery' })
  return issue(ctx, {
    ...order,
    dueDate:
      subscription.payment_due_at === null
        ? null
        : localDate(subscription.payment_due_at, subscription.billing_tz),
    lines: lines.map((line, at) => ({
      ...line,
      itemId,
      period: null,
      dedupeKey: `${itemId}:first:${line.kind === 'addon' ? `addon:${at}` : line.kind}`,
    })),
    // An order is paid by whoever orders; that starts the delivery.
    useCredit: () => Promise.resolve(0n),
  })
}

/**
 * Issues the invoice of one further period, paid as far as it goes with what the customer has in hand. A period that was billed
 * before is refused by the database.
 */
export function issueRenewal(
  ctx: Ctx,
  order: {
    subscription: SubscriptionRow
    itemId: string
    price: Pick<PriceRow, 'interval' | 'interval_count' | 'unit_minor'>
    /** Of a price that begins with this period. */
    setupMinor: bigint
    off: Off | null
    addons: readonly { description: string; minor: bigint }[]
    planName: string
    customer: Party
    seller: Seller
    words: Words
    dueDate: string
    period: { start: Date; end: Date }
  },
): Promise<Issued> {
  const { subscription, customer, period } = order
  const day = (at: Date): string => localDate(at, subscription.billing_tz)
  const span = { from: day(period.start), to: day(period.end) }
  return issue(ctx, {
    ...order,
    lines: linesOfPeriod({ ...order, span }).map((line) => ({
      ...line,
      itemId: order.itemId,
      period: line.kind === 'recurring' ? period : null,
      dedupeKey: `${order.itemId}:${newId()}`,
    })),
    useCredit: (totalMinor) => usableCredit(ctx, subscription, customer.id, totalMinor),
  })
}

/** Issues the invoice of the disk of what is paused, for the period that would have begun. Coupons and add-ons do not count. */
export function issueStorage(
  ctx: Ctx,
  order: {
    subscription: SubscriptionRow
    itemId: string
    planName: string
    customer: Party
    seller: Seller
    words: Words
    dueDate: string
    days: { from: string; to: string }
    minor: bigint
  },
): Promise<Issued> {
  const { subscription, customer, planName, itemId, days, minor, words } = order
  const description = storageText(words, planName, days)
  return issue(ctx, {
    ...order,
    lines: [{ itemId, kind: 'storage', period: null, description, minor, dedupeKey: `${itemId}:${newId()}` }],
    useCredit: (totalMinor) => usableCredit(ctx, subscription, customer.id, totalMinor),
  })
}

/** What of the customer's credit goes into an invoice: as much as there is. */
export async function usableCredit(
  ctx: Ctx,
  { tenant_id, currency }: Pick<SubscriptionRow, 'tenant_id' | 'currency'>,
  customerId: string,
  totalMinor: bigint,
): Promise<bigint> {
  const credit = await creditOf(ctx.tx, tenant_id, customerId, currency)
  if (credit <= 0n) return 0n
  return credit < totalMinor ? credit : totalMinor
}

/** What is still to be paid of an invoice. */
export const openMinor = (invoice: InvoiceRow): bigint => {
  const open = invoice.total_minor - invoice.paid_minor - invoice.credited_minor
  return open > 0n ? open : 0n
}

/** Where what is owed on an invoice stands in the books: what was written off is not receivable any more. */
export const owedOn = (invoice: InvoiceRow, amountMinor: bigint): ledger.Entry =>
  invoice.status === 'uncollectible'
    ? { account: 'bad_debt', amountMinor }
    : { account: 'receivable', customerId: invoice.customer_id, amountMinor }

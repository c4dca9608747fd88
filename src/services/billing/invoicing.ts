import type { Ctx } from '../../context.ts'
import type { PriceRow, SubscriptionRow } from '../../db/billing.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import { newId } from '../../lib/ids.ts'
import { localDate } from '../../lib/period.ts'
import * as auditService from '../auditService.ts'

type Party = { id: string; name: string; company: string | null; email: string; country: string | null }
type Seller = { id: string; name: string }

/**
 * Issues the first invoice of a subscription: a number without gaps, the parties as they are today, and the posting
 * receivable / revenue. The recurring line's period begins with the delivery and is fixed then.
 */
export async function issueFirstInvoice(
  ctx: Ctx,
  order: {
    subscription: SubscriptionRow
    itemId: string
    price: PriceRow
    planName: string
    customer: Party
    seller: Seller
  },
): Promise<{ id: string; totalMinor: bigint }> {
  const { subscription, price, customer } = order
  const now = ctx.now()
  const id = newId()
  const tenantId = subscription.tenant_id
  const date = localDate(now, subscription.billing_tz)
  const numbered = await invoices.nextNumber(ctx.tx, { newId: newId(), tenantId, kind: 'invoice', date })
  const totalMinor = price.unit_minor + price.setup_minor
  const every = price.interval_count === 1 ? price.interval : `${price.interval_count} ${price.interval}s`
  const line = (kind: 'recurring' | 'setup', lineNo: number, description: string, minor: bigint) => ({
    id: newId(),
    tenant_id: tenantId,
    invoice_id: id,
    line_no: lineNo,
    item_id: order.itemId,
    kind,
    description,
    unit_minor: minor,
    net_minor: minor,
    gross_minor: minor,
    dedupe_key: `${order.itemId}:first:${kind}`,
  })
  await invoices.insert(
    ctx.tx,
    {
      id,
      tenant_id: tenantId,
      customer_id: customer.id,
      subscription_id: subscription.id,
      series_id: numbered.seriesId,
      number: numbered.number,
      status: totalMinor === 0n ? 'paid' : 'open',
      currency: subscription.currency,
      issue_date: numbered.issueDate,
      due_date:
        subscription.payment_due_at === null
          ? date
          : localDate(subscription.payment_due_at, subscription.billing_tz),
      subtotal_minor: totalMinor,
      total_minor: totalMinor,
      buyer: {
        name: customer.name,
        company: customer.company,
        email: customer.email,
        country: customer.country,
      },
      seller: { name: order.seller.name },
      issued_at: now,
      created_at: now,
    },
    [
      line('recurring', 1, `${order.planName}, 1 ${every} from delivery`, price.unit_minor),
      ...(price.setup_minor > 0n ? [line('setup', 2, `${order.planName}, set-up`, price.setup_minor)] : []),
    ],
  )
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'issue',
    source: { type: 'invoice', id },
    currency: subscription.currency,
    at: now,
    entries: [
      { account: 'receivable', customerId: customer.id, amountMinor: totalMinor },
      { account: 'revenue', amountMinor: -totalMinor },
    ],
  })
  await auditService.record(ctx, {
    action: 'INVOICE_ISSUED',
    tenantId,
    target: { type: 'invoice', id, label: numbered.number },
    details: { total: totalMinor, currency: subscription.currency },
  })
  return { id, totalMinor }
}

/** What is still to be paid of an invoice. */
export const openMinor = (invoice: InvoiceRow): bigint => {
  const open = invoice.total_minor - invoice.paid_minor - invoice.credited_minor
  return open > 0n ? open : 0n
}

/**
 * Takes an issued invoice back by a credit note over all that was not credited yet. What had been paid becomes the
 * customer's credit; the invoice itself stays as it was issued.
 */
export async function creditInvoice(ctx: Ctx, invoice: InvoiceRow, reason: string): Promise<void> {
  const amount = invoice.total_minor - invoice.credited_minor
  if (invoice.status === 'draft' || invoice.status === 'void' || amount === 0n) return
  const now = ctx.now()
  const id = newId()
  const tenantId = invoice.tenant_id
  const numbered = await invoices.nextNumber(ctx.tx, {
    newId: newId(),
    tenantId,
    kind: 'credit_note',
    date: now.toISOString().slice(0, 10),
  })
  await invoices.insertCreditNote(ctx.tx, {
    id,
    tenant_id: tenantId,
    invoice_id: invoice.id,
    series_id: numbered.seriesId,
    number: numbered.number,
    currency: invoice.currency,
    issue_date: numbered.issueDate,
    total_minor: amount,
    reason,
    issued_at: now,
  })
  await invoices.setMoney(ctx.tx, invoice.id, {
    credited_minor: invoice.total_minor,
    status: invoice.status === 'paid' ? 'paid' : 'void',
  })
  await invoices.voidLines(ctx.tx, invoice.id)
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'credit',
    source: { type: 'credit_note', id },
    currency: invoice.currency,
    at: now,
    entries: [
      { account: 'revenue', amountMinor: amount },
      { account: 'receivable', customerId: invoice.customer_id, amountMinor: -(amount - invoice.paid_minor) },
      { account: 'credit', customerId: invoice.customer_id, amountMinor: -invoice.paid_minor },
    ],
  })
  await auditService.record(ctx, {
    action: 'CREDIT_NOTE_ISSUED',
    tenantId,
    target: { type: 'invoice', id: invoice.id, label: invoice.number ?? undefined },
    details: { creditNote: numbered.number, amount, currency: invoice.currency, reason },
  })
}

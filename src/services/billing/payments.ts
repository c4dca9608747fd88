import type { z } from 'zod'
import type { Invoice, InvoiceDetail, paymentCreate } from '../../../shared/api/billing.ts'
import type { Ctx } from '../../context.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceFilter, InvoiceRow } from '../../db/billingInvoices.ts'
import * as attempts from '../../db/billingAttempts.ts'
import * as ledger from '../../db/billingLedger.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { formatMoney, toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { enqueuePaid } from '../domainQueues.ts'
import { openMinor, owedOn } from './invoicing.ts'
import * as present from './present.ts'

export async function listInvoices(ctx: Ctx, filter: InvoiceFilter, options: ListOptions) {
  const page = await invoices.list(ctx.tx, ctx.scope, filter, options)
  const lines = await invoices.linesOf(
    ctx.tx,
    page.items.map((row) => row.id),
  )
  return {
    items: page.items.map((row) =>
      present.invoice(
        row,
        lines.filter((line) => line.invoice_id === row.id),
      ),
    ),
    nextCursor: page.nextCursor,
  }
}

/** @throws AppError not_found */
export async function getInvoice(ctx: Ctx, tenantId: string, id: string): Promise<Invoice> {
  const row = await invoices.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('invoice')
  return present.invoice(row, await invoices.linesOf(ctx.tx, [id]))
}

/** An invoice and what it is for. @throws AppError not_found */
export async function showInvoice(ctx: Ctx, tenantId: string, id: string): Promise<InvoiceDetail> {
  return {
    ...(await getInvoice(ctx, tenantId, id)),
    ...(await invoices.soldBy(ctx.tx, tenantId, id)),
  }
}

export type Payment = {
  id: string
  tenantId: string
  amount: { amount: string; currency: string }
  method: string
  reference: string
  status: 'succeeded'
  receivedAt: string
}

/**
 * Books a payment that reached us outside any provider. It may cover the invoice in part, never more than is open.
 * @returns the payment, and the subscription whose first invoice is now paid in full
 * @throws AppError not_found, invalid_state, payment_mismatch, already_exists for a reference booked before
 */
export async function book(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  body: z.infer<typeof paymentCreate>,
): Promise<{ payment: Payment; paidSubscriptionId: string | null; subscriptionId: string | null }> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw notFound('invoice')
  const amount = BigInt(body.amountMinor)
  requirePayable(invoice, amount, body.currency)
  const id = newId()
  const now = ctx.now()
  const booked = await bookMoney(ctx, invoice, {
    id,
    provider: 'manual',
    externalId: `${body.method}:${body.reference}`,
    method: body.method,
    reference: body.reference,
    amountMinor: amount,
    at: now,
  })
  if (booked === null)
    throw new AppError(
      'already_exists',
      `A payment with the reference ${body.reference} has been booked already.`,
    )
  return {
    payment: {
      id,
      tenantId,
      amount: toMoney(amount, body.currency),
      method: body.method,
      reference: body.reference,
      status: 'succeeded',
      receivedAt: now.toISOString(),
    },
    paidSubscriptionId: booked.isPaid ? invoice.subscription_id : null,
    subscriptionId: invoice.subscription_id,
  }
}

type Money = {
  id: string
  provider: 'manual' | 'stripe' | 'whmcs'
  externalId: string
  method: string
  reference: string
  amountMinor: bigint
  at: Date
}

/**
 * Books money that has arrived for a locked invoice, unless it was booked before. What is more than is open becomes the
 * customer's credit.
 * @returns null when it was booked before; else whether the invoice is paid by it
 */
export async function bookMoney(
  ctx: Ctx,
  invoice: InvoiceRow,
  money: Money,
): Promise<{ isPaid: boolean } | null> {
  const { id, at, amountMinor } = money
  const tenantId = invoice.tenant_id
  const isNew = await attempts.insertPaymentOnce(ctx.tx, {
    id,
    tenant_id: tenantId,
    customer_id: invoice.customer_id,
    provider: money.provider,
    external_id: money.externalId,
    method: money.method,
    currency: invoice.currency,
    amount_minor: amountMinor,
    status: 'succeeded',
    received_at: at,
    recorded_by: ctx.actor,
    created_at: at,
  })
  if (!isNew) return null
  const open = isOwed(invoice) ? openMinor(invoice) : 0n
  const used = amountMinor < open ? amountMinor : open
  if (used > 0n) {
    await invoices.allocate(ctx.tx, {
      payment_id: id,
      invoice_id: invoice.id,
      tenant_id: tenantId,
      amount_minor: used,
      created_at: at,
    })
    await invoices.setMoney(ctx.tx, invoice.id, {
      paid_minor: invoice.paid_minor + used,
      ...(used === open ? { status: 'paid' } : {}),
    })
    if (used === open) await enqueuePaid(ctx, tenantId, invoice.id)
  }
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'payment',
    source: { type: 'payment', id },
    currency: invoice.currency,
    at,
    entries: [
      { account: 'cash', amountMinor },
      // What was written off is recovered.
      owedOn(invoice, -used),
      { account: 'credit', customerId: invoice.customer_id, amountMinor: used - amountMinor },
    ],
  })
  await auditService.record(ctx, {
    action: 'PAYMENT_RECORDED',
    tenantId,
    target: { type: 'invoice', id: invoice.id, label: invoice.number ?? undefined },
    details: {
      amount: amountMinor,
      currency: invoice.currency,
      method: money.method,
      reference: money.reference,
      ...(used < amountMinor ? { tooMuch: amountMinor - used } : {}),
    },
  })
  return { isPaid: open > 0n && used === open }
}

/** What was written off can still be paid. */
const isOwed = ({ status }: InvoiceRow): boolean => status === 'open' || status === 'uncollectible'

function requirePayable(invoice: InvoiceRow, amount: bigint, currency: string): void {
  if (!isOwed(invoice))
    throw new AppError('invalid_state', `The invoice is ${invoice.status}: nothing is open on it.`)
  if (invoice.currency !== currency)
    throw new AppError('payment_mismatch', `The invoice is in ${invoice.currency}, not ${currency}.`)
  const open = openMinor(invoice)
  if (amount <= 0n || amount > open) {
    throw new AppError(
      'payment_mismatch',
      `The amount must be between one minor unit and the open ${formatMoney(open, currency)}.`,
    )
  }
}

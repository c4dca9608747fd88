import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type {
  CreditNote,
  creditNoteCreate,
  CreditNoteIssued,
  CreditNotePreview,
  CreditNoteWish,
  InvoiceCredits,
} from '../../../shared/api/billingCredits.ts'
import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import * as billing from '../../db/billing.ts'
import * as notes from '../../db/billingCreditNotes.ts'
import * as disputes from '../../db/billingDisputes.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import { AppError, notFound } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import { formatMoney, toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { creditOfAmount, creditOfLines, restOf, type LineCredit } from './creditCounting.ts'
import { creditableLines, issueCreditNote, settledBy, type CreditableLine } from './crediting.ts'
import { creditNoteIssued } from './notices.ts'
import { invoicePaid } from './paid.ts'
import { requireOwnInvoices } from './providers.ts'
import { beginRefund, refundableMinor } from './refunding.ts'
import { sumOf, type Amounts } from './taxRules.ts'

/** Credit notes that somebody issues: over lines of an invoice, an amount of it, or all that is left. */

const present = (row: notes.CreditNoteRow): CreditNote => ({
  id: row.id,
  invoiceId: row.invoice_id,
  number: row.number,
  issueDate: row.issue_date,
  total: toMoney(row.total_minor, row.currency),
  tax: toMoney(row.tax_minor, row.currency),
  reason: row.reason,
})

const leftOf = (invoice: InvoiceRow): bigint => invoice.total_minor - invoice.credited_minor

/** Why nothing of an invoice can be credited. */
async function problemOf(ctx: Ctx, invoice: InvoiceRow): Promise<string | null> {
  if (invoice.status === 'draft') return 'The invoice is a draft: it was not issued.'
  if (leftOf(invoice) <= 0n) return 'All of it was credited.'
  const { tenant_id: tenantId, subscription_id: subscriptionId } = invoice
  const subscription =
    subscriptionId === null ? undefined : await billing.findSubscription(ctx.tx, tenantId, subscriptionId)
  return subscription?.state === 'awaiting_payment'
    ? 'The order waits for this payment: cancel the order, which credits the invoice.'
    : null
}

/** Payments of an invoice with what of each can still be given back through its provider, the newest first. */
async function refundable(ctx: Ctx, invoice: InvoiceRow): Promise<{ id: string; minor: bigint }[]> {
  const payments = await attempts.paymentsOfInvoice(ctx.tx, invoice.tenant_id, invoice.id)
  const through = payments.filter(({ provider }) => provider === 'stripe')
  const ids = through.map(({ id }) => id)
  const refunds = await attempts.refundsOf(ctx.tx, ids)
  const disputed = await disputes.ofPayments(ctx.tx, ids)
  return through
    .map((row) => ({ id: row.id, minor: refundableMinor(row, refunds, disputed) }))
    .filter(({ minor }) => minor > 0n)
    .toReversed()
}

const plus = (amounts: readonly { minor: bigint }[]): bigint =>
  amounts.reduce((sum, { minor }) => sum + minor, 0n)

/** @throws AppError not_found */
export async function creditsOf(ctx: Ctx, tenantId: string, invoiceId: string): Promise<InvoiceCredits> {
  const invoice = await invoices.find(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw notFound('invoice')
  const money = (minor: bigint) => toMoney(minor, invoice.currency)
  const lines = await creditableLines(ctx, invoice)
  return {
    items: (await notes.ofInvoice(ctx.tx, tenantId, invoiceId)).map(present),
    left: money(leftOf(invoice)),
    lines: lines
      .filter(({ grossMinor }) => grossMinor > 0n)
      .map((line) => ({
        lineNo: line.no,
        description: line.row.description,
        left: money(restOf(line).grossMinor),
      })),
    refundable: money(plus(await refundable(ctx, invoice))),
    problem: await problemOf(ctx, invoice),
  }
}

type Counted = {
  lines: CreditableLine[]
  credits: LineCredit[]
  sum: Amounts
  settled: ReturnType<typeof settledBy>
  refunds: { id: string; minor: bigint }[]
  /** A fingerprint of all that it depends on. */
  shown: string
}

/** @throws AppError invalid_state with the reason, payment_mismatch for more than is left, invalid_input */
async function count(ctx: Ctx, invoice: InvoiceRow, wish: CreditNoteWish): Promise<Counted> {
  const problem = await problemOf(ctx, invoice)
  if (problem !== null) throw new AppError('invalid_state', problem)
  const lines = await creditableLines(ctx, invoice)
  const credits = chosen(invoice, lines, wish)
  const sum = sumOf(credits)
  requireWithin(invoice, sum.grossMinor, leftOf(invoice), 'the invoice')
  const settled = settledBy(invoice, sum.grossMinor)
  let back = wish.paid === 'refund' ? settled.creditMinor : 0n
  const refunds = (await refundable(ctx, invoice)).flatMap(({ id, minor }) => {
    const part = minor < back ? minor : back
    back -= part
    return part === 0n ? [] : [{ id, minor: part }]
  })
  if (wish.paid === 'refund' && (back > 0n || settled.creditMinor === 0n))
    throw new AppError(
      'payment_mismatch',
      settled.creditMinor === 0n
        ? 'Nothing of it had been paid, so that there is nothing to give back: keep it as credit.'
        : `Only ${formatMoney(plus(refunds), invoice.currency)} of its payments can be given back through a provider: keep it as credit, or credit less.`,
    )
  const facts = {
    invoice: invoice.id,
    status: invoice.status,
    paid: String(invoice.paid_minor),
    credited: String(invoice.credited_minor),
    credits: credits.map(({ no, netMinor, taxMinor }) => [no, String(netMinor), String(taxMinor)]),
    refunds: refunds.map(({ id, minor }) => [id, String(minor)]),
  }
  const shown = createHash('sha256').update(canonicalJson(facts)).digest('hex')
  return { lines, credits, sum, settled, refunds, shown }
}

function requireWithin(invoice: InvoiceRow, amount: bigint, left: bigint, what: string): void {
  if (amount > left)
    throw new AppError(
      'payment_mismatch',
      `At most ${formatMoney(left > 0n ? left : 0n, invoice.currency)} of ${what} can be credited.`,
    )
}

const wrong = (path: string, message: string) =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** @throws AppError payment_mismatch, invalid_input */
function chosen(invoice: InvoiceRow, lines: CreditableLine[], wish: CreditNoteWish): LineCredit[] {
  if (wish.lines.length === 0) {
    const amount = wish.amountMinor === null ? leftOf(invoice) : BigInt(wish.amountMinor)
    requireWithin(invoice, amount, leftOf(invoice), 'the invoice')
    return creditOfAmount(lines, amount)
  }
  if (wish.amountMinor !== null) throw wrong('amountMinor', 'Name an amount of the invoice, or of its lines.')
  const amounts = new Map<number, bigint>()
  wish.lines.forEach(({ lineNo, amountMinor }, at) => {
    const line = lines.find(({ no }) => no === lineNo)
    const path = `lines.${at}.lineNo`
    if (!line || line.grossMinor <= 0n)
      throw wrong(path, 'The invoice has no such line that costs something.')
    if (amounts.has(lineNo)) throw wrong(path, 'The line is named twice.')
    requireWithin(invoice, BigInt(amountMinor), restOf(line).grossMinor, `line ${lineNo}`)
    amounts.set(lineNo, BigInt(amountMinor))
  })
  return creditOfLines(lines, amounts)
}

/** Counts what a credit note comes to, and what becomes of it. @throws AppError not_found, and as `count` */
export async function previewCreditNote(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  wish: CreditNoteWish,
): Promise<CreditNotePreview> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw notFound('invoice')
  const { lines, credits, sum, settled, refunds, shown } = await count(ctx, invoice, wish)
  const money = (minor: bigint) => toMoney(minor, invoice.currency)
  await auditService.record(ctx, {
    action: 'CREDIT_NOTE_PREVIEWED',
    tenantId,
    target: { type: 'invoice', id: invoiceId, label: invoice.number ?? undefined },
    details: { amount: sum.grossMinor, currency: invoice.currency },
  })
  return {
    lines: credits.map(({ no, netMinor, taxMinor, grossMinor }) => ({
      lineNo: no,
      description: lines.find((line) => line.no === no)?.row.description ?? '',
      net: money(netMinor),
      tax: money(taxMinor),
      gross: money(grossMinor),
    })),
    net: money(sum.netMinor),
    tax: money(sum.taxMinor),
    total: money(sum.grossMinor),
    fromOpen: money(settled.openMinor),
    toCredit: money(settled.creditMinor - plus(refunds)),
    toRefund: money(plus(refunds)),
    left: money(leftOf(invoice) - sum.grossMinor),
    token: shown,
  }
}

/**
 * Issues what a preview has shown, or nothing. The periods of its lines stay billed: it is no cancellation.
 * @throws AppError not_found, precondition_failed when it comes to something else by now, and as `count`
 */
export async function createCreditNote(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  { reason, token, ...wish }: z.infer<typeof creditNoteCreate>,
): Promise<CreditNoteIssued> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw notFound('invoice')
  await requireOwnInvoices(ctx, tenantId)
  const counted = await count(ctx, invoice, wish)
  if (counted.shown !== token)
    throw new AppError(
      'precondition_failed',
      'It comes to something else by now: the invoice was paid or credited meanwhile. Look at the preview again.',
    )
  const note = await issueCreditNote(ctx, invoice, { ...counted, reason })
  for (const { id, minor } of counted.refunds)
    await beginRefund(ctx, tenantId, id, { amountMinor: String(minor), reason: `${note.number}: ${reason}` })
  if (invoice.subscription_id !== null) await invoicePaid(ctx, tenantId, invoice.subscription_id)
  const row = (await notes.ofInvoice(ctx.tx, tenantId, invoiceId)).find(({ id }) => id === note.id)
  if (!row) throw new Error(`credit note ${note.id} is gone`)
  await creditNoteIssued(ctx, invoice, row)
  return { creditNote: present(row), refunds: counted.refunds.length }
}

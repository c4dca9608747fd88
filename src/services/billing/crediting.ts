import type { Ctx } from '../../context.ts'
import * as notes from '../../db/billingCreditNotes.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow, LineRow } from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import * as customers from '../../db/customers.ts'
import { newId } from '../../lib/ids.ts'
import type { Words } from '../../words.ts'
import * as auditService from '../auditService.ts'
import { enqueuePaid } from '../domainQueues.ts'
import { isNothing, restOf, type CreditLine, type LineCredit } from './creditCounting.ts'
import { owedOn } from './invoicing.ts'
import { wordsFor } from './lineWords.ts'
import { sumOf } from './taxRules.ts'

export type CreditableLine = CreditLine & { row: LineRow }

const amounts = (of: notes.Credited | undefined) => ({
  netMinor: of?.net_minor ?? 0n,
  taxMinor: of?.tax_minor ?? 0n,
  grossMinor: of?.gross_minor ?? 0n,
})

/** The lines of an invoice, with what was credited of each. */
export async function creditableLines(ctx: Ctx, invoice: InvoiceRow): Promise<CreditableLine[]> {
  const credited = await notes.creditedOf(ctx.tx, invoice.tenant_id, invoice.id)
  return (await invoices.linesOf(ctx.tx, [invoice.id])).map((row) => ({
    ...amounts(row),
    no: row.line_no,
    credited: amounts(credited.get(row.id)),
    row,
  }))
}

/** What of a credit is taken from what is open; the rest had been paid, and becomes the customer's credit. */
export function settledBy(
  invoice: InvoiceRow,
  amountMinor: bigint,
): { openMinor: bigint; creditMinor: bigint } {
  const paidTooMuch = (creditedMinor: bigint): bigint => {
    const over = invoice.paid_minor + creditedMinor - invoice.total_minor
    return over > 0n ? over : 0n
  }
  const creditMinor = paidTooMuch(invoice.credited_minor + amountMinor) - paidTooMuch(invoice.credited_minor)
  return { openMinor: amountMinor - creditMinor, creditMinor }
}

/** As somebody has put it, or said by mPanel in the language of the note. */
export type Reason = string | ((words: Words) => string)

/** Issues a credit note over parts of a locked invoice. The invoice itself stays as it was issued. */
export async function issueCreditNote(
  ctx: Ctx,
  invoice: InvoiceRow,
  order: { credits: LineCredit[]; lines: readonly CreditableLine[]; reason: Reason },
): Promise<{ id: string; number: string }> {
  const { credits, lines } = order
  const now = ctx.now()
  const id = newId()
  const tenantId = invoice.tenant_id
  const customer = await customers.find(ctx.tx, tenantId, invoice.customer_id)
  if (!customer) throw new Error(`invoice ${invoice.id} has lost its customer`)
  const words = await wordsFor(ctx, tenantId, customer)
  const reason = typeof order.reason === 'string' ? order.reason : order.reason(words)
  const { grossMinor: amount, netMinor, taxMinor } = sumOf(credits)
  const { openMinor, creditMinor } = settledBy(invoice, amount)
  const numbered = await invoices.nextNumber(ctx.tx, {
    newId: newId(),
    tenantId,
    kind: 'credit_note',
    date: now.toISOString().slice(0, 10),
  })
  await notes.insert(
    ctx.tx,
    {
      id,
      tenant_id: tenantId,
      invoice_id: invoice.id,
      series_id: numbered.seriesId,
      number: numbered.number,
      currency: invoice.currency,
      language: words.tag,
      issue_date: numbered.issueDate,
      total_minor: amount,
      tax_minor: taxMinor,
      reason,
      issued_at: now,
    },
    credits.map((credit) => ({
      credit_note_id: id,
      tenant_id: tenantId,
      invoice_line_id: lines.find(({ no }) => no === credit.no)?.row.id ?? '',
      net_minor: credit.netMinor,
      tax_minor: credit.taxMinor,
      gross_minor: credit.grossMinor,
    })),
  )
  const credited = invoice.credited_minor + amount
  await invoices.setMoney(ctx.tx, invoice.id, {
    credited_minor: credited,
    ...(invoice.status !== 'paid' &&
      invoice.paid_minor + credited >= invoice.total_minor && {
        status: credited === invoice.total_minor ? 'void' : 'paid',
      }),
  })
  if (invoice.paid_minor + credited >= invoice.total_minor) await enqueuePaid(ctx, tenantId, invoice.id)
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'credit',
    source: { type: 'credit_note', id },
    currency: invoice.currency,
    at: now,
    entries: [
      { account: 'revenue', amountMinor: netMinor },
      { account: 'tax', amountMinor: taxMinor },
      owedOn(invoice, -openMinor),
      { account: 'credit', customerId: invoice.customer_id, amountMinor: -creditMinor },
    ],
  })
  await auditService.record(ctx, {
    action: 'CREDIT_NOTE_ISSUED',
    tenantId,
    target: { type: 'invoice', id: invoice.id, label: invoice.number ?? undefined },
    details: { creditNote: numbered.number, amount, currency: invoice.currency, reason },
  })
  return { id, number: numbered.number }
}

/**
 * Takes back what of an issued invoice was not taken back yet, with its tax, and lets its periods be billed anew. What had been
 * paid becomes the customer's credit.
 */
export async function creditInvoice(ctx: Ctx, invoice: InvoiceRow, reason: Reason): Promise<void> {
  if (invoice.status === 'draft') return
  await invoices.voidLines(ctx.tx, invoice.id)
  const lines = await creditableLines(ctx, invoice)
  // One over nothing is taken back for its tax alone: what was credited in it may have had another rate.
  const { grossMinor, taxMinor } = sumOf(lines.map(restOf))
  if (grossMinor === 0n && taxMinor === 0n) return
  const credits = lines.map(restOf).filter((credit) => !isNothing(credit))
  await issueCreditNote(ctx, invoice, { credits, lines, reason })
}

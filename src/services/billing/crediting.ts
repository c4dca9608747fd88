import type { Ctx } from '../../context.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { owedOn } from './invoicing.ts'

/**
 * Takes an issued invoice back by a credit note that mirrors it: as a whole, with its tax. What had been paid becomes the
 * customer's credit; the invoice itself stays as it was issued.
 */
export async function creditInvoice(ctx: Ctx, invoice: InvoiceRow, reason: string): Promise<void> {
  const amount = invoice.total_minor - invoice.credited_minor
  if (invoice.status === 'draft' || invoice.status === 'void') return
  // One over nothing is taken back for its tax alone, once: what was credited in it may have had another rate.
  if (
    amount === 0n &&
    (invoice.tax_minor === 0n || (await invoices.creditNoteOf(ctx.tx, invoice.id)) !== undefined)
  ) {
    // One over nothing has no credit note, and yet its lines do not count any more: its period is billed anew.
    await invoices.voidLines(ctx.tx, invoice.id)
    return
  }
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
    tax_minor: invoice.tax_minor,
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
      { account: 'revenue', amountMinor: amount - invoice.tax_minor },
      { account: 'tax', amountMinor: invoice.tax_minor },
      owedOn(invoice, -(amount - invoice.paid_minor)),
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

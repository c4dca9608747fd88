import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as notes from '../../db/billingCreditNotes.ts'
import * as invoices from '../../db/billingInvoices.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Download } from '../../lib/download.ts'
import { htmlOf } from './documentHtml.ts'
import type {
  BillingDocument,
  DocumentAddress,
  DocumentKind,
  DocumentLine,
  DocumentParty,
} from './documentTypes.ts'
import { treatmentOf } from './taxing.ts'
import { sumOf } from './taxRules.ts'
import { missingFor, ublOf } from './ubl.ts'

type Snapshot = {
  name?: string
  company?: string | null
  email?: string
  country?: string | null
  taxId?: string | null
  address?: DocumentAddress
}

const party = (of: Snapshot): DocumentParty => ({
  name: of.company || of.name || '',
  email: of.email ?? null,
  address: of.address ?? {},
  country: of.address?.country ?? of.country ?? null,
  taxId: of.taxId ?? null,
})

/** An invoice, or one of its credit notes: the newest one, if it is not named. */
export type Wanted = { invoiceId: string; of: DocumentKind; creditNote?: string | undefined }

/** @throws AppError not_found, invalid_state for a draft */
export async function documentOf(ctx: Ctx, tenantId: string, wanted: Wanted): Promise<BillingDocument> {
  const { invoiceId } = wanted
  const row = await invoices.find(ctx.tx, tenantId, invoiceId)
  if (!row) throw notFound('invoice')
  if (row.number === null || row.issue_date === null)
    throw new AppError('invalid_state', 'The invoice is a draft: there is no document before it is issued.')
  const note = wanted.of === 'credit_note' ? await noteOf(ctx, tenantId, wanted) : undefined
  const all = note
    ? await notes.linesOf(ctx.tx, tenantId, note.id)
    : await invoices.linesOf(ctx.tx, [invoiceId])
  const lines = all
    .filter((line) => line.kind !== 'carried')
    .map((line) => ({
      no: line.line_no,
      description: line.description,
      tax: treatmentOf(line),
      netMinor: line.net_minor,
      taxMinor: line.tax_minor,
      grossMinor: line.gross_minor,
    }))
  return {
    id: note?.id ?? row.id,
    kind: wanted.of,
    language: (note ?? row).language,
    number: note?.number ?? row.number,
    issueDate: note?.issue_date ?? row.issue_date,
    dueDate: note ? null : row.due_date,
    currency: row.currency,
    seller: party(row.seller as Snapshot),
    buyer: party(row.buyer as Snapshot),
    lines,
    taxes: byRate(lines),
    sum: sumOf(lines),
    carriedMinor: all.find((line) => line.kind === 'carried')?.gross_minor ?? 0n,
    invoice: note ? { number: row.number, issueDate: row.issue_date } : null,
    reason: note?.reason ?? '',
  }
}

async function noteOf(
  ctx: Ctx,
  tenantId: string,
  { invoiceId, creditNote }: Wanted,
): Promise<notes.CreditNoteRow> {
  const all = await notes.ofInvoice(ctx.tx, tenantId, invoiceId)
  const note = creditNote === undefined ? all.at(-1) : all.find(({ id }) => id === creditNote)
  if (!note) throw notFound('credit note of this invoice')
  return note
}

function byRate(lines: readonly DocumentLine[]): BillingDocument['taxes'] {
  const groups = new Map<string, DocumentLine[]>()
  for (const line of lines) {
    const key = line.tax === null ? '' : `${line.tax.category} ${line.tax.ratePpm}`
    groups.set(key, [...(groups.get(key) ?? []), line])
  }
  return [...groups.values()].map((group) => ({ ...sumOf(group), tax: group[0]?.tax ?? null }))
}

/** A page that can be printed, with the policy under which nothing in it runs or is loaded. */
export async function invoicePage(
  root: Root,
  origin: Origin,
  tenantId: string,
  wanted: Wanted,
): Promise<{ html: string; policy: string }> {
  return htmlOf(await transaction(root, origin, [tenantId], (ctx) => documentOf(ctx, tenantId, wanted)))
}

/**
 * The document by EN 16931, as UBL.
 * @throws AppError not_found, invalid_state saying what the document has not that the norm wants
 */
export async function invoiceXml(ctx: Ctx, tenantId: string, wanted: Wanted): Promise<Download> {
  const document = await documentOf(ctx, tenantId, wanted)
  const missing = missingFor(document)
  if (missing.length > 0)
    throw new AppError(
      'invalid_state',
      `The document was issued without what EN 16931 wants: ${missing.join('; ')}. It stays as it is: see to it for the next ones.`,
    )
  const whole = ublOf(document)
  return {
    name: `${document.number}.xml`,
    type: 'application/xml; charset=utf-8',
    content: (async function* () {
      yield await Promise.resolve(whole)
    })(),
  }
}

import { z } from 'zod'
import { id, money } from './common.ts'

/** With the tax in it. */
const amountMinor = z
  .string()
  .regex(/^0*[1-9]\d{0,14}$/, 'an amount in minor units, such as "499"')
  .meta({ examples: ['499'] })

/** What is taken back of an invoice: an amount of it as a whole, amounts of its lines, or, without both, all that is left. */
const wish = {
  amountMinor: amountMinor.nullable().default(null),
  lines: z
    .array(z.strictObject({ lineNo: z.number().int().min(1), amountMinor }))
    .max(500)
    .default([]),
  /** What of it had been paid: kept for later invoices, or given back the way it came. */
  paid: z.enum(['credit', 'refund']).default('credit'),
}
export const creditNotePreviewBody = z.strictObject(wish)
export const creditNoteCreate = z.strictObject({
  ...wish,
  reason: z.string().trim().min(1).max(500),
  /** Of the preview. */
  token: z
    .string()
    .length(64)
    .meta({ examples: ['0'.repeat(64)] }),
})
export type CreditNoteWish = z.infer<typeof creditNotePreviewBody>

const line = z.object({
  lineNo: z.number().int(),
  description: z.string(),
  net: money,
  tax: money,
  gross: money,
})

export const creditNotePreview = z.object({
  lines: z.array(line),
  net: money,
  tax: money,
  total: money,
  /** Of the total: what is not asked for any more, what the customer has in hand then, and what is given back. */
  fromOpen: money,
  toCredit: money,
  toRefund: money,
  /** What can be credited after it. */
  left: money,
  /** Carries out exactly this, or nothing. */
  token: z.string(),
})
export type CreditNotePreview = z.infer<typeof creditNotePreview>

const creditNote = z.object({
  id,
  invoiceId: id,
  number: z.string(),
  issueDate: z.string(),
  total: money,
  tax: money,
  reason: z.string(),
})
export type CreditNote = z.infer<typeof creditNote>

/** What was credited of an invoice, and what can be. */
export const invoiceCredits = z.object({
  items: z.array(creditNote),
  left: money,
  /** What can be credited of each line that costs something. */
  lines: z.array(z.object({ lineNo: z.number().int(), description: z.string(), left: money })),
  /** What of its payments can still be given back through a provider. */
  refundable: money,
  /** Why nothing can be credited; null: it can. */
  problem: z.string().nullable(),
})
export type InvoiceCredits = z.infer<typeof invoiceCredits>
export const creditNoteIssued = z.object({ creditNote, refunds: z.number().int() })
export type CreditNoteIssued = z.infer<typeof creditNoteIssued>

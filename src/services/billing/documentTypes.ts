import type { Amounts, Treatment } from './taxRules.ts'

export type DocumentKind = 'invoice' | 'credit_note'
export type DocumentAddress = {
  line1?: string
  line2?: string
  city?: string
  region?: string
  postalCode?: string
  country?: string
}
export type DocumentParty = {
  name: string
  email: string | null
  address: DocumentAddress
  country: string | null
  taxId: string | null
}
export type DocumentLine = Amounts & { no: number; description: string; tax: Treatment | null }

/** An invoice, or a credit note over all or a part of one, as it was issued. */
export type BillingDocument = {
  id: string
  kind: DocumentKind
  /** In which it was issued, as a BCP 47 tag; null: before languages were kept, in English. */
  language: string | null
  number: string
  issueDate: string
  dueDate: string | null
  currency: string
  seller: DocumentParty
  buyer: DocumentParty
  /** Without what was kept as credit: that is no supply. */
  lines: DocumentLine[]
  /** One for each category and rate. */
  taxes: (Amounts & { tax: Treatment | null })[]
  sum: Amounts
  /** What of a negative sum was kept as the customer's credit. */
  carriedMinor: bigint
  /** Of a credit note: what it takes back, and why. */
  invoice: { number: string; issueDate: string } | null
  reason: string
}

import { percentOf, TAX_CATEGORY_WORDS } from '../../../shared/states/tax.ts'
import type { BillingDocument, DocumentParty } from './documentTypes.ts'
import type { Treatment } from './taxRules.ts'

/** What a document says in words, whatever form it has. */

export const titleOf = ({ kind }: Pick<BillingDocument, 'kind'>): string =>
  kind === 'invoice' ? 'Invoice' : 'Credit note'

export const rateOf = (tax: Treatment | null): string =>
  tax === null ? '—' : tax.category === 'S' ? `${percentOf(tax.ratePpm)} %` : TAX_CATEGORY_WORDS[tax.category]

export function partyLines({ name, address, country, taxId, email }: DocumentParty): string[] {
  const place = `${address.postalCode ?? ''} ${address.city ?? ''}`.trim()
  const tax = taxId === null ? null : `Tax id ${taxId}`
  return [name, address.line1, address.line2, place, address.region, country, tax, email].flatMap((line) =>
    line ? [line] : [],
  )
}

export function factsOf(document: BillingDocument): string[] {
  return [
    `Issued ${document.issueDate}`,
    document.dueDate !== null && `Due ${document.dueDate}`,
    `Amounts in ${document.currency}`,
    document.invoice && `Credits invoice ${document.invoice.number} of ${document.invoice.issueDate}`,
    document.reason && `Reason: ${document.reason}`,
  ].flatMap((one) => (one ? [one] : []))
}

/** Why something is not taxed, such as that the customer owes the tax; each once. */
export const taxNotes = ({ taxes }: BillingDocument): string[] => [
  ...new Set(taxes.flatMap(({ tax }) => (tax?.reason ? [tax.reason] : []))),
]

/** What stands beneath the lines; the last one is what counts. */
export function totalsOf({
  sum,
  carriedMinor,
}: BillingDocument): [name: string, minor: bigint, strong: boolean][] {
  const totals: [string, bigint, boolean][] = [
    ['Net', sum.netMinor, false],
    ['Tax', sum.taxMinor, false],
    ['Total', sum.grossMinor, true],
  ]
  return carriedMinor === 0n
    ? totals
    : [...totals, ['Kept as credit for later invoices', carriedMinor, false], ['To pay', 0n, true]]
}

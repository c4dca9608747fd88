import type { TaxCategory } from '../../../shared/states/tax.ts'
import { toMoney } from '../../lib/money.ts'
import { wordsIn, type Words } from '../../words.ts'
import type { BillingDocument, DocumentParty } from './documentTypes.ts'
import type { Treatment } from './taxRules.ts'

/** What a document says in words, whatever form it has. */

/** In the language in which it was issued, whatever its customer reads by now. */
export const wordsOfDocument = ({ language }: Pick<BillingDocument, 'language'>): Words =>
  wordsIn(language ?? 'en')

export const titleOf = ({ t }: Words, { kind }: Pick<BillingDocument, 'kind'>): string =>
  kind === 'invoice' ? t`Invoice` : t`Credit note`

/** The names of parties and columns. */
export const headingsOf = ({ t }: Words) => ({
  seller: t`Seller`,
  customer: t`Customer`,
  description: t`Description`,
  net: t`Net`,
  tax: t`Tax`,
  on: t`On`,
})

/** In German the words that the law asks for. */
const categoryOf = ({ t }: Words): Record<Exclude<TaxCategory, 'S'>, string> => ({
  Z: t`Zero rate`,
  E: t`Exempt`,
  AE: t`Reverse charge`,
  G: t`Export`,
  O: t`Outside the scope of tax`,
})

export function rateOf(words: Words, tax: Treatment | null): string {
  if (tax === null) return '—'
  return tax.category === 'S' ? `${words.number(tax.ratePpm / 10_000)} %` : categoryOf(words)[tax.category]
}

export const taxIdOf = ({ t }: Words, taxId: string): string => t`Tax id ${taxId}`

export function partyLines(words: Words, { name, address, country, taxId, email }: DocumentParty): string[] {
  const place = `${address.postalCode ?? ''} ${address.city ?? ''}`.trim()
  const tax = taxId === null ? null : taxIdOf(words, taxId)
  return [name, address.line1, address.line2, place, address.region, country, tax, email].flatMap((line) =>
    line ? [line] : [],
  )
}

export function factsOf(words: Words, document: BillingDocument): string[] {
  const { t, date } = words
  const { number, dueDate, currency, invoice, reason } = document
  const issued = date(document.issueDate)
  const facts =
    document.kind === 'invoice'
      ? [t`Invoice number: ${number}`, t`Invoice date: ${issued}`]
      : [t`Number: ${number}`, t`Date: ${issued}`]
  return [
    // What was issued before languages were kept says what it has always said.
    ...(document.language === null ? [`Issued ${document.issueDate}`] : facts),
    dueDate !== null && t`Due ${date(dueDate)}`,
    t`Amounts in ${currency}`,
    invoice && t`Credits invoice ${invoice.number} of ${date(invoice.issueDate)}`,
    reason && t`Reason: ${reason}`,
  ].flatMap((one) => (one ? [one] : []))
}

/** Why something is not taxed, such as that the customer owes the tax; each once. */
export const taxNotes = ({ taxes }: BillingDocument): string[] => [
  ...new Set(taxes.flatMap(({ tax }) => (tax?.reason ? [tax.reason] : []))),
]

/** What stands beneath the lines; the last one is what counts. */
export function totalsOf(
  words: Words,
  { sum, carriedMinor }: BillingDocument,
): [name: string, minor: bigint, strong: boolean][] {
  const { t } = words
  const totals: [string, bigint, boolean][] = [
    [t`Net`, sum.netMinor, false],
    [t`Tax`, sum.taxMinor, false],
    [t`Total`, sum.grossMinor, true],
  ]
  return carriedMinor === 0n
    ? totals
    : [...totals, [t`Kept as credit for later invoices`, carriedMinor, false], [t`To pay`, 0n, true]]
}

export const moneyIn =
  ({ money }: Words, currency: string) =>
  (minor: bigint): string =>
    money(toMoney(minor, currency))

/** At the foot of each page. */
export const pageText = ({ t }: Words, title: string, page: number, pages: number): string =>
  t`${title} · page ${page} of ${pages}`

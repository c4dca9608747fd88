import { percentOf } from '../../../shared/states/tax.ts'
import { decimalOf, exponentOf } from '../../lib/money.ts'
import { element, text, type Xml } from '../../lib/xml.ts'
import type { BillingDocument, DocumentLine, DocumentParty } from './documentTypes.ts'
import type { Treatment } from './taxRules.ts'

/** The document needs a VAT number of the seller for all but what the tax does not concern. */
const isOutside = ({ lines }: BillingDocument): boolean => lines.every(({ tax }) => tax?.category === 'O')
const isVatNumber = (id: string | null): boolean => id !== null && /^[A-Z]{2}[0-9A-Z+*]{2,}$/.test(id)

/** What a document has not that EN 16931 wants, in words; empty: it can be written. */
export function missingFor(document: BillingDocument): string[] {
  const { seller, buyer, lines, currency } = document
  const has = (category: Treatment['category']): boolean =>
    lines.some(({ tax }) => tax?.category === category)
  const missing = [
    lines.some(({ tax }) => tax === null) && 'a tax category of each line (BR-CO-04)',
    seller.country === null && 'the seller’s country (BR-09)',
    seller.taxId === null && 'the seller’s tax id (BR-CO-26)',
    seller.taxId !== null &&
      !isOutside(document) &&
      !isVatNumber(seller.taxId) &&
      'the seller’s VAT number with its country in front (BR-CO-09)',
    buyer.country === null && 'the customer’s country (BR-11)',
    has('AE') && !isVatNumber(buyer.taxId) && 'the customer’s VAT number (BR-AE-02)',
    has('O') && !isOutside(document) && 'one kind of tax: what is outside its scope stands alone (BR-O-11)',
    exponentOf(currency) > 2 && 'a currency of at most two decimals (BR-DEC-12)',
  ]
  return missing.filter((one) => one !== false)
}

const NAMESPACES = {
  'xmlns:cac': 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2',
  'xmlns:cbc': 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2',
}

/** The document in UBL 2.1 by EN 16931; `missingFor` has found nothing. */
export function ublOf(document: BillingDocument): string {
  const isNote = document.kind === 'credit_note'
  const name = isNote ? 'CreditNote' : 'Invoice'
  const { currency, sum, carriedMinor } = document
  const amount = (tag: string, minor: bigint): string =>
    text(`cbc:${tag}`, decimalOf(minor, currency), { currencyID: currency })
  const outside = isOutside(document)
  const root = element(
    name,
    [
      text('cbc:CustomizationID', 'urn:cen.eu:en16931:2017'),
      text('cbc:ID', document.number),
      text('cbc:IssueDate', document.issueDate),
      document.dueDate === null ? null : text('cbc:DueDate', document.dueDate),
      text(`cbc:${name}TypeCode`, isNote ? '381' : '380'),
      document.reason === '' ? null : text('cbc:Note', document.reason),
      text('cbc:DocumentCurrencyCode', currency),
      document.invoice &&
        element('cac:BillingReference', [
          element('cac:InvoiceDocumentReference', [
            text('cbc:ID', document.invoice.number),
            text('cbc:IssueDate', document.invoice.issueDate),
          ]),
        ]),
      element('cac:AccountingSupplierParty', [partyOf(document.seller, outside)]),
      element('cac:AccountingCustomerParty', [partyOf(document.buyer, outside)]),
      isNote
        ? element('cac:PaymentTerms', [text('cbc:Note', 'Taken from what is open, or kept as credit.')])
        : null,
      element('cac:TaxTotal', [
        amount('TaxAmount', sum.taxMinor),
        ...document.taxes.map((group) =>
          element('cac:TaxSubtotal', [
            amount('TaxableAmount', group.netMinor),
            amount('TaxAmount', group.taxMinor),
            categoryOf('cac:TaxCategory', group.tax, { withReason: true }),
          ]),
        ),
      ]),
      element('cac:LegalMonetaryTotal', [
        amount('LineExtensionAmount', sum.netMinor),
        amount('TaxExclusiveAmount', sum.netMinor),
        amount('TaxInclusiveAmount', sum.grossMinor),
        // What was kept as the customer's credit is as if it had been paid back.
        carriedMinor === 0n ? null : amount('PrepaidAmount', -carriedMinor),
        amount('PayableAmount', sum.grossMinor + carriedMinor),
      ]),
      ...document.lines.map((line) => lineOf(name, line, amount)),
    ],
    { xmlns: `urn:oasis:names:specification:ubl:schema:xsd:${name}-2`, ...NAMESPACES },
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
}

const optional = (tag: string, value: string | undefined): Xml => (value ? text(`cbc:${tag}`, value) : null)

function partyOf({ name, email, address, country, taxId }: DocumentParty, outside: boolean): string {
  const vat = element('cac:TaxScheme', [text('cbc:ID', 'VAT')])
  return element('cac:Party', [
    element('cac:PostalAddress', [
      optional('StreetName', address.line1),
      optional('AdditionalStreetName', address.line2),
      optional('CityName', address.city),
      optional('PostalZone', address.postalCode),
      optional('CountrySubentity', address.region),
      element('cac:Country', [text('cbc:IdentificationCode', country ?? '')]),
    ]),
    // A document outside the tax's scope names no VAT number (BR-O-02): there it identifies the company.
    isVatNumber(taxId) && !outside
      ? element('cac:PartyTaxScheme', [text('cbc:CompanyID', taxId ?? ''), vat])
      : null,
    element('cac:PartyLegalEntity', [
      text('cbc:RegistrationName', name),
      outside && taxId !== null ? text('cbc:CompanyID', taxId) : null,
    ]),
    email === null ? null : element('cac:Contact', [text('cbc:ElectronicMail', email)]),
  ])
}

function categoryOf(tag: string, tax: Treatment | null, { withReason }: { withReason: boolean }): Xml {
  if (tax === null) return null
  return element(tag, [
    text('cbc:ID', tax.category),
    tax.category === 'O' ? null : text('cbc:Percent', percentOf(tax.ratePpm)),
    withReason && tax.category !== 'S' && tax.category !== 'Z'
      ? text('cbc:TaxExemptionReason', tax.reason)
      : null,
    element('cac:TaxScheme', [text('cbc:ID', 'VAT')]),
  ])
}

/** A price is never negative (BR-27): of what is credited in an invoice the quantity is. */
function lineOf(
  name: 'Invoice' | 'CreditNote',
  { no, description, netMinor, tax }: DocumentLine,
  amount: (tag: string, minor: bigint) => string,
): string {
  const quantity = name === 'Invoice' ? 'cbc:InvoicedQuantity' : 'cbc:CreditedQuantity'
  return element(`cac:${name}Line`, [
    text('cbc:ID', String(no)),
    text(quantity, netMinor < 0n ? '-1' : '1', { unitCode: 'C62' }),
    amount('LineExtensionAmount', netMinor),
    element('cac:Item', [
      text('cbc:Name', description),
      categoryOf('cac:ClassifiedTaxCategory', tax, { withReason: false }),
    ]),
    element('cac:Price', [amount('PriceAmount', netMinor < 0n ? -netMinor : netMinor)]),
  ])
}

import * as fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { htmlOf } from '../../src/services/billing/documentHtml.ts'
import type { BillingDocument, DocumentLine } from '../../src/services/billing/documentTypes.ts'
import { sumOf, taxLines, type Treatment } from '../../src/services/billing/taxRules.ts'
import { missingFor, ublOf } from '../../src/services/billing/ubl.ts'

type Node = { name: string; attributes: Record<string, string>; text: string; children: Node[] }

/** The tree of a document that is well-formed, or an error. */
function parse(xml: string): Node {
  const root: Node = { name: '', attributes: {}, text: '', children: [] }
  const stack = [root]
  const parser = new SaxesParser({ xmlns: false })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    const node = { name, attributes: attributes as Record<string, string>, text: '', children: [] }
    stack.at(-1)?.children.push(node)
    stack.push(node)
  })
  parser.on('text', (text) => {
    const top = stack.at(-1)
    if (top) top.text += text
  })
  parser.on('closetag', () => stack.pop())
  parser.write(xml).close()
  const [top] = root.children
  if (!top) throw new Error('nothing')
  return top
}

/** All nodes by a path of names without prefixes. */
const all = (node: Node, path: string): Node[] =>
  path
    .split('/')
    .reduce<Node[]>(
      (nodes, name) =>
        nodes.flatMap(({ children }) => children.filter((one) => one.name.split(':').at(-1) === name)),
      [node],
    )
const one = (node: Node, path: string): string => {
  const found = all(node, path)
  expect(found, path).toHaveLength(1)
  return found[0]?.text ?? ''
}
/** `-12.05` in cents. */
const cents = (text: string): bigint => {
  expect(text).toMatch(/^-?\d+\.\d{2}$/)
  return BigInt(text.replace('.', ''))
}
const total = (nodes: Node[]): bigint => nodes.reduce((sum, { text }) => sum + cents(text), 0n)
const abs = (minor: bigint): bigint => (minor < 0n ? -minor : minor)

const name = fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }).filter((text) => /\p{L}/u.test(text))
const rates = [
  { category: 'S', ratePpm: 220_000, reason: '' },
  { category: 'S', ratePpm: 88_750, reason: '' },
  { category: 'Z', ratePpm: 0, reason: '' },
  { category: 'E', ratePpm: 0, reason: 'Article 132 & <others>' },
  { category: 'AE', ratePpm: 0, reason: 'Reverse charge' },
  { category: 'G', ratePpm: 0, reason: 'Export' },
] as const
const treatment = (included: boolean): fc.Arbitrary<Treatment> =>
  fc.constantFrom(...rates).map((rate) => ({ ...rate, included }))
const given = fc.boolean().chain((included) =>
  fc.array(
    fc.record({
      minor: fc.bigInt({ min: -50_000n, max: 1_000_000n }),
      description: name,
      tax: treatment(included),
    }),
    { minLength: 1, maxLength: 8 },
  ),
)

function documentOf(lines: DocumentLine[], more: Partial<BillingDocument> = {}): BillingDocument {
  const keys = [...new Set(lines.map(({ tax }) => `${tax?.category} ${tax?.ratePpm}`))]
  const groups = keys.map((key) => lines.filter(({ tax }) => `${tax?.category} ${tax?.ratePpm}` === key))
  const sum = sumOf(lines)
  return {
    id: 'x',
    kind: 'invoice',
    language: 'en',
    number: 'INV-000001',
    issueDate: '2027-01-10',
    dueDate: '2027-01-24',
    currency: 'EUR',
    seller: {
      name: 'Example Hosting S.r.l.',
      email: null,
      address: { line1: 'Via Roma 1', city: 'Torino', postalCode: '10121' },
      country: 'IT',
      taxId: 'IT00743110157',
    },
    buyer: { name: 'Ada', email: 'ada@example.com', address: {}, country: 'DE', taxId: 'DE136695976' },
    lines,
    taxes: groups.map((group) => ({ ...sumOf(group), tax: group[0]?.tax ?? null })),
    sum,
    carriedMinor: sum.grossMinor < 0n ? -sum.grossMinor : 0n,
    invoice: null,
    reason: '',
    ...more,
  }
}

test('what is written is well-formed UBL that keeps the rules of EN 16931, whatever was sold to whom', () => {
  fc.assert(
    fc.property(given, name, fc.boolean(), (sold, buyer, isNote) => {
      const lines = taxLines(sold).map((line, at) => ({ ...line, no: at + 1 }))
      const plain = documentOf(lines)
      const document: BillingDocument = {
        ...plain,
        buyer: { ...plain.buyer, name: buyer },
        ...(isNote && {
          kind: 'credit_note',
          number: 'CN-000001',
          dueDate: null,
          invoice: { number: 'INV-000001', issueDate: '2027-01-10' },
          reason: 'cancelled',
        }),
      }
      expect(missingFor(document)).toEqual([])
      const root = parse(ublOf(document))
      const kind = isNote ? 'CreditNote' : 'Invoice'
      // BR-01 to BR-11, BR-55, BR-CO-25
      expect(root.name).toBe(kind)
      expect(one(root, 'CustomizationID')).toBe('urn:cen.eu:en16931:2017')
      expect(one(root, `${kind}TypeCode`)).toBe(isNote ? '381' : '380')
      expect(one(root, 'DocumentCurrencyCode')).toBe('EUR')
      expect([one(root, 'ID'), one(root, 'IssueDate')]).toEqual([document.number, '2027-01-10'])
      if (isNote) expect(one(root, 'BillingReference/InvoiceDocumentReference/ID')).toBe('INV-000001')
      else expect(one(root, 'DueDate')).toBe('2027-01-24')
      const [seller, customer] = ['AccountingSupplierParty/Party', 'AccountingCustomerParty/Party']
      expect(one(root, `${seller}/PartyLegalEntity/RegistrationName`)).toBe('Example Hosting S.r.l.')
      expect(one(root, `${customer}/PartyLegalEntity/RegistrationName`).trim()).not.toBe('')
      expect(one(root, `${seller}/PostalAddress/Country/IdentificationCode`)).toBe('IT')
      expect(one(root, `${customer}/PostalAddress/Country/IdentificationCode`)).toBe('DE')
      expect(one(root, `${seller}/PartyTaxScheme/CompanyID`)).toBe('IT00743110157')
      // BR-21 to BR-27
      const written = all(root, `${kind}Line`)
      expect(written).toHaveLength(lines.length)
      for (const line of written) {
        const price = cents(one(line, 'Price/PriceAmount'))
        expect(price >= 0n).toBe(true)
        const quantity = BigInt(one(line, isNote ? 'CreditedQuantity' : 'InvoicedQuantity'))
        expect(quantity * price).toBe(cents(one(line, 'LineExtensionAmount')))
        expect(one(line, 'Item/ClassifiedTaxCategory/ID')).not.toBe('')
      }
      // BR-CO-10, -13, -14, -15, -16
      const sums = (tag: string) => cents(one(root, `LegalMonetaryTotal/${tag}`))
      expect(total(all(root, `${kind}Line/LineExtensionAmount`))).toBe(sums('LineExtensionAmount'))
      expect(sums('TaxExclusiveAmount')).toBe(sums('LineExtensionAmount'))
      const tax = cents(one(root, 'TaxTotal/TaxAmount'))
      expect(total(all(root, 'TaxTotal/TaxSubtotal/TaxAmount'))).toBe(tax)
      expect(sums('TaxInclusiveAmount')).toBe(sums('TaxExclusiveAmount') + tax)
      const prepaid = all(root, 'LegalMonetaryTotal/PrepaidAmount').map(({ text }) => cents(text))
      expect(sums('PayableAmount')).toBe(sums('TaxInclusiveAmount') - (prepaid[0] ?? 0n))
      expect(sums('PayableAmount') >= 0n).toBe(true)
      // BR-CO-17, -18, BR-S-08, -E-10, -AE-10, -G-10: one breakdown for each category and rate
      const groups = all(root, 'TaxTotal/TaxSubtotal')
      const keys = groups.map(
        (group) => `${one(group, 'TaxCategory/ID')} ${one(group, 'TaxCategory/Percent')}`,
      )
      expect(new Set(keys).size).toBe(groups.length)
      for (const [at, group] of groups.entries()) {
        const net = cents(one(group, 'TaxableAmount'))
        const ofRate = written.filter(
          (line) =>
            `${one(line, 'Item/ClassifiedTaxCategory/ID')} ${one(line, 'Item/ClassifiedTaxCategory/Percent')}` ===
            keys[at],
        )
        expect(total(ofRate.flatMap((line) => all(line, 'LineExtensionAmount')))).toBe(net)
        const ppm = BigInt(Math.round(Number(one(group, 'TaxCategory/Percent')) * 10_000))
        // Of a price that has the tax in it, the net is what was rounded.
        expect(abs(cents(one(group, 'TaxAmount')) * 1_000_000n - net * ppm) <= 1_000_000n).toBe(true)
        const reasons = all(group, 'TaxCategory/TaxExemptionReason')
        expect(reasons).toHaveLength(/^[SZ] /.test(keys[at] ?? '') ? 0 : 1)
      }
      // Texts come back as they were, without what XML cannot hold.
      const [first] = all(root, `${kind}Line/Item/Name`)
      // oxlint-disable-next-line no-control-regex -- what XML cannot hold
      const bare = (text: string) => text.toWellFormed().replaceAll(/[\u0000-\u001f\ufffe\uffff\s]/gu, '')
      expect(bare(first?.text ?? '')).toBe(bare(sold[0]?.description ?? ''))
      // The page shows the same, and nothing in it is markup but its own.
      const { html, policy } = htmlOf(document)
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'/)
      expect(html.match(/<(script|img|link|iframe|a)\b/g)).toBeNull()
      expect(html.match(/<tr>/g)?.length).toBe(
        2 + lines.length + groups.length + 2 + (document.carriedMinor > 0n ? 1 : 0),
      )
    }),
    { numRuns: 150 },
  )
})

test('what lacks something that the norm wants is not written, and says what', () => {
  const line = (tax: Treatment | null): DocumentLine => ({
    no: 1,
    description: 'x',
    tax,
    netMinor: 1n,
    taxMinor: 0n,
    grossMinor: 1n,
  })
  const of = (category: Treatment['category']) => line({ category, ratePpm: 0, included: false, reason: 'x' })
  const complete = documentOf([of('AE')])
  const without = (more: Partial<BillingDocument>) => missingFor({ ...complete, ...more }).join()
  expect(without({})).toBe('')
  expect(without({ lines: [line(null)] })).toContain('BR-CO-04')
  expect(without({ seller: { ...complete.seller, taxId: null, country: null } })).toMatch(/BR-09.*BR-CO-26/)
  expect(without({ seller: { ...complete.seller, taxId: '00743110157' } })).toContain('BR-CO-09')
  expect(without({ buyer: { ...complete.buyer, country: null, taxId: null } })).toMatch(/BR-11.*BR-AE-02/)
  expect(without({ lines: [of('O'), of('E')] })).toContain('BR-O-11')
  expect(without({ currency: 'KWD' })).toContain('BR-DEC')
  // Outside the scope of the tax nobody has a VAT number, and no rate (BR-O-02, BR-O-05).
  const outside = parse(ublOf(documentOf([of('O')])))
  expect(all(outside, 'AccountingSupplierParty/Party/PartyTaxScheme')).toEqual([])
  expect(all(outside, 'InvoiceLine/Item/ClassifiedTaxCategory/Percent')).toEqual([])
  expect(one(outside, 'AccountingSupplierParty/Party/PartyLegalEntity/CompanyID')).toBe('IT00743110157')
})

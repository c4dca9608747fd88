import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decideTax,
  grossOf,
  sumOf,
  taxLines,
  type TaxBuyer,
  type TaxRule,
  type TaxSeller,
  type Treatment,
} from '../../src/services/billing/taxRules.ts'

const seller: TaxSeller = {
  country: 'IT',
  registeredCountries: ['FR'],
  pricesIncludeTax: false,
  evidenceDays: 365,
}
const buyer = (more: Partial<TaxBuyer>): TaxBuyer => ({
  kind: 'person',
  country: 'IT',
  region: '',
  taxIds: [],
  checks: [],
  exemptions: [],
  ...more,
})
const rule = (destination: string, more: Partial<TaxRule>): TaxRule => ({
  tenantId: null,
  sellerCountry: null,
  destination,
  region: '',
  customerKind: 'any',
  needsValidTaxId: false,
  category: 'S',
  ratePpm: 220_000,
  reason: '',
  from: '2020-01-01',
  to: null,
  ...more,
})
const none = { ratePpm: 0, reason: 'x' }
const RULES = [
  rule('IT', { to: '2027-05-31' }),
  rule('IT', { from: '2027-06-01', ratePpm: 230_000 }),
  rule('FR', { ratePpm: 200_000 }),
  rule('DE', { ratePpm: 190_000 }),
  rule('EU', { ...none, category: 'AE', customerKind: 'company', needsValidTaxId: true }),
  rule('US', { region: 'New York', ratePpm: 88_750 }),
  rule('*', { ...none, category: 'G' }),
]
const DATE = '2027-03-01'
const said = (of: Partial<TaxBuyer>, date = DATE, rules = RULES, by: TaxSeller | null = seller) => {
  const { treatment } = decideTax(by, buyer(of), rules, date)
  return treatment && `${treatment.category} ${treatment.ratePpm / 10_000}`
}
const company = (country: string, isValid: boolean, checkedOn: string): Partial<TaxBuyer> => ({
  kind: 'company',
  country,
  taxIds: ['ID1'],
  checks: [{ taxId: 'ID1', isValid, checkedOn }],
})

test('place, kind of customer, registration, evidence, exemption and day decide about category and rate', () => {
  expect(said({})).toBe('S 22')
  // As it is on the day, and where the seller is when one does not know where the customer is.
  expect(said({}, '2027-06-01')).toBe('S 23')
  expect(said({ country: null })).toBe('S 22')
  // Another member state's rate only where the seller is registered, else its own.
  expect(said({ country: 'FR' })).toBe('S 20')
  expect(said({ country: 'DE' })).toBe('S 22')
  expect(said({ country: 'DE' }, DATE, RULES, { ...seller, registeredCountries: ['DE'] })).toBe('S 19')
  // Reverse charge: abroad, a company, and its id found valid within a year; what was found since counts more.
  expect(said(company('DE', true, '2027-02-01'))).toBe('AE 0')
  expect(said(company('FR', true, '2027-02-01'))).toBe('AE 0')
  expect(said(company('IT', true, '2027-02-01'))).toBe('S 22')
  expect(said(company('DE', false, '2027-02-01'))).toBe('S 22')
  expect(said(company('DE', true, '2026-02-28'))).toBe('S 22')
  expect(said({ ...company('DE', true, '2027-02-01'), taxIds: ['ID2'] })).toBe('S 22')
  expect(said({ ...company('DE', true, '2027-02-01'), kind: 'person' })).toBe('S 22')
  // Elsewhere, and in a region that taxes.
  expect(said({ country: 'US' })).toBe('G 0')
  expect(said({ country: 'US', region: 'new york' })).toBe('G 0')
  const there = { ...seller, registeredCountries: ['US'] }
  expect(said({ country: 'US', region: 'new york' }, DATE, RULES, there)).toBe('S 8.875')
  expect(said({ country: 'BR' }, DATE, [rule('IT', {})])).toBe('O 0')
  // An exemption counts on its days alone; a tenant's own rule before the platform's.
  const exemptions = [{ reason: 'Embassy', from: '2027-01-01', to: '2027-03-01' }]
  expect(said({ exemptions })).toBe('E 0')
  expect(said({ exemptions }, '2027-03-02')).toBe('S 22')
  expect(said({}, DATE, [...RULES, rule('IT', { tenantId: 't', ratePpm: 40_000 })])).toBe('S 4')
  // Nothing is taxed by itself.
  expect([said({}, DATE, []), said({}, DATE, RULES, null)]).toEqual([null, null])
})

const treatment = fc.record({
  category: fc.constant('S' as const),
  ratePpm: fc.constantFrom(10_000, 55_000, 88_750, 190_000, 220_000, 255_000, 999_999),
  included: fc.boolean(),
  reason: fc.constant(''),
})
const minor = fc.bigInt({ min: -100_000n, max: 100_000_000n })
const lines = fc.array(fc.record({ minor, tax: fc.option(treatment) }), { maxLength: 12 })
const abs = (one: bigint): bigint => (one < 0n ? -one : one)

test('lines add up: net and tax to gross, the taxes of a rate to the tax of its sum, within half a unit', () => {
  fc.assert(
    fc.property(lines, (given) => {
      const taxed = taxLines(given)
      for (const line of taxed) {
        expect(line.netMinor + line.taxMinor).toBe(line.grossMinor)
        expect(line.tax?.included ? line.grossMinor : line.netMinor).toBe(line.minor)
      }
      const sum = sumOf(taxed)
      expect(sum.netMinor + sum.taxMinor).toBe(sum.grossMinor)
      for (const ratePpm of new Set(taxed.map(({ tax }) => tax?.ratePpm ?? 0)))
        for (const included of [true, false]) {
          const group = sumOf(
            taxed.filter(
              ({ tax }) => (tax?.ratePpm ?? 0) === ratePpm && (tax?.included ?? false) === included,
            ),
          )
          // Of the sum, rounded once: twice the difference is at most one unit of what is rounded.
          const base = included ? group.grossMinor : group.netMinor
          const whole = included ? 1_000_000n + BigInt(ratePpm) : 1_000_000n
          expect(2n * abs(group.taxMinor * whole - base * BigInt(ratePpm)) <= whole).toBe(true)
        }
      // Taking it all back comes to exactly as much, whichever way it is written.
      const back = sumOf(taxLines(given.map((line) => ({ ...line, minor: -line.minor }))))
      expect(back).toEqual({
        netMinor: -sum.netMinor,
        taxMinor: -sum.taxMinor,
        grossMinor: -sum.grossMinor,
      })
    }),
    { numRuns: 500 },
  )
})

test('a price without tax and the same one with it come to one amount, wherever there is such a price', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10_000_000n }), treatment, (net, tax) => {
      const out: Treatment = { ...tax, included: false }
      const gross = grossOf(net, out)
      const [inside] = taxLines([{ minor: gross, tax: { ...tax, included: true } }])
      expect(inside).toMatchObject({ netMinor: net, taxMinor: gross - net, grossMinor: gross })
    }),
    { numRuns: 500 },
  )
})

test('a day’s upgrade and downgrade cost nothing together, tax and all', () => {
  fc.assert(
    fc.property(minor, minor, treatment, (old, dear, tax) => {
      const change = (from: bigint, to: bigint) =>
        sumOf(
          taxLines([
            { minor: -from, tax },
            { minor: to, tax },
          ]),
        )
      expect(change(old, dear).grossMinor + change(dear, old).grossMinor).toBe(0n)
      expect(change(old, dear).taxMinor + change(dear, old).taxMinor).toBe(0n)
    }),
  )
})

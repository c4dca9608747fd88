import { percentOf, type TaxCategory } from '../../../shared/states/tax.ts'
import { mulDiv } from '../../lib/money.ts'

/** How a line is taxed. A rate of 220000 is 22 percent; `included`: the price has the tax in it. */
export type Treatment = { category: TaxCategory; ratePpm: number; included: boolean; reason: string }

export type TaxSeller = {
  country: string
  /** Where else it is registered, itself or by a one-stop shop: only there it charges that country's rate. */
  registeredCountries: readonly string[]
  pricesIncludeTax: boolean
  /** How long a check of a tax id counts. */
  evidenceDays: number
}

export type TaxBuyer = {
  kind: 'person' | 'company'
  country: string | null
  region: string
  taxIds: readonly string[]
  /** The newest first, without what was ended. */
  checks: readonly { taxId: string; isValid: boolean; checkedOn: string }[]
  exemptions: readonly { reason: string; from: string; to: string | null }[]
}

export type TaxRule = {
  tenantId: string | null
  sellerCountry: string | null
  /** A country, `EU` for its other members, or `*` for anywhere else. */
  destination: string
  region: string
  customerKind: 'any' | 'person' | 'company'
  needsValidTaxId: boolean
  category: TaxCategory
  ratePpm: number
  reason: string
  from: string
  to: string | null
}

/** What was decided, and why, for whoever asks. Null: nothing is taxed, because nobody has said how. */
export type TaxDecision = { treatment: Treatment | null; why: string }

/** The members of the European Union. */
export const UNION: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '),
)
const DAY_MS = 86_400_000
const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10)

/** The tax id that was found valid last, and not too long ago. What was found invalid since does not count. */
export function validTaxId(buyer: TaxBuyer, seller: TaxSeller, date: string): string | null {
  for (const taxId of buyer.taxIds) {
    const newest = buyer.checks.find((check) => check.taxId === taxId && check.checkedOn <= date)
    if (newest?.isValid && dayAfter(newest.checkedOn, seller.evidenceDays) >= date) return taxId
  }
  return null
}

const within = (date: string, { from, to }: { from: string; to: string | null }): boolean =>
  from <= date && (to === null || to >= date)

/**
 * Decides the category and rate of what is sold on a day. The first of these that says something: an exemption of the customer;
 * the rules of where he is; in the EU, those of the seller's country; the rules for anywhere else. Among rules for one place the
 * more special one counts: that asks for a valid tax id, the tenant's own, for a region, for a kind of customers.
 */
export function decideTax(
  seller: TaxSeller | null,
  buyer: TaxBuyer,
  rules: readonly TaxRule[],
  date: string,
): TaxDecision {
  if (seller === null || rules.length === 0)
    return {
      treatment: null,
      why: seller === null ? 'The seller has no tax details.' : 'There are no tax rules.',
    }
  const as = (category: TaxCategory, ratePpm: number, reason: string): Treatment => ({
    category,
    ratePpm,
    included: seller.pricesIncludeTax,
    reason,
  })
  const exemption = buyer.exemptions.find((one) => within(date, one))
  if (exemption)
    return {
      treatment: as('E', 0, exemption.reason),
      why: `The customer is exempt: ${exemption.reason}`,
    }
  const there = buyer.country ?? seller.country
  const unknown =
    buyer.country === null ? 'The customer’s country is not known: taxed as in the seller’s. ' : ''
  const taxId = validTaxId(buyer, seller, date)
  const find = (destinations: readonly string[]) =>
    rules
      .filter(
        (rule) =>
          destinations.includes(rule.destination) &&
          within(date, rule) &&
          (rule.sellerCountry ?? seller.country) === seller.country &&
          (rule.customerKind === 'any' || rule.customerKind === buyer.kind) &&
          (!rule.needsValidTaxId || taxId !== null) &&
          (rule.region === '' || sameRegion(rule, buyer)) &&
          isRegisteredFor(seller, rule),
      )
      .toSorted(bySpecialty)[0]
  const inUnion = UNION.has(there) && UNION.has(seller.country)
  const abroad = inUnion && there !== seller.country
  const rule =
    find(abroad ? [there, 'EU'] : [there]) ?? (abroad ? find([seller.country]) : undefined) ?? find(['*'])
  if (!rule)
    return {
      treatment: as('O', 0, `No tax is due in ${there}.`),
      why: `${unknown}No rule says how customers in ${there} are taxed.`,
    }
  return {
    treatment: as(rule.category, rule.ratePpm, rule.reason),
    why: unknown + inWords(rule, there, taxId),
  }
}

const sameRegion = (rule: TaxRule, buyer: TaxBuyer): boolean =>
  rule.destination === buyer.country && rule.region.toLowerCase() === buyer.region.toLowerCase()

/** Another country's rate is charged only by who is registered there; that nothing is charged needs no registration. */
const isRegisteredFor = (seller: TaxSeller, { category, destination }: TaxRule): boolean =>
  (category !== 'S' && category !== 'Z') ||
  destination === 'EU' ||
  destination === '*' ||
  destination === seller.country ||
  seller.registeredCountries.includes(destination)

function bySpecialty(one: TaxRule, other: TaxRule): number {
  const rank = (rule: TaxRule): number =>
    (rule.needsValidTaxId ? 64 : 0) +
    (rule.tenantId === null ? 0 : 32) +
    (rule.destination === 'EU' ? 0 : 16) +
    (rule.region === '' ? 0 : 8) +
    (rule.customerKind === 'any' ? 0 : 4) +
    (rule.sellerCountry === null ? 0 : 2)
  return rank(other) - rank(one)
}

function inWords(rule: TaxRule, there: string, taxId: string | null): string {
  const where =
    rule.destination === there || rule.destination === 'EU' ? there : `${rule.destination} for ${there}`
  const whom =
    rule.customerKind === 'any' ? 'customers' : rule.customerKind === 'person' ? 'persons' : 'companies'
  const id = rule.needsValidTaxId ? ` with the valid tax id ${taxId}` : ''
  return `${rule.category} at ${percentOf(rule.ratePpm)} %, the rule of ${where} for ${whom}${id}, valid from ${rule.from}.`
}

export type Amounts = { netMinor: bigint; taxMinor: bigint; grossMinor: bigint }

const PPM = 1_000_000n

/**
 * Net, tax and gross of lines whose amounts are as in the price list. Lines that are taxed alike are one group, whose tax is rounded
 * once, as the running sum grows: so the lines' taxes always add up to the tax of the sum, also with credits among them.
 */
export function taxLines<T extends { minor: bigint; tax: Treatment | null }>(
  lines: readonly T[],
): (T & Amounts)[] {
  const sums = new Map<string, bigint>()
  return lines.map((line) => {
    const { minor, tax } = line
    if (tax === null || tax.ratePpm === 0)
      return { ...line, netMinor: minor, taxMinor: 0n, grossMinor: minor }
    const rate = BigInt(tax.ratePpm)
    const key = `${tax.category} ${tax.ratePpm} ${tax.included}`
    const before = sums.get(key) ?? 0n
    const after = before + minor
    sums.set(key, after)
    if (!tax.included) {
      const taxMinor = mulDiv(after, rate, PPM) - mulDiv(before, rate, PPM)
      return { ...line, netMinor: minor, taxMinor, grossMinor: minor + taxMinor }
    }
    const netMinor = mulDiv(after, PPM, PPM + rate) - mulDiv(before, PPM, PPM + rate)
    return { ...line, netMinor, taxMinor: minor - netMinor, grossMinor: minor }
  })
}

/** What lines come to together. */
export const sumOf = (lines: readonly Amounts[]): Amounts =>
  lines.reduce(
    (sum, line) => ({
      netMinor: sum.netMinor + line.netMinor,
      taxMinor: sum.taxMinor + line.taxMinor,
      grossMinor: sum.grossMinor + line.grossMinor,
    }),
    { netMinor: 0n, taxMinor: 0n, grossMinor: 0n },
  )

/** What something of the price list costs with tax. */
export const grossOf = (minor: bigint, tax: Treatment | null): bigint =>
  sumOf(taxLines([{ minor, tax }])).grossMinor

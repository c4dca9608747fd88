import type { Ctx } from '../../context.ts'
import type { PriceRow } from '../../db/billing.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import { addDays, firstDay, instantOf, localDate } from '../../lib/period.ts'
import { linesOf as addonLinesOf, minorOf, soldIn, soldWords, sumOfSold, type Sold } from './addonsSold.ts'
import { discountOf, firstDayOf, type Contract } from './contractPeriods.ts'
import { countedFrom } from './discount.ts'
import { leftFrom, type Days } from './proration.ts'
import type { Treatment } from './taxRules.ts'
import { treatmentOf } from './taxing.ts'

/** What a change charges and credits, before tax. */
export type NewTerms = {
  creditMinor: bigint
  /** As what is credited was taxed. */
  creditTax: Treatment | null
  credited: Days | null
  chargeMinor: bigint
  /** What the coupon takes off it. */
  offMinor: bigint
  /** Add-ons, each with what it comes to. */
  addonLines: { description: string; minor: bigint }[]
  days: Days
  after: Contract
}

/** The day of the change belongs to the new terms. Another interval begins anew with it; else the period goes on. */
export async function fromToday(
  ctx: Ctx,
  row: ContractRow,
  present: Contract,
  price: PriceRow,
  addons: readonly Sold[],
): Promise<NewTerms> {
  const { periodNo, unitMinor, movedDays } = present
  const period = { from: firstDayOf(present, periodNo), to: firstDayOf(present, periodNo + 1) }
  const today = localDate(ctx.now(), row.billing_tz)
  // As the invoice has it: pauses have moved what is left of it.
  const billedDay = instantOf(addDays(today, -movedDays), row.billing_tz)
  const billed = await contracts.billedFor(ctx.tx, row.item_id, billedDay)
  // Never more than was billed for it.
  const left = soldIn(row.addons).reduce(
    (sum, one) => sum + leftFrom(today, period, minorOf(one)),
    leftFrom(today, period, unitMinor - discountOf(present, periodNo)),
  )
  const creditMinor = billed === undefined ? 0n : left < billed.unit_minor ? left : billed.unit_minor
  const creditTax = billed === undefined ? null : treatmentOf(billed)
  const credited = { from: today, to: period.to }
  const { interval, interval_count: intervalCount, unit_minor } = price
  const addonsMinor = sumOfSold(addons)
  const terms = { ...present, planId: price.plan_id, unitMinor: unit_minor, addonsMinor, movedDays: 0 }
  if (interval === present.interval && intervalCount === present.intervalCount) {
    const chargeMinor = leftFrom(today, period, unit_minor)
    const offMinor = chargeMinor - leftFrom(today, period, unit_minor - discountOf(terms, periodNo))
    const addonLines = addons.map((one) => ({
      description: soldWords(one),
      minor: leftFrom(today, period, minorOf(one)),
    }))
    return {
      creditMinor,
      creditTax,
      credited,
      chargeMinor,
      offMinor,
      addonLines,
      days: credited,
      after: terms,
    }
  }
  const days = { from: today, to: firstDay(today, interval, intervalCount, 1) }
  const discount = countedFrom(present.discount, periodNo)
  const anew = { anchor: today, begins: null, periodNo: 0, periodsBilled: 1 }
  const after = { ...terms, ...anew, discount, interval, intervalCount }
  const offMinor = discountOf(after, 0)
  const addonLines = addonLinesOf(addons)
  return { creditMinor, creditTax, credited, chargeMinor: unit_minor, offMinor, addonLines, days, after }
}

/** The new terms begin with the next period: nothing is credited. */
export function atPeriodEnd(
  row: ContractRow,
  present: Contract,
  price: PriceRow,
  addons: readonly Sold[],
): NewTerms {
  const periodNo = present.periodNo + 1
  const change = {
    periodNo,
    planId: price.plan_id,
    interval: price.interval,
    intervalCount: price.interval_count,
    unitMinor: price.unit_minor,
    addonsMinor: sumOfSold(addons),
    setupMinor: setupOf(row, price),
  }
  const after = { ...present, change }
  const days = { from: firstDayOf(after, periodNo), to: firstDayOf(after, periodNo + 1) }
  const offMinor = discountOf(after, periodNo)
  return {
    creditMinor: 0n,
    creditTax: null,
    credited: null,
    chargeMinor: price.unit_minor,
    offMinor,
    addonLines: addonLinesOf(addons),
    days,
    after,
  }
}

/** Who keeps his price has paid for its set-up. */
export const setupOf = (row: ContractRow, price: PriceRow): bigint =>
  price.id === row.price_id ? 0n : price.setup_minor

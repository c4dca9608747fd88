import { mulDiv } from '../../lib/money.ts'

const PPM = 1_000_000n

/** What a coupon takes off the prices of a contract. */
export type Discount = {
  /** Of the two, one is null. */
  percentPpm: number | null
  minor: bigint | null
  /** The first period, counted from the anchor, that it does not reach any more; null: it reaches all. */
  until: number | null
  /** Empty: all plans. */
  planIds: readonly string[]
}

/** Never more than the price; of a part it is rounded once, half up. */
export function offOf(
  discount: Discount | null,
  of: { index: number; planId: string; unitMinor: bigint },
): bigint {
  if (discount === null || (discount.until !== null && of.index >= discount.until)) return 0n
  const { percentPpm, minor, planIds } = discount
  if (planIds.length > 0 && !planIds.includes(of.planId)) return 0n
  if (percentPpm !== null) return mulDiv(of.unitMinor, BigInt(percentPpm), PPM)
  const off = minor ?? 0n
  return off < of.unitMinor ? off : of.unitMinor
}

/** The same discount where periods are counted anew from one of them. */
export const countedFrom = (discount: Discount | null, periodNo: number): Discount | null =>
  discount === null || discount.until === null
    ? discount
    : { ...discount, until: Math.max(0, discount.until - periodNo) }

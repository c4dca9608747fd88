import { mulDiv } from '../../lib/money.ts'
import { daysBetween } from '../../lib/period.ts'

/** A period by its days: from the first one to the one after the last. */
export type Days = { from: string; to: string }

/**
 * What of a price the days before `day` have used up. It grows with the days and is rounded once, half up; so the pieces of a
 * period always sum to its price, wherever it was cut.
 */
function usedBy(day: string, { from, to }: Days, minor: bigint): bigint {
  return mulDiv(minor, BigInt(daysBetween(from, day)), BigInt(daysBetween(from, to)))
}

/** What a price comes to from `day` on; the day itself belongs to what is left. */
export const leftFrom = (day: string, period: Days, minor: bigint): bigint =>
  minor - usedBy(day, period, minor)

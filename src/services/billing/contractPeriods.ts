import type { SubscriptionState, TrialThen } from '../../../shared/states/billingSubscription.ts'
import { addDays, daysBetween, firstDay, instantOf, type Interval } from '../../lib/period.ts'
import { countedFrom, offOf, type Discount } from './discount.ts'
import { grossOf, type Treatment } from './taxRules.ts'

/** What decides about the future of a contract; nothing else does. */
export type Contract = {
  state: SubscriptionState
  planId: string
  anchor: string
  /** The first day of period 0, where a pause has moved it; the anchor is then that of period 1. */
  begins: string | null
  /** By how many days what is left of the present period was moved by pauses since it was billed. */
  movedDays: number
  /** While it is paused: since which day, and on which it is resumed by itself. */
  pause: { since: string; until: string | null } | null
  /** While it is paused: what its disk costs on each renewal day, and for how many of them it was billed. Absent: nothing. */
  storage?: { minor: bigint; billed: number }
  timeZone: string
  interval: Interval
  intervalCount: number
  unitMinor: bigint
  /** What its add-ons come to. */
  addonsMinor: bigint
  /** How what is billed next is taxed, as far as one knows today; without it amounts are those of the price list. */
  tax?: Treatment | null
  discount: Discount | null
  /** While it is on trial: what follows, what the first invoice has besides the price, and whether a payment method is there. */
  trial: Trial | null
  /** Another price from a period on, which is counted like the others: from there on its own interval counts. */
  change: PlannedChange | null
  /** What the customer has in hand. */
  creditMinor: bigint
  /** The present period, and how many have an invoice; both counted from the anchor. */
  periodNo: number
  periodsBilled: number
  cancelAt: Date | null
  holdUntil: Date | null
  notifiedAt: Date | null
  finalWarnedAt: Date | null
  /** Nobody ends its pod before the protection is taken off. */
  isProtected: boolean
  /** The customer's bank takes back a payment for it, which has not ended yet. */
  isDisputed?: boolean
  /** The due dates of its open invoices, the oldest first. */
  due: string[]
}

export type Trial = { after: TrialThen; setupMinor: bigint; hasMethod: boolean }

export type PlannedChange = {
  periodNo: number
  planId: string
  interval: Interval
  intervalCount: number
  unitMinor: bigint
  addonsMinor: bigint
  setupMinor: bigint
}

export type Terms = {
  leadDays: number
  /** How long an order, and the first invoice after a trial, may be open. */
  termDays: number
  remindAfterDays: number[]
  /** Null: never. */
  suspendAfterDays: number | null
  terminateAfterDays: number | null
  /** Another system's invoices count: periods go on without an invoice of ours, and what is overdue is that system's to follow. */
  isRecordedElsewhere?: boolean
}

/** Whether the planned change brings other days than there would be without it. */
const changesDays = ({ interval, intervalCount, change }: Contract): boolean =>
  change !== null && (change.interval !== interval || change.intervalCount !== intervalCount)

/** The first day of a period by the present terms. */
function firstDayNow({ anchor, begins, interval, intervalCount }: Contract, index: number): string {
  if (begins === null) return firstDay(anchor, interval, intervalCount, index)
  return index === 0 ? begins : firstDay(anchor, interval, intervalCount, index - 1)
}

/** The first day of a period. */
export function firstDayOf(of: Contract, index: number): string {
  const { change } = of
  if (change === null || index <= change.periodNo || !changesDays(of)) return firstDayNow(of, index)
  const begins = firstDayNow(of, change.periodNo)
  return firstDay(begins, change.interval, change.intervalCount, index - change.periodNo)
}

/** What its coupon takes off the price of a period. */
export function discountOf(
  of: Pick<Contract, 'discount' | 'change' | 'planId' | 'unitMinor'>,
  index: number,
) {
  const { planId, unitMinor } = of.change !== null && index >= of.change.periodNo ? of.change : of
  return offOf(of.discount, { index, planId, unitMinor })
}

/** What the invoice of a period comes to, with tax. */
export function amountOf(of: Contract, index: number): bigint {
  const { change, tax = null, trial } = of
  const off = discountOf(of, index)
  if (change === null || index < change.periodNo)
    return grossOf(of.unitMinor - off + of.addonsMinor + (index === 0 ? (trial?.setupMinor ?? 0n) : 0n), tax)
  return grossOf(
    change.unitMinor - off + change.addonsMinor + (index === change.periodNo ? change.setupMinor : 0n),
    tax,
  )
}

/** What the disk of what is paused costs on a renewal day, with tax. */
export const storageOf = ({ storage, tax = null }: Contract): bigint => grossOf(storage?.minor ?? 0n, tax)

/** The next renewal day that a pause passes over, counted as if there were no pause. */
export const storageDay = (of: Contract): string =>
  firstDayOf(of, of.periodsBilled + (of.storage?.billed ?? 0))

/** Whether the planned change has its invoice, and not begun yet. */
export const isChangeBilled = ({ change, periodsBilled }: Contract): boolean =>
  change !== null && periodsBilled > change.periodNo

/** The contract once its planned change has begun. */
export function changed(of: Contract): Contract {
  const { change } = of
  if (change === null) return of
  const { planId, interval, intervalCount, unitMinor, addonsMinor, periodNo } = change
  const terms = { planId, interval, intervalCount, unitMinor, addonsMinor }
  const after = { ...of, ...terms, change: null, periodNo, movedDays: 0 }
  if (!changesDays(of)) return after
  return {
    ...after,
    anchor: firstDayOf(of, periodNo),
    begins: null,
    discount: countedFrom(of.discount, periodNo),
    periodNo: 0,
    periodsBilled: of.periodsBilled - periodNo,
  }
}

/** When a period begins, the first being 0. */
export const boundary = (of: Contract, index: number): Date => instantOf(firstDayOf(of, index), of.timeZone)

/** The period that it is in by now: the next one begins at its time, also if nobody has noted it yet. */
function presentIndex(of: Contract, now: Date): number {
  let index = of.periodNo
  while (of.periodsBilled > index + 1 && boundary(of, index + 1) <= now) index++
  return index
}

/** The contract in the period that it is in by now, without what was billed beyond. */
export function presentOf(of: Contract, now: Date): Contract {
  const periodNo = presentIndex(of, now)
  const movedDays = periodNo === of.periodNo ? of.movedDays : 0
  return { ...of, periodNo, movedDays, periodsBilled: periodNo + 1 }
}

/**
 * The contract once its pause has ended: what was left of its period comes now, and periods are counted from its end. Only days that
 * it was paused from their beginning to their end count, so that nobody gets a day for switching off in the evening.
 */
export function resumed(of: Contract, today: string): Contract {
  if (of.pause === null) return of
  const days = daysBetween(of.pause.since, today) - 1
  const back: Contract = { ...of, pause: null }
  if (days <= 0) return back
  return {
    ...back,
    begins: addDays(firstDayOf(of, of.periodNo), days),
    anchor: addDays(firstDayOf(of, of.periodNo + 1), days),
    movedDays: of.movedDays + days,
    discount: countedFrom(of.discount, of.periodNo),
    periodNo: 0,
    periodsBilled: of.periodsBilled - of.periodNo,
  }
}

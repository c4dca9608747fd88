import {
  isPaused,
  isRunning,
  stateAfter,
  type SubscriptionState,
  type TrialThen,
} from '../../../shared/states/billingSubscription.ts'
import { addDays, daysBetween, firstDay, instantOf, localDate, type Interval } from '../../lib/period.ts'
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

/**
 * `trialNotice`: the customer is told that his trial ends. `activate`: it is over, and the first period begins with its invoice.
 * `trialOver`: it ends with its trial.
 * `end`: the agreed end. `bill`: the next period gets its invoice. `advance`: it begins. `change`: it begins with another plan or
 * price. `settle`: nothing is overdue any more.
 * `resume`: a pause ends. `release`: a hold ends. The others are what is done about an overdue invoice.
 */
export type StepName =
  | 'trialNotice'
  | 'activate'
  | 'trialOver'
  | 'end'
  | 'bill'
  | 'advance'
  | 'change'
  | 'settle'
  | 'resume'
  | 'release'
  | 'overdue'
  | 'remind'
  | 'suspend'
  | 'warn'
  | 'terminate'
export type Step = { what: StepName; at: Date }

const HOUR_MS = 3_600_000
/** The hour of the day, where the contract is at home, at which people are reminded and pods suspended. */
const DUNNING_HOUR = 9
/** Nobody is suspended sooner after having been told, nor ended sooner after the last warning, whatever was missed before. */
const NOTICE_MS = 24 * HOUR_MS
export const FINAL_NOTICE_DAYS = 3
const TRIAL_NOTICE_DAYS = 3

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

/** The day of issue: so many before the next unbilled period begins, but not before the one in front of it has. */
function billDay(of: Contract, { leadDays }: Terms): string {
  const early = addDays(firstDayOf(of, of.periodsBilled), -leadDays)
  const earliest = firstDayOf(of, of.periodsBilled - 1)
  return early > earliest ? early : earliest
}

/** With its period; when it is billed late, as long after the issue as it would have been. After a trial: as that of an order. */
export function dueDate(of: Contract, terms: Terms, issued: Date): string {
  if (of.state === 'trialing') return addDays(localDate(issued, of.timeZone), terms.termDays)
  const begins = firstDayOf(of, of.periodsBilled)
  const left = addDays(localDate(issued, of.timeZone), daysBetween(billDay(of, terms), begins))
  return left > begins ? left : begins
}

const later = (one: Date, other: Date): Date => (one > other ? one : other)

/** What happens next to a contract, and when, if nobody does anything. The automation and the page ask this alone. */
export function nextStep(of: Contract, terms: Terms, now: Date): Step | null {
  if (!isRunning(of.state)) return null
  let next: Step | null = null
  for (const step of steps(of, terms, now)) if (next === null || step.at < next.at) next = step
  return next
}

function steps(of: Contract, terms: Terms, now: Date): Step[] {
  const all: Step[] = []
  if (of.cancelAt !== null) all.push({ what: 'end', at: of.cancelAt })
  if (of.state === 'trialing') return [...all, ...trialing(of)]
  if (isPaused(of.state)) return paused(of, now)
  const isBilledOn = of.cancelAt === null || of.cancelAt > boundary(of, of.periodsBilled)
  // What comes after a change is billed by its terms once it has begun.
  if (isBilledOn && !isChangeBilled(of))
    all.push({ what: 'bill', at: instantOf(billDay(of, terms), of.timeZone) })
  if (of.periodsBilled > of.periodNo + 1) {
    const what = of.change?.periodNo === of.periodNo + 1 ? 'change' : 'advance'
    all.push({ what, at: boundary(of, of.periodNo + 1) })
  }
  return [...all, ...dunning(of, terms, now)]
}

/** The pause ends on its day, unless something is overdue by then: that is paid first. */
function paused({ pause, due, timeZone }: Contract, now: Date): Step[] {
  const [oldest] = due
  if (pause === null || pause.until === null) return []
  if (oldest !== undefined && now >= instantOf(addDays(oldest, 1), timeZone)) return []
  return [{ what: 'resume', at: instantOf(pause.until, timeZone) }]
}

/** Nobody's trial ends for good sooner than a day after he was told. */
function trialing(of: Contract): Step[] {
  const { notifiedAt, trial } = of
  const over = boundary(of, 0)
  const notice = instantOf(addDays(of.anchor, -TRIAL_NOTICE_DAYS), of.timeZone, DUNNING_HOUR)
  if (trial === null || of.cancelAt !== null) return []
  if (notifiedAt === null) return [{ what: 'trialNotice', at: notice }]
  if (isKept(trial)) return [{ what: 'activate', at: over }]
  if (of.isProtected) return []
  return [{ what: 'trialOver', at: later(over, new Date(notifiedAt.getTime() + NOTICE_MS)) }]
}

/** Whether what is on trial goes on after it, as far as one knows today. */
export const isKept = ({ after, hasMethod }: Trial): boolean =>
  after === 'activate' || (after === 'method' && hasMethod)

function dunning(of: Contract, policy: Terms, now: Date): Step[] {
  // While a payment is disputed people are reminded, and nobody is suspended or ended.
  const terms =
    of.isDisputed === true ? { ...policy, suspendAfterDays: null, terminateAfterDays: null } : policy
  const [oldest] = of.due
  const isOverdue = oldest !== undefined && now >= instantOf(addDays(oldest, 1), of.timeZone)
  if (!isOverdue && stateAfter(of.state, 'settled') !== undefined) return [{ what: 'settle', at: now }]
  // A hold beats whatever the policy says.
  if (of.holdUntil !== null) return [{ what: 'release', at: of.holdUntil }]
  if (oldest === undefined || terms.isRecordedElsewhere === true) return []
  const day = (days: number): Date => instantOf(addDays(oldest, days), of.timeZone, DUNNING_HOUR)
  if (of.state === 'active') return [{ what: 'overdue', at: day(1) }]
  return [...before(of, terms, day, now), ...lastly(of, terms, day)]
}

/** Reminders and the suspension. */
function before(of: Contract, terms: Terms, day: (days: number) => Date, now: Date): Step[] {
  if (of.state !== 'grace') return []
  const { notifiedAt } = of
  // After a hold everything is told anew.
  if (notifiedAt === null) return [{ what: 'remind', at: now }]
  const reminders = terms.remindAfterDays.map(day).filter((at) => at > notifiedAt)
  const noticed = new Date(notifiedAt.getTime() + NOTICE_MS)
  return [
    ...reminders.map((at): Step => ({ what: 'remind', at })),
    ...(terms.suspendAfterDays === null
      ? []
      : [{ what: 'suspend', at: later(day(terms.suspendAfterDays), noticed) } satisfies Step]),
  ]
}

/** The last warning and the end, of what is suspended; or of what is overdue where nothing is ever suspended. */
function lastly(of: Contract, terms: Terms, day: (days: number) => Date): Step[] {
  const { terminateAfterDays: days, suspendAfterDays } = terms
  const isLast = of.state === 'suspended' || (of.state === 'grace' && suspendAfterDays === null)
  if (days === null || !isLast || of.isProtected) return []
  if (of.finalWarnedAt === null) return [{ what: 'warn', at: day(days - FINAL_NOTICE_DAYS) }]
  const noticed = new Date(of.finalWarnedAt.getTime() + FINAL_NOTICE_DAYS * NOTICE_MS)
  return [{ what: 'terminate', at: later(day(days), noticed) }]
}

type Issuing = 'bill' | 'activate'
/** Whether a step issues an invoice. */
export const issues = (what: StepName): what is Issuing => what === 'bill' || what === 'activate'

const NOT_TOLD = { notifiedAt: null, finalWarnedAt: null }

/** What a step changes in a contract, the hypervisor having obeyed. */
const EFFECTS: Record<Exclude<StepName, Issuing>, (of: Contract, at: Date) => Partial<Contract>> = {
  trialNotice: (_, at) => ({ notifiedAt: at }),
  trialOver: () => ({ state: 'terminating' }),
  advance: ({ periodNo }) => ({ periodNo: periodNo + 1, movedDays: 0 }),
  change: (of) => changed(of),
  resume: (of, at) => ({ ...resumed(of, localDate(at, of.timeZone)), state: 'active' }),
  release: () => ({ holdUntil: null, ...NOT_TOLD }),
  overdue: (_, at) => ({ state: 'grace', notifiedAt: at, finalWarnedAt: null }),
  remind: (_, at) => ({ notifiedAt: at }),
  suspend: () => ({ state: 'suspended', finalWarnedAt: null }),
  warn: (_, at) => ({ finalWarnedAt: at }),
  settle: () => ({ state: 'active', ...NOT_TOLD }),
  end: () => ({ state: 'terminating' }),
  terminate: () => ({ state: 'terminating' }),
}

function billed(of: Contract, terms: Terms, at: Date, paid: boolean): Partial<Contract> {
  const counted: Partial<Contract> = {
    periodsBilled: of.periodsBilled + 1,
    ...(of.state === 'trialing' && { state: 'active', trial: null, ...NOT_TOLD }),
  }
  if (terms.isRecordedElsewhere === true) return counted
  const amount = amountOf(of, of.periodsBilled)
  const used = of.creditMinor < amount ? of.creditMinor : amount
  const isOpen = used < amount && !paid
  return {
    ...counted,
    creditMinor: of.creditMinor - used,
    due: isOpen ? [...of.due, dueDate(of, terms, at)].toSorted() : of.due,
  }
}

const OBEYED: Partial<Record<SubscriptionState, SubscriptionState>> = {
  suspending: 'suspended',
  unsuspending: 'active',
  pausing: 'paused',
}

export type Planned = Step & { before: Contract }

/**
 * What happens to a contract from `now` on, if nobody does anything.
 * @param paid whether every invoice, also what is open now, is paid in time
 */
export function calendar(
  of: Contract,
  terms: Terms,
  { now, until, paid, limit }: { now: Date; until: Date; paid: boolean; limit: number },
): Planned[] {
  const planned: Planned[] = []
  let at = now
  let contract: Contract = { ...of, state: OBEYED[of.state] ?? of.state, due: paid ? [] : of.due }
  while (planned.length < limit) {
    const next = nextStep(contract, terms, at)
    if (next === null) break
    // What should have happened before happens now.
    at = later(next.at, at)
    if (at > until) break
    planned.push({ what: next.what, at, before: contract })
    contract = {
      ...contract,
      ...(issues(next.what) ? billed(contract, terms, at, paid) : EFFECTS[next.what](contract, at)),
    }
  }
  return planned
}

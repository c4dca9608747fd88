import { isPaused, isRunning, stateAfter } from '../../../shared/states/billingSubscription.ts'
import { addDays, daysBetween, instantOf, localDate } from '../../lib/period.ts'
import {
  boundary,
  firstDayOf,
  isChangeBilled,
  storageDay,
  type Contract,
  type Terms,
  type Trial,
} from './contractPeriods.ts'

/**
 * `trialNotice`: the customer is told that his trial ends. `activate`: it is over, and the first period begins with its invoice.
 * `trialOver`: it ends with its trial.
 * `end`: the agreed end. `bill`: the next period gets its invoice. `advance`: it begins. `change`: it begins with another plan or
 * price. `settle`: nothing is overdue any more.
 * `storage`: what the disk of what is paused costs is billed. `resume`: a pause ends. `release`: a hold ends. The others are what is done about an overdue invoice.
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
  | 'storage'
  | 'resume'
  | 'release'
  | 'overdue'
  | 'remind'
  | 'suspend'
  | 'warn'
  | 'terminate'
export type Step<What extends StepName = StepName> = { what: What; at: Date }

const HOUR_MS = 3_600_000
/** The hour of the day, where the contract is at home, at which people are reminded and pods suspended. */
const DUNNING_HOUR = 9
/** Nobody is suspended sooner after having been told, nor ended sooner after the last warning, whatever was missed before. */
const NOTICE_MS = 24 * HOUR_MS
export const FINAL_NOTICE_DAYS = 3
const TRIAL_NOTICE_DAYS = 3

/** The day of issue: so many before the next unbilled period begins, but not before the one in front of it has. */
function billDay(of: Contract, { leadDays }: Terms): string {
  const early = addDays(firstDayOf(of, of.periodsBilled), -leadDays)
  const earliest = firstDayOf(of, of.periodsBilled - 1)
  return early > earliest ? early : earliest
}

/**
 * With its period; when it is billed late, as long after the issue as it would have been. After a trial, and while it is paused: as
 * that of an order.
 */
export function dueDate(of: Contract, terms: Terms, issued: Date): string {
  if (of.state === 'trialing' || isPaused(of.state))
    return addDays(localDate(issued, of.timeZone), terms.termDays)
  const begins = firstDayOf(of, of.periodsBilled)
  const left = addDays(localDate(issued, of.timeZone), daysBetween(billDay(of, terms), begins))
  return left > begins ? left : begins
}

export const later = (one: Date, other: Date): Date => (one > other ? one : other)

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
  if (isPaused(of.state)) return [...stored(of, terms), ...paused(of, now)]
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

/** What its disk costs is billed on each renewal day that the pause passes over; on the day of the resume it is not paused any more. */
function stored(of: Contract, { isRecordedElsewhere = false }: Terms): Step[] {
  const { pause, storage, timeZone } = of
  if (pause === null || storage === undefined || storage.minor === 0n || isRecordedElsewhere) return []
  const day = storageDay(of)
  return pause.until === null || day < pause.until ? [{ what: 'storage', at: instantOf(day, timeZone) }] : []
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

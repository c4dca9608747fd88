import { t } from '../text.ts'
/**
 * A subscription's states. `awaiting_payment`: capacity is reserved, nothing is made. `provisioning`: paid, the pod is
 * being made. `trialing`: it runs, and its first period has not begun. `grace`: an invoice is overdue, the pod runs on. `suspending`, `unsuspending`: the pod is being stopped, or
 * brought back; `suspended`: that it is stopped was proven. `pausing`, `paused`: the same because somebody wished it, and nothing
 * is billed meanwhile. `terminating`: the pod is being destroyed, or kept for a while.
 * `terminated`: its absence was proven. `expired`: never paid.
 */
export const SUBSCRIPTION_STATES = [
  'awaiting_payment',
  'provisioning',
  'trialing',
  'active',
  'grace',
  'suspending',
  'suspended',
  'unsuspending',
  'pausing',
  'paused',
  'terminating',
  'terminated',
  'expired',
] as const
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number]

/**
 * What happens to a subscription. `overdue`, `suspend` are decided by the dunning policy; `settled`:
 * nothing is overdue any more; `held`: a person forbids it for a while; `stopped` and `restored` are read back from the
 * hypervisor. `pause`, `resumed`: a person wishes it. `cancelled`: its pod exists and is being ended; `dropped`: there is no pod to end.
 */
export type SubscriptionEvent =
  | 'paid'
  | 'delivered'
  | 'deliveredOnTrial'
  | 'trialOver'
  | 'overdue'
  | 'suspend'
  | 'stopped'
  | 'settled'
  | 'held'
  | 'restored'
  | 'pause'
  | 'resumed'
  | 'cancelled'
  | 'dropped'
  | 'gone'
  | 'undeleted'
  | 'undeletedStopped'
  | 'undeletedOnTrial'

const ENDS = { cancelled: 'terminating', dropped: 'terminated' } as const

/** The one table of what follows from what. What is not in it changes nothing. */
const TRANSITIONS: Record<SubscriptionState, Partial<Record<SubscriptionEvent, SubscriptionState>>> = {
  awaiting_payment: { paid: 'provisioning', dropped: 'expired', cancelled: 'terminating' },
  provisioning: { delivered: 'active', deliveredOnTrial: 'trialing', ...ENDS },
  trialing: { trialOver: 'active', ...ENDS },
  active: { overdue: 'grace', pause: 'pausing', ...ENDS },
  grace: { settled: 'active', suspend: 'suspending', ...ENDS },
  suspending: { stopped: 'suspended', settled: 'unsuspending', held: 'unsuspending', ...ENDS },
  suspended: { settled: 'unsuspending', held: 'unsuspending', ...ENDS },
  unsuspending: { restored: 'active', ...ENDS },
  pausing: { stopped: 'paused', resumed: 'unsuspending', ...ENDS },
  paused: { resumed: 'unsuspending', ...ENDS },
  terminating: {
    gone: 'terminated',
    undeleted: 'active',
    undeletedStopped: 'unsuspending',
    undeletedOnTrial: 'trialing',
  },
  terminated: {},
  expired: {},
}

/** The state after an event, or undefined when it means nothing now. */
export const stateAfter = (
  state: SubscriptionState,
  event: SubscriptionEvent,
): SubscriptionState | undefined => TRANSITIONS[state][event]

/** Delivered and not ended: it is billed, period after period. */
export const LIVE_STATES = [
  'active',
  'grace',
  'suspending',
  'suspended',
  'unsuspending',
] as const satisfies readonly SubscriptionState[]
export const isLive = (state: SubscriptionState): boolean =>
  (LIVE_STATES as readonly SubscriptionState[]).includes(state)

/** Somebody has paused it: it is not billed meanwhile. */
const PAUSED_STATES = ['pausing', 'paused'] as const satisfies readonly SubscriptionState[]
export const isPaused = (state: SubscriptionState): boolean =>
  (PAUSED_STATES as readonly SubscriptionState[]).includes(state)

/** Delivered and not ended, whether it is billed or not: something happens to it by itself. */
export const RUNNING_STATES = [
  'trialing',
  ...LIVE_STATES,
  ...PAUSED_STATES,
] as const satisfies readonly SubscriptionState[]
export const isRunning = (state: SubscriptionState): boolean =>
  (RUNNING_STATES as readonly SubscriptionState[]).includes(state)

/** What follows a trial: it is billed; it is if there is a payment method, and ends otherwise; it ends unless somebody keeps it. */
export const TRIAL_THEN = ['activate', 'method', 'cancel'] as const
export type TrialThen = (typeof TRIAL_THEN)[number]

export type Verdict = { allowed: true } | { allowed: false; reason: string }
export const allowed: Verdict = { allowed: true }
export const refused = (reason: string): Verdict => ({ allowed: false, reason })

type Subject = {
  state: SubscriptionState
  cancelAt?: unknown
  deliveryProblem?: string | null
  hold?: unknown
  provider?: string
  change?: { state: ChangeState } | null
  trial?: { after: TrialThen } | null
}

/**
 * A change of the plan or price. `planned`: it begins with the next period. `working`: it was charged, and the pod is being
 * resized. `undone`: that could not be done, and what was charged is credited.
 */
export const CHANGE_STATES = ['planned', 'working', 'done', 'undone', 'cancelled'] as const
export type ChangeState = (typeof CHANGE_STATES)[number]

const ENDED: Partial<Record<SubscriptionState, string>> = {
  terminating: t`The subscription is already being ended.`,
  terminated: t`The subscription has ended.`,
  expired: t`The subscription has ended without having been paid.`,
}

const WORKING = t`The last change of its plan is still being carried out: wait for its end.`

/** Which action a subscription allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canSubscription = {
  cancelNow: ({ state }: Subject): Verdict => (ENDED[state] ? refused(ENDED[state]) : allowed),

  cancelAtPeriodEnd: ({ state, cancelAt, change }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    if (!isRunning(state))
      return refused(t`Only a delivered subscription has a period to end with: cancel it now instead.`)
    if (isPaused(state))
      return refused(t`While it is paused its period does not go on: resume it first, or cancel it now.`)
    if (change?.state === 'working') return refused(WORKING)
    return cancelAt ? refused(t`The subscription already ends with its period.`) : allowed
  },

  uncancel: ({ state, cancelAt }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    return cancelAt ? allowed : refused(t`The subscription was not cancelled.`)
  },

  hold: ({ state, hold }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    if (!isLive(state))
      return refused(t`Only a delivered and billed subscription can be suspended, so only that is held.`)
    return hold ? refused(t`The subscription is held already: release it first.`) : allowed
  },

  release: ({ hold }: Subject): Verdict => (hold ? allowed : refused(t`The subscription is not held.`)),

  pause: ({ state, cancelAt, provider = 'manual', hold, change }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    if (isPaused(state)) return refused(t`It is paused already.`)
    if (!isLive(state)) return refused(t`Only a delivered and billed subscription is paused.`)
    if (state === 'unsuspending') return refused(t`The CloudPod is being brought back: wait until it is.`)
    if (state !== 'active') return refused(t`An invoice is overdue: it must be paid first.`)
    if (provider !== 'manual') return refused(t`It is not billed by mPanel: pause it where it is billed.`)
    if (hold) return refused(t`It is held: release it first.`)
    if (cancelAt) return refused(t`The subscription ends with its period: take the cancellation back first.`)
    if (change?.state === 'planned') return refused(t`A change is planned: cancel that first.`)
    if (change?.state === 'working') return refused(WORKING)
    return allowed
  },

  resume: ({ state }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    return isPaused(state) ? allowed : refused(t`The subscription is not paused.`)
  },

  /** That it goes on after its trial, whatever was agreed with the order. */
  keep: ({ state, trial, cancelAt }: Subject): Verdict => {
    if (state !== 'trialing') return refused(t`Only a subscription on trial is kept.`)
    if (cancelAt)
      return refused(t`It was cancelled for the end of its trial: take the cancellation back first.`)
    return trial?.after === 'activate' ? refused(t`It goes on after its trial already.`) : allowed
  },

  /** Another plan or price, now or from the next period on. */
  change: ({ state, cancelAt, provider = 'manual', change }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    if (state === 'trialing')
      return refused(t`It is on trial: another plan or price comes after its first invoice.`)
    if (isPaused(state)) return refused(t`It is paused: resume it first.`)
    if (!isLive(state)) return refused(t`Only a delivered subscription gets another plan or price.`)
    if (state === 'unsuspending') return refused(t`The CloudPod is being brought back: wait until it is.`)
    if (state !== 'active') return refused(t`An invoice is overdue: it must be paid first.`)
    if (provider !== 'manual') return refused(t`It is not billed by mPanel: change it where it is billed.`)
    if (cancelAt) return refused(t`The subscription ends with its period: take the cancellation back first.`)
    if (change?.state === 'planned') return refused(t`A change is planned already: cancel that first.`)
    if (change?.state === 'working') return refused(WORKING)
    return allowed
  },

  cancelChange: ({ state, change }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    return change?.state === 'planned' ? allowed : refused(t`No change is planned.`)
  },

  retryDelivery: ({ state, deliveryProblem }: Subject): Verdict =>
    state === 'provisioning' && deliveryProblem
      ? allowed
      : refused(t`Only a paid subscription whose pod could not be made is delivered again.`),
} as const

/**
 * A subscription's states. `awaiting_payment`: capacity is reserved, nothing is made. `provisioning`: paid, the pod is
 * being made. `terminating`: the pod is being destroyed. `terminated`: its absence was proven. `expired`: never paid.
 */
export const SUBSCRIPTION_STATES = [
  'awaiting_payment',
  'provisioning',
  'active',
  'terminating',
  'terminated',
  'expired',
] as const
type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number]

export type Verdict = { allowed: true } | { allowed: false; reason: string }
export const allowed: Verdict = { allowed: true }
export const refused = (reason: string): Verdict => ({ allowed: false, reason })

type Subject = { state: SubscriptionState; cancelAt?: unknown; deliveryProblem?: string | null }

const ENDED: Partial<Record<SubscriptionState, string>> = {
  terminating: 'The subscription is already being ended.',
  terminated: 'The subscription has ended.',
  expired: 'The subscription has ended without having been paid.',
}

/** Which action a subscription allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canSubscription = {
  cancelNow: ({ state }: Subject): Verdict => (ENDED[state] ? refused(ENDED[state]) : allowed),

  cancelAtPeriodEnd: ({ state, cancelAt }: Subject): Verdict => {
    if (ENDED[state]) return refused(ENDED[state])
    if (state !== 'active')
      return refused('Only an active subscription has a period to end with: cancel it now instead.')
    return cancelAt ? refused('The subscription already ends with its period.') : allowed
  },

  retryDelivery: ({ state, deliveryProblem }: Subject): Verdict =>
    state === 'provisioning' && deliveryProblem
      ? allowed
      : refused('Only a paid subscription whose pod could not be made is delivered again.'),
} as const

import { Refused } from './model.ts'

/** Why Stripe takes a call later: another holds the same object, or there were too many. */
export type Busy = 'lock' | 'rate'

/** Nothing was done. */
export const busy = (why: Busy, headers: Record<string, string> = {}): Refused =>
  new Refused(
    429,
    { type: 'invalid_request_error', ...SAYS[why].error },
    { ...SAYS[why].headers, ...headers },
  )

const SAYS = {
  lock: {
    error: {
      code: 'lock_timeout',
      message:
        'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
    },
    headers: { 'stripe-rate-limited-reason': 'resource-specific', 'stripe-should-retry': 'true' },
  },
  rate: {
    error: { code: 'rate_limit', message: 'Request rate limit exceeded.' },
    headers: { 'stripe-rate-limited-reason': 'global-rate' },
  },
}

/** At most so many calls within any second, by the clock on the wall; null: any number. */
export class RateLimit {
  perSecond: number | null = null
  #taken: number[] = []

  /** @throws Refused 429 */
  take(): void {
    if (this.perSecond === null) return
    const now = performance.now()
    this.#taken = this.#taken.filter((at) => now - at < 1000)
    if (this.#taken.length >= this.perSecond) throw busy('rate')
    this.#taken.push(now)
  }
}

import { Stripe } from 'stripe'
import { backoffMs, sleep } from '../../lib/backoff.ts'
import { retryAfterMs } from '../../lib/retryAfter.ts'

const SECOND_MS = 1000
/** Whoever would have to wait longer is told so at once: nothing was sent, and the job comes again. */
const LONGEST_WAIT_MS = 5_000
const LONGEST_PAUSE_MS = 60_000

/** The code of the fault when a call was not sent because Stripe would have refused it. */
export const NOT_OUR_TURN = 'MPANEL_NOT_OUR_TURN'

type Answer = { status: number; headers: Record<string, string | string[] | undefined> }

/**
 * How fast one key is used, by all that this process has going on: calls begin one after another with a gap between them, and
 * none while Stripe asks for a pause. Stripe allows an account 25 calls a second in a sandbox and 100 live, and each endpoint 25
 * (https://docs.stripe.com/rate-limits).
 */
export class Pace {
  readonly #gapMs: number
  readonly #now: () => number
  #line: Promise<unknown> = Promise.resolve()
  #waiting = 0
  /** Nothing begins before. */
  #freeAt = 0
  #refusals = 0

  /** @param now milliseconds of a clock that never goes back */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#gapMs = SECOND_MS / perSecond
    this.#now = now
  }

  /** Waits for a turn. @returns false when it would be too long */
  turn(): Promise<boolean> {
    const end = this.#now() + LONGEST_WAIT_MS
    if (Math.max(this.#now(), this.#freeAt) + this.#waiting * this.#gapMs > end) return Promise.resolve(false)
    this.#waiting++
    const turn = this.#line.then(() => this.#first(end))
    this.#line = turn
    return turn
  }

  async #first(end: number): Promise<boolean> {
    this.#waiting--
    while (this.#freeAt > this.#now()) {
      if (this.#freeAt > end) return false
      await sleep(this.#freeAt - this.#now())
    }
    this.#freeAt = this.#now() + this.#gapMs
    return true
  }

  /** Notes what Stripe has answered. A locked object is no reason for others to wait. */
  heard({ status, headers }: Answer): void {
    if (status !== 429) {
      this.#refusals = 0
      return
    }
    if (headers['stripe-rate-limited-reason'] === 'resource-specific') return
    const { 'retry-after': wish } = headers
    const pauseMs =
      retryAfterMs(typeof wish === 'string' ? wish : undefined) ??
      backoffMs(this.#refusals++, { baseMs: 500, capMs: LONGEST_PAUSE_MS / 2 })
    this.#freeAt = Math.max(this.#freeAt, this.#now() + Math.min(pauseMs, LONGEST_PAUSE_MS))
  }
}

/** One pace for each key, whoever uses it. */
export function createPaces(perSecond: number): (key: string) => Pace {
  const paces = new Map<string, Pace>()
  return (key) => {
    const pace = paces.get(key) ?? new Pace(perSecond)
    paces.set(key, pace)
    return pace
  }
}

type HttpClient = NonNullable<NonNullable<ConstructorParameters<typeof Stripe>[1]>['httpClient']>

/** What carries the calls of the SDK, each page of a list as well, each at its turn. */
export function pacedHttp(pace: Pace): HttpClient {
  const http = Stripe.createNodeHttpClient()
  return {
    getClientName: () => http.getClientName(),
    makeRequest: async (...call) => {
      if (!(await pace.turn()))
        throw Object.assign(new Error('Stripe would have refused this call.'), { code: NOT_OUR_TURN })
      const answer = await http.makeRequest(...call)
      pace.heard({ status: answer.getStatusCode(), headers: answer.getHeaders() })
      return answer
    },
  }
}

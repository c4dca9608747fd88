import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from './model.ts'

type Endpoint = { url: string; secret: string }

/** How a message is sent otherwise than it should be. */
type Twist = { at?: number; secret?: string; body?: string }

const RETRIES_MS = [200, 1_000, 5_000]

export const signatureOf = (body: string, secret: string, at: number): string =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`

/** Messages to endpoints: at once, or kept back to be sent by hand, in any order, twice or never. */
export class Webhooks {
  endpoints: Endpoint[] = []
  readonly held: Event[] = []
  #isHeld = false
  readonly #bodyOf: (event: Event) => unknown
  readonly #now: () => number
  readonly #going = new Set<Promise<void>>()
  #closed = false

  constructor(bodyOf: (event: Event) => unknown, now: () => number) {
    this.#bodyOf = bodyOf
    this.#now = now
  }

  /** From now on nothing is sent by itself. */
  hold(): void {
    this.#isHeld = true
  }

  /** Sends what was kept back, and from now on everything at once. */
  release(): void {
    this.#isHeld = false
    for (const event of this.held.splice(0)) this.#deliver(event)
  }

  take(event: Event): void {
    if (this.#isHeld) this.held.push(event)
    else this.#deliver(event)
  }

  /** Sends one message once. @returns the status of each endpoint */
  async send(event: Event, twist: Twist = {}): Promise<number[]> {
    return Promise.all(this.endpoints.map((endpoint) => this.#post(event, endpoint, twist)))
  }

  async #post(event: Event, { url, secret }: Endpoint, twist: Twist): Promise<number> {
    const body = twist.body ?? JSON.stringify(this.#bodyOf(event))
    const signature = signatureOf(body, twist.secret ?? secret, twist.at ?? this.#now())
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signature,
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    })
    await answer.arrayBuffer()
    return answer.status
  }

  #deliver(event: Event): void {
    const going = this.#untilTaken(event).finally(() => this.#going.delete(going))
    this.#going.add(going)
  }

  async #untilTaken(event: Event): Promise<void> {
    for (const waitMs of [0, ...RETRIES_MS]) {
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false })
      if (this.#closed) return
      const statuses = await this.send(event).catch(() => [0])
      if (statuses.every((status) => status >= 200 && status < 300)) return
    }
  }

  /** Resolves once nothing is being sent. */
  async idle(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going)
  }

  close(): void {
    this.#closed = true
  }
}

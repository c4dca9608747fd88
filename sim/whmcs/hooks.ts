import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export type Hook = {
  id: string
  event: string
  at: number
  client?: number
  invoice?: number
  service?: number
  order?: number
}

/** How a message is sent otherwise than it should be. */
type Twist = { at?: number; secret?: string; body?: string }

const RETRIES_MS = [200, 1_000, 5_000]

export const hookSignature = (body: string, secret: string, at: number): string =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`

/** What the hook file of mPanel does in a WHMCS: ids only, signed, sent again until they are taken; or kept back. */
export class Hooks {
  endpoint: { url: string; secret: string } | null = null
  readonly fired: Hook[] = []
  #isHeld = false
  #closed = false
  readonly #now: () => Date
  readonly #going = new Set<Promise<void>>()

  constructor(now: () => Date) {
    this.#now = now
  }

  /** From now on nothing is sent by itself. */
  hold(): void {
    this.#isHeld = true
  }

  emit(event: string, about: Omit<Hook, 'id' | 'event' | 'at'>): void {
    const hook = { id: randomUUID(), event, at: Math.floor(this.#now().getTime() / 1000), ...about }
    this.fired.push(hook)
    if (this.#isHeld || this.#closed) return
    const going = this.#untilTaken(hook).finally(() => this.#going.delete(going))
    this.#going.add(going)
  }

  /** Sends one once. @returns the status; null when nobody is to be told */
  async send(hook: Hook, twist: Twist = {}): Promise<number | null> {
    if (this.endpoint === null) return null
    const { url, secret } = this.endpoint
    const body = twist.body ?? JSON.stringify(hook)
    const at = twist.at ?? Math.floor(this.#now().getTime() / 1000)
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-mpanel-signature': hookSignature(body, twist.secret ?? secret, at),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    })
    await answer.arrayBuffer()
    return answer.status
  }

  async #untilTaken(hook: Hook): Promise<void> {
    for (const waitMs of [0, ...RETRIES_MS]) {
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false })
      if (this.#closed) return
      const status = await this.send(hook).catch(() => 0)
      if (status === null || (status >= 200 && status < 300)) return
    }
  }

  close(): void {
    this.#closed = true
  }
}

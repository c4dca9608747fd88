import { Refused, type Refused as Refusal } from './model.ts'

export type Answer = { status: number; json: unknown; headers?: Record<string, string> }
type Kept = { fingerprint: string; at: number; answer: Answer | null }

const DAY_S = 86_400

/**
 * Stripe's rules for keys: the first answer is kept once the endpoint has begun, whatever it was, also a 500; what was refused
 * before that, or is going on just now, is not. After a day a key is as if it had never been.
 */
export class Keys {
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number
  constructor(now: () => number) {
    this.#now = now
  }

  /** Work that may wait (a delay that was asked for) is done in the middle. */
  async once(
    key: string,
    fingerprint: string,
    begin: () => void,
    work: () => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const known = this.#kept.get(key)
    if (known && this.#now() - known.at < DAY_S) {
      if (known.fingerprint !== fingerprint)
        throw new Refused(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        })
      if (known.answer === null)
        throw new Refused(409, {
          type: 'idempotency_error',
          code: 'idempotency_key_in_use',
          message: `There is currently another in-progress request using this Idempotent Key (${key}).`,
        })
      return { ...known.answer, headers: { ...known.answer.headers, 'idempotent-replayed': 'true' } }
    }
    begin()
    const entry: Kept = { fingerprint, at: this.#now(), answer: null }
    this.#kept.set(key, entry)
    try {
      entry.answer = await work()
      return entry.answer
    } catch (error) {
      if (isKept(error)) entry.answer = answerOf(error)
      else this.#kept.delete(key)
      throw error
    }
  }
}

const isKept = (error: unknown): error is Refusal =>
  error instanceof Refused && error.error.type !== 'invalid_request_error' && error.status !== 429

export const answerOf = (refused: Refusal): Answer => ({
  status: refused.status,
  json: { error: refused.error },
  headers: refused.headers,
})

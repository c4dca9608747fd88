import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import { ok, unknown, type Outcome } from '../../lib/outcome.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'
import { refusal, refusedBy, Unreadable } from './whmcsErrors.ts'
import { answerOf } from './whmcsShapes.ts'
import type { BillingConnection } from './types.ts'

export type Send = (request: OutgoingRequest) => Promise<OutgoingAnswer>
type Fields = Record<string, string | number | boolean>
export type Call = <T>(action: string, fields: Fields, read: (answer: unknown) => T) => Promise<Outcome<T>>
type Connection = Extract<BillingConnection, { kind: 'whmcs' }>

/** Some of its actions carry out everything while one waits. */
const TIMEOUT_MS = 60_000
const MAX_BYTES = 50_000_000

/** Calls an action of WHMCS. Never rejects: what went wrong is an outcome. Nothing is sent twice. */
export const callerOf =
  (send: Send, connection: Connection): Call =>
  async (action, fields, read) => {
    const { url, identifier, secret, accessKey, timeoutMs = TIMEOUT_MS } = connection
    const form = new URLSearchParams({ action, identifier, secret, responsetype: 'json' })
    if (accessKey !== null) form.set('accesskey', accessKey)
    for (const [name, value] of Object.entries(fields)) form.set(name, String(value))
    let answer: OutgoingAnswer
    try {
      answer = await send({
        url: `${withoutTrailingSlashes(url)}/includes/api.php`,
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
          'user-agent': 'mPanel',
        },
        body: form.toString(),
        timeoutMs,
        maxBytes: MAX_BYTES,
      })
    } catch (error) {
      if (!(error instanceof OutgoingFault)) throw error
      return error.outcome === 'refused'
        ? refusal('unreachable', `WHMCS cannot be reached: ${error.message}.`)
        : unknown(`WHMCS has not answered: ${error.message}.`)
    }
    return outcomeOf(answer, read)
  }

function outcomeOf<T>({ status, body }: OutgoingAnswer, read: (answer: unknown) => T): Outcome<T> {
  const json = jsonIn(body.toString('utf8'))
  // A page for people, of WHMCS or of what stands before it: it may have been done.
  if (json === undefined)
    return status >= 300 && status < 400
      ? refusal('invalid', `WHMCS answered ${status}: type the address that it leads to.`)
      : unknown(`WHMCS answered ${status} with what is no JSON: it may be down for maintenance.`)
  try {
    const { failed, message } = answerOf(json)
    return failed ? refusedBy(message) : ok(read(json))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return unknown(`WHMCS answered what cannot be read: ${error.message}.`)
  }
}

/** Notices of PHP may stand before the answer, whose first word is always the same. */
function jsonIn(text: string): unknown {
  const from = text.search(/\{\s*"(?:result|status)"/)
  try {
    return JSON.parse(from < 0 ? text : text.slice(from))
  } catch {
    return undefined
  }
}

/** One call after another for each name. */
export function oneAtATime(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (name, work) => {
    const before = last.get(name) ?? Promise.resolve()
    const mine = before.then(work, work)
    last.set(name, mine)
    try {
      return await mine
    } finally {
      if (last.get(name) === mine) last.delete(name)
    }
  }
}

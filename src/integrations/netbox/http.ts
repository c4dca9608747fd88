import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import { ok, rejected, unknown, type Outcome, type Rejected } from '../../lib/outcome.ts'
import type { NetboxCode, NetboxConnection } from './types.ts'

type Send = (request: OutgoingRequest) => Promise<OutgoingAnswer>
type Method = NonNullable<OutgoingRequest['method']>
export type Call = (method: Method, path: string, body?: unknown) => Promise<Outcome<unknown>>

const TIMEOUT_MS = 15_000
/** A page of a thousand addresses, each with all its fields. */
const MAX_BYTES = 20_000_000
const MAX_MESSAGE = 300

/** v2 tokens say which key they are for; the older ones are one word. */
const authorization = (token: string): string =>
  token.startsWith('nbt_') ? `Bearer ${token}` : `Token ${token}`

/** Calls a NetBox. Never rejects: what went wrong is an outcome. */
export const callerOf =
  (send: Send, { url, token, ca, timeoutMs = TIMEOUT_MS }: NetboxConnection): Call =>
  async (method, path, body) => {
    let answer: OutgoingAnswer
    try {
      answer = await send({
        url: `${url}/api${path}`,
        method,
        headers: {
          accept: 'application/json',
          authorization: authorization(token),
          'user-agent': 'mPanel',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs,
        maxBytes: MAX_BYTES,
        ...(ca === undefined ? {} : { ca }),
      })
    } catch (error) {
      if (!(error instanceof OutgoingFault)) throw error
      return error.outcome === 'refused'
        ? refusal('unreachable', `NetBox cannot be reached: ${error.message}`, true)
        : unknown(`NetBox has not answered: ${error.message}`)
    }
    return outcomeOf(answer)
  }

export const refusal = (code: NetboxCode, message: string, retryable = false): Rejected =>
  rejected(code, message, { retryable })

function outcomeOf({ status, body }: OutgoingAnswer): Outcome<unknown> {
  const text = body.toString('utf8')
  if (status === 204) return ok(null)
  const json = parsed(text)
  if (status >= 200 && status < 300)
    return json === undefined ? unknown(`NetBox answered ${status} with what is no JSON`) : ok(json)
  // A proxy in front of it, or NetBox in the middle of something: it may have been done.
  if (status >= 500) return unknown(`NetBox answered ${status}`)
  if (status >= 300 && status < 400)
    return refusal('invalid', `NetBox answered ${status}: type the address that it leads to`)
  return refused(status, json)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const CODES: Record<number, NetboxCode> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'missing',
  409: 'protected',
  429: 'busy',
}

/** NetBox says either `detail`, or for each field what is wrong with it. */
function refused(status: number, json: unknown): Rejected {
  const fields = typeof json === 'object' && json !== null ? Object.entries(json) : []
  const message = fields.map(([key, value]) => (key === 'detail' ? said(value) : `${key}: ${said(value)}`))
  const code = CODES[status] ?? 'invalid'
  return rejected(code, (message.join('; ') || `NetBox answered ${status}`).slice(0, MAX_MESSAGE), {
    retryable: code === 'busy',
    ...(code === 'invalid' && fields.length > 0
      ? { errors: Object.fromEntries(fields.map(([key, value]) => [key, said(value)])) }
      : {}),
  })
}

const said = (value: unknown): string =>
  Array.isArray(value) ? value.map(said).join(' ') : typeof value === 'string' ? value : JSON.stringify(value)

import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import { ok, rejected, unknown, type Outcome, type Rejected } from '../../lib/outcome.ts'
import type { DnsServerCode, DnsServerConnection } from './types.ts'

export type Send = (request: OutgoingRequest) => Promise<OutgoingAnswer>
type Method = NonNullable<OutgoingRequest['method']>
export type Call = (method: Method, path: string, body?: unknown) => Promise<Outcome<unknown>>

const TIMEOUT_MS = 15_000
/** A zone of a hundred thousand records. */
const MAX_BYTES = 64_000_000
const MAX_MESSAGE = 300

/** Calls the API of a PowerDNS. Never rejects: what went wrong is an outcome. */
export const callerOf =
  (send: Send, connection: Extract<DnsServerConnection, { kind: 'powerdns' }>): Call =>
  async (method, path, body) => {
    const { url, apiKey, serverId, ca, timeoutMs = TIMEOUT_MS } = connection
    let answer: OutgoingAnswer
    try {
      answer = await send({
        url: `${url}/api/v1/servers/${encodeURIComponent(serverId)}${path}`,
        method,
        headers: {
          accept: 'application/json',
          'x-api-key': apiKey,
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
        ? refusal('unreachable', `PowerDNS cannot be reached: ${error.message}`, true)
        : unknown(`PowerDNS has not answered: ${error.message}`)
    }
    return outcomeOf(answer)
  }

const refusal = (code: DnsServerCode, message: string, retryable = false): Rejected =>
  rejected(code, message, { retryable })

const CODES: Record<number, [DnsServerCode, string]> = {
  401: ['unauthorized', 'PowerDNS does not take the API key'],
  403: ['unauthorized', 'PowerDNS does not take the API key, or not from this address'],
  404: ['missing', 'PowerDNS does not know it'],
  409: ['exists', 'PowerDNS has a zone of this name'],
}

/** By the status alone: bodies are plain text but for 422, which says what is wrong with the records. */
function outcomeOf({ status, body }: OutgoingAnswer): Outcome<unknown> {
  const text = body.toString('utf8')
  if (status === 204 || (status >= 200 && status < 300 && text === '')) return ok(null)
  const json = parsed(text)
  if (status >= 200 && status < 300)
    return json === undefined ? unknown(`PowerDNS answered ${status} with what is no JSON`) : ok(json)
  // "database is locked", a deadlock, a proxy in front of it: whether it was done is seen by looking.
  if (status >= 500) return unknown(`PowerDNS answered ${status}: its log says why`)
  const [code, message] = CODES[status] ?? ['invalid', `PowerDNS answered ${status}`]
  const said = (json as { error?: unknown } | undefined)?.error
  return refusal(code, (typeof said === 'string' ? said : message).slice(0, MAX_MESSAGE))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `/` of reverse zones is written `=2F`, the only form that all versions take. */
export const pathOf = (name: string): string => `/zones/${name.replaceAll('/', '=2F')}`

export class Unreadable extends Error {}

export const rowOf = (value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable('no object')
  return value as Record<string, unknown>
}

/** What an answer says, `unknown` where it is not of a shape that we know. */
export async function asked<T>(
  answer: Promise<Outcome<unknown>>,
  read: (value: unknown) => T,
): Promise<Outcome<T>> {
  const got = await answer
  if (got.outcome !== 'ok') return got
  try {
    return ok(read(got.value))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return unknown(`PowerDNS answered what cannot be read: ${error.message}`)
  }
}

/** Tells secondaries at once instead of within a minute. That they hear it is not our business: they ask by themselves as well. */
export const notify = async (call: Call, name: string): Promise<void> =>
  void (await call('PUT', `${pathOf(name)}/notify`))

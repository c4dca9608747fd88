import type { Duplex } from 'node:stream'
import { rejected } from '../../lib/outcome.ts'
import type { Ok, Rejected, Unknown } from '../../lib/outcome.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'
import { classify } from './classify.ts'
import type { Envelope } from './classify.ts'
import { createCredentials } from './credentials.ts'
import type { Method } from './credentials.ts'
import { encodeParams } from './encode.ts'
import type { Params } from './encode.ts'
import { createTransport } from './http.ts'
import { openSocket } from './socket.ts'
import { isFingerprint } from './tls.ts'
import type { Call, ProxmoxConnection } from './types.ts'

export type More = { query?: Params; form?: Params } & Call

/** One call to the API, logged in and sorted. */
export type Caller = {
  /** The user or token our tasks run under. */
  user: string
  call(method: Method, path: string, more?: More): Promise<Ok<Envelope> | Rejected | Unknown>
  /** A WebSocket to the same server, logged in the same way. */
  upgrade(path: string, more: Pick<More, 'query' | 'signal'>): Promise<Ok<Duplex> | Rejected | Unknown>
}

/** Longer than the 30 s after which Proxmox itself gives up on another node (596), so that we hear it say so. */
const DEFAULT_TIMEOUT_MS = 40_000
const CONNECT_TIMEOUT_MS = 10_000

/** Throws a TypeError when the connection is unusable. */
export function createCaller(connection: ProxmoxConnection): Caller {
  const base = readAddress(connection)
  const timeoutMs = connection.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const target = {
    host: base.host,
    port: base.port,
    ca: connection.ca,
    fingerprint: connection.fingerprint,
    connectTimeoutMs: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
  }
  const transport = createTransport(target)
  const login = { transport, path: `${base.prefix}/access/ticket`, timeoutMs }
  const credentials = createCredentials(connection, login)

  const call: Caller['call'] = async (method, path, more = {}) => {
    const fault = pathFault(path)
    if (fault) return rejected('invalid', fault)
    const query = encodeParams(more.query ?? {})
    const request = {
      method,
      path: `${base.prefix}${path}${query && '?'}${query}`,
      body: more.form ? encodeParams(more.form) : undefined,
      signal: more.signal,
      timeoutMs,
    }
    for (let again = false; ; again = true) {
      const authorised = await abortable(credentials.headers(method), more.signal)
      if ('outcome' in authorised) return authorised
      const exchange = await transport.send({
        ...request,
        headers: { ...authorised.headers, Accept: 'application/json' },
      })
      const refused = exchange.kind === 'answer' && exchange.status === 401
      // A 401 proves that nothing was done, so even a write may be sent once more with a new ticket.
      if (!refused || again || !credentials.expired(authorised.headers)) return classify(exchange)
    }
  }
  const upgrade: Caller['upgrade'] = async (path, { query, signal }) => {
    const fault = pathFault(path)
    if (fault) return rejected('invalid', fault)
    const authorised = await abortable(credentials.headers('GET'), signal)
    if ('outcome' in authorised) return authorised
    return openSocket(target, {
      path: `${base.prefix}${path}?${encodeParams(query ?? {})}`,
      headers: authorised.headers,
      signal,
      timeoutMs: target.connectTimeoutMs,
    })
  }
  return { user: credentials.user, call, upgrade }
}

function readAddress(connection: ProxmoxConnection): { host: string; port: number; prefix: string } {
  const url = URL.parse(connection.url)
  if (url?.protocol !== 'https:' || url.username || url.password || url.search || url.hash) {
    throw new TypeError('A Proxmox address looks like https://host:8006')
  }
  if (connection.fingerprint !== undefined && !isFingerprint(connection.fingerprint)) {
    throw new TypeError('The fingerprint is no SHA-256 fingerprint (32 bytes, AA:BB:…)')
  }
  if (connection.ca !== undefined && !connection.ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new TypeError('The CA is no PEM certificate')
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 443),
    prefix: `${withoutTrailingSlashes(url.pathname)}/api2/json`,
  }
}

/** An empty or dotted segment would make the call mean another resource than the one intended. */
const pathFault = (path: string): string | null =>
  /\/\.{0,2}(?:\/|$)/.test(path) ? `not sent: a part of the path is empty: ${path}` : null

const gaveUp = () => rejected('unreachable', 'the caller gave up', { retryable: true })

/** Stops waiting for a shared log-in when this caller gives up; the log-in itself goes on for the others. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | Rejected> {
  if (!signal) return work
  if (signal.aborted) return gaveUp()
  const aborted = Promise.withResolvers<Rejected>()
  const stop = () => aborted.resolve(gaveUp())
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

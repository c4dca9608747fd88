import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { VerifyingAgent, whyNot } from './tls.ts'
import type { TlsTarget } from './tls.ts'

type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path and query as they go on the wire. */
  path: string
  headers: Record<string, string>
  body?: string
  signal?: AbortSignal
  timeoutMs: number
}

/**
 * What became of one request, before anyone asks what it means.
 * `notSent`: no byte of the request left this machine. `lost`: some may have, and no answer came.
 * `readable` is false when the body is cut off, too large or no JSON.
 */
export type Exchange =
  | { kind: 'answer'; status: number; reason: string; readable: boolean; body: unknown }
  | { kind: 'notSent'; message: string }
  | { kind: 'lost'; message: string }

export type Transport = { send(request: HttpRequest): Promise<Exchange> }

/** Far above the largest honest answer (a cluster with ten thousand guests lists in about 6 MiB). */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** Proxmox closes an idle connection after 5.0 s without saying so before; we leave earlier. */
const IDLE_MS = 3500

type Attempt = { exchange: Exchange; staleSocket: boolean }

/**
 * HTTPS to one Proxmox address. Reads share kept connections; every write gets its own, so that a connection the
 * server has just closed can never put a write in doubt.
 */
export function createTransport(target: TlsTarget): Transport {
  const kept = new VerifyingAgent(target, { keepAlive: true, idleMs: IDLE_MS })
  const fresh = new VerifyingAgent(target, { keepAlive: false })
  return {
    async send(request) {
      const first = await attempt(target, request, request.method === 'GET' ? kept : fresh)
      if (!first.staleSocket || request.signal?.aborted) return first.exchange
      return (await attempt(target, request, fresh)).exchange
    },
  }
}

/** Ends the attempt at the time-out or when the caller gives up, whichever comes first. */
function deadline(request: HttpRequest, onEnd: (why: string) => void): () => void {
  const timer = setTimeout(() => onEnd(`no answer within ${request.timeoutMs} ms`), request.timeoutMs)
  const gaveUp = () => onEnd('the caller gave up')
  request.signal?.addEventListener('abort', gaveUp, { once: true })
  return () => {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', gaveUp)
  }
}

function attempt(target: TlsTarget, request: HttpRequest, agent: VerifyingAgent): Promise<Attempt> {
  if (request.signal?.aborted) {
    return Promise.resolve({
      exchange: { kind: 'notSent', message: 'the caller gave up' },
      staleSocket: false,
    })
  }
  return new Promise((resolve) => {
    let sent = false
    let answer: IncomingMessage | undefined
    const finish = (exchange: Exchange, staleSocket = false) => {
      cancelDeadline()
      resolve({ exchange, staleSocket })
    }
    const broken = (message: string, staleSocket = false) => {
      // A status line is an answer even when the rest of it never came.
      if (answer) finish(toAnswer(answer, null), false)
      else finish({ kind: sent ? 'lost' : 'notSent', message }, staleSocket)
    }
    const outgoing = httpsRequest({
      host: target.host,
      port: target.port,
      method: request.method,
      path: request.path,
      headers: headersOf(request),
      agent,
    })
    const cancelDeadline = deadline(request, (why) => {
      broken(why)
      outgoing.destroy()
    })
    // The agent hands over a verified socket, and the request goes out at once: from here on it may have been sent.
    outgoing.on('socket', () => (sent = true))
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      broken(whyNot(error, target), isStale(request, outgoing.reusedSocket, error)),
    )
    outgoing.on('response', (response) => {
      answer = response
      readBody(response, (text) => {
        finish(toAnswer(response, text))
        if (text === null) outgoing.destroy()
      })
    })
    outgoing.end(request.body)
  })
}

/** Proxmox refuses chunked bodies, and a DELETE with any body: the length is always said, except on DELETE and GET. */
function headersOf(request: HttpRequest): Record<string, string> {
  if (request.method === 'GET' || request.method === 'DELETE') return request.headers
  const body = request.body ?? ''
  return {
    ...request.headers,
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': String(Buffer.byteLength(body)),
  }
}

/** The server had closed the kept connection while we took it out of the pool: nobody has read the request. */
function isStale(request: HttpRequest, reused: boolean, error: NodeJS.ErrnoException): boolean {
  return request.method === 'GET' && reused && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function readBody(response: IncomingMessage, done: (text: string | null) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) return done(null)
    chunks.push(chunk)
  })
  response.on('end', () => done(response.complete ? Buffer.concat(chunks).toString('utf8') : null))
  response.on('error', () => done(null))
  response.on('aborted', () => done(null))
}

function toAnswer(response: IncomingMessage, text: string | null): Exchange {
  const parsed = parseJson(text)
  return {
    kind: 'answer',
    status: response.statusCode ?? 0,
    // Proxmox puts its message into the status line, in UTF-8; Node reads header bytes as Latin-1.
    reason: Buffer.from(response.statusMessage ?? '', 'latin1')
      .toString('utf8')
      .trim(),
    ...parsed,
  }
}

function parseJson(text: string | null): { readable: boolean; body: unknown } {
  if (text === null) return { readable: false, body: null }
  try {
    return { readable: true, body: JSON.parse(text) as unknown }
  } catch {
    return { readable: false, body: null }
  }
}

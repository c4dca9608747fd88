import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { authenticate } from './auth.ts'
import type { Caller } from './auth.ts'
import { BareError, messageOf, PveError } from './errors.ts'
import { reasonOf, takeFault } from './faults.ts'
import type { Fault } from './faults.ts'
import { parseForm, parseJson } from './params.ts'
import type { Router } from './route.ts'
import type { RequestRecord, World } from './world.ts'

/** What will be written; `text` bodies are plain, `json` ones carry the envelope. */
type Answer = { status: number; reason: string; json?: unknown; text?: string; lose?: boolean }

const MAX_BODY = 512 * 1024
const MAX_REQUESTS_PER_CONNECTION = 100
const MAX_REQUEST_RECORDS = 5000
/** Sent by the web interface to defeat caches. */
const CACHE_BUSTER = '_dc'
const METHODS = ['GET', 'POST', 'PUT', 'DELETE']

const served = new WeakMap<Socket, number>()

export async function handleApi(
  world: World,
  router: Router,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const started = Date.now()
  const url = new URL(req.url ?? '/', 'https://localhost')
  const path = safeDecode(url.pathname)
  const method = req.method ?? 'GET'
  const [, format, rest = ''] = /^\/api2\/([a-z]+)(\/.*)?$/.exec(path) ?? []
  const record = remember(world, { method, path: rest || path, query: url.search })
  const done = (outcome: RequestRecord['outcome'], status: number | null) => {
    Object.assign(record, { outcome, status, ms: Date.now() - started })
  }

  const fault = takeFault(world.faults, method, rest)
  if (fault?.delayMs) await sleep(fault.delayMs)
  if (fault?.dropBefore) {
    done('dropped-before', null)
    return drop(req)
  }
  const early = earlyRefusal(req, path, format)
  const answer = early ?? (await answerApi(world, router, req, { method, path: rest, url, record, fault }))
  if (world.closed) return drop(req)
  if (fault?.dropAfter || answer.lose) {
    done('dropped-after', answer.status)
    return drop(req)
  }
  done(fault?.truncate ? 'truncated' : 'sent', answer.status)
  send(req, res, format === 'extjs' ? asExtjs(answer) : answer, fault?.truncate ?? false)
}

type Target = { method: string; path: string; url: URL; record: RequestRecord; fault: Fault | null }

async function answerApi(
  world: World,
  router: Router,
  req: IncomingMessage,
  target: Target,
): Promise<Answer> {
  const { fault } = target
  const replaced = fault?.status === undefined ? null : injected(fault.status, reasonOf(fault))
  if (replaced && !fault?.execute) return replaced
  const answer = await execute(world, router, req, target)
  return replaced ?? answer
}

async function execute(world: World, router: Router, req: IncomingMessage, target: Target): Promise<Answer> {
  try {
    const caller = authenticate(world, {
      method: target.method,
      path: target.path,
      cookie: req.headers.cookie,
      authorization: req.headers.authorization,
      csrf: header(req, 'csrfpreventiontoken'),
    })
    target.record.user = caller?.userid ?? null
    const refusal = bodyRefusal(req, target.method)
    if (refusal) return refusal
    const body = await readBody(req)
    return await route(world, router, caller, req, target, body)
  } catch (error) {
    if (error instanceof PveError && error.status === 401) await sleep(world.speed.unauthorizedMs)
    if (error instanceof BareError) return { status: error.status, reason: error.message }
    if (error instanceof PveError) return failure(error)
    // Whatever the real daemon did not expect comes out as a bare 500 with its text.
    return { status: 500, reason: messageOf(error), text: messageOf(error) }
  }
}

async function route(
  world: World,
  router: Router,
  caller: Caller | null,
  req: IncomingMessage,
  { method, path, url, record }: Target,
  body: string,
): Promise<Answer> {
  const isJson = contentType(req) === 'application/json'
  const hasBody = (method === 'POST' || method === 'PUT') && body !== ''
  const fromBody = hasBody ? (isJson ? parseJson(body) : parseForm(body)) : {}
  // Query parameters win over the body's.
  const { [CACHE_BUSTER]: _ignored, ...raw } = { ...fromBody, ...parseForm(url.search.slice(1)) }
  record.params = withoutSecrets(raw)
  const { data, total, loseAnswer } = await router(world, caller, { method, path, raw })
  if (method !== 'GET') await world.saved()
  return { status: 200, reason: 'OK', json: total ? { data, total } : { data }, lose: loseAnswer }
}

/** What a proxy or a login says comes bare, everything else in the envelope. */
const injected = (status: number, reason: string): Answer =>
  [401, 595, 596].includes(status) ? { status, reason } : failure(new PveError(status, `${reason}\n`))

function failure({ status, message, errors }: PveError): Answer {
  const json = { data: null, message, ...(errors && { errors }) }
  return { status, reason: message.split('\n')[0] ?? '', json }
}

/** Refused from the headers alone, before anybody asks who is calling. */
function earlyRefusal(req: IncomingMessage, path: string, format: string | undefined): Answer | null {
  const method = req.method ?? 'GET'
  if (!METHODS.includes(method)) return { status: 501, reason: `method '${method}' not available` }
  const encoding = header(req, 'transfer-encoding')
  if (encoding?.toLowerCase() === 'chunked') return plain(501, 'chunked transfer encoding not supported')
  if (encoding !== undefined) return plain(501, `Unknown transfer encoding '${encoding}'`)
  if (!path.startsWith('/api2/')) return plain(500, `no such file '${path}'`)
  if (format === undefined) return plain(501, 'no such uri')
  if (format !== 'json' && format !== 'extjs') return plain(501, `no formatter for uri ${path}, ${format}`)
  return null
}

function bodyRefusal(req: IncomingMessage, method: string): Answer | null {
  const length = Number(header(req, 'content-length') ?? 0)
  if (length === 0) return null
  if (method !== 'PUT' && method !== 'POST') return plain(501, `Unexpected content for method '${method}'`)
  if (length > MAX_BODY) return plain(501, 'for data too large')
  const type = contentType(req)
  if (type !== '' && type !== 'application/x-www-form-urlencoded' && type !== 'application/json') {
    return plain(506, `upload 'Content-Type '${header(req, 'content-type')}' not implemented`)
  }
  return null
}

const plain = (status: number, reason: string): Answer => ({ status, reason, text: reason })
const contentType = (req: IncomingMessage) =>
  (header(req, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name]
  return Array.isArray(value) ? value[0] : value
}

export async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The web interface's format: always 200, the outcome is inside. */
function asExtjs(answer: Answer): Answer {
  if (answer.json === undefined) return answer
  const body = answer.json as Record<string, unknown>
  const failed = answer.status >= 400
  const json = failed ? { ...body, success: 0, status: answer.status } : { ...body, success: 1 }
  return { status: 200, reason: 'OK', json }
}

export function send(req: IncomingMessage, res: ServerResponse, answer: Answer, truncate = false): void {
  const count = (served.get(req.socket) ?? 0) + 1
  served.set(req.socket, count)
  const keep =
    answer.status < 400 && count < MAX_REQUESTS_PER_CONNECTION && header(req, 'connection') !== 'close'
  const text = answer.json === undefined ? (answer.text ?? '') : JSON.stringify(answer.json)
  const gzip = text.length > 1024 && (header(req, 'accept-encoding') ?? '').includes('gzip')
  const body = gzip ? gzipSync(text) : Buffer.from(text)
  const headers: Record<string, string | number> = {
    Server: 'pve-api-daemon/3.0',
    'Cache-Control': 'max-age=0',
    Pragma: 'no-cache',
    // Set by hand, or Node would add a `Keep-Alive` hint that the real server does not give.
    Connection: keep ? 'Keep-Alive' : 'close',
    'Content-Length': body.length,
    ...(answer.json !== undefined && { 'Content-Type': 'application/json;charset=UTF-8' }),
    ...(gzip && { 'Content-Encoding': 'gzip' }),
  }
  // The reason phrase is written as raw UTF-8 bytes, which HTTP can only carry as Latin-1.
  const reason = Buffer.from(answer.reason, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ')
  res.writeHead(answer.status, reason, headers)
  if (truncate) {
    res.write(body.subarray(0, Math.floor(body.length / 2)), () => drop(req))
    return
  }
  res.end(body)
  if (!req.complete) req.resume()
}

const drop = (req: IncomingMessage) => void req.socket.destroy()

const SECRET = /^(password|cipassword|otp|tfa-challenge)$/

const withoutSecrets = (raw: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, SECRET.test(key) ? '***' : value]))

export function remember(
  world: World,
  request: Pick<RequestRecord, 'method' | 'path' | 'query'>,
): RequestRecord {
  world.requestCount += 1
  const record: RequestRecord = {
    n: world.requestCount,
    at: new Date().toISOString(),
    ...request,
    params: {},
    user: null,
    status: null,
    outcome: 'sent',
    ms: 0,
  }
  world.requests.push(record)
  if (world.requests.length > MAX_REQUEST_RECORDS) world.requests.splice(0, MAX_REQUEST_RECORDS / 2)
  return record
}

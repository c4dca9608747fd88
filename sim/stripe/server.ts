import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cardOf, newMethod } from './cards.ts'
import { showHosted } from './hosted.ts'
import { answerOf, Keys, type Answer } from './idempotency.ts'
import { decline, succeed } from './intents.ts'
import { busy, RateLimit, type Busy } from './limits.ts'
import { emptyWorld, existing, newId, Refused, token, type Method, type World } from './model.ts'
import { decode, read } from './params.ts'
import { openDispute, settleDispute } from './disputes.ts'
import { presentEvent } from './present.ts'
import { settleRefund } from './refunds.ts'
import { ROWS } from './routes.ts'
import { submit, type Submitted } from './sessions.ts'
import { keep, kept } from './store.ts'
import type { Sim } from './sim.ts'
import { Webhooks } from './webhooks.ts'

/** What happens to calls that it fits: it is used up after `times` of them. */
export type Fault = {
  method?: string
  path?: RegExp
  times?: number
  delayMs?: number
  /** The connection is cut before anything was done, or after all of it was. */
  lost?: 'before' | 'after'
  /** Answered instead; `done`: after all of it was done. 500 is kept with the key. */
  status?: 429 | 500 | 502
  done?: boolean
  /** Why 429, and what is said with it; a locked object where nothing is said. */
  busy?: Busy
  headers?: Record<string, string>
  /** Only a part of the answer arrives. */
  truncated?: true
}

export type StripeSim = {
  url: string
  /** May do everything. */
  key: string
  world: World
  webhooks: Webhooks
  calls: { method: string; path: string; status: number | null; key: string | null; version: string | null }[]
  /** Lets its clock go on by so many seconds. */
  advance(seconds: number): void
  /** From now on it takes so many calls a second; null: any number. */
  limit(perSecond: number | null): void
  fault(fault: Fault): void
  clearFaults(): void
  /** What a customer does on a hosted page. */
  submit(sessionId: string, number: string, authenticated?: boolean): Submitted
  /** A card of a customer, as if it had been left on a page. */
  card(customer: string, number?: string): Method
  settlePayment(intentId: string, how: 'succeeded' | 'generic_decline'): void
  settleRefund(refundId: string, how: 'succeeded' | 'failed'): void
  /** The customer's bank takes a payment back, or only asks first. @returns the dispute's id */
  dispute(intentId: string, how?: 'asks' | 'takes', settled?: { currency: string; rate: number }): string
  settleDispute(disputeId: string, how: 'takes' | 'evidence' | 'won' | 'lost'): void
  close(): Promise<void>
}

/** A Stripe with the parts of its API that mPanel needs: a real HTTP server that keeps state, with its hosted pages. */
export async function startStripeSim(
  options: { port?: number; key?: string; stateFile?: string; now?: () => number } = {},
): Promise<StripeSim> {
  const world = kept(options.stateFile) ?? emptyWorld()
  const key = options.key ?? `sk_test_${token(24)}`
  world.keys.set(key, 'all')
  let ahead = 0
  const now = (): number => Math.floor((options.now?.() ?? Date.now()) / 1000) + ahead
  const webhooks = new Webhooks(presentEvent, now)
  const sim: Sim = {
    world,
    url: '',
    now,
    emit: (type, object) => {
      const event = {
        id: newId('evt'),
        created: now(),
        type,
        object: structuredClone(object),
        key: running.key,
      }
      world.events.push(event)
      webhooks.take(event)
    },
  }
  const running: Running = {
    sim,
    keys: new Keys(now),
    calls: [],
    faults: [],
    limit: new RateLimit(),
    key: null,
    stateFile: options.stateFile,
  }
  const server = createServer((request, response) => {
    void handle(running, request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  // It keeps nobody from ending.
  server.unref()
  sim.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: sim.url,
    key,
    world,
    webhooks,
    calls: running.calls,
    advance: (seconds) => void (ahead += seconds),
    limit: (perSecond) => void (running.limit.perSecond = perSecond),
    fault: (fault) => void running.faults.push({ times: 1, ...fault }),
    clearFaults: () => running.faults.splice(0),
    submit: (id, number, authenticated) =>
      submit(sim, existing(world.sessions, 'checkout.session', id), number, authenticated ?? null),
    card: (customer, number = '4242424242424242') => {
      const card = cardOf(number)
      if (!card) throw new Error(`${number} is no test card`)
      const made = { ...newMethod(number, card, now()), customer }
      world.methods.set(made.id, made)
      return made
    },
    settlePayment: (id, how) => {
      const intent = existing(world.intents, 'payment_intent', id)
      if (how === 'succeeded') succeed(sim, intent)
      else
        decline(sim, intent, {
          type: 'card_error',
          code: 'card_declined',
          decline_code: how,
          message: 'Your card was declined.',
        })
    },
    settleRefund: (id, how) => settleRefund(sim, id, how),
    dispute: (id, how, settled) => openDispute(sim, id, how, settled),
    settleDispute: (id, how) => settleDispute(sim, id, how),
    close: () =>
      new Promise((resolve) => {
        webhooks.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Running = {
  sim: Sim
  keys: Keys
  calls: StripeSim['calls']
  faults: Fault[]
  limit: RateLimit
  /** Of the request that is being carried out. */
  key: string | null
  stateFile: string | undefined
}

function takeFault(faults: Fault[], method: string, path: string): Fault | undefined {
  const at = faults.findIndex((one) => (one.method ?? method) === method && (one.path?.test(path) ?? true))
  const fault = faults[at]
  if (!fault) return undefined
  fault.times = (fault.times ?? 1) - 1
  if (fault.times <= 0) faults.splice(at, 1)
  return fault
}

async function handle(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const method = request.method ?? 'GET'
  const body = await textOf(request)
  if (url.pathname.startsWith('/c/pay/')) return hosted(running, { method, url, body }, response)
  const idempotencyKey = one(request.headers['idempotency-key'])
  const call: StripeSim['calls'][number] = {
    method,
    path: `${url.pathname}${url.search}`,
    status: null,
    key: idempotencyKey,
    version: one(request.headers['stripe-version']),
  }
  running.calls.push(call)
  const fault = takeFault(running.faults, method, url.pathname)
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs)
  if (fault?.lost === 'before') return void request.socket.destroy()
  const asked = { method, url, body, key: idempotencyKey, token: tokenOf(request) }
  const given = await respond(running, asked, fault)
  if (fault?.lost === 'after') return void request.socket.destroy()
  call.status = given.status
  write(response, given, fault)
  keep(running.sim.world, running.stateFile)
}

const one = (header: string | string[] | undefined): string | null =>
  typeof header === 'string' ? header : null
const tokenOf = ({ headers }: IncomingMessage): string =>
  (headers.authorization ?? '').replace(/^Bearer /, '')

function write(response: ServerResponse, given: Answer, fault: Fault | undefined): void {
  if (given.status === 502) {
    response.writeHead(502, { 'content-type': 'text/html' })
    return void response.end('<html>Bad Gateway</html>')
  }
  const text = JSON.stringify(given.json)
  const headers = { 'content-type': 'application/json', 'request-id': `req_${token(14)}`, ...given.headers }
  if (!fault?.truncated) {
    response.writeHead(given.status, headers)
    return void response.end(text)
  }
  response.writeHead(given.status, { ...headers, 'content-length': String(Buffer.byteLength(text)) })
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy())
}

type Asked = { method: string; url: URL; body: string; key: string | null; token: string }

async function respond(running: Running, asked: Asked, fault: Fault | undefined): Promise<Answer> {
  try {
    authenticate(running.sim.world, asked)
    running.limit.take()
    if (fault?.status === 429) throw busy(fault.busy ?? 'lock', fault.headers)
    return await carryOut(running, asked, fault)
  } catch (error) {
    if (error instanceof Refused) return answerOf(error)
    throw error
  }
}

const BROKEN = new Refused(500, { type: 'api_error', message: 'An unknown error occurred' })

function authenticate({ keys }: World, { token: given, method }: Asked): void {
  const may = keys.get(given)
  if (may === undefined)
    throw new Refused(401, {
      type: 'invalid_request_error',
      message: `Invalid API Key provided: ${given.slice(0, 8)}****`,
    })
  if (may === 'read' && method !== 'GET')
    throw new Refused(403, {
      type: 'invalid_request_error',
      message: 'The provided key does not have the required permissions for this endpoint.',
    })
}

function carryOut(running: Running, asked: Asked, fault: Fault | undefined): Answer | Promise<Answer> {
  const { sim, keys } = running
  const row = ROWS.find(({ method, path }) => method === asked.method && path.test(asked.url.pathname))
  if (!row)
    throw new Refused(404, {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${asked.method}: ${asked.url.pathname}).`,
    })
  const text = asked.method === 'POST' ? asked.body : asked.url.search.slice(1)
  const params = () => read(decode(text), row.fields)
  const id = row.path.exec(asked.url.pathname)?.[1] ?? ''
  const work = (): Answer => {
    if (fault?.status !== undefined && !fault.done) throw fault.status === 502 ? BAD_GATEWAY : BROKEN
    running.key = asked.key
    const json = row.answer(sim, params(), id)
    running.key = null
    if (fault?.status !== undefined) throw fault.status === 502 ? BAD_GATEWAY : BROKEN
    return { status: 200, json }
  }
  if (asked.method !== 'POST' || asked.key === null) return work()
  const sorted = [...new URLSearchParams(text)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const fingerprint = `${asked.url.pathname}?${JSON.stringify(sorted)}`
  return keys.once(asked.key, fingerprint, () => void params(), work)
}

const BAD_GATEWAY = new Refused(502, { type: 'api_error', message: 'Bad Gateway' })

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

function hosted(
  running: Running,
  { method, url, body }: { method: string; url: URL; body: string },
  response: ServerResponse,
): void {
  const id = url.pathname.slice('/c/pay/'.length)
  const isKnown = running.sim.world.sessions.has(id)
  const shown = isKnown
    ? showHosted(running.sim, id, method === 'POST' ? new URLSearchParams(body) : null)
    : { status: 404, html: 'There is no such page.' }
  keep(running.sim.world, running.stateFile)
  response.writeHead(shown.status, {
    'content-type': 'text/html; charset=utf-8',
    ...(shown.location === undefined ? {} : { location: shown.location }),
  })
  response.end(shown.html ?? '')
}

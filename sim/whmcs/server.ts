import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { ACTIONS } from './actions.ts'
import { fillExample } from './example.ts'
import { Hooks } from './hooks.ts'
import { invoiceIn } from './invoices.ts'
import { pay } from './payments.ts'
import {
  emptyWorld,
  Forbidden,
  PLAIN,
  Refused,
  type Credential,
  type Dial,
  type Params,
  type PayMethod,
  type Sim,
  type World,
} from './model.ts'
import { cron } from './services.ts'
import { keep, kept } from './store.ts'

/** What happens to calls that it fits: it is used up after `times` of them. */
export type Fault = {
  action?: string
  times?: number
  /** Before anything is done; `after`: the deed is done first, and its answer comes late. */
  delayMs?: number
  after?: true
  /** The connection is cut before anything was done, or after all of it was. */
  lost?: 'before' | 'after'
  /** A page of the web in place of an answer, with this status. `done`: after all of it was done. */
  page?: 200 | 503
  done?: true
  /** The action says no in these words. */
  error?: string
  /** A notice of PHP, or a mark of the order of bytes, stands before the answer. */
  before?: 'notice' | 'bom'
  /** Only a part of the answer arrives. */
  truncated?: true
}

export type WhmcsSim = {
  url: string
  identifier: string
  secret: string
  world: World
  dial: Dial
  hooks: Hooks
  calls: { action: string; params: Params }[]
  /** How many calls were being carried out at once about one client, at most. */
  atOnce: number
  /** Lets its clock go on by so many days. */
  advance(days: number): void
  cron(): void
  fault(fault: Fault): void
  clearFaults(): void
  credential(secret: string, actions: string[] | null): string
  /** A card of a client, as if it had been left on a page of WHMCS. */
  card(clientId: number, works?: boolean): PayMethod
  /** Somebody pays an invoice there. */
  pay(invoiceId: number, amount: number, transid?: string): void
  close(): Promise<void>
}

type Running = {
  sim: Sim
  hooks: Hooks
  calls: WhmcsSim['calls']
  faults: Fault[]
  busy: Map<string, number>
  atOnce: number
  stateFile: string | undefined
}

/** A WHMCS with the actions of its API that mPanel needs: a real HTTP server that keeps state. */
export async function startWhmcsSim(
  options: {
    port?: number
    identifier?: string
    secret?: string
    stateFile?: string
    /** Something is there to be looked at from the first start on. */
    example?: true
    now?: () => Date
  } = {},
): Promise<WhmcsSim> {
  const world = kept(options.stateFile) ?? emptyWorld()
  const identifier = options.identifier ?? 'mpanel-identifier'
  const secret = options.secret ?? 'mpanel-secret-of-the-simulator'
  world.credentials[identifier] = { secret, actions: null }
  let aheadMs = 0
  const now = (): Date => new Date((options.now?.() ?? new Date()).getTime() + aheadMs)
  const hooks = new Hooks(now)
  const sim: Sim = { world, dial: { ...PLAIN }, now, emit: (event, about) => hooks.emit(event, about) }
  if (options.example && world.clients.size === 0) fillExample(sim)
  const running: Running = {
    sim,
    hooks,
    calls: [],
    faults: [],
    busy: new Map(),
    atOnce: 0,
    stateFile: options.stateFile,
  }
  const server = createServer((request, response) => {
    void handle(running, request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  // It keeps nobody from ending.
  server.unref()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    identifier,
    secret,
    world,
    dial: sim.dial,
    hooks,
    calls: running.calls,
    get atOnce() {
      return running.atOnce
    },
    advance: (days) => void (aheadMs += days * 86_400_000),
    cron: () => cron(sim),
    fault: (fault) => void running.faults.push({ times: 1, ...fault }),
    clearFaults: () => running.faults.splice(0),
    credential: (ofSecret, actions) => {
      const name = `identifier-${world.nextId++}`
      world.credentials[name] = { secret: ofSecret, actions }
      return name
    },
    card: (clientid, works = true) => {
      const id = world.nextId++
      const isFirst = ![...world.payMethods.values()].some((one) => one.clientid === clientid)
      const made = { id, clientid, last4: '4242', expiry: '12/39', works, isDefault: isFirst }
      world.payMethods.set(id, made)
      return made
    },
    pay: (id, amount, transid = `bank-${world.nextId++}`) => {
      pay(sim, invoiceIn(sim, String(id)), { amount, transid, gateway: 'banktransfer' })
    },
    close: () =>
      new Promise((resolve) => {
        hooks.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function takeFault(faults: Fault[], action: string): Fault | undefined {
  const at = faults.findIndex((one) => (one.action ?? action) === action)
  const fault = faults[at]
  if (!fault) return undefined
  fault.times = (fault.times ?? 1) - 1
  if (fault.times <= 0) faults.splice(at, 1)
  return fault
}

const MAINTENANCE = '<html><title>Down for Maintenance</title><body>We will be back soon.</body></html>'

async function handle(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await textOf(request)
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname !== '/includes/api.php' || request.method !== 'POST') return page(response, 404, 'Not Found')
  // Only a form is read: of anything else nothing is there.
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  const params: Params = Object.fromEntries(new URLSearchParams(isForm ? text : ''))
  const action = params['action'] ?? ''
  const { identifier: _, secret: __, username: ___, password: ____, accesskey: _____, ...asked } = params
  running.calls.push({ action, params: asked })
  const fault = takeFault(running.faults, action)
  if (fault?.delayMs !== undefined && !fault.after) await sleep(fault.delayMs)
  if (fault?.lost === 'before') return void request.socket.destroy()
  if (fault?.page !== undefined && !fault.done) return page(response, fault.page, MAINTENANCE)
  const given = await respond(running, action, params, request, fault)
  keep(running.sim.world, running.stateFile)
  if (fault?.after) await sleep(fault.delayMs ?? 0)
  if (fault?.lost === 'after') return void request.socket.destroy()
  if (fault?.page !== undefined) return page(response, fault.page, MAINTENANCE)
  write(response, given, params, fault)
}

function page(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  response.end(html)
}

type Given = { status: number; json: Record<string, unknown> }

async function respond(
  running: Running,
  action: string,
  params: Params,
  request: IncomingMessage,
  fault: Fault | undefined,
): Promise<Given> {
  const whose = params['clientid'] ?? params['userid'] ?? ''
  const count = (running.busy.get(whose) ?? 0) + 1
  if (whose !== '') {
    running.busy.set(whose, count)
    running.atOnce = Math.max(running.atOnce, count)
    await sleep(1)
  }
  try {
    authenticate(running.sim.world, params, request.socket.remoteAddress ?? '')
    if (fault?.error !== undefined) throw new Refused(fault.error)
    const work = ACTIONS[action]
    if (action === '') throw new Refused('Empty action request')
    if (!work) throw new Refused(`Command Not Found`)
    return { status: 200, json: { result: 'success', ...work(running.sim, params) } }
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Forbidden)) throw error
    return {
      status: error instanceof Forbidden ? 403 : 200,
      json: { result: 'error', message: error.message },
    }
  } finally {
    running.busy.set(whose, (running.busy.get(whose) ?? 1) - 1)
  }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** Three ways to say who asks, and one text each for what is wrong with it. */
function authenticate(world: World, params: Params, address: string): void {
  const { accesskey } = params
  const mayFromAnywhere = world.accessKey !== null && accesskey === world.accessKey
  if (!mayFromAnywhere && world.allowedIps.length > 0 && !world.allowedIps.includes(address))
    throw new Forbidden(`Invalid IP ${address}`)
  const name = params['identifier'] ?? params['username'] ?? ''
  const given = params['secret'] ?? params['password'] ?? ''
  const credential: Credential | undefined = world.credentials[name]
  if (!credential || (credential.secret !== given && md5(credential.secret) !== given))
    throw new Forbidden('Authentication Failed')
  const action = params['action'] ?? ''
  if (credential.actions !== null && !credential.actions.includes(action))
    throw new Forbidden(`Invalid Permissions: API action "${action.toLowerCase()}" is not allowed`)
}

const NOTICE =
  '<br />\n<b>Notice</b>:  Undefined index: qty in <b>/whmcs/includes/api/x.php</b> on line <b>1</b><br />\n'

function write(response: ServerResponse, { status, json }: Given, params: Params, fault?: Fault): void {
  // Whoever does not ask for JSON gets lines of text.
  const text =
    params['responsetype'] === 'json'
      ? JSON.stringify(json)
      : Object.entries(json)
          .map(([key, value]) => `${key}=${String(value)};`)
          .join('')
  const before = fault?.before === 'notice' ? NOTICE : fault?.before === 'bom' ? '\uFEFF' : ''
  const body = Buffer.from(before + text)
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
  response.writeHead(status, headers)
  if (!fault?.truncated) return void response.end(body)
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy())
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { compressed } from './addresses.ts'
import { authenticate } from './auth.ts'
import { detail, emptyWorld, NEW_ADDRESS, Refused, type Address, type Token, type World } from './model.ts'
import { answer, type Answer } from './routes.ts'

/** What happens to calls that it fits: it is used up after `times` of them. */
type Fault = {
  method?: string
  path?: RegExp
  times?: number
  delayMs?: number
  /** The connection is cut before anything was done, or after all of it was. */
  lost?: 'before' | 'after'
  status?: number
  /** An answer that is no JSON. */
  garbled?: true
}

export type NetboxSim = {
  url: string
  /** May do everything. */
  token: string
  world: World
  calls: { method: string; path: string; status: number | null }[]
  fault(fault: Fault): void
  clearFaults(): void
  /** Makes an address by hand. */
  put(address: Partial<Address> & { address: string; length: number }): Address
  addToken(token: Partial<Token>): string
  close(): Promise<void>
}

const SECRET = 'x'.repeat(40)

/** A NetBox with the parts of its REST API that an IPAM client needs: a real HTTP server that keeps state. */
export async function startNetboxSim(): Promise<NetboxSim> {
  const world = emptyWorld()
  const calls: NetboxSim['calls'] = []
  const faults: Fault[] = []
  const server = createServer((request, response) => {
    void handle({ world, calls, faults }, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // It keeps nobody from ending.
  server.unref()
  const { port } = server.address() as AddressInfo
  const addToken: NetboxSim['addToken'] = (token) => {
    const key = token.key === undefined ? `key${world.tokens.length}` : token.key
    const made = { secret: SECRET, write: true, expired: false, permissions: null, ...token, key }
    world.tokens.push(made)
    return key === null ? made.secret : `nbt_${key}.${made.secret}`
  }
  return {
    url: `http://127.0.0.1:${port}`,
    token: addToken({}),
    world,
    calls,
    fault: (fault) => void faults.push({ times: 1, ...fault }),
    clearFaults: () => faults.splice(0),
    put: (given) => {
      const made: Address = {
        ...NEW_ADDRESS,
        ...given,
        address: compressed(given.address),
        id: given.id ?? world.nextId++,
      }
      world.addresses.set(made.id, made)
      return made
    },
    addToken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Running = { world: World; calls: NetboxSim['calls']; faults: Fault[] }

function takeFault(faults: Fault[], method: string, path: string): Fault | undefined {
  const at = faults.findIndex(
    (one) => (one.method ?? method) === method && (one.path === undefined || one.path.test(path)),
  )
  const fault = faults[at]
  if (!fault) return undefined
  fault.times = (fault.times ?? 1) - 1
  if (fault.times <= 0) faults.splice(at, 1)
  return fault
}

async function handle(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const method = request.method ?? 'GET'
  const path = url.pathname.replace(/^\/api/, '')
  const call: NetboxSim['calls'][number] = { method, path: `${path}${url.search}`, status: null }
  running.calls.push(call)
  const fault = takeFault(running.faults, method, path)
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs)
  if (fault?.lost === 'before') return void request.socket.destroy()
  const body = await bodyOf(request).catch(() => null)
  // Whoever asked has gone.
  if (body === null) return
  const given =
    fault?.status === undefined
      ? respond(running.world, { method, path, url, request, body })
      : { status: fault.status, json: { detail: 'injected' } }
  if (fault?.lost === 'after') return void request.socket.destroy()
  call.status = given.status
  const text = given.json === undefined ? '' : JSON.stringify(given.json)
  response.writeHead(given.status, { 'content-type': 'application/json' })
  response.end(fault?.garbled ? '<html>' : text)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

type Given = { method: string; path: string; url: URL; request: IncomingMessage; body: string }

function respond(world: World, { method, path, url, request, body }: Given): Answer {
  try {
    if (!url.pathname.startsWith('/api/')) throw detail(404, 'Not found.')
    const token = authenticate(world, request.headers.authorization)
    return answer(world, { method, path, query: url.searchParams, body: parsed(body), token })
  } catch (error) {
    if (error instanceof Refused) return { status: error.status, json: error.body }
    throw error
  }
}

function parsed(body: string): unknown {
  if (body === '') return undefined
  try {
    return JSON.parse(body)
  } catch {
    throw detail(400, 'JSON parse error')
  }
}

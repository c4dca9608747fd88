import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as passing from '../registry/passing.ts'
import { emptyWorld, Refused, type World } from '../registry/world.ts'
import { OPERATIONS, type Extra, type Reply } from './operations.ts'

/** What happens to the next call of that operation. */
type Fault = {
  operation: string
  times?: number
  cut?: 'before' | 'after'
  /** Answered instead, with words; `done`: after all of it was done. */
  code?: number
  detail?: string
  done?: boolean
  /** Another status than 200, and no JSON. */
  status?: number
}

export type NameSiloSim = {
  url: string
  key: string
  world: World
  calls: { operation: string; params: Record<string, string>; code: number | null }[]
  /** What it calls the state of a transfer, by domain. */
  transfers: Map<string, string>
  now(): number
  advanceDays(days: number): void
  fault(fault: Fault): void
  clearFaults(): void
  close(): Promise<void>
}

const ACCOUNT = 'namesilo'
/** How it names what the registry behind it refuses. */
const CODES: Record<number, number> = {
  2104: 119,
  2106: 265,
  2201: 200,
  2202: 266,
  2300: 260,
  2302: 261,
  2303: 200,
  2304: 265,
  2305: 210,
  2306: 210,
  2307: 114,
}

/** A NameSilo with the operations that mPanel uses: GET, the key in the address, JSON, a number for everything. */
export async function startNameSiloSim(options: { key?: string; port?: number } = {}): Promise<NameSiloSim> {
  const key = options.key ?? 'ns0123456789abcdef'
  const world = emptyWorld([
    { id: ACCOUNT, password: key },
    { id: 'other', password: 'other' },
  ])
  const extra: Extra = { contacts: [], private: new Set(), transfers: new Map() }
  const faults: (Fault & { left: number })[] = []
  const calls: NameSiloSim['calls'] = []
  const now = (): number => Date.now() + world.aheadMs

  const answer = (operation: string, params: Record<string, string>): Reply => {
    if (params['key'] !== key) return { code: 110, detail: 'Invalid API Key' }
    const run = OPERATIONS[operation]
    if (!run) return { code: 107, detail: 'Invalid API operation' }
    try {
      passing.pass(world, now())
      return {
        code: 300,
        detail: 'success',
        ...run({ world, extra, by: { account: ACCOUNT, now: now() } }, params),
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { code: CODES[error.code] ?? 210, detail: error.message }
    }
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const operation = url.pathname.split('/').at(-1) ?? ''
    const params = Object.fromEntries(url.searchParams)
    const call: NameSiloSim['calls'][number] = { operation, params: { ...params, key: '…' }, code: null }
    calls.push(call)
    const fault = faults.find((one) => one.operation === operation && one.left > 0)
    if (fault) fault.left -= 1
    if (fault?.cut === 'before') {
      request.socket.destroy()
      return
    }
    const isRefused = (fault?.code ?? fault?.status) !== undefined && fault?.done !== true
    const reply: Reply = isRefused ? { code: fault?.code ?? 201 } : answer(operation, params)
    if (fault?.code !== undefined) reply.code = fault.code
    if (fault?.detail !== undefined) reply.detail = fault.detail
    call.code = reply.code
    if (fault?.cut === 'after') {
      request.socket.destroy()
      return
    }
    if (fault?.status !== undefined) {
      response.writeHead(fault.status).end('<html>busy</html>')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ request: { operation, ip: '127.0.0.1' }, reply }))
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    key,
    world,
    calls,
    transfers: extra.transfers,
    now,
    advanceDays: (days) => {
      world.aheadMs += days * 86_400_000
      passing.pass(world, now())
    },
    fault: (fault) => void faults.push({ ...fault, left: fault.times ?? 1 }),
    clearFaults: () => void faults.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

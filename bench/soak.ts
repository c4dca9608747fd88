import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Subscription } from '../shared/api/billing.ts'
import * as userService from '../src/services/userService.ts'
import { createApi, pay, prepareOrder, type Api, type Ordered } from '../test/support/api.ts'
import { startApp, type TestApp } from '../test/support/app.ts'
import prepareTemplate from '../test/support/postgres.ts'
import { openBenchDatabase } from './database.ts'
import { table } from './measure.ts'
import { serve, work, type Running } from './program.ts'

/** `SOAK_MINUTES=60 npm run bench soak` for a longer one. */
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 30)
const SAMPLES = 15
const LIST_EVERY_MS = 100
const ORDER_EVERY_MS = 4_000
/** So many subscriptions live at a time. */
const LIVE = 10
const LISTS = [
  '/api/admin/customers?limit=50&q=ada',
  '/api/admin/hosting/cloudpods?limit=50',
  '/api/admin/billing/subscriptions?limit=50&state=active',
  '/api/admin/billing/invoices?limit=50',
  '/api/admin/provisioning/jobs?limit=50',
  '/api/admin/audit/events?limit=50',
  '/api/admin/search?q=ada',
  '/api/admin/dashboard',
]

type Watched = Running & { name: string; inspect: number; url?: string }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('there is no free port')
  return address.port
}

/** What is still in use of the heap of a process, in MiB: measured by its inspector after a collection. */
async function heapOf(port: number): Promise<number> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string
  }[]
  if (!target) throw new Error('there is nothing to inspect')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  let last = 0
  const ask = (method: string, params = {}): Promise<{ result?: { value: number } }> =>
    new Promise((resolve) => {
      const id = ++last
      socket.addEventListener('message', function heard({ data }) {
        const answer = JSON.parse(String(data)) as { id: number; result: { result?: { value: number } } }
        if (answer.id !== id) return
        socket.removeEventListener('message', heard)
        resolve(answer.result)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
  await ask('HeapProfiler.collectGarbage')
  const { result } = await ask('Runtime.evaluate', { expression: 'process.memoryUsage().heapUsed' })
  socket.close()
  return (result?.value ?? Number.NaN) / 2 ** 20
}

const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

type Load = { lists: number; orders: number; events: number; failures: string[] }

type Caller = { api: Api; url: string; key: string; tenantId: string }

/** Reads lists, follows the stream of jobs, and orders, pays and ends subscriptions, each at its own pace. */
function steadyLoad({ api, url, key, tenantId }: Caller) {
  const load: Load = { lists: 0, orders: 0, events: 0, failures: [] }
  const stopping = new AbortController()
  const repeat = async (every: number, once: () => Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      await once().catch((error: unknown) => load.failures.push(String(error)))
      await sleep(every)
    }
  }
  const expect = (what: string, { status }: { status: number }) => {
    if (status >= 300) load.failures.push(`${what}: ${status}`)
  }
  const lists = repeat(LIST_EVERY_MS, async () => {
    const path = LISTS[load.lists++ % LISTS.length] ?? ''
    expect(path, await api.get(path))
  })
  const waiting: string[] = []
  const orders = repeat(ORDER_EVERY_MS, async () => {
    const order = await prepareOrder(api, tenantId)
    const ordered = await api.post<Ordered>('/api/admin/billing/subscriptions', order)
    expect('order', ordered)
    expect('payment', await pay(api, ordered.body.invoice))
    load.orders++
    waiting.push(ordered.body.subscription.id)
    const [oldest] = waiting
    if (oldest === undefined || waiting.length < LIVE) return
    const path = `/api/admin/billing/subscriptions/${oldest}`
    if ((await api.get<Subscription>(path)).body.state !== 'active') return
    waiting.shift()
    expect('cancel', await api.post(`${path}/cancel`, { when: 'now', reason: 'The soak goes on.' }))
  })
  const stream = (async () => {
    const headers = { authorization: `Bearer ${key}` }
    const answer = await fetch(`${url}/api/admin/provisioning/events`, { headers, signal: stopping.signal })
    for await (const part of answer.body ?? [])
      load.events += Buffer.from(part).toString('latin1').split('\n\n').length - 1
  })()
  return {
    load,
    stop: async () => {
      stopping.abort()
      await Promise.allSettled([lists, orders, stream])
    },
  }
}

/** A server and two workers, as processes of their own, under a steady load: what they keep must not grow. */
export async function soak(): Promise<void> {
  const database = await openBenchDatabase()
  process.env.TEST_DATABASE_URL = database.ownerUrl
  const dropTemplate = await prepareTemplate()
  const app = await startApp({ worker: false, speed: { cloneMs: 300, startMs: 100 } })
  try {
    await morePlace(app)
    await watch(app)
  } finally {
    await app.close()
    await dropTemplate()
    await database.close()
  }
}

/** Addresses given back rest for a while: those of the pool that a cluster begins with would be used up. */
async function morePlace(app: TestApp): Promise<void> {
  const { status, body } = await app.admin.post('/api/admin/provisioning/ip-pools', {
    clusterId: app.clusterId,
    name: 'soak',
    network: '198.18.0.0/16',
    gateway: '198.18.0.1',
    rangeStart: '198.18.0.10',
    rangeEnd: '198.18.255.250',
    dnsServers: ['198.18.0.1'],
  })
  if (status !== 201) throw new Error(`no pool: ${JSON.stringify(body)}`)
}

async function watch(app: TestApp): Promise<void> {
  const own = { url: app.databaseUrl, dataDir: app.config.dataDir }
  const watched: Watched[] = []
  for (const [name, start] of [
    ['server', serve] as const,
    ['worker 1', work] as const,
    ['worker 2', work] as const,
  ]) {
    const inspect = await freePort()
    watched.push({ ...(await start(own, { inspect })), name, inspect })
  }
  const url = watched[0]?.url ?? ''
  const key = await app.as(async (ctx) => {
    const made = { email: 'admin@example.com', name: 'soak', tenantId: null, scopes: [], days: 1 }
    return (await userService.createApiKey(ctx, made)).token
  })
  const api = await createApi(url, { key })
  const { load, stop } = steadyLoad({ api, url, key, tenantId: await app.tenant({ maxPods: 100_000 }) })
  const rows: string[][] = []
  const sample = async (minute: number) => {
    const row = [`${minute.toFixed(0)} min`, String(load.lists), String(load.orders), String(load.events)]
    for (const { pid, inspect } of watched)
      // First the memory as it is, then what remains of it after a collection.
      row.push(residentOf(pid).toFixed(0), (await heapOf(inspect)).toFixed(1))
    console.log(row.join(' '))
    rows.push(row)
  }
  for (let at = 0; at <= SAMPLES; at++) {
    if (at > 0) await sleep((MINUTES * 60_000) / SAMPLES)
    await sample((at * MINUTES) / SAMPLES)
  }
  await stop()
  for (const { stop: end } of watched) await end()
  const figures = watched.flatMap(({ name }) => [`${name}: resident MiB`, 'heap in use MiB'])
  table(['after', 'lists', 'orders', 'events', ...figures], rows)
  console.log(`${load.failures.length} calls failed`, [...new Set(load.failures)].slice(0, 5))
}

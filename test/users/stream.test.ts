import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { QueueOverview } from '../../shared/api/provisioningControls.ts'
import { sha256 } from '../../src/lib/crypto.ts'
import { billingReconcile } from '../../src/services/billingQueues.ts'
import { clusterSync, enqueue } from '../../src/services/provisioningQueues.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { COOKIE, keyOf, person, session } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

type Event = { job: { id: string; state: string; tenantId: string | null; kind: string } }
type Stream = {
  status: number
  events: Event[]
  figures: QueueOverview[]
  /** Where a reconnect goes on: the last id that came, with or without an event. */
  place: () => string | undefined
  ended: Promise<void>
  isOpen: () => boolean
  close: () => void
}

/** Opens the live stream as a browser's EventSource does. */
async function open(headers: Record<string, string>, query = ''): Promise<Stream> {
  const abort = new AbortController()
  const response = await fetch(`${app.url}/api/admin/provisioning/events${query}`, {
    headers,
    signal: abort.signal,
  })
  const events: Event[] = []
  const figures: QueueOverview[] = []
  let isOpen = true
  let place: string | undefined
  async function read(): Promise<void> {
    let rest = ''
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const id = /^id: (.*)$/m.exec(block)?.[1]
          const data = /^data: (.*)$/m.exec(block)?.[1]
          place = id ?? place
          if (data === undefined) continue
          if (/^event: queues$/m.test(block)) figures.push(JSON.parse(data) as QueueOverview)
          else {
            const job = JSON.parse(data) as Event['job']
            // The nightly comparison of its books begins by itself for every new tenant.
            if (job.kind !== billingReconcile.kind) events.push({ job })
          }
        }
      }
    } catch {
      // Closed by us.
    }
    isOpen = false
  }
  return {
    status: response.status,
    events,
    figures,
    place: () => place,
    ended: read(),
    isOpen: () => isOpen,
    close: () => abort.abort(),
  }
}

/** A job of a tenant that really runs: it reads the simulated cluster. */
const addJob = (tenantId: string): Promise<{ id: string }> =>
  app.as((ctx) =>
    enqueue(ctx, {
      queue: 'system',
      kind: clusterSync.kind,
      tenantId,
      subject: { type: 'cluster', id: app.clusterId, label: 'simulated' },
      payload: { clusterId: app.clusterId },
    }),
  )

const bearer = async (tenantId: string) => ({
  authorization: `Bearer ${(await keyOf(app, 'admin@example.com', { tenantId })).token}`,
})

const ids = (stream: Stream) => new Set(stream.events.map(({ job }) => job.id))

test('a stream shows the changes of the caller’s jobs as they happen, to their end', async () => {
  const tenantId = await app.tenant()
  const stream = await open(await bearer(tenantId))
  expect(stream.status).toBe(200)
  const { id } = await addJob(tenantId)
  await until(async () => stream.events.some(({ job }) => job.state === 'succeeded'), 'the end of the job')
  expect(new Set(stream.events.map(({ job }) => job.id))).toEqual(new Set([id]))
  stream.close()
  await stream.ended
})

test('whoever sees the infrastructure is told how the queues are when that changes, a tenant’s own people are not', async () => {
  const tenantId = await app.tenant()
  const [ofAll, ofTenant] = [
    await open({ authorization: `Bearer ${(await keyOf(app, 'admin@example.com')).token}` }),
    await open(await bearer(tenantId)),
  ]
  const done = (stream: Stream) => stream.figures.at(-1)?.kinds.find(({ kind }) => kind === clusterSync.kind)
  await until(async () => ofAll.figures.length > 0, 'the first figures')
  const before = done(ofAll)?.succeeded ?? 0
  const { id } = await addJob(tenantId)
  await until(async () => (done(ofAll)?.succeeded ?? 0) > before, 'the figures with the job that ended')
  await until(
    async () => ofTenant.events.some(({ job }) => job.id === id && job.state === 'succeeded'),
    'the end',
  )
  const told = ofAll.figures.length
  await sleep(2_500)
  expect(ofAll.figures.length - told).toBeLessThanOrEqual(1)
  expect(ofTenant.figures).toEqual([])
  for (const stream of [ofAll, ofTenant]) stream.close()
})

test('a client that reconnects with Last-Event-ID misses no job among 200 that run at once, and sees no other tenant', async () => {
  const own = await app.tenant()
  const other = await app.tenant()
  const headers = await bearer(own)
  const seen = new Map<string, string>()
  let last: string | undefined
  let reconnects = 0
  const stop = new AbortController()
  const listener = (async () => {
    while (!stop.signal.aborted) {
      const stream = await open({ ...headers, ...(last === undefined ? {} : { 'last-event-id': last }) })
      const enough = 15 + (reconnects % 7)
      const end = Date.now() + 1_500
      while (!stop.signal.aborted && stream.events.length < enough && Date.now() < end) await sleep(10)
      await until(async () => stream.place(), 'the first place')
      stream.close()
      await stream.ended
      for (const { job } of stream.events) {
        seen.set(job.id, job.state)
        expect(job.tenantId).toBe(own)
      }
      last = stream.place() ?? last
      reconnects++
    }
  })()
  await until(async () => reconnects > 0, 'the first connection')
  expect(seen.size).toBe(0)
  const made = await Promise.all(
    Array.from({ length: 250 }, (_, index) =>
      addJob(index % 5 === 4 ? other : own).then(({ id }) => ({ id, index })),
    ),
  )
  const mine = made.filter(({ index }) => index % 5 !== 4).map(({ id }) => id)
  expect(mine).toHaveLength(200)
  await until(
    async () => mine.every((id) => seen.get(id) === 'succeeded'),
    'the end of all 200 jobs in the stream',
    45_000,
  )
  stop.abort()
  await listener
  expect([...seen.keys()].toSorted()).toEqual(mine.toSorted())
  expect(reconnects).toBeGreaterThan(5)
}, 60_000)

test('a transaction that stays open holds up nobody’s news, and what it changes is told when it commits', async () => {
  const tenantId = await app.tenant()
  const stream = await open(await bearer(tenantId))
  const late = new Client({ connectionString: app.ownerUrl })
  await late.connect()
  try {
    const first = await addJob(tenantId)
    await until(async () => stream.events.some(({ job }) => job.state === 'succeeded'), 'the first job')
    await late.query(`begin; set local app.scope = 'platform'`)
    await late.query('update provisioning_jobs_live set changed = pg_current_xact_id() where id = $1', [
      first.id,
    ])
    const before = stream.events.length
    const second = await addJob(tenantId)
    const ended = ({ job }: Event) => job.id === second.id && job.state === 'succeeded'
    await until(async () => stream.events.some(ended), 'the job beside the open transaction')
    expect(stream.events.slice(before).map(({ job }) => job.id)).not.toContain(first.id)
    await late.query('commit')
    await until(
      async () => stream.events.slice(before).some(({ job }) => job.id === first.id),
      'the late change',
    )
    expect(stream.events.filter(ended)).toHaveLength(1)
  } finally {
    await late.end()
    stream.close()
  }
})

test('a stream for all tenants is the platform’s alone, and may be narrowed to one', async () => {
  const own = await app.tenant()
  const other = await app.tenant()
  const headers = { authorization: `Bearer ${(await keyOf(app, 'admin@example.com')).token}` }
  const [all, narrow] = [await open(headers), await open(headers, `?tenantId=${own}`)]
  const jobs = [await addJob(own), await addJob(other)]
  await until(
    async () => jobs.every(({ id }) => ids(all).has(id)) && ids(narrow).size > 0,
    'events in both streams',
  )
  expect(ids(narrow)).toEqual(new Set([jobs[0]?.id]))
  all.close()
  narrow.close()
})

test.each([
  ['garbage', 'garbage'],
  ['a place that no transaction can have', '1:99999999999999999999:'],
  ['a place that PostgreSQL would not read', '7:9:8,9'],
  ['a place that this database has not come to', '4000000000:4000000000:'],
])('a stream that is asked to go on from %s begins at the present', async (_, place) => {
  const tenantId = await app.tenant()
  const stream = await open({ ...(await bearer(tenantId)), 'last-event-id': place })
  const { id } = await addJob(tenantId)
  await until(async () => stream.events.some(({ job }) => job.id === id), 'the event')
  expect(stream.isOpen()).toBe(true)
  stream.close()
})

const endings: [string, () => Promise<{ headers: Record<string, string>; end: () => Promise<unknown> }>][] = [
  [
    'a log-out',
    async () => {
      const { token, api } = await session(app, 'admin@example.com')
      return { headers: { cookie: `${COOKIE}=${token}` }, end: () => api.post('/api/auth/logout') }
    },
  ],
  [
    'the revocation of its key',
    async () => {
      const { token } = await keyOf(app, 'admin@example.com')
      const end = () =>
        app.as((ctx) =>
          sql`update api_keys set revoked_at = now() where token_hash = ${sha256(token)}`.execute(ctx.tx),
        )
      return { headers: { authorization: `Bearer ${token}` }, end }
    },
  ],
  [
    'the loss of the role',
    async () => {
      const user = await person(app, 'SUPPORT')
      const { token } = await keyOf(app, user.email)
      const end = () =>
        app.as((ctx) => sql`delete from role_grants where user_id = ${user.id}`.execute(ctx.tx))
      return { headers: { authorization: `Bearer ${token}` }, end }
    },
  ],
]

test.concurrent.each(endings)('a stream ends within seconds after %s', async (_, begin) => {
  const { headers, end } = await begin()
  const stream = await open(headers)
  await sleep(300)
  expect(stream.isOpen()).toBe(true)
  await end()
  const ended = await Promise.race([stream.ended.then(() => true), sleep(8_000).then(() => false)])
  expect(ended).toBe(true)
})

test('a page that is only open does not keep its session alive', async () => {
  const { token, api } = await session(app, 'admin@example.com')
  const stream = await open({ cookie: `${COOKIE}=${token}` })
  expect(stream.status).toBe(200)
  try {
    app.clock.offsetMs = 29 * 60_000
    await sleep(7_000)
    expect(stream.isOpen()).toBe(true)
    app.clock.offsetMs = 31 * 60_000
    expect(await Promise.race([stream.ended.then(() => true), sleep(8_000).then(() => false)])).toBe(true)
    expect((await api.get('/api/auth/me')).status).toBe(401)
  } finally {
    app.clock.offsetMs = 0
    stream.close()
  }
})

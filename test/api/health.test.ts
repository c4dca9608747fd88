import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDeps } from '../../src/deps.ts'
import { newId } from '../../src/lib/ids.ts'
import { startServer, type Server } from '../../src/server.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { createApi, type Api } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'
import { ownerOf } from '../rules/rows.ts'

let app: TestApp
let nobody: Api
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  nobody = await createApi(app.url, undefined)
})
afterAll(() => app.close())

test('a server that can serve says so', async () => {
  expect(await nobody.get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await nobody.get('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } })
})

test('a server goes on while a newer version has migrated, and is not ready when its schema is gone', async () => {
  const owner = await ownerOf(app.ownerUrl)
  await owner.query(`insert into schema_migrations (name, checksum) values ('9999_future.sql', 'x')`)
  expect(await nobody.get('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  await owner.query(`delete from schema_migrations where name = '9999_future.sql'`)
  const [last] = await owner.query<{ name: string; checksum: string }>(
    `delete from schema_migrations where name = (select max(name) from schema_migrations) returning name, checksum`,
  )
  expect(await nobody.get('/readyz')).toMatchObject({
    status: 503,
    body: { status: 'the database schema is behind' },
  })
  await owner.query('insert into schema_migrations (name, checksum) values ($1, $2)', [
    last?.name,
    last?.checksum,
  ])
  await owner.close()
  expect((await nobody.get('/readyz')).status).toBe(200)
})

test('when every connection to the database is in use, a request waits, and is then asked to come again', async () => {
  const { pool } = app.root.db
  const held = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
  const answer = await app.admin.get('/api/admin/tenants')
  for (const connection of held) connection.release()
  expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect((await app.admin.get('/api/admin/tenants')).status).toBe(200)
})

/** A wire to the database that can be cut. */
async function cuttable(): Promise<{ url: string; cut: () => void; mend: () => void; close: () => void }> {
  const target = new URL(app.databaseUrl)
  const sockets = new Set<Socket>()
  let isCut = false
  const wire = createServer((client) => {
    if (isCut) {
      client.destroy()
      return
    }
    const server = connect(Number(target.port), target.hostname)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.host = `127.0.0.1:${(wire.address() as AddressInfo).port}`
  const drop = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    url: url.href,
    cut: () => {
      isCut = true
      drop()
    },
    mend: () => {
      isCut = false
    },
    close: () => {
      drop()
      wire.close()
    },
  }
}

test('a server whose database is away is alive but not ready, refuses with 5xx, and recovers by itself', async () => {
  const wire = await cuttable()
  const deps = createDeps(app.config, wire.url, { log: app.root.log })
  let server: Server | undefined
  try {
    server = await startServer(deps.root, wire.url, { host: '127.0.0.1', port: 0, trustedProxies: [] })
    const api = await createApi(server.url, undefined)
    expect((await api.get('/readyz')).status).toBe(200)
    wire.cut()
    expect(await api.get('/readyz')).toMatchObject({
      status: 503,
      body: { status: 'the database cannot be reached' },
    })
    expect((await api.get('/healthz')).status).toBe(200)
    const login = await api.post('/api/auth/login', {
      email: 'admin@example.com',
      password: 'correct-horse-battery',
    })
    expect(login.status).toBeGreaterThanOrEqual(500)
    expect(JSON.stringify(login.body)).not.toMatch(/ECONN|postgres|127\.0\.0\.1/)
    wire.mend()
    expect((await api.get('/readyz')).status).toBe(200)
  } finally {
    await server?.stop()
    await deps.close()
    wire.close()
  }
})

test('a server that stops answers what it was asked, ends live streams, and takes nothing more', async () => {
  const server = await startServer(app.root, app.databaseUrl, {
    host: '127.0.0.1',
    port: 0,
    trustedProxies: [],
  })
  const api = await createApi(server.url, { email: 'admin@example.com', password: 'correct-horse-battery' })
  const { token } = await keyOf(app, 'admin@example.com')
  const stream = await fetch(`${server.url}/api/admin/provisioning/events`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(stream.status).toBe(200)
  const owner = await ownerOf(app.ownerUrl)
  await owner.query('begin; lock table tenants in access exclusive mode')
  const slug = `t-${newId().slice(-12)}`
  const asked = api.post<{ slug: string }>('/api/admin/tenants', { name: slug, slug })
  const waits = `select 1 from pg_locks where not granted and relation = 'tenants'::regclass`
  await until(async () => (await owner.query(waits)).length > 0, 'the request to be in the database')
  const stopped = server.stop()
  await stream.text()
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
  await owner.query('commit')
  const answer = await asked
  expect(answer).toMatchObject({ status: 201, body: { slug } })
  expect(answer.headers.get('connection')).toBe('close')
  await stopped
  await owner.close()
})

test('the metrics count requests by route, never by address, and know the queues', async () => {
  await app.admin.get('/api/admin/customers/01890000-0000-7000-8000-000000000000')
  const { status, headers, body } = await nobody.get<string>('/metrics')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toContain('text/plain')
  expect(body).toMatch(
    /^mpanel_http_request_seconds_count\{.*route="\/api\/admin\/customers\/:id".*status="404".*\} \d+$/m,
  )
  expect(body).not.toContain('01890000-')
  expect(body).toContain('# TYPE mpanel_jobs gauge')
  for (const line of body.trim().split('\n'))
    expect(line).toMatch(/^(|# (HELP|TYPE) \w+ .+|\w+(\{.*\})? -?[\d.e+-]+|\w+(\{.*\})? NaN)$/)
})

test('the metrics know the fleet, its timers and limits, what is paused and what is wrong', async () => {
  await app.as(async (ctx) => {
    await provisioningService.pause(ctx, { what: 'queue', which: 'ssl', reason: 'a test' })
    await sql`insert into workers (name, host, pid, version, concurrency, started_at, seen_at)
      values ('one', 'host.example.com', 1, '0', 1, now(), clock_timestamp()),
        ('two', 'host.example.com', 2, '0', 1, now(), clock_timestamp() - interval '1 hour')`.execute(ctx.tx)
    await sql`insert into timers (name, next_run_at, last_success_at)
      values ('x', now() + interval '1 day', now() - interval '1 minute')`.execute(ctx.tx)
    await sql`insert into alerts (id, code, ref, message, opened_at)
      values (${newId()}, 'jobs_stuck', 'ssl', 'one', now()), (${newId()}, 'jobs_stuck', 'domain', 'two', now())`.execute(
      ctx.tx,
    )
  })
  const { body } = await nobody.get<string>('/metrics')
  for (const line of [
    'mpanel_workers{state="running"} 1',
    'mpanel_workers{state="silent"} 1',
    'mpanel_paused{what="queue",which="ssl"} 1',
    'mpanel_job_limit_capacity{limit="node:*"} 4',
    'mpanel_alerts{code="jobs_stuck"} 2',
  ])
    expect(body.split('\n')).toContain(line)
  expect(body).toMatch(/^mpanel_timer_success_age_seconds\{timer="x"\} 6\d/m)
})

const call = (headers: Record<string, string> = {}) =>
  app.server.app.inject({ url: '/metrics', remoteAddress: '203.0.113.9', headers })

test('the metrics are for callers of this machine, or with infrastructure:read', async () => {
  expect((await call()).statusCode).toBe(401)
  expect((await call({ 'x-forwarded-for': '127.0.0.1' })).statusCode).toBe(401)
  expect((await call({ authorization: 'Bearer mp_aaaaaaaa_bbbbbbbbbbbbbbbb' })).statusCode).toBe(401)
})

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createApi } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newId } from '../../src/lib/ids.ts'
import { COOKIE, keyOf, person, session } from './people.ts'

const MINUTE = 60_000
let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const grant = (userId: string, role: string, tenantId: string | null, until: Date | null = null) =>
  app.as((ctx) =>
    sql`insert into role_grants (id, user_id, role_id, tenant_id, expires_at, created_at)
      select ${newId()}, ${userId}, id, ${tenantId}, ${until}, now() from roles where key = ${role}`.execute(
      ctx.tx,
    ),
  )
const revokeGrants = (userId: string) =>
  app.as((ctx) => sql`delete from role_grants where user_id = ${userId}`.execute(ctx.tx))

test('a session that is not used for 30 minutes is over', async () => {
  const { api } = await session(app, 'admin@example.com')
  app.clock.offsetMs = 29 * MINUTE
  expect((await api.get('/api/auth/me')).status).toBe(200)
  app.clock.offsetMs = 58 * MINUTE
  expect((await api.get('/api/auth/me')).status).toBe(200)
  app.clock.offsetMs = 89 * MINUTE
  expect((await api.get('/api/auth/me')).status).toBe(401)
  app.clock.offsetMs = 60 * MINUTE
  expect((await api.get('/api/auth/me')).status).toBe(200)
})

test('a session ends after 12 hours however busy it is', async () => {
  const { api } = await session(app, 'admin@example.com')
  for (let minutes = 25; minutes < 12 * 60; minutes += 25) {
    app.clock.offsetMs = minutes * MINUTE
    expect((await api.get('/api/auth/me')).status, `after ${minutes} minutes`).toBe(200)
  }
  app.clock.offsetMs = 12 * 60 * MINUTE + 1_000
  expect((await api.get('/api/auth/me')).status).toBe(401)
})

test('a log-out ends the session at once, on the server, and only that one', async () => {
  const first = await session(app, 'admin@example.com')
  const second = await session(app, 'admin@example.com')
  const answer = await first.api.post('/api/auth/logout')
  expect(answer.status).toBe(204)
  expect(answer.body).toBe('')
  for (const path of ['/api/auth/me', '/api/admin/tenants'])
    expect((await first.api.get(path)).status).toBe(401)
  expect((await first.api.post('/api/auth/logout')).status).toBe(401)
  expect((await second.api.get('/api/auth/me')).status).toBe(200)
})

test('a user who is disabled is out with the next request, with session and key', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  const key = await keyOf(app, user.email)
  expect((await api.get('/api/auth/me')).status).toBe(200)
  expect((await key.api.get('/api/auth/me')).status).toBe(200)
  await app.as((ctx) => sql`update users set state = 'disabled' where id = ${user.id}`.execute(ctx.tx))
  expect((await api.get('/api/auth/me')).status).toBe(401)
  expect((await key.api.get('/api/auth/me')).status).toBe(401)
})

test('a change of roles applies to the next request, with session and key', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_USER', tenantId)
  const callers = [(await session(app, user.email)).api, (await keyOf(app, user.email)).api]
  const body = { tenantId, name: 'Ada', email: 'ada@example.com' }
  for (const api of callers) expect((await api.post('/api/admin/customers', body)).status).toBe(403)
  await grant(user.id, 'TENANT_OWNER', tenantId)
  for (const api of callers) expect((await api.post('/api/admin/customers', body)).status).toBe(201)
  await revokeGrants(user.id)
  for (const api of callers) {
    expect((await api.post('/api/admin/customers', body)).status).toBe(403)
    expect((await api.get('/api/admin/hosting/cloudpods')).status).toBe(403)
    expect((await api.get(`/api/admin/tenants/${tenantId}`)).status).toBe(403)
    expect((await api.get('/api/auth/me')).body).toMatchObject({ roles: [], platform: [], tenants: [] })
  }
})

test('a role that was granted for a time ends with it', async () => {
  const user = await person(app, 'SUPPORT')
  await revokeGrants(user.id)
  await grant(user.id, 'SUPPORT', null, new Date(Date.now() + 60 * MINUTE))
  const { api } = await keyOf(app, user.email)
  expect((await api.get('/api/admin/tenants')).status).toBe(200)
  app.clock.offsetMs = 61 * MINUTE
  expect((await api.get('/api/admin/tenants')).status).toBe(403)
})

test('a session cookie and an API key together are refused', async () => {
  const { token } = await session(app, 'admin@example.com')
  const key = await keyOf(app, 'admin@example.com')
  const answer = await key.api.call('GET', '/api/auth/me', undefined, { cookie: `${COOKIE}=${token}` })
  expect(answer.status).toBe(400)
  expect(answer.body).toMatchObject({ code: 'malformed_request' })
})

test.each([
  ['a token nobody has', 'B'.repeat(43)],
  ['an empty one', ''],
  ['one that is SQL', `'or'1'='1`],
  ['one of many kilobytes', 'x'.repeat(6_000)],
  ['a JSON web token', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.'],
])('%s is no session', async (_, token) => {
  const nobody = await createApi(app.url, undefined)
  const answer = await nobody.call('GET', '/api/auth/me', undefined, { cookie: `${COOKIE}=${token}` })
  expect(answer.status).toBe(401)
})

test('the hash that the database holds does not log in', async () => {
  await session(app, 'admin@example.com')
  const hashes = await app.as(async (ctx) => {
    const { rows } = await sql<{ hash: Buffer }>`select token_hash as hash from sessions`.execute(ctx.tx)
    return rows.flatMap(({ hash }) => [hash.toString('hex'), hash.toString('base64url')])
  })
  const nobody = await createApi(app.url, undefined)
  for (const hash of hashes) {
    const answer = await nobody.call('GET', '/api/auth/me', undefined, { cookie: `${COOKIE}=${hash}` })
    expect(answer.status).toBe(401)
  }
})

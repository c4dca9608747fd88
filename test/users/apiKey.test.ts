import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { PEOPLE_ONLY, PERMISSIONS, ROLE_PERMISSIONS } from '../../shared/permissions.ts'
import type { Me } from '../../shared/api/auth.ts'
import { sha256 } from '../../src/lib/crypto.ts'
import * as userService from '../../src/services/userService.ts'
import { createApi } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, session } from './people.ts'

const DAY = 86_400_000
let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const change = (token: string, set: string) =>
  app.as((ctx) =>
    sql`update api_keys set ${sql.raw(set)} where token_hash = ${sha256(token)}`.execute(ctx.tx),
  )
const rightsOf = async (api: Awaited<ReturnType<typeof keyOf>>['api']): Promise<Me> =>
  (await api.get<Me>('/api/auth/me')).body

test('only the hash of a key is stored', async () => {
  const { token } = await keyOf(app, 'admin@example.com')
  expect(token).toMatch(/^mp_\w{8}_[\w-]{43}$/)
  const rows = await app.as(async (ctx) => {
    const found = await sql<{ row: string }>`select api_keys::text as row from api_keys
      where token_hash = ${sha256(token)}`.execute(ctx.tx)
    return found.rows
  })
  expect(rows).toHaveLength(1)
  expect(rows[0]?.row).not.toContain(token.split('_').slice(2).join('_'))
})

test('a key may do what its scopes name, as far as its owner may', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_USER', tenantId)
  const { api } = await keyOf(app, user.email, {
    scopes: ['customers:create', 'cloudpods:read', 'tenants:read'],
  })
  expect((await rightsOf(api)).tenants.map((tenant) => tenant.permissions.toSorted())).toEqual([
    ['cloudpods:read', 'tenants:read'],
  ])
  expect((await api.get('/api/admin/hosting/cloudpods')).status).toBe(200)
  expect((await api.get('/api/admin/provisioning/jobs')).status).toBe(403)
  const made = await api.post('/api/admin/customers', { tenantId, name: 'x', email: 'x@example.com' })
  expect(made.status).toBe(403)
})

test('a key without scopes has the rights of its owner, but those for people', async () => {
  const user = await person(app, 'BILLING')
  const { api } = await keyOf(app, user.email)
  const rights = ROLE_PERMISSIONS.BILLING.filter((permission) => !PEOPLE_ONLY.includes(permission))
  expect((await rightsOf(api)).platform.toSorted()).toEqual([...new Set(rights)].toSorted())
})

test('a key that is bound to a tenant does nothing elsewhere, even when its owner may do everything', async () => {
  const tenantId = await app.tenant()
  const other = await app.tenant()
  const { api } = await keyOf(app, 'admin@example.com', { tenantId })
  const me = await rightsOf(api)
  expect(me.platform).toEqual([])
  expect(me.tenants.map((tenant) => [tenant.id, tenant.permissions.length])).toEqual([
    [tenantId, PERMISSIONS.length - PEOPLE_ONLY.length],
  ])
  expect((await api.get(`/api/admin/tenants/${tenantId}`)).status).toBe(200)
  expect((await api.get(`/api/admin/tenants/${other}`)).status).toBe(404)
  expect((await api.get('/api/admin/provisioning/clusters')).status).toBe(403)
})

test('a key that is bound to a tenant its owner does not belong to may do nothing', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_OWNER', await app.tenant())
  const { api } = await keyOf(app, user.email, { tenantId })
  expect((await api.get('/api/admin/customers')).status).toBe(403)
  expect((await api.get(`/api/admin/tenants/${tenantId}`)).status).toBe(403)
})

test('a key ends with its term', async () => {
  const { api } = await keyOf(app, 'admin@example.com', { days: 3 })
  app.clock.offsetMs = 3 * DAY - 60_000
  expect((await api.get('/api/auth/me')).status).toBe(200)
  app.clock.offsetMs = 3 * DAY + 1_000
  expect((await api.get('/api/auth/me')).status).toBe(401)
})

test('a revoked key is refused from the next request on', async () => {
  const { api, token } = await keyOf(app, 'admin@example.com')
  expect((await api.get('/api/auth/me')).status).toBe(200)
  await change(token, 'revoked_at = now()')
  expect((await api.get('/api/auth/me')).status).toBe(401)
})

test('a key with a list of networks is taken from there only', async () => {
  const { api, token } = await keyOf(app, 'admin@example.com')
  await change(token, `allowed_cidrs = '{203.0.113.0/24, 2001:db8::/32}'`)
  const refused = await api.call('GET', '/api/auth/me', undefined, { 'x-forwarded-for': '203.0.113.7' })
  expect(refused.status).toBe(401)
  await change(token, `allowed_cidrs = '{203.0.113.0/24, 127.0.0.0/8}'`)
  expect((await api.get('/api/auth/me')).status).toBe(200)
})

test('an IPv4 caller of a server that listens on IPv6 counts as what it is', async () => {
  const { token } = await keyOf(app, 'admin@example.com')
  await change(token, `allowed_cidrs = '{192.0.2.0/24}'`)
  const call = (remoteAddress: string) =>
    app.server.app.inject({
      url: '/api/auth/me',
      headers: { authorization: `Bearer ${token}` },
      remoteAddress,
    })
  expect((await call('::ffff:192.0.2.9')).statusCode).toBe(200)
  expect((await call('::ffff:198.51.100.9')).statusCode).toBe(401)
})

test.each([
  ['another scheme', 'Basic YWRtaW46YWRtaW4='],
  ['no scheme', 'mp_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'],
  ['a key nobody has', `Bearer mp_aaaaaaaa_${'b'.repeat(43)}`],
  ['a JSON web token', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.'],
  ['nothing after the scheme', 'Bearer '],
  ['two keys', 'Bearer mp_aaaaaaaa_bbbbbbbbbb mp_aaaaaaaa_bbbbbbbbbb'],
])('%s is refused with 401', async (_, authorization) => {
  const nobody = await createApi(app.url, undefined)
  const answer = await nobody.call('GET', '/api/auth/me', undefined, { authorization })
  expect(answer.status).toBe(401)
  expect(answer.body).toMatchObject({ code: 'unauthenticated' })
})

test('a request with a key needs no same origin: browsers do not send keys by themselves', async () => {
  const tenantId = await app.tenant()
  const { api } = await keyOf(app, 'admin@example.com')
  const body = { tenantId, name: 'x', email: 'x@example.com' }
  const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' }
  expect((await api.call('POST', '/api/admin/customers', body, headers)).status).toBe(201)
})

test('a scope that does not exist is refused when the key is made', async () => {
  const made = app.as((ctx) =>
    userService.createApiKey(ctx, {
      email: 'admin@example.com',
      name: 'x',
      scopes: ['all:all'],
      tenantId: null,
    }),
  )
  await expect(made).rejects.toMatchObject({ code: 'invalid_input' })
})

test('a call with a key or a session does not wait until another call of it was written down', async () => {
  const user = await person(app, 'SUPPORT')
  const { api, token } = await keyOf(app, user.email)
  const own = (await session(app, user.email)).api
  await app.as(async (ctx) => {
    await sql`update sessions set last_seen_at = last_seen_at - interval '10 minutes'`.execute(ctx.tx)
  })
  const held = app.as(async (ctx) => {
    await sql`select from api_keys where token_hash = ${sha256(token)} for update`.execute(ctx.tx)
    await sql`select from sessions for update`.execute(ctx.tx)
    return [await rightsOf(api), await rightsOf(own)]
  })
  expect((await held).map(({ user: { email } }) => email)).toEqual([user.email, user.email])
})

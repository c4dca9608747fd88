import { newId } from '../../src/lib/ids.ts'
import { createApi } from '../support/api.ts'
import { COOKIE, person, session, withHeaders } from '../users/people.ts'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

type Refusal = {
  tenant_id: string | null
  target_id: string
  details: Record<string, unknown>
  actor: string
}
const refusals = async (operation: string): Promise<Refusal[]> =>
  app.as(async ({ tx }) => {
    const { rows } = await sql<Refusal>`select tenant_id, target_id, details, actor ->> 'label' as actor
      from audit_events where action = 'ACCESS_DENIED' and target_id = ${operation} order by at, id`.execute(
      tx,
    )
    return rows
  })

const all = () =>
  app.as(async ({ tx }) => {
    const { rows } = await sql`select id from audit_events where action = 'ACCESS_DENIED'`.execute(tx)
    return rows
  })

it('who is refused in a tenant is written down in that tenant, with the permission that was missing', async () => {
  const tenant = await app.tenant()
  const user = await app.login('TENANT_USER', tenant)
  const { body } = await app.admin.post<{ id: string }>('/api/admin/customers', {
    tenantId: tenant,
    name: 'Ada',
    email: 'ada@example.com',
  })
  expect((await user.post(`/api/admin/customers/${body.id}/close`, { reason: 'because' })).status).toBe(403)
  expect(await refusals('closeCustomer')).toMatchObject([
    { tenant_id: tenant, details: { code: 'forbidden', permission: 'customers:close' } },
  ])
  const seen = await (
    await app.login('TENANT_OWNER', tenant)
  ).get<{ items: { action: string }[] }>('/api/admin/audit/events?action=ACCESS_DENIED')
  expect(seen.body.items).toHaveLength(1)
})

it('who is refused on the platform is written down there', async () => {
  const support = await app.login('SUPPORT')
  expect((await support.post('/api/admin/tenants', { name: 'Mine', slug: 'mine' })).status).toBe(403)
  expect(await refusals('createTenant')).toMatchObject([{ tenant_id: null }])
})

it('who goes on asking is written down once a minute, with how often they asked meanwhile', async () => {
  const support = await app.login('SUPPORT')
  const ask = () => support.get('/api/admin/mails')
  for (let n = 0; n < 5; n += 1) expect((await ask()).status).toBe(403)
  expect(await refusals('listMails')).toHaveLength(1)
  app.clock.offsetMs += 61_000
  await ask()
  const written = await refusals('listMails')
  expect(written.map(({ details }) => details.repeated)).toEqual([undefined, 4])
})

it('a refusal that cannot be written down stays a refusal', async () => {
  const support = await app.login('SUPPORT')
  const owner = new Client({ connectionString: app.ownerUrl })
  await owner.connect()
  await owner.query('revoke insert on audit_events from mpanel_app')
  expect((await support.get('/api/admin/mails')).status).toBe(403)
  await owner.query('grant insert on audit_events to mpanel_app')
  await owner.end()
  expect(app.logs.some((line) => line.includes('a refusal could not be written'))).toBe(true)
})

it('a change that foreign pages ask for is written down, with whose session they used', async () => {
  const user = await person(app, 'SUPPORT')
  const { token } = await session(app, user.email)
  const foreign = await withHeaders(app, {
    cookie: `${COOKIE}=${token}`,
    'sec-fetch-site': 'cross-site',
    origin: 'https://evil.example.com',
  })
  for (let n = 0; n < 3; n += 1) expect((await foreign.post('/api/auth/logout')).status).toBe(403)
  expect(await refusals('logout')).toMatchObject([
    { tenant_id: null, actor: user.email, details: { code: 'csrf_refused' } },
  ])
})

it('who asks for what is another tenant’s is told that there is nothing, and the platform is told whose it is', async () => {
  const [mine, theirs] = [await app.tenant(), await app.tenant()]
  const user = await app.login('TENANT_OWNER', mine)
  const ids: string[] = []
  for (const name of ['Ada', 'Bob', 'Eve']) {
    const customer = { tenantId: theirs, name, email: 'ada@example.com' }
    ids.push((await app.admin.post<{ id: string }>('/api/admin/customers', customer)).body.id)
  }
  for (const id of ids) expect((await user.get(`/api/admin/customers/${id}`)).status).toBe(404)
  expect((await user.get(`/api/admin/customers/${newId()}`)).status).toBe(404)
  expect(await refusals('getCustomer')).toMatchObject([
    { tenant_id: null, details: { code: 'not_found', id: ids[0], ofTenant: theirs } },
  ])
  const order = { tenantId: theirs, name: 'Mallory', email: 'mallory@example.com' }
  expect((await user.post('/api/admin/customers', order)).status).toBe(404)
  expect(await refusals('createCustomer')).toMatchObject([{ details: { id: theirs, ofTenant: theirs } }])
  const own = await user.get<{ items: unknown[] }>('/api/admin/audit/events?action=ACCESS_DENIED')
  expect(own.body.items).toEqual([])
})

it('what is nobody’s, and a missing thing of one’s own, is no refusal', async () => {
  const tenant = await app.tenant()
  const user = await app.login('TENANT_OWNER', tenant)
  expect((await user.get(`/api/admin/domains/${newId()}`)).status).toBe(404)
  expect(await refusals('getDomain')).toEqual([])
})

it('a key that is none is written down with its address', async () => {
  const stranger = await createApi(app.url, { key: 'mp_' + 'x'.repeat(40) })
  for (let n = 0; n < 3; n += 1) expect((await stranger.get('/api/admin/tenants')).status).toBe(401)
  expect(await refusals('listTenants')).toMatchObject([{ actor: 'anonymous' }])
})

it('nobody fills the log, whatever he is refused', async () => {
  const support = await app.login('SUPPORT')
  app.clock.offsetMs += 61_000
  const before = (await all()).length
  for (let n = 0; n < 50; n += 1)
    expect((await support.post(`/api/admin/tenants/${newId()}/close`, { reason: 'x' })).status).not.toBe(200)
  expect((await all()).length - before).toBeLessThanOrEqual(30)
})

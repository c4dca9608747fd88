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
  const owner = new Client({ connectionString: app.databaseUrl })
  await owner.connect()
  await owner.query('revoke insert on audit_events from mpanel_app')
  expect((await support.get('/api/admin/mails')).status).toBe(403)
  await owner.query('grant insert on audit_events to mpanel_app')
  await owner.end()
  expect(app.logs.some((line) => line.includes('a refusal could not be written'))).toBe(true)
})

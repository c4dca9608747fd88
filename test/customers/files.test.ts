import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Page } from '../../shared/api/common.ts'
import type { CustomerData } from '../../shared/api/customerFiles.ts'
import { order, shop } from '../billing/world.ts'
import { pay } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person } from '../users/people.ts'

const CUSTOMERS = '/api/admin/customers'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
  const field = { tenantId, label: 'A field' }
  const choices = { key: 'size', type: 'choice', choices: ['S', '=L'] }
  for (const more of [
    choices,
    { key: 'remark', type: 'text' },
    { key: 'seats', type: 'number' },
    { key: 'vip', type: 'boolean' },
  ])
    await app.admin.post('/api/admin/customer-fields', { ...field, ...more })
})
afterAll(() => app?.close())

const file = async (query = '', tenant = tenantId) =>
  app.admin.get<string>(`${CUSTOMERS}/export?tenantId=${tenant}${query}`)

test('an export has every customer of the filter, page after page, and is audited', async () => {
  const tenant = await app.tenant()
  await app.as(async (ctx) => {
    await sql`insert into customers (id, tenant_id, name, email, currency, created_at, updated_at)
      select gen_random_uuid(), ${tenant}, 'Customer ' || n, n || '@example.com', 'EUR', now(), now()
      from generate_series(1, 450) n`.execute(ctx.tx)
  })
  const all = await file('', tenant)
  expect(all.status).toBe(200)
  expect(all.headers.get('content-type')).toContain('text/csv')
  expect(all.headers.get('content-disposition')).toMatch(/^attachment; filename="customers-[\d-]+\.csv"/)
  const rows = all.body.split('\r\n')
  expect(rows).toHaveLength(452)
  expect(new Set(rows).size).toBe(452)
  expect((await file('&q=customer+45', tenant)).body.trim().split('\r\n')).toHaveLength(3)
  expect((await file('&limit=201', tenant)).body.trim().split('\r\n')).toHaveLength(202)
  expect((await file('&bom=true&limit=1', tenant)).body.charCodeAt(0)).toBe('i'.charCodeAt(0))
  const { body } = await app.admin.get<Page<AuditEvent>>(
    `/api/admin/audit/events?action=CUSTOMERS_EXPORTED&tenantId=${tenant}`,
  )
  expect(body.items).toHaveLength(4)
})

test('the mark for Excel stands in front when it is asked for', async () => {
  const response = await fetch(`${app.url}${CUSTOMERS}/export?tenantId=${tenantId}&bom=true`, {
    headers: { authorization: `Bearer ${(await keyOf(app, 'admin@example.com')).token}` },
  })
  const sent = Buffer.from(await response.arrayBuffer())
  expect(response.status, sent.toString()).toBe(200)
  expect([...sent.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
})

test('a template has the columns of the tenant and nothing else', async () => {
  const answer = await app.admin.get<string>(`/api/admin/tenants/${tenantId}/customer-template`)
  expect(answer.body).toMatch(
    /^id,tenantId,externalRef,.*,custom\.size,custom\.remark,custom\.seats,custom\.vip\r\n$/,
  )
})

test('whoever loses the right while an export runs gets no further page', async () => {
  const tenant = await app.tenant()
  const someone = await person(app, 'TENANT_OWNER', tenant)
  const { exportCsv } = await import('../../src/services/customerService.ts')
  const content = await app.as(async (ctx) => {
    const origin = {
      ...ctx,
      scope: [tenant],
      actor: { type: 'user', id: someone.id, label: 'x' },
      permission: 'customers:export',
    } as typeof ctx
    return (await exportCsv(origin, { sort: 'createdAt', bom: false })).content
  })
  const pages = content[Symbol.asyncIterator]()
  await pages.next()
  await app.as((ctx) => sql`delete from role_grants where user_id = ${someone.id}`.execute(ctx.tx))
  await expect(pages.next()).rejects.toMatchObject({ code: 'forbidden' })
})

test('the data of one customer are all there, under a name that is safe in a header', async () => {
  const sold = await shop(app)
  const path = `${CUSTOMERS}/${sold.customerId}`
  await app.admin.call('PATCH', path, { name: 'Ådå "x"\r\nSet-Cookie: a=b' })
  await pay(app.admin, (await app.as((ctx) => order(ctx, sold))).invoice)
  await app.admin.post(`${path}/contacts`, { name: 'Bob', email: 'bob@example.com' })
  await app.admin.post(`${path}/notes`, { text: 'A note.' })
  const { status, headers, body } = await app.admin.get<CustomerData>(`${path}/export`)
  expect(status).toBe(200)
  expect(headers.get('set-cookie')).toBeNull()
  expect(headers.get('content-disposition')).toContain(`filename*=UTF-8''%C3%85d%C3%A5%20%22x%22`)
  expect(body).toMatchObject({
    contacts: [{ name: 'Bob' }],
    notes: [{ text: 'A note.' }],
    subscriptions: [{ state: 'provisioning' }],
    cloudPods: [{ state: 'creating' }],
    invoices: [{ status: 'paid' }],
    payments: [{ amount: { amount: '499', currency: 'EUR' } }],
  })
  expect(body.invoices[0]?.buyer['email']).toBe('ada@example.com')
  expect(body.events.map(({ action }) => action)).toContain('CUSTOMER_NOTE_ADDED')
  const again = await app.admin.get<CustomerData>(`${path}/export`)
  expect(again.body.events.map(({ action }) => action)).toContain('CUSTOMER_DATA_EXPORTED')
})

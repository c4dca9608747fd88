import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { CustomerData, ImportResult } from '../../shared/api/customerFiles.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { order, shop } from '../billing/world.ts'
import { pay, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, session } from '../users/people.ts'

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
  await app.admin.post('/api/admin/customer-groups', { tenantId, name: '=Partners, "best"' })
})
afterAll(() => app?.close())

const add = async (more: object = {}, tenant = tenantId): Promise<Customer> => {
  const body = { tenantId: tenant, name: 'Ada', email: 'ada@example.com', ...more }
  const answer = await app.admin.post<Customer>(CUSTOMERS, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}
const get = async (id: string): Promise<Customer> =>
  (await app.admin.get<Customer>(`${CUSTOMERS}/${id}`)).body
const file = async (query = '', tenant = tenantId, api: Api = app.admin) =>
  api.get<string>(`${CUSTOMERS}/export?tenantId=${tenant}${query}`)
const send = (csv: string, dryRun = false, tenant = tenantId, api: Api = app.admin) =>
  api.post<ImportResult & Problem>(`${CUSTOMERS}/import`, { tenantId: tenant, csv, dryRun })
const count = async (tenant: string): Promise<number> =>
  (await app.admin.get<Page<Customer>>(`${CUSTOMERS}?tenantId=${tenant}&limit=200`)).body.items.length

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

test('an export that was imported again changes nothing', async () => {
  const groups = await app.admin.get<Page<{ id: string }>>(`/api/admin/customer-groups?tenantId=${tenantId}`)
  const address = {
    kind: 'billing',
    line1: '=1+1',
    line2: '"',
    city: "O'Hara,\n",
    region: ';',
    postalCode: '-5',
    country: 'IT',
  }
  await add()
  await add()
  await add({
    name: "'=cmd|' /C calc'!A0",
    company: '@SUM(A1)',
    kind: 'company',
    email: '-x@example.com',
    externalRef: '+49 1',
    country: 'DE',
    language: 'de-AT',
    groupId: groups.body.items[0]?.id,
    tags: ['=a;b', 'c\\d', '"e"'],
    addresses: [address],
    taxIds: [{ type: 'vat', country: 'DE', value: 'DE136695976' }],
    custom: { size: '=L', remark: '  \t=x\r\ny ', seats: -2.5, vip: false },
  })
  const { body: csv } = await file()
  const dry = await send(csv, true)
  expect(dry.body.rows.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])
  expect(dry.body.counts.unchanged).toBe(await count(tenantId))
  const before = (await app.admin.get(`${CUSTOMERS}?tenantId=${tenantId}&limit=200`)).body
  expect(await send(csv)).toMatchObject({ status: 200, body: { done: true } })
  expect((await app.admin.get(`${CUSTOMERS}?tenantId=${tenantId}&limit=200`)).body).toEqual(before)
})

test('an import makes and changes customers, found by id, reference or e-mail; sent again it changes nothing', async () => {
  const tenant = await app.tenant()
  const byMail = await add({ email: 'Mail@example.com' }, tenant)
  const byRef = await add({ email: 'ref@example.com', externalRef: 'R-1' }, tenant)
  const csv = [
    'externalRef,name,email,country,tags',
    'R-1,Grace,new@example.com,IT,',
    'R-2,Ada Byron,mail@EXAMPLE.com,,a;b',
    'R-3,Bob,bob@example.com,DE,vip',
  ].join('\n')
  const dry = await send(csv, true, tenant)
  expect(dry.body).toMatchObject({
    done: false,
    counts: { create: 1, update: 2, unchanged: 0, refused: 0 },
    rows: [
      { line: 2, outcome: 'update', customerId: byRef.id, changes: ['name', 'email', 'country'] },
      { line: 3, outcome: 'update', customerId: byMail.id },
      { line: 4, outcome: 'create', customerId: null, name: 'Bob' },
    ],
  })
  expect(await count(tenant)).toBe(2)
  const done = await send(csv, false, tenant)
  expect(done.body).toMatchObject({ done: true, counts: dry.body.counts })
  expect(await get(byMail.id)).toMatchObject({ externalRef: 'R-2', name: 'Ada Byron', tags: ['a', 'b'] })
  expect(await get(done.body.rows[2]?.customerId ?? '')).toMatchObject({ country: 'DE', externalRef: 'R-3' })
  expect((await send(csv, false, tenant)).body.counts).toEqual({
    create: 0,
    update: 0,
    unchanged: 3,
    refused: 0,
  })
  expect(await count(tenant)).toBe(3)
  const events = await app.admin.get<Page<AuditEvent>>(`/api/admin/audit/events?tenantId=${tenant}`)
  const actions = events.body.items.map(({ action }) => action)
  expect(actions.filter((one) => one === 'CUSTOMERS_IMPORTED')).toHaveLength(2)
  expect(actions).toContain('CUSTOMER_UPDATED')
})

test('one refused row refuses the file, and each is named by its line and reason', async () => {
  const tenant = await app.tenant()
  await add({}, tenant)
  await add({}, tenant)
  const foreign = await add()
  const csv = [
    'id,name,email,country,group,addresses,currency,externalRef',
    `,Good,good@example.com,,,,,`,
    `,,no-mail,XX,Nobody,[{,,`,
    `,Ada,ada@example.com,,,,,`,
    `${foreign.id},Ada,x@example.com,,,,,`,
    `,Good,GOOD@example.com,,,,,`,
  ].join('\r\n')
  const dry = await send(csv, true, tenant)
  expect(dry.body.counts).toEqual({ create: 1, update: 0, unchanged: 0, refused: 4 })
  const problems = dry.body.rows.map((row) => row.problems.map(({ path }) => path).toSorted())
  expect(problems).toEqual([[], ['addresses', 'country', 'email', 'group', 'name'], ['email'], ['id'], ['']])
  const refused = await send(csv, false, tenant)
  expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
  expect(refused.body.errors?.map(({ message }) => message)).toContain(
    'line 6: line 2 is about the same customer',
  )
  expect(await count(tenant)).toBe(2)
})

test.each([
  ['a column there is not', 'name,email,balance\nAda,ada@example.com,1', 'there is no column "balance"'],
  ['a field the tenant has not defined', 'name,custom.nope\nAda,1', 'there is no column "custom.nope"'],
  ['nothing', '\n\n', 'the file is empty'],
  ['too many rows', `name,email\n${'Ada,ada@example.com\n'.repeat(2_001)}`, 'at most 2000'],
])('a file with %s is refused as a whole', async (_, csv, message) => {
  const answer = await send(csv, true)
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
  expect(answer.body.detail).toContain(message)
})

test('values of the tenant’s own fields are checked as in any request; an empty cell takes one away', async () => {
  const { id } = await add({ custom: { seats: 3, vip: true }, externalRef: 'OWN' })
  const head = 'externalRef,custom.seats,custom.vip,custom.size'
  expect(
    (await send(`${head}\nOWN,many,perhaps,XL`, true)).body.rows[0]?.problems.map(({ path }) => path),
  ).toEqual(['custom.size', 'custom.seats', 'custom.vip'])
  expect((await send(`${head}\nOWN,,FALSE,S`)).body.counts.update).toBe(1)
  expect((await get(id)).custom).toEqual({ vip: false, size: 'S' })
})

test('a closed customer can be corrected by a file, a merged or an erased one cannot', async () => {
  const tenant = await app.tenant()
  const { id } = await add({ externalRef: 'GONE' }, tenant)
  await app.admin.post(`${CUSTOMERS}/${id}/close`, {})
  expect((await send('externalRef,name\nGONE,Grace', false, tenant)).status).toBe(200)
  await app.admin.post(`${CUSTOMERS}/${id}/erase`, { reason: 'x' })
  const answer = await send(`id,name\n${id},Grace`, true, tenant)
  expect(answer.body.rows).toMatchObject([{ outcome: 'refused', problems: [{ path: 'state' }] }])
})

test('an import into another tenant is not found, and a row of another tenant is refused', async () => {
  const other = await app.tenant()
  const { api } = await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)
  expect((await send('name,email\nAda,ada@example.com', true, other, api)).status).toBe(404)
  expect((await file('', other, api)).status).toBe(404)
  const mixed = await send(`tenantId,name,email\n${other},Ada,new@example.com`, true)
  expect(mixed.body.rows).toMatchObject([{ outcome: 'refused', problems: [{ path: 'tenantId' }] }])
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

import Fastify from 'fastify'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import { IMPORT_BYTES } from '../../shared/api/customerFiles.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { errorHandler } from '../../src/middleware/errorHandler.ts'
import { fileOf } from '../../src/middleware/validate.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { keyOf, person, session } from '../users/people.ts'
import { check, importFile, IMPORTS, start, stored, upload } from './imports.ts'

const CUSTOMERS = '/api/admin/customers'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp()
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
const all = async (tenant: string): Promise<Customer[]> =>
  (await app.admin.get<Page<Customer>>(`${CUSTOMERS}?tenantId=${tenant}&limit=200`)).body.items
const events = async (tenant: string): Promise<string[]> => {
  const { body } = await app.admin.get<Page<AuditEvent>>(
    `/api/admin/audit/events?tenantId=${tenant}&limit=200`,
  )
  return body.items.map(({ action }) => action)
}

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
  const { body: csv } = await app.admin.get<string>(`${CUSTOMERS}/export?tenantId=${tenantId}`)
  const before = await all(tenantId)
  const checked = await check(app.admin, tenantId, csv)
  expect(checked.report?.rows.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])
  expect(checked.report?.counts.unchanged).toBe(before.length)
  expect(await start(app.admin, checked)).toMatchObject({ state: 'done', report: { faults: 0 } })
  expect(await all(tenantId)).toEqual(before)
})

test('a file makes and changes customers, found by id, reference or e-mail; sent again it changes nothing', async () => {
  const tenant = await app.tenant()
  const byMail = await add({ email: 'Mail@example.com' }, tenant)
  const byRef = await add({ email: 'ref@example.com', externalRef: 'R-1' }, tenant)
  const csv = [
    'externalRef,name,email,country,tags',
    'R-1,Grace,new@example.com,IT,',
    'R-2,Ada Byron,mail@EXAMPLE.com,,a;b',
    'R-3,Bob,bob@example.com,DE,vip',
  ].join('\n')
  const checked = await check(app.admin, tenant, csv)
  expect(checked).toMatchObject({
    state: 'checked',
    name: 'new.csv',
    bytes: csv.length,
    rows: 3,
    report: {
      counts: { create: 1, update: 2, unchanged: 0, refused: 0 },
      faults: 0,
      rows: [
        { line: 2, outcome: 'update', customerId: byRef.id, changes: ['name', 'email', 'country'] },
        { line: 3, outcome: 'update', customerId: byMail.id },
        { line: 4, outcome: 'create', customerId: null, name: 'Bob' },
      ],
    },
  })
  expect(await all(tenant)).toHaveLength(2)
  const done = await start(app.admin, checked)
  expect(done).toMatchObject({ state: 'done', report: { counts: checked.report?.counts } })
  expect(await get(byMail.id)).toMatchObject({ externalRef: 'R-2', name: 'Ada Byron', tags: ['a', 'b'] })
  expect(await get(done.report?.rows[2]?.customerId ?? '')).toMatchObject({
    country: 'DE',
    externalRef: 'R-3',
  })
  const again = await importFile(app.admin, tenant, csv)
  expect(again.report?.counts).toEqual({ create: 0, update: 0, unchanged: 3, refused: 0 })
  expect(await all(tenant)).toHaveLength(3)
  const actions = await events(tenant)
  for (const action of ['CUSTOMER_IMPORT_UPLOADED', 'CUSTOMER_IMPORT_STARTED', 'CUSTOMERS_IMPORTED'])
    expect(
      actions.filter((one) => one === action),
      action,
    ).toHaveLength(2)
  expect(actions).toContain('CUSTOMER_UPDATED')
})

test('one refused row keeps a file from being imported, and each is named by its line and reason', async () => {
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
    `,short`,
  ].join('\r\n')
  const checked = await check(app.admin, tenant, csv)
  expect(checked.report).toMatchObject({
    counts: { create: 1, update: 0, unchanged: 0, refused: 5 },
    faults: 9,
  })
  const problems = checked.report?.rows.map((row) => [
    row.line,
    ...row.problems.map(({ path }) => path).toSorted(),
  ])
  expect(problems).toEqual([
    [3, 'addresses', 'country', 'email', 'group', 'name'],
    [4, 'email'],
    [5, 'id'],
    [6, ''],
    [7, ''],
    [2],
  ])
  expect(checked.report?.rows[3]?.problems[0]?.message).toBe('line 2 is about the same customer')
  expect(checked.report?.rows[4]?.problems[0]?.message).toBe('there are 2 cells for 8 columns')
  expect(await app.admin.post<Problem>(`${IMPORTS}/${checked.id}/start`, {})).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('5 refused rows') as string },
  })
  expect(await all(tenant)).toHaveLength(2)
})

test('rows about the same customer are found however far apart they stand', async () => {
  const rows = Array.from({ length: 450 }, (_, n) => `Nr ${n},n${n % 440}@example.com`)
  const { report } = await check(app.admin, await app.tenant(), ['name,email', ...rows].join('\n'))
  expect(report?.counts).toEqual({ create: 440, update: 0, unchanged: 0, refused: 10 })
  expect(report?.rows.slice(0, 2).map(({ line, problems }) => [line, problems[0]?.message])).toEqual([
    [442, 'line 2 is about the same customer'],
    [443, 'line 3 is about the same customer'],
  ])
})

test('what a row does to a customer changes nothing for the rows behind it: they are as the check has said', async () => {
  const tenant = await app.tenant()
  await add({ email: 'first@example.com', externalRef: 'A' }, tenant)
  const filler = Array.from({ length: 120 }, (_, n) => `F-${n},Filler,f${n}@example.com`)
  // The first row takes the e-mail that the last one has; the second makes one with the e-mail of the last but one.
  const rows = [
    'A,Ada,last@example.com',
    ',Bob,bob@example.com',
    ...filler,
    'B,Bob,bob@example.com',
    'C,C,last@example.com',
  ]
  const csv = ['externalRef,name,email', ...rows].join('\n')
  const done = await importFile(app.admin, tenant, csv)
  expect(done.report?.counts).toEqual({ create: 123, update: 1, unchanged: 0, refused: 0 })
  const customers = await all(tenant)
  expect(customers).toHaveLength(124)
  expect(customers.filter(({ email }) => email === 'last@example.com').map((one) => one.externalRef)).toEqual(
    ['C', 'A'],
  )
  expect(customers.filter(({ name }) => name === 'Bob').map((one) => one.externalRef)).toEqual(['B', null])
})

test('a row to which something has happened since the check is left out and told, the others are imported', async () => {
  const tenant = await app.tenant()
  const { id } = await add({ externalRef: 'OLD' }, tenant)
  const csv =
    'externalRef,name,email\nOLD,Old,old@example.com\nNEW,New,new@example.com\n,By mail,mail@example.com\nFINE,Fine,fine@example.com'
  const checked = await check(app.admin, tenant, csv)
  await app.admin.call('PATCH', `${CUSTOMERS}/${id}`, { externalRef: 'OTHER' })
  await add({ externalRef: 'NEW', email: 'x@example.com' }, tenant)
  await add({ email: 'mail@example.com' }, tenant)
  const done = await start(app.admin, checked)
  expect(done.report).toMatchObject({ counts: { create: 1, update: 0, unchanged: 0, refused: 3 }, faults: 3 })
  const fault = 'since the file was checked, it means another customer'
  expect(done.report?.rows.slice(0, 3).map(({ problems }) => problems[0]?.message)).toEqual([
    fault,
    fault,
    fault,
  ])
  expect((await all(tenant)).map(({ name }) => name).toSorted()).toEqual(['Ada', 'Ada', 'Ada', 'Fine'])
})

test.each([
  ['a column there is not', 'name,email,balance\nAda,ada@example.com,1', 'there is no column "balance"'],
  ['a field the tenant has not defined', 'name,custom.nope\nAda,1', 'there is no column "custom.nope"'],
  ['a column twice', 'name,name\nAda,Ada', 'there are two columns called "name"'],
  ['nothing but empty lines', '\n\n', 'the file is empty'],
  [
    'a quote that is not closed',
    `name,email\n"Ada,ada@example.com\n${'x\n'.repeat(200_000)}`,
    'is a quote not closed?',
  ],
  ['quotes in a cell', 'name,email\nA"da,ada@example.com\n', 'line 2: the quotes'],
  ['another character set', Buffer.from('name,email\nAd\xe0,ada@example.com', 'latin1'), 'not in UTF-8'],
  ['a NUL', 'name,email\nA\0da,ada@example.com', 'a character that is no text'],
])('a file with %s is refused as a whole, and nothing of it is kept', async (_, csv, message) => {
  const tenant = await app.tenant()
  const ended = await check(app.admin, tenant, csv)
  expect(ended).toMatchObject({ state: 'failed', report: null })
  expect(ended.problem).toContain(message)
  expect(await stored(app, tenant)).toEqual({ chunks: 0, rows: 0 })
  expect(await events(tenant)).toContain('CUSTOMER_IMPORT_FAILED')
})

test('a file that is too large, empty or no CSV is refused while it is sent, and nothing of it is kept', async () => {
  const tenant = await app.tenant()
  const large = await upload(app.admin, tenant, Buffer.alloc(IMPORT_BYTES + 1, 'a'))
  expect(large).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
  expect(await upload(app.admin, tenant, '')).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
  const path = `/api/admin/tenants/${tenant}/customer-imports`
  for (const body of [undefined, { csv: 'name' }, new Blob(['name'], { type: 'text/plain' })])
    expect(await app.admin.post(path, body)).toMatchObject({ status: 415 })
  expect(await app.admin.get(path)).toMatchObject({ body: { items: [] } })
})

test('a file that does not say how large it is is cut off where it becomes too large', async () => {
  const small = Fastify()
  small.setErrorHandler(errorHandler)
  small.addContentTypeParser('text/csv', (_request, _file, done) => done(null))
  let taken = 0
  small.post('/', async (request, reply) => {
    for await (const part of fileOf(request, reply, 100_000)) taken += part.length
    return 'all of it'
  })
  const url = await small.listen({ port: 0, host: '127.0.0.1' })
  const send = async (bytes: number): Promise<number> => {
    const body = ReadableStream.from([Buffer.alloc(bytes, 'a')])
    const headers = { 'content-type': 'text/csv' }
    return (await fetch(url, { method: 'POST', headers, body, duplex: 'half' })).status
  }
  expect([await send(100_000), await send(300_000)]).toEqual([200, 413])
  expect(taken).toBeLessThanOrEqual(200_000)
  await small.close()
})

test('an upload that breaks off leaves nothing', async () => {
  const tenant = await app.tenant()
  const abort = new AbortController()
  const { token } = await keyOf(app, 'admin@example.com')
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield Buffer.from('name,email\n'.repeat(100_000))
      if ((await stored(app, tenant)).chunks > 1) abort.abort()
    }
  }
  const init = {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
    body: ReadableStream.from(endless()),
    duplex: 'half' as const,
    signal: abort.signal,
  }
  await expect(fetch(`${app.url}/api/admin/tenants/${tenant}/customer-imports`, init)).rejects.toThrow()
  await until(
    async () =>
      (await app.admin.get<{ items: unknown[] }>(`/api/admin/tenants/${tenant}/customer-imports`)).body.items
        .length === 0,
    'the upload to be removed',
  )
  expect(await stored(app, tenant)).toEqual({ chunks: 0, rows: 0 })
})

test('values of the tenant’s own fields are checked as in any request; an empty cell takes one away', async () => {
  const { id } = await add({ custom: { seats: 3, vip: true }, externalRef: 'OWN' })
  const head = 'externalRef,custom.seats,custom.vip,custom.size'
  const wrong = await check(app.admin, tenantId, `${head}\nOWN,many,perhaps,XL`)
  expect(wrong.report?.rows[0]?.problems.map(({ path }) => path)).toEqual([
    'custom.size',
    'custom.seats',
    'custom.vip',
  ])
  expect((await importFile(app.admin, tenantId, `${head}\nOWN,,FALSE,S`)).report?.counts.update).toBe(1)
  expect((await get(id)).custom).toEqual({ vip: false, size: 'S' })
})

test('a closed customer can be corrected by a file, a merged or an erased one cannot', async () => {
  const tenant = await app.tenant()
  const { id } = await add({ externalRef: 'GONE' }, tenant)
  await app.admin.post(`${CUSTOMERS}/${id}/close`, {})
  const done = await importFile(app.admin, tenant, 'externalRef,name\nGONE,Grace')
  expect(done.report?.counts.update).toBe(1)
  await app.admin.post(`${CUSTOMERS}/${id}/erase`, { reason: 'x' })
  const { report } = await check(app.admin, tenant, `id,name\n${id},Grace`)
  expect(report?.rows).toMatchObject([{ outcome: 'refused', problems: [{ path: 'state' }] }])
})

test('an import into another tenant is not found, and a row of another tenant is refused', async () => {
  const other = await app.tenant()
  const { api } = await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)
  expect((await upload(api, other, 'name,email\nAda,ada@example.com')).status).toBe(404)
  const mixed = await check(app.admin, tenantId, `tenantId,name,email\n${other},Ada,new@example.com`)
  expect(mixed.report?.rows).toMatchObject([{ outcome: 'refused', problems: [{ path: 'tenantId' }] }])
  expect((await api.get(`${IMPORTS}/${mixed.id}`)).status).toBe(200)
  const stranger = await session(app, (await person(app, 'TENANT_OWNER', other)).email)
  expect((await stranger.api.get(`${IMPORTS}/${mixed.id}`)).status).toBe(404)
})

test('a file is imported once, and one that waits can be discarded', async () => {
  const tenant = await app.tenant()
  const checked = await check(app.admin, tenant, 'name,email\nAda,ada@example.com')
  const both = await Promise.all([1, 2].map(() => app.admin.post(`${IMPORTS}/${checked.id}/start`, {})))
  expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([202, 409])
  await until(async () => (await all(tenant)).length === 1, 'the customer to be there')
  const other = await check(app.admin, tenant, 'name,email\nBob,bob@example.com')
  expect((await app.admin.call('DELETE', `${IMPORTS}/${other.id}`)).status).toBe(204)
  expect((await app.admin.get(`${IMPORTS}/${other.id}`)).status).toBe(404)
  expect((await app.admin.post(`${IMPORTS}/${other.id}/start`, {})).status).toBe(404)
  expect(await stored(app, tenant)).toEqual({ chunks: 0, rows: 0 })
  expect(await events(tenant)).toContain('CUSTOMER_IMPORT_DISCARDED')
})

test('a tenant has at most ten imports that have not ended, and a suspended one takes none', async () => {
  const tenant = await app.tenant()
  await app.as((ctx) =>
    sql`insert into customer_imports (id, tenant_id, state, name, requested_by, created_at, expires_at)
      select gen_random_uuid(), ${tenant}, 'checked', 'x', '{}', now(), now() + interval '1 day' from generate_series(1, 10)`.execute(
      ctx.tx,
    ),
  )
  const refused = await upload(app.admin, tenant, 'name\nAda')
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  const suspended = await app.tenant()
  await app.admin.post(`/api/admin/tenants/${suspended}/suspend`, { reason: 'unpaid' })
  expect((await upload(app.admin, suspended, 'name\nAda')).status).toBe(409)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MergePreview } from '../../shared/api/customerMerge.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { Problem } from '../../shared/api/common.ts'
import { check, importFile, IMPORTS } from '../customers/imports.ts'
import { importIn } from '../rules/casesCustomers.ts'
import { rowsOf } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'

const CUSTOMERS = '/api/admin/customers'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
})
afterAll(() => app?.close())

const add = async (more: object = {}): Promise<Customer> =>
  (await app.admin.post<Customer>(CUSTOMERS, { tenantId, name: 'Ada', email: 'ada@example.com', ...more }))
    .body

test.each([
  '=cmd|x',
  '+1',
  '-1+1',
  '@SUM(A1)',
  '\tx',
  '=1;=2',
  "'=1",
  '＝1',
  '=HYPERLINK("http://example.com")',
])('no cell of an export begins like the formula %j', async (text) => {
  const tenant = await app.tenant()
  await app.admin.post('/api/admin/customer-fields', {
    tenantId: tenant,
    key: 'own',
    label: 'Own',
    type: 'text',
  })
  await app.admin.post('/api/admin/customer-groups', { tenantId: tenant, name: text })
  const groups = await app.admin.get<{ items: { id: string }[] }>(
    `/api/admin/customer-groups?tenantId=${tenant}`,
  )
  const made = await app.admin.post(CUSTOMERS, {
    tenantId: tenant,
    name: text,
    company: text,
    email: '-x@example.com',
    externalRef: text,
    groupId: groups.body.items[0]?.id,
    tags: [text],
    custom: { own: text },
  })
  expect(made.status).toBe(201)
  const { body } = await app.admin.get<string>(`${CUSTOMERS}/export?tenantId=${tenant}`)
  const cells = body
    .split('\r\n')
    .slice(1)
    .flatMap((row) => row.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))
    .map((cell) => cell.replace(/^"/, ''))
  expect(cells.length).toBeGreaterThan(16)
  for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t\r＝＋－＠]/)
})

const EXTRA = [
  'id',
  'tenantId',
  'state',
  'mergedInto',
  'erasedAt',
  'version',
  'balance',
  'createdAt',
  'permissions',
]
test.each(EXTRA)('a field "%s" that is not the caller’s to set is refused in every body', async (field) => {
  const [into, from] = [await add(), await add()]
  const preview = await app.admin.get<MergePreview>(`${CUSTOMERS}/${into.id}/merge?from=${from.id}`)
  const bodies: [string, object][] = [
    [`${CUSTOMERS}/${into.id}/merge`, { from: from.id, token: preview.body.token }],
    [`${CUSTOMERS}/${into.id}/close`, {}],
    [`${CUSTOMERS}/${into.id}/reopen`, {}],
    [`${CUSTOMERS}/${into.id}/erase`, { reason: 'x' }],
    [`${IMPORTS}/${(await importIn(app, tenantId)).id}/start`, {}],
  ]
  const before = await rowsOf(app, tenantId)
  for (const [path, body] of bodies) {
    const answer = await app.admin.post<Problem>(path, { ...body, [field]: 'x' })
    expect(answer, path).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
  }
  expect(await rowsOf(app, tenantId)).toEqual(before)
})

test('columns of a file that say what only the system sets change nothing', async () => {
  const { id } = await add({ externalRef: 'FIX' })
  const csv = `id,externalRef,state,createdAt\n${id},FIX,closed,1999-01-01T00:00:00Z`
  const worker = await app.startWorker()
  expect((await importFile(app.admin, tenantId, csv)).report?.counts.unchanged).toBe(1)
  for (const column of ['version', 'mergedInto', 'erasedAt', '__proto__', 'constructor']) {
    const { state, problem } = await check(app.admin, tenantId, `id,${column}\n${id},x`)
    expect({ state, problem }).toEqual({
      state: 'failed',
      problem: expect.stringContaining(`there is no column "${column}"`) as string,
    })
  }
  await worker.stop()
})

test('choices of a merge reach nothing but the fields of its preview', async () => {
  const [into, from] = [await add(), await add({ name: 'Grace' })]
  const { token } = (await app.admin.get<MergePreview>(`${CUSTOMERS}/${into.id}/merge?from=${from.id}`)).body
  for (const field of ['__proto__', 'constructor', 'state', 'currency', 'tenantId', 'custom.__proto__']) {
    const body = `{"from":"${from.id}","token":"${token}","choices":{"${field}":"take"}}`
    const { status } = await app.admin.post(`${CUSTOMERS}/${into.id}/merge`, JSON.parse(body))
    expect([400, 422], field).toContain(status)
  }
  expect(({} as Record<string, unknown>)['take']).toBeUndefined()
})

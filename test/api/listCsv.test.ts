import { parse } from 'csv-parse/sync'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import { csvRowOf } from '../../src/routes/registerCsv.ts'
import { routes } from '../../src/routes/index.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { some } from '../support/some.ts'
import { roleKey } from '../users/people.ts'

const ROWS = 450

let app: TestApp
let own: string
let owner: Api
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  own = await app.tenant()
  const other = await app.tenant()
  owner = await roleKey(app, 'TENANT_OWNER', own)
  await app.as(({ tx }) =>
    sql`insert into customers (id, tenant_id, name, email, currency, tags, state, closed_at, created_at, updated_at)
      select gen_random_uuid(), case when i % 3 = 0 then ${other} else ${own} end::uuid, case when i % 10 = 0 then '=1+' || i else 'C, "' || i || '"' end,
        i || '@example.com', 'EUR', array['a', 'b'], case when i % 2 = 0 then 'closed' else 'active' end,
        case when i % 2 = 0 then now() end, now(), now()
      from generate_series(1, ${ROWS}) i`.execute(tx),
  )
})
afterAll(() => app?.close())

const csv = (api: Api, path: string) => api.call<string>('GET', path, undefined, { accept: 'text/csv' })
const rowsIn = (text: string) => parse<Record<string, string>>(text, { columns: true, relax_quotes: false })

test('a list as CSV holds every row of all its pages, filtered like the list, and of no other tenant', async () => {
  const file = await csv(owner, '/api/admin/customers?state=closed&limit=7')
  expect(file.status).toBe(200)
  expect(file.headers.get('content-type')).toContain('text/csv')
  expect(file.headers.get('content-disposition')).toMatch(/filename="customers-\d{4}-\d\d-\d\d\.csv"/)
  const expected: Customer[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`
    const page: { items: Customer[]; nextCursor: string | null } = (
      await owner.get<{ items: Customer[]; nextCursor: string | null }>(
        `/api/admin/customers?state=closed&limit=200${more}`,
      )
    ).body
    expected.push(...page.items)
    cursor = page.nextCursor
  }
  const rows = rowsIn(file.body)
  expect(rows.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  expect(rows).toHaveLength(ROWS / 3)
  expect(rows[0]).toMatchObject({ tenantId: own, tags: 'a; b', state: 'closed' })
})

test('no cell is taken for a formula, and every other text comes out as it is', async () => {
  const names = rowsIn((await csv(owner, '/api/admin/customers')).body).map(({ name = '' }) => name)
  expect(names.filter((name) => name.startsWith('='))).toEqual([])
  expect(names.filter((name) => name.startsWith("'=1+"))).toHaveLength(ROWS / 15)
  expect(names).toContain('C, "1"')
})

test('that a list was taken away is written down with its filters, in the tenant whose rows they are', async () => {
  await csv(owner, '/api/admin/domains?verified=true')
  const { body } = await owner.get<{ items: { tenantId: string; details: unknown }[] }>(
    '/api/admin/audit/events?action=LIST_EXPORTED&limit=1',
  )
  expect(body.items).toMatchObject([
    { tenantId: own, details: { list: 'listDomains', filter: { verified: 'true' } } },
  ])
})

test('whoever may not read a list gets no file either, and a wrong filter is refused as before', async () => {
  const user = await roleKey(app, 'TENANT_USER', own)
  expect((await csv(user, '/api/admin/customers')).status).toBe(403)
  expect((await csv(owner, '/api/admin/customers?state=none')).status).toBe(422)
})

const lists = routes.flatMap((route) =>
  !('raw' in route) && csvRowOf(route) && !route.path.includes('{') && !route.sessionOnly ? [route] : [],
)
test.each(some(lists, 4).map((route) => [route.operationId, route] as const))(
  '%s is given as CSV',
  async (_, route) => {
    const file = await csv(app.admin, route.path)
    expect({ status: file.status, type: file.headers.get('content-type')?.slice(0, 8) }).toEqual({
      status: 200,
      type: 'text/csv',
    })
    const [header] = parse(file.body, { to_line: 1 })
    expect(header).toContain('id')
  },
)

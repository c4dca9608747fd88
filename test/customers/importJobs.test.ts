import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Page } from '../../shared/api/common.ts'
import { IMPORT_ROWS, type CustomerImport } from '../../shared/api/customerFiles.ts'
import type { MergePreview } from '../../shared/api/customerMerge.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { handlers } from '../../src/jobs/index.ts'
import * as customerService from '../../src/services/customerService.ts'
import { ownerOf } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { live, toRest, type Plan } from '../support/harnessRun.ts'
import { person, session } from '../users/people.ts'
import { IMPORTS, stored, upload } from './imports.ts'

// Without a worker: the test runs the jobs itself, and ends its workers' lives where it wants to.
let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app?.close())
beforeEach(async () => {
  tenantId = await app.tenant()
})

const handlerOf = (kind: string) => {
  const handler = handlers.get(kind)
  if (!handler) throw new Error(`there is no handler for ${kind}`)
  return handler
}
const show = async (id: string): Promise<CustomerImport> =>
  (await app.admin.get<CustomerImport>(`${IMPORTS}/${id}`)).body
const run = async ({ jobId }: CustomerImport, kind: string) =>
  (await toRest(app, jobId ?? '', handlerOf(kind))).job

async function checked(csv: string): Promise<CustomerImport> {
  const { body } = await upload(app.admin, tenantId, csv)
  await run(body, 'customer.importCheck')
  return show(body.id)
}
/** A checked file whose import has been asked for. */
async function started(csv: string): Promise<CustomerImport> {
  const { id } = await checked(csv)
  const { status } = await app.admin.post(`${IMPORTS}/${id}/start`, {})
  expect(status).toBe(202)
  return show(id)
}
const ended = async (one: CustomerImport): Promise<CustomerImport> => {
  await run(one, 'customer.import')
  return show(one.id)
}
/** A worker's life that ends somewhere. */
const die = (one: CustomerImport, kind: string, plan: Plan) =>
  live(app, one.jobId ?? '', handlerOf(kind), plan)

const customers = async (): Promise<string[]> =>
  app.as(async (ctx) => {
    const { rows } = await sql<{ email: string }>`select email from customers where tenant_id = ${tenantId}
      order by email`.execute(ctx.tx)
    return rows.map(({ email }) => email)
  })
const MANY = Array.from({ length: 130 }, (_, n) => `n${String(n).padStart(3, '0')}@example.com`)
const FILE = ['name,email', ...MANY.map((email) => `Somebody,${email}`)].join('\n')

test('a worker that dies between two batches leaves the rest to the next, who does nothing twice', async () => {
  const one = await started(FILE)
  // The step begins, a batch, its progress; then death.
  await die(one, 'customer.import', { killAt: 3 })
  expect(await customers()).toEqual(MANY.slice(0, 50))
  const { body: job } = await app.admin.get<Job>(`/api/admin/provisioning/jobs/${one.jobId}`)
  expect(job).toMatchObject({ state: 'running', progress: 38, doing: '50 of 130 rows imported' })
  const done = await ended(one)
  expect(done).toMatchObject({ state: 'done', report: { counts: { create: 130, refused: 0 } } })
  expect(await customers()).toEqual(MANY)
  expect(await stored(app, tenantId)).toEqual({ chunks: 0, rows: 0 })
})

test('a check whose worker dies while it reads or looks ends with the same report', async () => {
  for (let killAt = 2; ; killAt += 1) {
    const { body } = await upload(app.admin, tenantId, FILE)
    const life = await die(body, 'customer.importCheck', { killAt })
    await run(body, 'customer.importCheck')
    expect(await show(body.id)).toMatchObject({ rows: 130, report: { counts: { create: 130 }, faults: 0 } })
    expect((await app.admin.call('DELETE', `${IMPORTS}/${body.id}`)).status).toBe(204)
    if (!life.killed) return expect(killAt).toBeGreaterThan(5)
  }
})

test('an import stops when its tenant is suspended, keeps what it has done, and the same file goes on from there', async () => {
  const one = await started(FILE)
  await die(one, 'customer.import', { killAt: 3 })
  const path = `/api/admin/tenants/${tenantId}`
  expect((await app.admin.post(`${path}/suspend`, { reason: 'unpaid' })).status).toBeLessThan(300)
  const failed = await ended(one)
  expect(failed).toMatchObject({ state: 'failed', report: { counts: { create: 50, refused: 0 } } })
  expect(failed.problem).toContain('suspended')
  expect(failed.report?.rows).toHaveLength(50)
  expect(await customers()).toEqual(MANY.slice(0, 50))
  await app.admin.post(`${path}/restore`, {})
  const again = await ended(await started(FILE))
  expect(again.report?.counts).toEqual({ create: 80, update: 0, unchanged: 50, refused: 0 })
  expect(await customers()).toEqual(MANY)
})

test('a row that only the database refuses is left out alone', async () => {
  const add = async (more: object): Promise<Customer> =>
    (
      await app.admin.post<Customer>('/api/admin/customers', {
        tenantId,
        name: 'Ada',
        email: 'ada@example.com',
        ...more,
      })
    ).body
  const [into, from] = [await add({ externalRef: 'KEPT' }), await add({ externalRef: 'TAKEN' })]
  const path = `/api/admin/customers/${into.id}/merge`
  const { token } = (await app.admin.get<MergePreview>(`${path}?from=${from.id}`)).body
  expect((await app.admin.post(path, { from: from.id, token })).status).toBe(200)
  const done = await ended(
    await started(
      'externalRef,name,email\n1,One,one@example.com\nTAKEN,Two,two@example.com\n3,Three,three@example.com',
    ),
  )
  expect(done.report).toMatchObject({
    counts: { create: 2, update: 0, unchanged: 0, refused: 1 },
    rows: [
      {
        line: 3,
        outcome: 'refused',
        problems: [{ message: expect.stringContaining('reference') as string }],
      },
      {},
      {},
    ],
  })
  expect(await customers()).toEqual([
    'ada@example.com',
    'ada@example.com',
    'one@example.com',
    'three@example.com',
  ])
})

test('a file of more rows than are taken is refused', async () => {
  const { body } = await upload(app.admin, tenantId, FILE)
  const key = { tenantId, importId: body.id }
  const row = [{ line: 2, cells: ['Ada', 'ada@example.com'] }]
  const add = (rows: number) => app.as((ctx) => customerService.importing.addRows(ctx, key, row, rows))
  await expect(add(IMPORT_ROWS + 1)).rejects.toMatchObject({
    code: 'invalid_input',
    message: 'csv: there are more than 200000 rows: divide the file',
  })
  expect(await stored(app, tenantId)).toEqual({ chunks: 1, rows: 0 })
  await add(IMPORT_ROWS)
  expect((await show(body.id)).rows).toBe(IMPORT_ROWS)
})

test('a file that was discarded or whose time was over ends its check without a trace', async () => {
  const { body } = await upload(app.admin, tenantId, FILE)
  expect((await app.admin.call('DELETE', `${IMPORTS}/${body.id}`)).status).toBe(204)
  expect(await run(body, 'customer.importCheck')).toMatchObject({
    state: 'failed',
    error: { code: 'not_found' },
  })
})

test('what was uploaded and what is left of an import is removed after a week, which is told', async () => {
  const waiting = await checked(FILE)
  const done = await ended(await started('name,email\nAda,ada@example.com'))
  expect((await stored(app, tenantId)).rows).toBe(130)
  const after = async (days: number): Promise<number[]> => {
    app.clock.offsetMs = days * 86_400_000
    await app.as((ctx) => customerService.expireImports(ctx))
    app.clock.offsetMs = 0
    return Promise.all(
      [waiting, done].map(async ({ id }) => (await app.admin.get(`${IMPORTS}/${id}`)).status),
    )
  }
  expect(await after(6.9)).toEqual([200, 200])
  expect(await after(7.1)).toEqual([404, 404])
  expect(await stored(app, tenantId)).toEqual({ chunks: 0, rows: 0 })
  const { body } = await app.admin.get<Page<AuditEvent>>(
    `/api/admin/audit/events?action=CUSTOMER_IMPORT_EXPIRED&tenantId=${tenantId}`,
  )
  expect(body.items).toHaveLength(2)
})

test.each(['check', 'import'] as const)(
  'the %s of a file is refused when whoever sent it has lost the right before it runs',
  async (stage) => {
    const someone = await person(app, 'TENANT_OWNER', tenantId)
    const { api } = await session(app, someone.email)
    const { body } = await upload(api, tenantId, FILE)
    if (stage === 'import') {
      await run(body, 'customer.importCheck')
      expect((await api.post(`${IMPORTS}/${body.id}/start`, {})).status).toBe(202)
    }
    await app.as((ctx) => sql`delete from role_grants where user_id = ${someone.id}`.execute(ctx.tx))
    const job = await run(await show(body.id), stage === 'check' ? 'customer.importCheck' : 'customer.import')
    expect(job).toMatchObject({ state: 'failed', error: { code: 'forbidden' } })
    const { state, problem } = await show(body.id)
    expect({ state, problem }).toEqual({
      state: 'failed',
      problem: expect.stringContaining('no longer has the permission customers:import') as string,
    })
    expect(await customers()).toEqual([])
    expect(await stored(app, tenantId)).toEqual({ chunks: 0, rows: 0 })
  },
)

test('without a right to the tenant no row of a customer is told by the function that finds them', async () => {
  await app.admin.post('/api/admin/customers', { tenantId, name: 'Ada', email: 'ada@example.com' })
  const other = await app.tenant()
  const found = (scope: 'platform' | string[]) =>
    app.root.db.transaction(scope, async (tx) => {
      const { rows } =
        await sql`select * from customers_meant(${tenantId}, ${other}, '{}', '{}', '{ada@example.com}')`.execute(
          tx,
        )
      return rows.length
    })
  expect(await found([tenantId])).toBe(1)
  expect(await found([other])).toBe(0)
  expect(await found([])).toBe(0)
  expect(await found('platform')).toBe(1)
})

test('however many customers a tenant has that the planner knows nothing of, only those that a file means are read', async () => {
  // Statistics of other tenants, none of this one.
  const other = await app.tenant()
  const add = (tenant: string, many: number) =>
    app.as((ctx) =>
      sql`insert into customers (id, tenant_id, name, email, external_ref, currency, created_at, updated_at)
        select gen_random_uuid(), ${tenant}, 'x', n || '@example.com', 'R-' || n, 'EUR', now(), now()
        from generate_series(1, ${many}::int) n`.execute(ctx.tx),
    )
  await add(other, 3_000)
  const owner = await ownerOf(app.ownerUrl)
  await owner.query('analyze customers')
  await owner.close()
  await add(tenantId, 3_000)
  const values = Array.from({ length: 50 }, (_, n) => n + 1)
  const read = await app.as(async (ctx) => {
    const emails = values.map((n) => `${n}@example.com`)
    const refs = values.map((n) => `R-${n}`)
    const { rows: found } =
      await sql`select id from customers_meant(${tenantId}, ${other}, '{}', ${refs}, ${emails})`.execute(
        ctx.tx,
      )
    expect(found).toHaveLength(50)
    const { rows } = await sql<{ n: number }>`select (seq_tup_read + idx_tup_fetch)::int as n
      from pg_stat_xact_user_tables where relname = 'customers'`.execute(ctx.tx)
    return rows[0]?.n
  })
  expect(read).toBeLessThan(500)
})

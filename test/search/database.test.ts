import * as fc from 'fast-check'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemOrigin, transaction, type Ctx, type Scope } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as customerService from '../../src/services/customerService.ts'
import * as searchService from '../../src/services/searchService.ts'
import { startApp, type TestApp } from '../support/app.ts'

const MANY = 20_000
const TABLES = ['customers', 'search_words']

let app: TestApp
let owner: Client
/** Of 20,000 customers of 51 tenants, half belong to the first and three to the last. */
let large: string
let small: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  owner = new Client({ connectionString: app.ownerUrl })
  await owner.connect()
  await owner.query(`set app.scope = 'platform'`)
  const ids = Array.from({ length: 51 }, newId)
  ;[large = '', small = ''] = [ids[0], ids[50]]
  await owner.query(
    `insert into tenants (id, name, slug, created_at, updated_at) select t, 'T ' || n, 't-' || n, now(), now()
     from unnest($1::uuid[]) with ordinality as t (t, n)`,
    [ids],
  )
  await owner.query(
    `insert into customers (id, tenant_id, name, email, currency, state, closed_at, tags, created_at, updated_at)
     select (lpad(to_hex(1700000000000 + i), 12, '0') || '70008' || substr(md5(i::text), 1, 15))::uuid,
       ($1::uuid[])[case when i in (7, 9999, 19999) then 51 when i % 2 = 0 then 1 else 2 + i % 49 end],
       (array['Anna', 'Marco', 'Lukas', 'Zoë'])[1 + i % 4] || ' ' || (array['Müller', 'Rossi', 'Nowak'])[1 + i % 3] || 'x' || i,
       'c' || i || '@example.com', 'EUR', case when i % 40 = 1 then 'closed' else 'active' end, case when i % 40 = 1 then now() end,
       case when i % 1000 = 0 then '{vip}' else '{}' end::text[], now(), now() from generate_series(1, ${MANY}) i`,
    [ids],
  )
  await owner.query('vacuum analyze')
}, 60_000)
afterAll(async () => {
  await owner?.end()
  await app?.close()
})

type Reads = { wholeTables: string[]; customers: number }

/** What work in this scope reads, as PostgreSQL counts it. */
async function reads(scope: Scope, work: (ctx: Ctx) => Promise<unknown>): Promise<Reads> {
  const count = async () => {
    const { rows } = await owner.query<{ name: string; scans: number; rows: number }>(
      `select relname as name, seq_scan::int as scans, (coalesce(idx_tup_fetch, 0) + seq_tup_read)::int as rows
       from pg_stat_user_tables where relname = any ($1) order by relname`,
      [TABLES],
    )
    return rows
  }
  const flush = (ctx: Ctx) => sql`select pg_stat_force_next_flush()`.execute(ctx.tx)
  const before = await count()
  await transaction(app.root, systemOrigin('test', newId()), scope, async (ctx) => {
    await work(ctx)
    await flush(ctx)
  })
  const after = await count()
  const grown = after.map((row, at) => ({
    ...row,
    scans: row.scans - (before[at]?.scans ?? 0),
    rows: row.rows - (before[at]?.rows ?? 0),
  }))
  return {
    wholeTables: grown.filter(({ scans }) => scans > 0).map(({ name }) => name),
    customers: grown.find(({ name }) => name === 'customers')?.rows ?? 0,
  }
}

const everybody = {
  platform: new Set(['customers:read', 'cloudpods:read', 'billing:read', 'jobs:read', 'tenants:read']),
}
const someone = (tenantId: string | undefined) =>
  (tenantId === undefined
    ? { ...everybody, tenants: new Map() }
    : { platform: new Set(), tenants: new Map([[tenantId, everybody.platform]]) }) as never

const PAGE = { limit: 50, sort: '-createdAt' } as const

test.each([
  ['the first page', {}, {}],
  ['the first page upwards', {}, { sort: 'createdAt' as const }],
  ['a page deep in the list', {}, { cursor: '018bcfe5-9000-7000-8000-000000000000' }],
  ['those that are closed', { state: 'closed' as const }, {}],
  ['those with a common tag and a rare one', { tag: 'vip' }, {}],
  ['those with a tag that nobody has', { tag: 'none' }, {}],
  ['those with a common word', { q: 'müller' }, {}],
  ['those with a rare word', { q: 'rossix19998' }, {}],
  ['those with a word that nobody has', { q: 'qqqxyz' }, {}],
  ['those with a common and a rare word', { q: 'anna nowakx500' }, {}],
  ['those with one letter', { q: 'z' }, {}],
])('%s of the customers never read the whole table', async (_, filter, options) => {
  for (const scope of ['platform', [large], [small]] as const) {
    const seen = await reads(scope, (ctx) => customerService.list(ctx, filter, { ...PAGE, ...options }))
    expect(seen.wholeTables).toEqual([])
    // Its three rows, each time that they are looked at.
    if (scope !== 'platform' && scope[0] === small) expect(seen.customers).toBeLessThanOrEqual(30)
  }
})

test.each([
  'müller',
  'mü',
  'z',
  'rossix19998',
  'rosix19998',
  'annna',
  'qqqxyz',
  'c77@example.com',
  '10.0.0.0/8',
  '4711',
  newId(),
])('searching %s never reads a whole table, nor for a small tenant the rows of others', async (q) => {
  for (const tenantId of [undefined, large, small]) {
    const scope = tenantId === undefined ? 'platform' : [tenantId]
    const seen = await reads(scope, (ctx) =>
      searchService.find(ctx, someone(tenantId), { q, limit: 5, types: 'customer,cloudPod,invoice,job' }),
    )
    expect(seen.wholeTables).toEqual([])
    if (tenantId === small) expect(seen.customers).toBeLessThanOrEqual(30)
  }
})

test('a page of what was found continues where the last one ended, in both directions, without a gap or a repetition', async () => {
  for (const scope of ['platform', [large]] as const)
    for (const sort of ['createdAt', '-createdAt'] as const)
      for (const filter of [{ q: 'zoë' }, { q: 'anna nowak', state: 'active' as const }, { tag: 'vip' }]) {
        const ids = await transaction(app.root, systemOrigin('test', newId()), scope, async (ctx) => {
          const all: string[] = []
          let cursor: string | undefined
          do {
            const page = await customerService.list(ctx, filter, { limit: 200, sort, cursor })
            all.push(...page.items.map(({ id }) => id))
            cursor = page.nextCursor ?? undefined
          } while (cursor !== undefined)
          return all
        })
        const { rows } = await owner.query<{ id: string }>(
          `select id from customers where ($1::uuid is null or tenant_id = $1) and ($2::text is null or tags @> array[$2])
             and ($3::text is null or search_text ~ $3) order by id ${sort === 'createdAt' ? 'asc' : 'desc'}`,
          [
            scope === 'platform' ? null : scope[0],
            filter.tag ?? null,
            filter.q === 'zoë' ? 'zoe' : filter.q ? 'anna nowak' : null,
          ],
        )
        const state = filter.state
        const closed = state ? await closedIds() : new Set<string>()
        expect(ids).toEqual(rows.map(({ id }) => id).filter((id) => !closed.has(id)))
      }
})

async function closedIds(): Promise<Set<string>> {
  const { rows } = await owner.query<{ id: string }>(`select id from customers where state = 'closed'`)
  return new Set(rows.map(({ id }) => id))
}

const words = async () =>
  (await owner.query<{ word: string }>('select word from search_words order by word collate "C"')).rows.map(
    ({ word }) => word,
  )
const said = async () =>
  (
    await owner.query<{ word: string }>('select * from search_said_words() as word order by word collate "C"')
  ).rows.map(({ word }) => word)

test('whatever is made and renamed, every word of every name is known, and after tidying no other', async () => {
  const name = fc.array(
    fc.constantFrom(
      'Ørsted',
      'Straße',
      'Nakamura',
      'ab',
      'O’Neill',
      'Zoë7',
      'van',
      'Hélène',
      'Łódź',
      'xyzzy',
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  const step = fc.record({
    what: fc.constantFrom('insert', 'rename', 'company', 'tenant'),
    name: name.map((all) => all.join(' ')),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const id = newId()
      await insert(id, 'First Name')
      for (const { what, name: given } of steps) {
        if (what === 'insert') await insert(newId(), given)
        else if (what === 'rename')
          await owner.query('update customers set name = $2 where id = $1', [id, given])
        else if (what === 'company')
          await owner.query('update customers set company = $2 where id = $1', [id, given])
        else await owner.query('update tenants set name = $2 where id = $1', [small, given])
      }
      const known = new Set(await words())
      expect((await said()).filter((word) => !known.has(word))).toEqual([])
      await owner.query('select search_tidy()')
      expect(await words()).toEqual(await said())
    }),
    { numRuns: 8 },
  )
})

const insert = (id: string, name: string) =>
  owner.query(
    `insert into customers (id, tenant_id, name, email, currency, created_at, updated_at) values ($1, $2, $3, 'a@example.com', 'EUR', now(), now())`,
    [id, large, name],
  )

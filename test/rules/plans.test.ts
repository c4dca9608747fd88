import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { execute } from '../../bench/database.ts'
import { casesOf, factsOf } from '../../bench/scaleCases.ts'
import { callersOf, fillScale, type Caller } from '../../bench/scaleData.ts'
import { planned, scansOf } from '../../bench/scalePlans.ts'
import { freshDatabase } from '../support/postgres.ts'

/** So small that it is made in seconds; whole tables are read only where there is no other way, as if they were large. */
const SIZES = { tenants: 1_000, customers: 2_000, pods: 2_000, events: 2_000, months: 2 }
const LARGE = 400

let database: Awaited<ReturnType<typeof freshDatabase>> & { dataDir: string; version: string }
let plans: Awaited<ReturnType<typeof planned>>
let callers: Caller[]
let large: ReadonlySet<string>

beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mpanel-plans-'))
  database = { ...(await freshDatabase()), dataDir, version: '' }
  await fillScale({ ...database, close: database.drop }, SIZES)
  const [biggest, smallest] = await execute<{ id: string }>(
    database.ownerUrl,
    `select id from tenants where slug like 'tenant-%' order by id limit 2`,
  )
  if (!biggest || !smallest) throw new Error('there are no tenants')
  const own = { ...database, close: database.drop }
  callers = await callersOf(own, { platform: null, biggest: biggest.id, smallest: smallest.id })
  const tables = await execute<{ relname: string }>(
    database.ownerUrl,
    `select relname from pg_class where relkind = 'r' and reltuples >= $1`,
    [LARGE],
  )
  large = new Set(tables.map(({ relname }) => relname))
  plans = await planned(own, 'set enable_seqscan = off')
}, 300_000)

afterAll(async () => {
  await plans.close()
  await database.drop()
  await rm(database.dataDir, { recursive: true, force: true })
})

test('what is large here is what grows with an installation', () => {
  expect([...large]).toEqual(
    expect.arrayContaining(['tenants', 'customers', 'cloud_pods', 'subscriptions', 'invoices', 'domains']),
  )
})

test.each(['platform', 'biggest', 'smallest'])(
  'no list, search or dashboard of the %s reads a large table for lack of an index',
  async (name) => {
    const caller = callers.find((one) => one.name === name)
    if (!caller) throw new Error(`there is no caller ${name}`)
    const facts = await factsOf(database.ownerUrl, caller.tenantId)
    const cases = casesOf(plans.document, facts, caller.tenantId === null)
    const faults: string[] = []
    let answered = 0
    for (const { operation, what, path } of cases) {
      const asked = await plans.ask(path, caller.key)
      // What needs a permission that the caller has not.
      if (asked.status === 403 || asked.status === 404) continue
      if (asked.status !== 200) faults.push(`${operation} ${what}: ${asked.status} ${asked.body}`)
      if (asked.plans.length === 0) faults.push(`${operation} ${what}: no plan was told`)
      answered++
      for (const { how, table, text } of scansOf(asked.plans))
        if (how === 'Seq Scan' && large.has(table))
          faults.push(`${operation} ${what} reads ${table}: ${text}`)
    }
    expect(faults).toEqual([])
    expect(answered).toBeGreaterThan(200)
  },
)

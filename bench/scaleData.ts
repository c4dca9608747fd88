import { Client } from 'pg'
import { systemOrigin, transaction } from '../src/context.ts'
import { newId } from '../src/lib/ids.ts'
import * as userService from '../src/services/userService.ts'
import { type AuditSizes, loadEvents, makeMonths } from './auditData.ts'
import { execute, type BenchDatabase } from './database.ts'
import { depsOf } from './podListData.ts'
import { billing, figures, names, people, pods, SCALE_TABLES, type ScaleSizes } from './scaleRows.ts'

export type Sizes = ScaleSizes & Partial<Pick<AuditSizes, 'events' | 'months'>>

/** Statements that fire no trigger, so that foreign keys are not looked up either; checks and unique keys hold. */
async function quietly(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`set session_replication_role = replica; set app.scope = 'platform'; set synchronous_commit = off;
      set maintenance_work_mem = '1GB'; set work_mem = '256MB'`)
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/**
 * Fills an empty installation by sets of rows instead of by its services. What triggers would have noted is made up for:
 * the words of the search and the figures of the dashboard. The events of the log are not sealed.
 */
export async function fillScale(
  { ownerUrl: url }: BenchDatabase,
  sizes: Sizes,
  log: (line: string) => void = () => {},
): Promise<void> {
  const step = async (name: string, work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    log(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  }
  // Where there is little, they are kept: to make so many anew takes longer.
  const dropped = sizes.customers > 100_000 ? await dropIndexes(url) : []
  for (const [name, statements] of Object.entries({
    people: people(sizes),
    pods: pods(sizes),
    billing: billing(),
    names: names(),
  }))
    await step(name, () => quietly(url, statements))
  await step('indexes', () => quietly(url, dropped))
  await step('words', () =>
    quietly(url, ['insert into search_words select * from search_said_words() on conflict do nothing']),
  )
  // With its trigger, which sums them up for the platform.
  await execute(url, figures())
  await execute(url, 'delete from figure_marks')
  await execute(url, 'drop table bench_tenants, bench_customers, bench_pods, bench_places, bench_names')
  const { events = 0, months = 1 } = sizes
  if (events > 0)
    await step('audit events', async () => {
      await makeMonths(url, months)
      await loadEvents(url, { events, months, tenants: sizes.tenants }, [1, events])
    })
  await step('vacuum analyze', () => execute(url, dropped.length > 0 ? 'vacuum analyze' : 'analyze'))
}

async function dropIndexes(url: string): Promise<string[]> {
  const indexes = await execute<{ name: string; definition: string }>(
    url,
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
      where i.indrelid = any ($1::text[]::regclass[]) and not exists (select from pg_constraint where conindid = i.indexrelid)`,
    [SCALE_TABLES],
  )
  for (const { name } of indexes) await execute(url, `drop index ${name}`)
  return indexes.map(({ definition }) => definition.replace('ON ONLY', 'ON'))
}

export type Caller = { name: string; key: string; tenantId: string | null }

/** API keys of a platform administrator (`null`) and of owners of tenants. */
export async function callersOf(
  database: BenchDatabase,
  wanted: Record<string, string | null>,
): Promise<Caller[]> {
  const deps = depsOf(database)
  const callers: Caller[] = []
  for (const [name, tenantId] of Object.entries(wanted)) {
    const email = `${newId()}@example.com`
    const role = tenantId === null ? 'SUPER_ADMIN' : 'TENANT_OWNER'
    const key = await transaction(deps.root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
      const password = `large and full ${newId()}`
      await userService.createUser(ctx, { email, name: 'Bench', password, role, tenantId })
      const asked = { email, name: 'bench', tenantId: null, scopes: [], days: 1 }
      return (await userService.createApiKey(ctx, asked)).token
    })
    callers.push({ name, key, tenantId })
  }
  await deps.close()
  return callers
}

import { systemOrigin, transaction } from '../src/context.ts'
import * as figures from '../src/db/dashboardFigures.ts'
import { newId } from '../src/lib/ids.ts'
import * as userService from '../src/services/userService.ts'
import { type AuditSizes, loadEvents, makeMonths } from './auditData.ts'
import { execute, type BenchDatabase } from './database.ts'
import { depsOf } from './podListData.ts'
import { billing, names, people, pods, SCALE_TABLES, type ScaleSizes } from './scaleRows.ts'

export type Sizes = ScaleSizes & Partial<Pick<AuditSizes, 'events' | 'months'>>

/** Statements in sessions that fire no trigger, so that foreign keys are not looked up either; checks and unique keys hold. */
const quietly = (url: string, sql: string) =>
  execute(
    url,
    `set session_replication_role = replica; set maintenance_work_mem = '1GB'; set work_mem = '256MB'; set synchronous_commit = off; ${sql}`,
  )

/**
 * Fills an empty installation by sets of rows instead of by its services. What triggers would have noted is made up for:
 * the words of the search, and the figures of the dashboard by the timer's own function. The events of the log are not
 * sealed.
 */
export async function fillScale(
  { url }: BenchDatabase,
  sizes: Sizes,
  log: (line: string) => void = () => {},
): Promise<void> {
  const step = async (name: string, work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    log(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  }
  const dropped = await dropIndexes(url)
  for (const [name, statements] of Object.entries({
    people: people(sizes),
    pods: pods(sizes),
    billing: billing(),
    names: names(),
  }))
    await step(name, async () => {
      for (const statement of statements) await quietly(url, statement)
    })
  await step('indexes', async () => {
    for (const definition of dropped) await quietly(url, definition)
  })
  await step('words', () =>
    quietly(url, 'insert into search_words select * from search_said_words() on conflict do nothing'),
  )
  await execute(url, 'drop table bench_tenants, bench_customers, bench_pods, bench_places, bench_names')
  const { events = 0, months = 1 } = sizes
  if (events > 0)
    await step('audit events', async () => {
      await makeMonths(url, months)
      await loadEvents(url, { events, months, tenants: sizes.tenants }, [1, events])
    })
  await step('vacuum analyze', () => execute(url, 'vacuum analyze'))
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

/** Counts all tenants for the dashboard, as the timer does. @returns how many */
export async function countFigures(database: BenchDatabase): Promise<number> {
  await execute(database.url, 'insert into figure_marks select id from tenants')
  const deps = depsOf(database)
  let counted = 0
  for (let more = 1; more > 0; counted += more)
    more = await deps.root.db.transaction('platform', (tx) => figures.fold(tx, 500))
  await deps.close()
  return counted
}

export type Caller = { name: string; key: string; tenants: string[] | null }

/** API keys of a platform administrator and of owners of the given tenants. */
export async function callersOf(
  database: BenchDatabase,
  wanted: Record<string, string[] | null>,
): Promise<Caller[]> {
  const deps = depsOf(database)
  const callers: Caller[] = []
  for (const [name, tenants] of Object.entries(wanted))
    callers.push(
      await transaction(deps.root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
        const email = `${newId()}@example.com`
        const [first = null] = tenants ?? []
        await userService.createUser(ctx, {
          email,
          name: 'Bench',
          password: `large and full ${newId()}`,
          role: tenants === null ? 'SUPER_ADMIN' : 'TENANT_OWNER',
          tenantId: first,
        })
        const made = await userService.createApiKey(ctx, {
          email,
          name: 'bench',
          tenantId: null,
          scopes: [],
          days: 1,
        })
        return { name, key: made.token, tenants }
      }),
    )
  await deps.close()
  return callers
}

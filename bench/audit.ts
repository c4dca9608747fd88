import { systemOrigin, transaction } from '../src/context.ts'
import { newId } from '../src/lib/ids.ts'
import { sealAll } from '../src/services/audit/sealing.ts'
import { verify } from '../src/services/audit/verify.ts'
import * as tenantService from '../src/services/tenantService.ts'
import * as userService from '../src/services/userService.ts'
import { loadEvents, makeMonths, writeEvents } from './auditData.ts'
import { execute, openBenchDatabase, type BenchDatabase } from './database.ts'
import { median, ms, percentile, table, timed } from './measure.ts'
import { serve } from './program.ts'
import { capture, depsOf } from './podListData.ts'

/** `AUDIT_EVENTS=1000000 npm run bench audit` for a smaller one. */
const EVENTS = Number(process.env['AUDIT_EVENTS'] ?? 10_000_000)
/** Those that are sealed and verified; the others are only there to be searched. */
const SEALED = Math.min(EVENTS, 1_000_000)
const TENANTS = 200
const MONTHS = 13
const SIZES = { events: EVENTS, tenants: TENANTS, months: MONTHS }
const REQUESTS = 40

export async function audit(): Promise<void> {
  const database = await openBenchDatabase()
  try {
    const { key, tenantId } = await prepare(database)
    await writeSealed(database)
    await proof(database)
    await writeOthers(database)
    await pages(database, key, tenantId)
  } finally {
    await database.close()
  }
}

async function prepare(database: BenchDatabase) {
  const deps = depsOf(database)
  const made = await transaction(deps.root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
    const ids: string[] = []
    for (let i = 0; i < TENANTS; i++) {
      const slug = `tenant-${i}`
      ids.push(
        (await tenantService.create(ctx, { name: slug, slug, billingTz: 'UTC', defaultCurrency: 'EUR' })).id,
      )
    }
    const email = 'admin@example.com'
    await userService.createUser(ctx, {
      email,
      name: 'Admin',
      password: newId(),
      role: 'SUPER_ADMIN',
      tenantId: null,
    })
    const scopes = ['audit:read'] as const
    const { token } = await userService.createApiKey(ctx, {
      email,
      name: 'bench',
      tenantId: null,
      scopes,
      days: 1,
    })
    return { key: token, tenantId: ids[TENANTS / 2] ?? '' }
  })
  await deps.close()
  await makeMonths(database.ownerUrl, MONTHS)
  return made
}

async function writeSealed(database: BenchDatabase): Promise<void> {
  const { ms: taken } = await timed(() => writeEvents(database.ownerUrl, SIZES, [1, SEALED]))
  console.log(`${SEALED} events written with their notes: ${Math.round((SEALED * 1_000) / taken)} a second`)
}

async function proof(database: BenchDatabase): Promise<void> {
  const deps = depsOf(database)
  const sealing = await timed(() => sealAll(deps.root))
  console.log(`sealing: ${Math.round((SEALED * 1_000) / sealing.ms)} events a second`)
  await execute(database.ownerUrl, 'vacuum analyze audit_events')
  for (let round = 1; round <= 3; round++) {
    const { ms: taken, result } = await timed(() => verify(deps.root, undefined))
    if (result.findings.length > 0) throw new Error(`the log is not intact: ${result.findings[0]}`)
    console.log(`verification ${round}: ${Math.round((result.events * 1_000) / taken)} events a second`)
  }
  await deps.close()
}

async function writeOthers(database: BenchDatabase): Promise<void> {
  if (EVENTS <= SEALED) return
  await loadEvents(database.ownerUrl, SIZES, [SEALED + 1, EVENTS])
  await execute(database.url, 'vacuum analyze')
}

async function pages(database: BenchDatabase, key: string, tenantId: string): Promise<void> {
  const [size] = await execute<{ n: string; gb: string }>(
    database.ownerUrl,
    `select count(*) as n, round(sum(pg_total_relation_size(i.inhrelid)) / 1e9, 1)::text as gb from audit_events
      full join (select inhrelid from pg_inherits where inhparent = 'audit_events'::regclass) i on false`,
  )
  console.log(`\n${size?.n} rows, ${size?.gb} GB with indexes, PostgreSQL ${database.version}`)
  const [one] = await execute<Record<string, string>>(
    database.ownerUrl,
    `select target_id, request_id, correlation_id, actor_id from audit_events where true and actor_id is not null and tenant_id = $1 order by at desc limit 1`,
    [tenantId],
  )
  const then = new Date(Date.now() - 200 * 86_400_000).toISOString()
  const filters: Record<string, string> = {
    'no filter': '',
    'a tenant': `tenantId=${tenantId}`,
    'an action': 'action=THING_7_DONE',
    'a rare action': 'action=RARE_DONE',
    'an action of a tenant': `action=THING_7_DONE&tenantId=${tenantId}`,
    'a rare action of a tenant': `action=RARE_DONE&tenantId=${tenantId}`,
    'a target': `targetId=${one?.['target_id']}`,
    'a kind of target': 'targetType=invoice',
    'a kind of target of a tenant': `targetType=invoice&tenantId=${tenantId}`,
    'an actor': `actorId=${one?.['actor_id']}`,
    'an actor in a tenant': `actorId=${one?.['actor_id']}&tenantId=${tenantId}`,
    'a request': `requestId=${one?.['request_id']}`,
    'a correlation': `correlationId=${one?.['correlation_id']}`,
    denied: 'outcome=denied',
    'denied in a tenant': `outcome=denied&tenantId=${tenantId}`,
    'up to half a year ago': `to=${then}`,
    'a tenant up to half a year ago': `to=${then}&tenantId=${tenantId}`,
    'oldest first': 'sort=createdAt',
    'nothing found': 'action=NEVER_DONE',
  }
  const server = await serve(database)
  const headers = { authorization: `Bearer ${key}` }
  const measured: string[][] = []
  for (const [name, filter] of Object.entries(filters)) {
    const path = `/api/admin/audit/events?limit=50&${filter}`
    const first = await fetch(server.url + path, { headers })
    const { nextCursor, items } = (await first.json()) as { nextCursor: string | null; items: unknown[] }
    const times = await requests(`${server.url}${path}`, headers)
    const second =
      nextCursor === null ? undefined : await requests(`${server.url}${path}&cursor=${nextCursor}`, headers)
    const { list } = await capture(database, key, path, 'from "audit_events"')
    await refuseSequential(database, name, list)
    measured.push([
      name,
      String(items.length),
      ms(median(times)),
      ms(percentile(times, 95)),
      second ? ms(median(second)) : '—',
    ])
  }
  await server.stop()
  table(['filter', 'rows', 'first page ms', '95 %', 'second page ms'], measured)
}

async function requests(url: string, headers: Record<string, string>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < REQUESTS; i++)
    times.push((await timed(async () => (await fetch(url, { headers })).text())).ms)
  return times
}

/** The plan as the server's role, under row-level security. */
async function refuseSequential(
  database: BenchDatabase,
  name: string,
  { text, values }: { text: string; values: unknown[] },
): Promise<void> {
  const plan = await execute<{ 'QUERY PLAN': string }>(
    database.ownerUrl.replace(/$/, `?options=${encodeURIComponent('-c role=mpanel_app -c timezone=UTC')}`),
    `explain (analyze, buffers) ${text}`,
    values,
  )
  const lines = plan.map((row) => row['QUERY PLAN'])
  const large = lines.filter((line) => /Seq Scan on audit_events/.test(line) && !/rows=[01] /.test(line))
  if (large.length > 0) console.log(`${name} reads whole partitions:\n${lines.join('\n')}`)
}

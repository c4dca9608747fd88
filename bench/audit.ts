import { systemOrigin, transaction } from '../src/context.ts'
import { newId } from '../src/lib/ids.ts'
import { sealAll } from '../src/services/audit/sealing.ts'
import { verify } from '../src/services/audit/verify.ts'
import * as tenantService from '../src/services/tenantService.ts'
import * as userService from '../src/services/userService.ts'
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
  await execute(
    database.ownerUrl,
    `do $$ begin for i in 1 .. ${MONTHS} loop
      execute format('create table if not exists %I partition of audit_events for values from (%L) to (%L)',
        'audit_events_' || to_char(now() - make_interval(months => i), 'YYYY_MM'),
        to_char(now() - make_interval(months => i), 'YYYY-MM-01'), to_char(now() - make_interval(months => i - 1), 'YYYY-MM-01'));
    end loop; end $$`,
  )
  return made
}

/** Events over all months in the order of time: 60 actions of which one is rare, 5,000 people, a tenth by the system. */
const rows = (from: number, to: number): string => `
  insert into audit_events (id, at, tenant_id, action, outcome, actor, actor_id, target_type, target_id, target_label,
    diff, details, request_id, correlation_id, ip, user_agent)
  select uuidv7(), now() - interval '${MONTHS - 1} months' + i * (interval '${MONTHS - 1} months' / ${EVENTS}),
    case when i % 20 > 0 then t.ids[1 + (i / 7) % ${TENANTS}] end,
    case when i % 100000 = 7 then 'RARE_DONE' else 'THING_' || (i % 59) || '_DONE' end,
    case when i % 200 = 0 then 'denied' when i % 1000 = 1 then 'error' else 'success' end,
    case when i % 10 = 0 then jsonb_build_object('type', 'system', 'id', null, 'label', 'timer')
      else jsonb_build_object('type', 'user', 'id', md5((i % 4999)::text)::uuid::text, 'label', 'user' || i % 4999 || '@example.com') end,
    case when i % 10 > 0 then md5((i % 4999)::text)::uuid::text end,
    (array['customer', 'cloudPod', 'subscription', 'invoice', 'job'])[1 + i % 5], md5((i % 499979)::text)::uuid::text, 'thing ' || i,
    jsonb_build_object('state', array['creating', 'active'], 'version', array[i % 7, i % 7 + 1]),
    jsonb_build_object('reason', 'because of ' || i, 'hostname', 'web-' || i || '.example.com'),
    md5('r' || i)::uuid::text, md5('r' || i / 3)::uuid::text, '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'
  from generate_series(${from}, ${to}) i, (select array(select id from tenants order by id) as ids) t`

const STEP = 500_000
async function write(database: BenchDatabase, from: number, to: number, before = ''): Promise<void> {
  for (let at = from; at <= to; at += STEP)
    await execute(database.ownerUrl, `${before}; ${rows(at, Math.min(to, at + STEP - 1))}`)
}

async function writeSealed(database: BenchDatabase): Promise<void> {
  const { ms: taken } = await timed(() => write(database, 1, SEALED))
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

/** Without triggers and with the indexes made afterwards: only so are many million rows there in minutes. */
async function writeOthers(database: BenchDatabase): Promise<void> {
  if (EVENTS <= SEALED) return
  const indexes = await execute<{ name: string; definition: string }>(
    database.ownerUrl,
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
      where i.indrelid = 'audit_events'::regclass and not i.indisprimary`,
  )
  for (const { name } of indexes) await execute(database.ownerUrl, `drop index ${name}`)
  await write(database, SEALED + 1, EVENTS, 'set session_replication_role = replica')
  for (const { definition } of indexes)
    await execute(
      database.ownerUrl,
      `set maintenance_work_mem = '1GB'; ${definition.replace('ON ONLY', 'ON')}`,
    )
  await execute(database.ownerUrl, 'vacuum analyze')
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

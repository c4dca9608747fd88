import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import { PERMISSIONS } from '../../shared/permissions.ts'
import type { Dashboard } from '../../shared/api/dashboard.ts'
import * as figures from '../../src/db/dashboardFigures.ts'
import { newId } from '../../src/lib/ids.ts'
import * as dashboardService from '../../src/services/dashboardService.ts'
import { pay, prepareOrder, type Api, type Ordered } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { roleKey } from '../users/people.ts'

const DAY_MS = 86_400_000
const MANY = 1_500

let app: TestApp
let db: Client
let own: string
let other: string
let owner: Api
beforeAll(async () => {
  app = await startApp({ worker: false })
  db = new Client({ connectionString: app.ownerUrl })
  await db.connect()
  await db.query(`set app.scope = 'platform'`)
  own = await app.tenant()
  other = await app.tenant()
  owner = await roleKey(app, 'TENANT_OWNER', own)
  for (const tenantId of [own, other]) await fill(tenantId)
  // So many of others that reading all of them is not the quickest way.
  const crowd = await app.tenant()
  const rows = `from generate_series(1, ${MANY}) i`
  await db.query(
    `insert into customers (id, tenant_id, name, email, currency, created_at, updated_at)
     select gen_random_uuid(), $1, 'C' || i, i || '@example.com', 'EUR', now(), now() ${rows}`,
    [crowd],
  )
  await db.query(
    `insert into domains (id, tenant_id, name, unicode_name, registrable_name, proof, verified_at, created_at, updated_at)
     select gen_random_uuid(), $1, 'd' || i || '.example', '', 'd' || i || '.example', repeat('x', 20), now(), now(), now() ${rows}`,
    [crowd],
  )
  await db.query(
    `insert into ssl_certificates (id, tenant_id, names, name_set, source, not_after, created_at, updated_at)
     select gen_random_uuid(), $1, array['d' || i || '.example'], lpad(i::text, 64, '0'), 'issued', now() + interval '80 days', now(), now() ${rows}`,
    [crowd],
  )
  await dashboardService.fold(app.root)
  await db.query('vacuum analyze')
}, 60_000)
afterAll(async () => {
  await db?.end()
  await app?.close()
})

/** Something of everything that is counted, in one tenant. */
async function fill(tenantId: string): Promise<void> {
  for (const name of ['Ada', 'Grace'])
    await app.admin.post('/api/admin/customers', { tenantId, name, email: 'a@example.com' })
  const made: Ordered[] = []
  for (const [hostname, daysAgo] of [
    ['one.example.com', 0],
    ['two.example.com', 40],
    ['three.example.com', 0],
  ] as const) {
    const order = await prepareOrder(app.admin, tenantId, { hostname })
    app.clock.offsetMs = -daysAgo * DAY_MS
    made.push((await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)).body)
    app.clock.offsetMs = 0
  }
  const [first] = made
  if (!first) throw new Error('nothing was ordered')
  await pay(app.admin, first.invoice)
  await db.query(
    `update subscriptions set state = 'active', started_at = now(), anchor_date = current_date, period_no = 0,
       periods_billed = 1, current_period = tstzrange(now(), now() + interval '1 month') where id = $1`,
    [first.subscription.id],
  )
  const slug = newId().slice(-10)
  await db.query(
    `insert into domains (id, tenant_id, name, unicode_name, registrable_name, proof, expires_at, verified_at, created_at, updated_at)
     select gen_random_uuid(), $1, n, n, n, repeat('x', 20), now() + days * interval '1 day', verified, now(), now()
     from (values ($2 || '-a.example', 5, now()), ($2 || '-b.example', 29, null), ($2 || '-c.example', 31, null)) v (n, days, verified)`,
    [tenantId, slug],
  )
  await db.query(
    `insert into ssl_certificates (id, tenant_id, names, name_set, source, not_after, problem_code, problem, failure_class, created_at, updated_at)
     select gen_random_uuid(), $1, array[n], lpad($2 || n, 64, '0'), 'issued', now() + days * interval '1 day', problem, problem,
       case when problem is not null then 'other' end, now(), now()
     from (values ('a', 2, 'x'), ('b', 13, null), ('c', 15, 'x'), ('d', 20, null)) v (n, days, problem)`,
    [tenantId, slug],
  )
  for (const [state, ended] of [
    ['failed', '2 hours'],
    ['failed', '3 days'],
    ['succeeded', '1 hour'],
    ['stuck', null],
  ])
    await db.query(
      `insert into provisioning_jobs_live (id, queue, kind, tenant_id, subject_type, serial_key, seq, state, payload, idempotency_key,
         correlation_id, actor, max_attempts, created_at, finished_at)
       values ($1::uuid, 'system', 'test', $2, 'tenant', $1::text, 1, $3, '{}', $1::text, 'x', '{"type":"system","id":null,"label":"x"}', 1,
         now() - interval '4 days', now() - $4::interval)`,
      [newId(), tenantId, state, ended],
    )
}

const look = async (api: Api, query = ''): Promise<Dashboard> => {
  const { status, body } = await api.get<Dashboard>(`/api/admin/dashboard${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

/** How many rows a list has, page by page. */
async function lengthOf(api: Api, path: string, filter: Record<string, string>): Promise<number> {
  let rows = 0
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ ...filter, limit: '200', ...(cursor && { cursor }) })
    const { body } = await api.get<{ items: unknown[]; nextCursor: string | null }>(
      `/api/admin/${path}?${query.toString()}`,
    )
    rows += body.items.length
    cursor = body.nextCursor
  }
  return rows
}

test('every number is that of the rows that its list shows, for the platform, one of its tenants and their owner', async () => {
  for (const [api, filter] of [
    [app.admin, {}],
    [app.admin, { tenantId: other }],
    [owner, {}],
  ] as const) {
    const seen = await look(api, `?${new URLSearchParams(filter).toString()}`)
    const equals = async (count: number | undefined, path: string, more: Record<string, string>) =>
      expect({ path, more, count }).toEqual({
        path,
        more,
        count: await lengthOf(api, path, { ...filter, ...more }),
      })
    for (const { state, count } of seen.customers ?? []) await equals(count, 'customers', { state })
    for (const { state, count } of seen.cloudPods ?? []) await equals(count, 'hosting/cloudpods', { state })
    for (const { state, count } of seen.subscriptions ?? [])
      await equals(count, 'billing/subscriptions', { state })
    for (const { state, count } of seen.jobs?.open ?? []) await equals(count, 'provisioning/jobs', { state })
    const { jobs, overdue, certificates, domains } = seen
    const failed = { state: 'failed', endedSince: jobs?.endedSince ?? '' }
    await equals(jobs?.failed, 'provisioning/jobs', failed)
    await equals(overdue?.count, 'billing/invoices', { status: 'open', dueBefore: overdue?.dueBefore ?? '' })
    await equals(certificates?.ending, 'ssl/certificates', { endsBefore: certificates?.endsBefore ?? '' })
    await equals(certificates?.problems, 'ssl/certificates', { problems: 'true' })
    await equals(domains?.ending, 'domains', { expiresBefore: domains?.expiresBefore ?? '' })
    await equals(domains?.unproven, 'domains', { verified: 'false' })
    if (seen.findings !== null) {
      const open = seen.findings.reduce((sum, { count }) => sum + count, 0)
      await equals(open, 'provisioning/findings', { state: 'open' })
    }
  }
})

test('an owner is told what is in his tenant, hour by hour what was done in the last day, and no findings', async () => {
  const { body: report } = await owner.get<{ recurring: { monthly: unknown }[] }>(
    '/api/admin/billing/report?from=2026-01-01&to=2026-01-31',
  )
  const seen = await look(owner)
  expect(seen).toMatchObject({
    customers: [{ state: 'active', count: 5 }],
    recurring: [{ subscriptions: 1, monthly: report.recurring[0]?.monthly }],
    overdue: { count: 1, open: [{ invoices: 1, amount: { currency: 'EUR' } }] },
    certificates: { ending: 2, problems: 2 },
    domains: { ending: 2, unproven: 2 },
    jobs: { failed: 1 },
    findings: null,
  })
  expect(seen.jobs?.hours).toHaveLength(24)
  expect(seen.jobs?.hours.reduce((sum, hour) => sum + hour.succeeded, 0)).toBe(1)
})

test('nobody is told of what he may not read, nor of a tenant that he does not see', async () => {
  const user = await look(await roleKey(app, 'TENANT_USER', own))
  expect(user).toMatchObject({
    customers: null,
    subscriptions: null,
    recurring: null,
    overdue: null,
  })
  expect(user.cloudPods).toEqual((await look(owner)).cloudPods)
  expect(user.cloudPods).not.toBeNull()
  const foreign = await owner.get<Problem>(`/api/admin/dashboard?tenantId=${other}`)
  const nobodys = await owner.get<Problem>(`/api/admin/dashboard?tenantId=${newId()}`)
  expect([foreign.status, nobodys.status]).toEqual([404, 404])
})

const sorted = (found: figures.Figure[]) =>
  found.filter(({ count }) => count > 0).toSorted((a, b) => (a.subject + a.key < b.subject + b.key ? -1 : 1))

test('what is read equals a recount, whatever changes before, between and while tenants are counted', async () => {
  const agree = async () => {
    for (const scope of ['platform', [own], [own, other]] as const) {
      const [read, counted] = await app.root.db.snapshot(scope, async (tx) => [
        await figures.read(tx, scope),
        await figures.recount(tx, scope),
      ])
      expect(sorted(read ?? [])).toEqual(sorted(counted ?? []))
    }
  }
  await agree()
  const slow = new Client({ connectionString: app.ownerUrl })
  await slow.connect()
  await slow.query(`set app.scope = 'platform'`)
  for (let turn = 0; turn < 4; turn++) {
    await slow.query('begin')
    // Not committed yet while the others change, and are counted.
    await slow.query(
      `update customers set state = case state when 'active' then 'closed' else 'active' end,
      closed_at = case state when 'active' then now() end where id in (select id from customers where tenant_id = $1 and state <> 'merged' limit 2)`,
      [own],
    )
    await db.query(`update subscriptions set state = 'grace' where state = 'active' and tenant_id = $1`, [
      other,
    ])
    await agree()
    await dashboardService.fold(app.root)
    await agree()
    await slow.query(turn % 2 === 0 ? 'commit' : 'rollback')
    await agree()
    await db.query(`update subscriptions set state = 'active' where state = 'grace' and tenant_id = $1`, [
      other,
    ])
    await db.query(
      `update cloud_pods set state = case state when 'reserved' then 'creating' else 'reserved' end
      where state in ('reserved', 'creating') and tenant_id = any ($1)`,
      [turn % 3 === 0 ? [own] : [own, other]],
    )
    if (turn % 2 === 1) await dashboardService.fold(app.root)
    await agree()
  }
  await slow.end()
  await dashboardService.fold(app.root)
  const { rows } = await db.query('select from figure_marks')
  expect(rows).toEqual([])
})

test('looking reads no table as a whole once everything is counted', async () => {
  await dashboardService.fold(app.root)
  await db.query('vacuum analyze')
  const everything = { platform: new Set(PERMISSIONS), tenants: new Map() } as never
  const read = await app.as(async ({ tx, ...ctx }) => {
    // All that this session has read so far, also what it has not told the statistics yet.
    const scans = async () => {
      const { rows } = await sql<{
        name: string
        scans: number
      }>`select relname as name, seq_scan::int as scans
        from pg_stat_xact_user_tables where relname not in ('figure_totals', 'figure_marks')`.execute(tx)
      return new Map(rows.map((row) => [row.name, row.scans]))
    }
    await sql`set local enable_seqscan = off`.execute(tx)
    const before = await scans()
    await dashboardService.get({ tx, ...ctx }, everything)
    return [...(await scans())].filter(([name, count]) => count > (before.get(name) ?? 0))
  })
  expect(read).toEqual([])
})

import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TenantExport, TenantExportList } from '../../shared/api/tenantExports.ts'
import { tenantTables } from '../../src/db/tenantRows.ts'
import * as tenantExportService from '../../src/services/tenantExportService.ts'
import {
  INFRASTRUCTURE_COLUMNS,
  LOOKS_SECRET,
  NO_SECRETS,
  NOT_EXPORTED,
  SECRET_COLUMNS,
} from '../../src/services/tenants/exportRules.ts'
import { delivered } from '../cloudPods/faults.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { keyOf, person, session } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const pathOf = (tenantId: string) => `/api/admin/tenants/${tenantId}/export`
const list = async (tenantId: string) => (await app.admin.get<TenantExportList>(pathOf(tenantId))).body.items
const start = (tenantId: string) => app.admin.post<TenantExportList>(pathOf(tenantId), {})

async function exported(tenantId: string): Promise<TenantExport> {
  expect((await start(tenantId)).status).toBe(202)
  return until(async () => {
    const [newest] = await list(tenantId)
    return newest?.state === 'ready' && newest
  }, 'the export to be ready')
}

async function fileOf(id: string): Promise<{ headers: Headers; bytes: Buffer; lines: string[] }> {
  const { origin } = new URL(app.url)
  const { key } = await adminKey()
  const response = await fetch(`${origin}/api/admin/tenants/exports/${id}/file`, {
    headers: { authorization: `Bearer ${key}` },
  })
  expect(response.status).toBe(200)
  const bytes = Buffer.from(await response.arrayBuffer())
  return { headers: response.headers, bytes, lines: gunzipSync(bytes).toString('utf8').trimEnd().split('\n') }
}

async function adminKey(): Promise<{ key: string }> {
  const made = await keyOf(app, 'admin@example.com')
  return { key: made.token }
}

type Line = { type: string; row: Record<string, unknown> }

it('an export holds every row of the tenant, none of another, no secret and nothing of the infrastructure', async () => {
  const { tenantId, podId } = await delivered(app)
  const other = await delivered(app)
  const user = await person(app, 'TENANT_OWNER', tenantId)
  await keyOf(app, user.email)
  await keyOf(app, 'admin@example.com', { tenantId })
  const made = await exported(tenantId)
  const { headers, bytes, lines } = await fileOf(made.id)
  expect(headers.get('content-type')).toBe('application/gzip')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[a-z0-9-]+\.jsonl\.gz"$/)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(made.sha256)
  expect(String(bytes.length)).toBe(made.bytes)
  const parsed = lines.map((line) => JSON.parse(line) as Line)
  expect(parsed[0]).toMatchObject({ type: 'header', format: 'mpanel-tenant-export', version: 1, tenantId })
  const trailer = parsed.at(-1) as unknown as {
    counts: Record<string, number>
    rows: number
    sha256: string
  }
  const before = `${lines.slice(0, -1).join('\n')}\n`
  expect(createHash('sha256').update(before).digest('hex')).toBe(trailer.sha256)
  expect(trailer.rows).toBe(lines.length - 2)
  expect(String(trailer.rows)).toBe(made.rows)
  const counted: Record<string, number> = {}
  for (const { type } of parsed.slice(1, -1)) counted[type] = (counted[type] ?? 0) + 1
  expect(counted).toEqual(Object.fromEntries(Object.entries(trailer.counts).filter(([, n]) => n > 0)))
  const tables = await app.as((ctx) => tenantTables(ctx.tx))
  expect(Object.keys(trailer.counts).toSorted()).toEqual(
    [
      'tenants',
      'users',
      ...tables.map(({ name }) => name).filter((name) => !(name in NOT_EXPORTED)),
    ].toSorted(),
  )
  for (const table of ['customers', 'invoices', 'subscriptions', 'cloud_pods', 'api_keys', 'ledger_entries'])
    expect(counted[table], table).toBeGreaterThan(0)
  expect(parsed.find(({ type, row }) => type === 'cloud_pods' && row['id'] === podId)).toBeDefined()
  expect(parsed.filter(({ type }) => type === 'users').map(({ row }) => row['email'])).toEqual([user.email])
  const text = lines.join('\n')
  expect(text).not.toContain(other.tenantId)
  const [key] = await rowsOf(
    app,
    sql<{
      hash: string
    }>`select encode(token_hash, 'hex') as hash from api_keys where tenant_id = ${tenantId}`,
  )
  expect(text).not.toContain(key?.hash)
  expect(text).not.toContain(app.clusterId)
})

it('whoever downloads an export stands in the audit log', async () => {
  const tenantId = await app.tenant()
  const { id } = await exported(tenantId)
  await fileOf(id)
  const events = await rowsOf(
    app,
    sql<{ action: string }>`select action from audit_events where tenant_id = ${tenantId}
      and action like 'TENANT_EXPORT%' order by id`,
  )
  expect(events.map((event) => event.action)).toEqual([
    'TENANT_EXPORT_REQUESTED',
    'TENANT_EXPORTED',
    'TENANT_EXPORT_DOWNLOADED',
  ])
})

it('while one export is being written no other begins, and one that is not ready cannot be downloaded', async () => {
  const tenantId = await app.tenant()
  await rowsOf(
    app,
    sql`insert into tenant_exports (id, tenant_id, requested_by, created_at)
      values (gen_random_uuid(), ${tenantId}, '{}', now())`,
  )
  const answers = await Promise.all([start(tenantId), start(tenantId), start(tenantId)])
  expect(answers.map(({ status, body }) => [status, body.items?.length ?? body])).toEqual([
    [202, 1],
    [202, 1],
    [202, 1],
  ])
  const id = await app.as(async ({ tx }) => {
    const { rows } = await sql<{
      id: string
    }>`insert into tenant_exports (id, tenant_id, state, requested_by, created_at,
      finished_at) values (gen_random_uuid(), ${tenantId}, 'failed', '{}', now(), now()) returning id`.execute(
      tx,
    )
    return rows[0]?.id
  })
  expect(await app.admin.get(`/api/admin/tenants/exports/${id}/file`)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
})

it('an export is gone a week after it was made', async () => {
  const tenantId = await app.tenant()
  const { id } = await exported(tenantId)
  const after = (days: number) =>
    app.as((ctx) =>
      tenantExportService.expire({ ...ctx, now: () => new Date(Date.now() + days * 86_400_000) }),
    )
  await after(6.9)
  expect((await list(tenantId)).map((one) => one.id)).toEqual([id])
  await after(7.1)
  expect(await list(tenantId)).toEqual([])
  expect((await app.admin.get(`/api/admin/tenants/exports/${id}/file`)).status).toBe(404)
  expect(await rowsOf(app, sql`select from tenant_export_chunks where export_id = ${id}`)).toEqual([])
})

it('an owner exports their own tenant after a fresh proof, an administrator of it does not', async () => {
  const tenantId = await app.tenant()
  const owner = (await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)).api
  const admin = (await session(app, (await person(app, 'TENANT_ADMIN', tenantId)).email)).api
  expect((await admin.post(pathOf(tenantId), {})).status).toBe(403)
  expect((await owner.post(pathOf(tenantId), {})).status).toBe(202)
  await rowsOf(app, sql`update sessions set verified_at = verified_at - interval '11 minutes'`)
  expect(await owner.post(pathOf(tenantId), {})).toMatchObject({
    status: 403,
    body: { code: 'step_up_required' },
  })
})

it('every column that looks like a secret was looked at: it is left out by name, or named as none', async () => {
  const tables = await app.as((ctx) => tenantTables(ctx.tx))
  const exportedTables = tables.filter(({ name }) => !(name in NOT_EXPORTED))
  const bytes = await rowsOf(
    app,
    sql<{
      name: string
    }>`select c.relname || '.' || a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and a.atttypid = 'bytea'::regtype`,
  )
  const known = (lists: Record<string, readonly string[]>[]) =>
    new Set(
      lists.flatMap((one) => Object.entries(one).flatMap(([table, all]) => all.map((c) => `${table}.${c}`))),
    )
  const looked = known([SECRET_COLUMNS, INFRASTRUCTURE_COLUMNS, NO_SECRETS])
  const suspicious = exportedTables
    .flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`))
    .filter((name) => LOOKS_SECRET.test(name.split('.')[1] ?? '') || bytes.some((one) => one.name === name))
  expect(suspicious.filter((name) => !looked.has(name))).toEqual([])
  const all = new Set(
    exportedTables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`)),
  )
  expect([...looked].filter((name) => !all.has(name))).toEqual([])
})

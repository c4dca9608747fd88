import { sql, type Insertable, type RawBuilder, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { belonging, type TenantTable } from './tenantRows.ts'
import type { TenantExportsTable } from './types.ts'

export type ExportRow = Selectable<TenantExportsTable>

export async function insert(tx: Tx, row: Insertable<TenantExportsTable>): Promise<void> {
  await tx.insertInto('tenant_exports').values(row).execute()
}

export function find(tx: Tx, tenantId: string, id: string): Promise<ExportRow | undefined> {
  return tx
    .selectFrom('tenant_exports')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
}

export type ExportView = ExportRow & {
  job_id: string | null
  job_state: string | null
  waiting_for: string | null
  doing: string | null
}

/** The exports of a tenant with their jobs, newest first. */
export async function list(tx: Tx, tenantId: string, limit: number): Promise<ExportView[]> {
  const { rows } = await sql<ExportView>`
    select e.*, j.id as job_id, j.state as job_state, j.waiting_for, j.doing from tenant_exports e
    left join provisioning_jobs j on j.queue = 'system' and j.idempotency_key = 'export:' || e.id
    where e.tenant_id = ${tenantId} order by e.id desc limit ${limit}`.execute(tx)
  return rows
}

export async function update(tx: Tx, id: string, change: Updateable<TenantExportsTable>): Promise<void> {
  await tx.updateTable('tenant_exports').set(change).where('id', '=', id).execute()
}

export async function removeChunks(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('tenant_export_chunks').where('export_id', '=', id).execute()
}

export async function addChunk(
  tx: Tx,
  { tenantId, exportId }: { tenantId: string; exportId: string },
  number: number,
  data: Buffer,
): Promise<void> {
  await tx
    .insertInto('tenant_export_chunks')
    .values({ export_id: exportId, tenant_id: tenantId, number, data })
    .execute()
}

export async function chunk(tx: Tx, id: string, number: number): Promise<Buffer | undefined> {
  const row = await tx
    .selectFrom('tenant_export_chunks')
    .select('data')
    .where('export_id', '=', id)
    .where('number', '=', number)
    .executeTakeFirst()
  return row?.data
}

/** Removes exports whose time is over. @returns what was removed */
export function removeExpired(tx: Tx, at: Date): Promise<ExportRow[]> {
  return tx.deleteFrom('tenant_exports').where('expires_at', '<=', at).returningAll().execute()
}

const FETCHED = 500

/** The rows of a table that are a tenant's, as the JSON text that PostgreSQL makes of them, without some columns. */
export async function* rowsOf(
  tx: Tx,
  table: TenantTable,
  tenantId: string,
  leftOut: readonly string[],
): AsyncGenerator<string> {
  // What jobs read back in the infrastructure stands in the details of their events.
  const audit = table.name === 'audit_events'
  const row = sql`to_jsonb(t) - ${sql.lit(`{${leftOut.join(',')}}`)}::text[]`
  const shown = audit ? sql`case when t.job_id is null then ${row} else (${row}) - 'details' end` : row
  yield* fetched(
    tx,
    sql`select (${shown})::text as row from ${sql.table(table.name)} t where ${belonging(table, tenantId)}`,
  )
}

/** Those who may do something in the tenant. Their log-ins are not the tenant's. */
export const members = (tx: Tx, tenantId: string): AsyncGenerator<string> =>
  fetched(
    tx,
    sql`select jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name, 'state', u.state)::text as row
      from users u where exists (select from role_grants g where g.user_id = u.id and g.tenant_id = ${sql.lit(tenantId)})`,
  )

export const tenantRow = (tx: Tx, tenantId: string): AsyncGenerator<string> =>
  fetched(tx, sql`select to_jsonb(t)::text as row from tenants t where t.id = ${sql.lit(tenantId)}`)

/** A cursor: however many rows there are, only a few are held. */
async function* fetched(tx: Tx, query: RawBuilder<unknown>): AsyncGenerator<string> {
  await sql`declare rows no scroll cursor for ${query}`.execute(tx)
  for (;;) {
    const { rows } = await sql<{ row: string }>`fetch ${sql.lit(FETCHED)} from rows`.execute(tx)
    for (const { row } of rows) yield row
    if (rows.length < FETCHED) break
  }
  await sql`close rows`.execute(tx)
}

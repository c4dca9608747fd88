import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { CustomerImportRowsTable, CustomerImportsTable } from './types.ts'

export type ImportKey = { tenantId: string; importId: string }
type ImportRow = Selectable<CustomerImportsTable>
type Outcome = NonNullable<Selectable<CustomerImportRowsTable>['outcome']>
/** A row of a file as it was read, and what was found out about it. */
export type FileRow = { line: number; cells: string[]; customer_id: string | null }
/** What was found out about a row. `means`: a hash of whom it is about. */
export type RowPlan = {
  line: number
  outcome: Outcome
  means: string | null
  customerId: string | null
  plan: { name: string; changes: string[]; problems: { path: string; message: string }[] }
}

export async function insert(tx: Tx, row: Insertable<CustomerImportsTable>): Promise<void> {
  await tx.insertInto('customer_imports').values(row).execute()
}

const byKey = (tx: Tx, { tenantId, importId }: ImportKey) =>
  tx.selectFrom('customer_imports').selectAll().where('tenant_id', '=', tenantId).where('id', '=', importId)

export const lock = (tx: Tx, key: ImportKey): Promise<ImportRow | undefined> =>
  byKey(tx, key).forUpdate().executeTakeFirst()

export async function update(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  change: Updateable<CustomerImportsTable>,
): Promise<void> {
  await tx
    .updateTable('customer_imports')
    .set(change)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', importId)
    .execute()
}

/** Removes an import with everything of it. */
export async function remove(tx: Tx, { tenantId, importId }: ImportKey): Promise<void> {
  await tx
    .deleteFrom('customer_imports')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', importId)
    .execute()
}

/** Removes imports whose time is over. @returns what was removed */
export function removeExpired(tx: Tx, at: Date): Promise<ImportRow[]> {
  return tx.deleteFrom('customer_imports').where('expires_at', '<=', at).returningAll().execute()
}

export type ImportView = ImportRow & { job_id: string | null }

/** Imports of a tenant, newest first, with the last job of each: the `limit` newest, or the one with this id. */
export async function list(
  tx: Tx,
  tenantId: string,
  { id, limit }: { id?: string; limit: number },
): Promise<ImportView[]> {
  const one = id === undefined ? sql`true` : sql`i.id = ${id}`
  const { rows } = await sql<ImportView>`
    select i.*, j.id as job_id from customer_imports i left join lateral (
      select id from provisioning_jobs where queue = 'system'
        and idempotency_key in ('importCheck:' || i.id, 'import:' || i.id) order by id desc limit 1) j on true
    where i.tenant_id = ${tenantId} and ${one} order by i.id desc limit ${limit}`.execute(tx)
  return rows
}

/** How many imports of a tenant have not ended. */
export async function countOpen(tx: Tx, tenantId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from customer_imports
    where tenant_id = ${tenantId} and finished_at is null`.execute(tx)
  return rows[0]?.n ?? 0
}

export async function addChunk(tx: Tx, key: ImportKey, number: number, data: Buffer): Promise<void> {
  await tx
    .insertInto('customer_import_chunks')
    .values({ import_id: key.importId, tenant_id: key.tenantId, number, data })
    .execute()
}

export async function chunk(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  number: number,
): Promise<Buffer | undefined> {
  const row = await tx
    .selectFrom('customer_import_chunks')
    .select('data')
    .where('tenant_id', '=', tenantId)
    .where('import_id', '=', importId)
    .where('number', '=', number)
    .executeTakeFirst()
  return row?.data
}

/** Removes what was uploaded and what was read of it; the import itself stays. */
export async function removeData(
  tx: Tx,
  key: ImportKey,
  what: readonly ('customer_import_chunks' | 'customer_import_rows')[],
) {
  for (const table of what)
    await tx
      .deleteFrom(table)
      .where('tenant_id', '=', key.tenantId)
      .where('import_id', '=', key.importId)
      .execute()
}

export async function addRows(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  rows: readonly { line: number; cells: readonly string[] }[],
): Promise<void> {
  await sql`insert into customer_import_rows (import_id, tenant_id, line, cells)
    select ${importId}, ${tenantId}, r.line, r.cells
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (line int, cells jsonb)`.execute(tx)
}

/** The next rows behind a line that were not looked at, or not imported, yet. */
export async function nextRows(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  { stage, after, limit }: { stage: 'check' | 'import'; after: number; limit: number },
): Promise<FileRow[]> {
  const open = stage === 'check' ? sql`outcome is null` : sql`not done`
  const { rows } = await sql<FileRow>`select line, cells, customer_id from customer_import_rows
    where tenant_id = ${tenantId} and import_id = ${importId} and line > ${after} and ${open}
    order by line limit ${limit}`.execute(tx)
  return rows
}

/** How many rows the stage has behind it. */
export async function countRows(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  stage: 'check' | 'import',
): Promise<number> {
  const over = stage === 'check' ? sql`outcome is not null` : sql`done`
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from customer_import_rows
    where tenant_id = ${tenantId} and import_id = ${importId} and ${over}`.execute(tx)
  return rows[0]?.n ?? 0
}

/** On which lines rows stand that are about the same customers, by the hashes of whom they are about. */
export async function linesOf(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  means: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ means: string; line: number }>`
    select m as means, min(r.line) as line from unnest(${[...means]}::text[]) m cross join lateral (
      -- The offset keeps it a look-up by index for each; see customers_meant.
      select line from customer_import_rows
      where tenant_id = ${tenantId} and import_id = ${importId} and means = m offset 0) r
    group by m`.execute(tx)
  return new Map(rows.map((row) => [row.means, row.line]))
}

/** Writes down what was found out about rows; with `done`, that it was done. */
export async function writePlans(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  plans: readonly RowPlan[],
  done: boolean,
): Promise<void> {
  const lines = plans.map(({ line }) => line)
  // The lines are named for the index: by the join alone, the planner may read the rows of the whole file.
  await sql`update customer_import_rows r set outcome = p.outcome, means = coalesce(r.means, p.means),
      customer_id = p."customerId", plan = p.plan, done = ${done}
    from jsonb_to_recordset(${JSON.stringify(plans)}::jsonb)
      as p (line int, outcome text, means text, "customerId" uuid, plan jsonb)
    where r.tenant_id = ${tenantId} and r.import_id = ${importId} and r.line = any (${lines}::int[])
      and r.line = p.line`.execute(tx)
}

export type Counted = { outcome: Outcome; rows: number; faults: number }

/** Rows by outcome; with `done`, only those that were imported or left out. */
export async function countOutcomes(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  done: boolean,
): Promise<Counted[]> {
  const { rows } = await sql<Counted>`select outcome, count(*)::int as rows,
      sum(jsonb_array_length(plan -> 'problems'))::int as faults from customer_import_rows
    where tenant_id = ${tenantId} and import_id = ${importId} and outcome is not null and (done or not ${done}::boolean)
    group by outcome`.execute(tx)
  return rows
}

/**
 * The first rows that are refused, then the first of the others, those that do something in front; with `done`, only
 * those that were imported or left out.
 */
export async function shownRows(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  { done, limit }: { done: boolean; limit: number },
): Promise<RowPlan[]> {
  const of = sql`select line, outcome, means, customer_id as "customerId", plan from customer_import_rows
    where tenant_id = ${tenantId} and import_id = ${importId} and (done or not ${done}::boolean)`
  const { rows } = await sql<RowPlan>`(${of} and outcome = 'refused' order by line limit ${limit})
    union all (${of} and outcome <> 'refused' order by outcome = 'unchanged', line limit ${limit})`.execute(
    tx,
  )
  return rows
}

export type Found = { id: string; external_ref: string | null; email: string }

/** The customers of a tenant that rows of an import may mean, as they were before it. */
export async function candidates(
  tx: Tx,
  { tenantId, importId }: ImportKey,
  by: { ids: string[]; refs: string[]; emails: string[] },
): Promise<Found[]> {
  const { rows } = await sql<Found>`select * from customers_meant(${tenantId}, ${importId}, ${by.ids}::uuid[],
    ${by.refs}::text[], ${by.emails}::text[])`.execute(tx)
  return rows
}

/** Groups by their names in lower case. */
export async function groupsByName(
  tx: Tx,
  tenantId: string,
  names: string[],
): Promise<Map<string, { id: string; name: string }>> {
  const { rows } = await sql<{ id: string; name: string; key: string }>`
    select id, name, lower(name) as key from customer_groups
    where tenant_id = ${tenantId} and lower(name) in (select lower(n) from unnest(${names}::text[]) n)`.execute(
    tx,
  )
  return new Map(rows.map(({ id, name, key }) => [key, { id, name }]))
}

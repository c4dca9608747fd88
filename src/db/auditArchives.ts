import { sql, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { AuditArchivesTable } from './types.ts'

export type ArchiveRow = Selectable<AuditArchivesTable>
/** Which events of a batch are in a month's archive: a bit for each position, the first in the lowest bit of byte 0. */
export type ArchivedPart = { month: string; batch: bigint; positions: Buffer }

/** Months that ended before, oldest first; the catch-all partition is none. */
export async function monthsBefore(tx: Tx, before: Date): Promise<string[]> {
  const { rows } = await sql<{ month: string }>`select audit_months(${before})::text as month`.execute(tx)
  return rows.map((row) => row.month)
}

/** The hold that keeps a month, if one does. */
export async function holdOf(tx: Tx, month: string): Promise<string | null> {
  const { rows } = await sql<{ hold: string | null }>`select audit_hold_of(${month}::date) as hold`.execute(
    tx,
  )
  return rows[0]?.hold ?? null
}

/** Whether an event of the month still waits to be sealed. */
export async function isUnsealed(tx: Tx, month: string): Promise<boolean> {
  const { rows } = await sql<{ waits: boolean }>`select exists (select from audit_unsealed
    where at >= ${month}::date at time zone 'UTC' and at < (${month}::date + interval '1 month') at time zone 'UTC') as waits`.execute(
    tx,
  )
  return rows[0]?.waits ?? true
}

/** The batches that may hold events of a time. */
export async function batchesOfTime(tx: Tx, from: Date, to: Date, after: bigint, limit: number) {
  return tx
    .selectFrom('audit_batches')
    .selectAll()
    .where('last_at', '>=', from)
    .where('first_at', '<', to)
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
}

export async function insertParts(tx: Tx, parts: readonly ArchivedPart[]): Promise<void> {
  if (parts.length > 0)
    await tx
      .insertInto('audit_archived')
      .values([...parts])
      .execute()
}

/** The archived parts of these batches. */
export const partsOf = (tx: Tx, batches: readonly bigint[]): Promise<ArchivedPart[]> =>
  tx
    .selectFrom('audit_archived')
    .selectAll()
    .where('batch', 'in', batches.length === 0 ? [0n] : [...batches])
    .orderBy('batch')
    .orderBy('month')
    .execute()

export const partsOfMonth = (tx: Tx, month: string): Promise<ArchivedPart[]> =>
  tx.selectFrom('audit_archived').selectAll().where('month', '=', month).orderBy('batch').execute()

/** Newest first. */
export const all = (tx: Tx): Promise<ArchiveRow[]> =>
  tx.selectFrom('audit_archives').selectAll().orderBy('month', 'desc').execute()

export async function insert(tx: Tx, archive: ArchiveRow): Promise<void> {
  await tx.insertInto('audit_archives').values(archive).execute()
}

/** Forgets an archive that was written and whose month is still in the database. */
export async function forget(tx: Tx, month: string): Promise<void> {
  await sql`delete from audit_archives where month = ${month}::date and removed_at is null`.execute(tx)
}

/** Takes an archived month out of the database. The owner's function compares once more before it does. */
export async function remove(tx: Tx, month: string): Promise<void> {
  await sql`select remove_audit_month(${month}::date)`.execute(tx)
}

/** One archiver at a time; false when there is one already. */
export async function lockArchiving(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean
  }>`select pg_try_advisory_xact_lock(hashtextextended('audit.archive', 0)) as got`.execute(tx)
  return rows[0]?.got ?? false
}

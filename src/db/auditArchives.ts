import { sql, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { AuditArchivesTable, AuditHoldsTable } from './types.ts'

export type ArchiveRow = Selectable<AuditArchivesTable>
/** Which events of a batch are in a month's archive: a bit for each position, the first in the lowest bit of byte 0. */
export type ArchivedPart = { month: string; batch: bigint; positions: Buffer }

/**
 * Months that ended before and are still to be archived, oldest first; the catch-all partition is none. One that was taken
 * out is made again, empty, where the simulated clock is far ahead: partitions begin with the machine's months.
 */
export async function monthsBefore(tx: Tx, before: Date): Promise<string[]> {
  const { rows } = await sql<{ month: string }>`select month::text from audit_months(${before}) as month
    where month not in (select a.month from audit_archives a where a.removed_at is not null)
    order by 1`.execute(tx)
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

export type HoldRow = Selectable<AuditHoldsTable>

export async function insertHold(tx: Tx, hold: HoldRow): Promise<void> {
  await tx.insertInto('audit_holds').values(hold).execute()
}

export const findHold = (tx: Tx, id: string): Promise<HoldRow | undefined> =>
  tx.selectFrom('audit_holds').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

export async function releaseHold(tx: Tx, id: string, by: string, at: Date): Promise<void> {
  await tx.updateTable('audit_holds').set({ released_by: by, released_at: at }).where('id', '=', id).execute()
}

/** Those in force first, then the newest. */
export const holds = (tx: Tx): Promise<HoldRow[]> =>
  tx
    .selectFrom('audit_holds')
    .selectAll()
    .orderBy(sql`released_at is not null`)
    .orderBy('id', 'desc')
    .limit(200)
    .execute()

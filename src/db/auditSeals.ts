import { sql, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { AuditBatchesTable } from './types.ts'

export type BatchRow = Selectable<AuditBatchesTable>

/** An event as it is hashed: JSON as PostgreSQL writes it, the time to the microsecond in UTC. */
export type SealedEvent = {
  id: string
  at: string
  tenant_id: string | null
  action: string
  outcome: string
  actor: string
  target_type: string | null
  target_id: string | null
  target_label: string | null
  diff: string | null
  details: string | null
  request_id: string | null
  correlation_id: string | null
  job_id: string | null
  ip: string | null
  user_agent: string | null
}

export const EVENT = `e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.tenant_id, e.action,
  e.outcome, e.actor::text as actor, e.target_type, e.target_id, e.target_label, e.diff::text as diff,
  e.details::text as details, e.request_id, e.correlation_id, e.job_id, host(e.ip) as ip, e.user_agent`

/** One sealer at a time, until the caller's transaction ends. */
export async function lockSealing(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('audit.seal', 0))`.execute(tx)
}

/** Takes what was noted first. It stays noted when the caller's transaction fails. */
export async function takeUnsealed(tx: Tx, limit: number): Promise<{ event_id: string; at: Date }[]> {
  const { rows } = await sql<{ event_id: string; at: Date }>`with taken as (
      delete from audit_unsealed where seq in (select seq from audit_unsealed order by seq limit ${limit})
      returning seq, event_id, at)
    select event_id, at from taken order by seq`.execute(tx)
  return rows
}

export async function eventsIn(
  tx: Tx,
  { ids, from, to }: { ids: readonly string[]; from: Date; to: Date },
): Promise<Map<string, SealedEvent>> {
  // The range spares the partitions and the parts of the index that cannot hold them. A join would hash whole events.
  const { rows } = await sql<SealedEvent>`select ${sql.raw(EVENT)} from audit_events e
    where e.id = any (${`{${ids.join(',')}}`}::uuid[]) and e.at >= ${from} and e.at < ${new Date(to.getTime() + 1)}`.execute(
    tx,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** A batch without its lists of events and hashes, which are long. */
const heads = (tx: Tx) =>
  tx
    .selectFrom('audit_batches')
    .select(['number', 'sealed_at', 'root', 'previous', 'hash', 'signature'])
    .select(sql<number>`cardinality(events)`.as('size'))

export type BatchHead = Awaited<ReturnType<typeof latestHeads>>[number]

/** Newest first. */
export const latestHeads = (tx: Tx, limit: number) =>
  heads(tx).orderBy('number', 'desc').limit(limit).execute()

export const headsAfter = (tx: Tx, number: bigint, limit: number): Promise<BatchHead[]> =>
  heads(tx).where('number', '>', number).orderBy('number').limit(limit).execute()

export async function insertBatch(tx: Tx, batch: BatchRow): Promise<void> {
  await tx.insertInto('audit_batches').values(batch).execute()
}

export function batchesAfter(tx: Tx, number: bigint, limit: number): Promise<BatchRow[]> {
  return tx
    .selectFrom('audit_batches')
    .selectAll()
    .where('number', '>', number)
    .orderBy('number')
    .limit(limit)
    .execute()
}

/** What waits to be sealed: how many events, and since when the oldest. */
export async function unsealed(tx: Tx): Promise<{ events: number; since: Date | null }> {
  const { rows } = await sql<{ events: number; since: Date | null }>`
    select count(*)::int as events, min(at) as since from audit_unsealed`.execute(tx)
  return rows[0] ?? { events: 0, since: null }
}

/**
 * Whether there are as many events as were noted: those in batches without the archived ones, and those that wait.
 * That takes a moment; `unknownEvents`, which says what is wrong, takes long.
 */
export async function isCountRight(tx: Tx): Promise<boolean> {
  await sql`set local statement_timeout = 0`.execute(tx)
  const { rows } = await sql<{ right: boolean }>`select (select count(*) from audit_events)
    = (select coalesce(sum(cardinality(events)), 0) from audit_batches)
    - (select coalesce(sum(events), 0) from audit_archives where removed_at is not null)
    + (select count(*) from audit_unsealed u where exists (select from audit_events e where e.at = u.at and e.id = u.event_id))
    as right`.execute(tx)
  return rows[0]?.right ?? false
}

/** Events that nobody noted when they were written, so that they are in no batch and wait for none. */
export async function unknownEvents(tx: Tx, limit: number): Promise<string[]> {
  await sql`set local statement_timeout = 0`.execute(tx)
  const { rows } = await sql<{ id: string }>`select e.id from audit_events e
    where not exists (select from audit_unsealed u where u.event_id = e.id)
      and not exists (select from (select unnest(events) as id from audit_batches) b where b.id = e.id)
    order by e.id limit ${limit}`.execute(tx)
  return rows.map((row) => row.id)
}

/** Ids that two events have: only one of them can be the one that was sealed. */
export async function repeatedEvents(tx: Tx, limit: number): Promise<string[]> {
  await sql`set local statement_timeout = 0`.execute(tx)
  const { rows } = await sql<{ id: string }>`select id from audit_events group by id having count(*) > 1
    order by id limit ${limit}`.execute(tx)
  return rows.map((row) => row.id)
}

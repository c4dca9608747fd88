import { sql, type Selectable, type Updateable } from 'kysely'
import { inScope, keysetPage, type ListOptions, type PageOf } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { AuditSinksTable } from './types.ts'

export type SinkRow = Selectable<AuditSinksTable>
/** With how far it is behind: batches that wait, and since when the oldest of them is there. */
export type SinkState = SinkRow & { behind: number; waiting_since: Date | null }

export async function insert(tx: Tx, sink: SinkRow): Promise<void> {
  await tx.insertInto('audit_sinks').values(sink).execute()
}

const states = (tx: Tx, scope: Scope) =>
  tx
    .selectFrom('audit_sinks as s')
    .selectAll('s')
    .select(
      sql<number>`greatest(0, coalesce((select max(number) from audit_batches), 0) - s.next_batch + 1)::int`.as(
        'behind',
      ),
    )
    .select(
      sql<Date | null>`(select sealed_at from audit_batches where number = s.next_batch)`.as('waiting_since'),
    )
    .where(inScope(scope, 's.tenant_id'))

export const list = (tx: Tx, scope: Scope, options: ListOptions): Promise<PageOf<SinkState>> =>
  keysetPage(states(tx, scope), 's.id', options)

export const findState = (tx: Tx, scope: Scope, id: string): Promise<SinkState | undefined> =>
  states(tx, scope).where('s.id', '=', id).executeTakeFirst()

export const find = (tx: Tx, id: string): Promise<SinkRow | undefined> =>
  tx.selectFrom('audit_sinks').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

/** The same without waiting for a delivery that is under way. */
export const peek = (tx: Tx, id: string): Promise<SinkRow | undefined> =>
  tx.selectFrom('audit_sinks').selectAll().where('id', '=', id).executeTakeFirst()

export async function update(tx: Tx, id: string, change: Updateable<AuditSinksTable>): Promise<void> {
  await tx.updateTable('audit_sinks').set(change).where('id', '=', id).execute()
}

export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('audit_sinks').where('id', '=', id).execute()
}

export async function countOf(tx: Tx, tenantId: string | null): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from audit_sinks
    where tenant_id is not distinct from ${tenantId}::uuid`.execute(tx)
  return rows[0]?.n ?? 0
}

/** The number of the batch that will be sealed next: where a new sink begins. */
export async function nextBatch(tx: Tx): Promise<bigint> {
  const { rows } = await sql<{
    n: bigint
  }>`select coalesce(max(number), 0) + 1 as n from audit_batches`.execute(tx)
  return rows[0]?.n ?? 1n
}

/** Takes one sink that has something to deliver; nobody else takes it before the lease ends. */
export async function claim(tx: Tx, lease: string, now: Date, leaseMs: number): Promise<SinkRow | undefined> {
  const { rows } =
    await sql<SinkRow>`update audit_sinks set lease = ${lease}, lease_until = ${new Date(now.getTime() + leaseMs)}
    where id = (select id from audit_sinks where state = 'active' and next_attempt_at <= ${now}
        and (lease_until is null or lease_until < ${now}) and next_batch <= (select max(number) from audit_batches)
      order by next_attempt_at, id limit 1 for update skip locked)
    returning *`.execute(tx)
  return rows[0]
}

/** Writes down what was delivered or why not. False when the lease went to somebody else, or the sink was paused. */
export async function note(
  tx: Tx,
  { id, lease }: { id: string; lease: string },
  change: Updateable<AuditSinksTable>,
): Promise<boolean> {
  const result = await tx
    .updateTable('audit_sinks')
    .set(change)
    .where('id', '=', id)
    .where('lease', '=', lease)
    .where('state', '=', 'active')
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export async function release(tx: Tx, { id, lease }: { id: string; lease: string }): Promise<void> {
  await sql`update audit_sinks set lease = null, lease_until = null where id = ${id} and lease = ${lease}`.execute(
    tx,
  )
}

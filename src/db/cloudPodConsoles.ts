import { sql, type Insertable, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { CloudPodConsolesTable } from './types.ts'

export type ConsoleRow = Selectable<CloudPodConsolesTable>

export async function insert(tx: Tx, ticket: Insertable<CloudPodConsolesTable>): Promise<void> {
  await tx.insertInto('cloud_pod_consoles').values(ticket).execute()
}

/** Uses a ticket up: of parallel uses one gets the row, all others undefined. */
export function use(
  tx: Tx,
  ticket: { hash: Buffer; tenantId: string; podId: string; holder: string; at: Date },
): Promise<ConsoleRow | undefined> {
  return tx
    .updateTable('cloud_pod_consoles')
    .set({ used_at: ticket.at, seen_at: ticket.at })
    .where('ticket_hash', '=', ticket.hash)
    .where('tenant_id', '=', ticket.tenantId)
    .where('pod_id', '=', ticket.podId)
    .where('holder', '=', ticket.holder)
    .where('used_at', 'is', null)
    .where('expires_at', '>', ticket.at)
    .returningAll()
    .executeTakeFirst()
}

/** How many are open that were seen since: of a pod, or of somebody within the transaction's tenants. */
export async function countOpen(
  tx: Tx,
  of: { podId: string } | { actorId: string },
  since: Date,
): Promise<number> {
  const mine = 'podId' in of ? sql`pod_id = ${of.podId}` : sql`actor_id = ${of.actorId}`
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from cloud_pod_consoles
    where ${mine} and used_at is not null and closed_at is null and seen_at > ${since}`.execute(tx)
  return rows[0]?.n ?? 0
}

/** Nobody else counts and opens consoles of this caller until the transaction ends. */
export async function lockActor(tx: Tx, actorId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`console ${actorId}`}, 0))`.execute(tx)
}

export async function markOpened(tx: Tx, id: string, at: Date): Promise<void> {
  await tx
    .updateTable('cloud_pod_consoles')
    .set({ opened_at: at, seen_at: at })
    .where('id', '=', id)
    .execute()
}

/** @returns false when somebody has ended it */
export async function touch(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('cloud_pod_consoles')
    .set({ seen_at: at })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** @returns undefined when it had ended before */
export function close(tx: Tx, id: string, ended: string, at: Date): Promise<ConsoleRow | undefined> {
  return tx
    .updateTable('cloud_pod_consoles')
    .set({ closed_at: at, ended })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/** Those that say nothing any more: their server is gone. */
export function silentSince(tx: Tx, since: Date) {
  return tx
    .selectFrom('cloud_pod_consoles as console')
    .innerJoin('cloud_pods as pod', 'pod.id', 'console.pod_id')
    .select(['console.id', 'console.tenant_id', 'console.pod_id', 'console.opened_at', 'console.seen_at'])
    .select('pod.hostname')
    .where('console.used_at', 'is not', null)
    .where('console.closed_at', 'is', null)
    .where('console.seen_at', '<', since)
    .limit(500)
    .execute()
}

/** The audit log keeps what happened. */
export async function forgetBefore(tx: Tx, at: Date): Promise<void> {
  await tx
    .deleteFrom('cloud_pod_consoles')
    .where('expires_at', '<', at)
    .where((row) => row.or([row('used_at', 'is', null), row('closed_at', 'is not', null)]))
    .execute()
}

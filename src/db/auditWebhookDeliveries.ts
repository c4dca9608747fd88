import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { BatchRow } from './auditSeals.ts'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions, type PageOf } from './list.ts'
import type { AuditWebhookDeliveriesTable } from './types.ts'

export type DeliveryRow = Selectable<AuditWebhookDeliveriesTable>
type State = DeliveryRow['state']

export type EventHead = { id: string; at: Date; action: string }

/** The events of a batch that the caller's scope sees, of these kinds or of all, in the order in which they were sealed. */
export async function headsIn(
  tx: Tx,
  batch: Pick<BatchRow, 'events' | 'first_at' | 'last_at'>,
  actions: readonly string[] | null,
): Promise<EventHead[]> {
  const { rows } = await sql<EventHead>`select id, at, action from audit_events
    where id = any (${[...batch.events]}::uuid[]) and at >= ${batch.first_at}
      and at < ${new Date(batch.last_at.getTime() + 1)}
      and (${actions === null} or action = any (${[...(actions ?? [])]}::text[]))`.execute(tx)
  const place = new Map(batch.events.map((id, position) => [id, position]))
  return rows.toSorted((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
}

/** Writes down what is to be delivered. What was written down before stays as it is. */
export async function insert(
  tx: Tx,
  deliveries: readonly Insertable<AuditWebhookDeliveriesTable>[],
): Promise<void> {
  if (deliveries.length === 0) return
  await tx
    .insertInto('audit_webhook_deliveries')
    .values(deliveries)
    .onConflict((of) => of.columns(['webhook_id', 'event_id']).doNothing())
    .execute()
}

export function list(
  tx: Tx,
  scope: Scope,
  { webhookId, state }: { webhookId?: string | undefined; state?: State | undefined },
  options: ListOptions,
): Promise<PageOf<DeliveryRow>> {
  let query = tx
    .selectFrom('audit_webhook_deliveries as d')
    .selectAll('d')
    .where(inScope(scope, 'd.tenant_id'))
  if (webhookId !== undefined) query = query.where('d.webhook_id', '=', webhookId)
  if (state !== undefined) query = query.where('d.state', '=', state)
  return keysetPage(query, 'd.id', options)
}

export const find = (tx: Tx, scope: Scope, id: string): Promise<DeliveryRow | undefined> =>
  tx
    .selectFrom('audit_webhook_deliveries as d')
    .selectAll()
    .where('id', '=', id)
    .where(inScope(scope, 'd.tenant_id'))
    .executeTakeFirst()

/** So many deliveries of one receiver are under way at once; one, as a trial, while it fails. */
const IN_FLIGHT = 5

/**
 * Takes up to `limit` deliveries that are due, in turns between their receivers, at most five of each. Nobody else takes
 * them before the lease ends.
 */
export async function claim(
  tx: Tx,
  lease: string,
  { now, until, limit }: { now: Date; until: Date; limit: number },
): Promise<DeliveryRow[]> {
  const due = sql`d.state = 'waiting' and d.next_attempt_at <= ${now} and (d.lease_until is null or d.lease_until <= ${now})`
  const flying = sql`(select count(*) from audit_webhook_deliveries d
    where d.webhook_id = w.id and d.state = 'waiting' and d.lease_until > ${now})`
  const room = sql`case when w.failures > 0 then 1 else ${sql.lit(IN_FLIGHT)} end - ${flying}`
  // The receivers are locked first, so that what is counted afterwards is what is under way.
  const { rows: receivers } = await sql<{ id: string }>`select w.id from audit_webhooks w
    where w.state = 'enabled' and (w.rests_until is null or w.rests_until <= ${now}) and ${room} > 0
      and exists (select from audit_webhook_deliveries d where d.webhook_id = w.id and ${due})
    order by w.delivered_at nulls first, w.id limit ${limit} for update skip locked`.execute(tx)
  if (receivers.length === 0) return []
  const { rows } = await sql<DeliveryRow>`update audit_webhook_deliveries as taken
    set lease = ${lease}, lease_until = ${until}, attempts = taken.attempts + 1, attempted_at = ${now}
    from (select first.id from audit_webhooks w cross join lateral (
        select d.id, row_number() over (order by d.next_attempt_at, d.id) as turn from audit_webhook_deliveries d
        where d.webhook_id = w.id and ${due} order by d.next_attempt_at, d.id limit greatest(0, ${room})) first
      where w.id = any (${receivers.map(({ id }) => id)}::uuid[])
      order by first.turn, first.id limit ${limit}) chosen
    where taken.id = chosen.id returning taken.*`.execute(tx)
  return rows
}

/** Writes down how an attempt ended, and gives the lease back. False: the lease went to somebody else meanwhile. */
export async function note(
  tx: Tx,
  { id, lease }: Pick<DeliveryRow, 'id' | 'lease'>,
  change: Updateable<AuditWebhookDeliveriesTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('audit_webhook_deliveries')
    .set({ ...change, lease: null, lease_until: null })
    .where('id', '=', id)
    .where('lease', '=', lease)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

type Anew = { now: Date; giveUpAt: Date }

/** Has one delivery made again, at once. */
export async function wait(tx: Tx, id: string, { now, giveUpAt }: Anew): Promise<void> {
  await sql`update audit_webhook_deliveries set state = 'waiting', ended_at = null, next_attempt_at = ${now},
    give_up_at = ${giveUpAt} where id = ${id}`.execute(tx)
}

/** The same with all of a receiver that were given up since then. @returns how many */
export async function waitFailed(
  tx: Tx,
  webhookId: string,
  since: Date,
  { now, giveUpAt }: Anew,
): Promise<number> {
  const { numAffectedRows } =
    await sql`update audit_webhook_deliveries set state = 'waiting', ended_at = null,
      next_attempt_at = ${now}, give_up_at = ${giveUpAt}
    where webhook_id = ${webhookId} and state = 'failed' and ended_at >= ${since}`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

/** What still waits for a receiver is tried anew from now on. */
export async function beginAnew(tx: Tx, webhookId: string, { now, giveUpAt }: Anew): Promise<void> {
  await sql`update audit_webhook_deliveries set next_attempt_at = ${now}, give_up_at = ${giveUpAt}
    where webhook_id = ${webhookId} and state = 'waiting'`.execute(tx)
}

/** Removes up to `limit` that ended before then. @returns how many */
export async function removeEnded(tx: Tx, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`delete from audit_webhook_deliveries where id = any (array(
    select id from audit_webhook_deliveries where state <> 'waiting' and ended_at < ${before}
    order by ended_at limit ${limit}))`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

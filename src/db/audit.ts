import { sql, type Insertable, type Selectable } from 'kysely'
import { inScope, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import { monthsIn } from './provisioningClock.ts'
import type { AuditEventsTable } from './types.ts'

export type NewEvent = Insertable<AuditEventsTable>
export type EventRow = Selectable<AuditEventsTable>

/** As one value, so that the statement is the same for any number of events and is kept by the connection. */
export async function insert(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  await sql`insert into audit_events (id, at, tenant_id, action, outcome, actor, actor_id, impersonator_id, target_type,
      target_id, target_label, diff, details, request_id, correlation_id, job_id, ip, user_agent)
    select * from jsonb_to_recordset(${JSON.stringify(events)}::jsonb) as event (id uuid, at timestamptz, tenant_id uuid,
      action text, outcome text, actor jsonb, actor_id text, impersonator_id text, target_type text, target_id text,
      target_label text, diff jsonb, details jsonb, request_id text, correlation_id text, job_id uuid, ip inet,
      user_agent text)`.execute(tx)
}

export type AuditFilter = {
  action?: string | undefined
  targetType?: string | undefined
  targetId?: string | undefined
  correlationId?: string | undefined
  requestId?: string | undefined
  /** Also what this user did under another name. */
  actorId?: string | undefined
  outcome?: 'success' | 'denied' | 'error' | undefined
  from?: string | undefined
  to?: string | undefined
}

/** A place in the order of the log: microseconds since 1970, and the id of the event. */
export type Place = { micros: bigint; id: string }
export const placeOf = (cursor: string): Place => {
  const [micros = '0', id = ''] = cursor.split('.')
  return { micros: BigInt(micros), id }
}

const timeOf = ({ micros }: Place) =>
  sql<Date>`timestamptz '1970-01-01 00:00:00+00' + ${micros.toString()}::bigint * interval '1 microsecond'`

/** Beyond a place. The first condition says nothing more than the second, but it spares whole partitions. */
export const beyond = (place: Place, down: boolean) => {
  const time = timeOf(place)
  return down
    ? sql<boolean>`e.at <= ${time} and (e.at, e.id) < (${time}, ${place.id}::uuid)`
    : sql<boolean>`e.at >= ${time} and (e.at, e.id) > (${time}, ${place.id}::uuid)`
}

function filtered(tx: Tx, scope: Scope, filter: AuditFilter) {
  let query = tx.selectFrom('audit_events as e').where(inScope(scope, 'e.tenant_id'))
  if (filter.action) query = query.where('e.action', '=', filter.action)
  if (filter.targetType) query = query.where('e.target_type', '=', filter.targetType)
  if (filter.targetId) query = query.where('e.target_id', '=', filter.targetId)
  if (filter.correlationId) query = query.where('e.correlation_id', '=', filter.correlationId)
  if (filter.requestId) query = query.where('e.request_id', '=', filter.requestId)
  if (filter.outcome) query = query.where('e.outcome', '=', filter.outcome)
  if (filter.from) query = query.where('e.at', '>=', new Date(filter.from))
  if (filter.to) query = query.where('e.at', '<', new Date(filter.to))
  return query
}

export const MICROS = sql<bigint>`(extract(epoch from e.at) * 1000000)::bigint`

type Slice = { down: boolean; limit: number; after: string | undefined }

/** The first events of a filter after a place, in the order of time and id, both of which an index has for every filter. */
export function slice(tx: Tx, scope: Scope, filter: AuditFilter, { down, limit, after }: Slice) {
  const direction = down ? 'desc' : 'asc'
  const first = (query: ReturnType<typeof filtered>) => {
    const ordered = query
      .selectAll('e')
      .select(MICROS.as('micros'))
      .orderBy('e.at', direction)
      .orderBy('e.id', direction)
      .limit(limit)
    return after === undefined ? ordered : ordered.where(beyond(placeOf(after), down))
  }
  const found = filtered(tx, scope, filter)
  if (!filter.actorId) return first(found)
  // An `or` would have no order from an index, so the first of each are read by theirs. Nobody acts as himself: no event
  // is in both.
  const own = first(found.where('e.actor_id', '=', filter.actorId)).as('own')
  const underAnotherName = first(found.where('e.impersonator_id', '=', filter.actorId)).as('other')
  const both = tx.selectFrom(own).selectAll().unionAll(tx.selectFrom(underAnotherName).selectAll())
  return tx
    .selectFrom(both.as('e'))
    .selectAll()
    .orderBy('e.at', direction)
    .orderBy('e.id', direction)
    .limit(limit)
}

export async function list(
  tx: Tx,
  scope: Scope,
  filter: AuditFilter,
  options: Omit<ListOptions, 'cursor'> & { cursor?: string | undefined },
) {
  const asked = { down: options.sort === '-createdAt', limit: options.limit + 1, after: options.cursor }
  return pageOf(await slice(tx, scope, filter, asked).execute(), options.limit)
}

export function pageOf<T extends { id: string; micros: bigint }>(rows: T[], limit: number) {
  const items = rows.slice(0, limit)
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, nextCursor: last === undefined ? null : `${last.micros}.${last.id}` }
}

/** Makes the monthly partitions of the coming months. @param aheadMs how far `now` is ahead of the machine */
export async function ensurePartitions(tx: Tx, aheadMs: number): Promise<void> {
  await sql`select ensure_audit_partitions(3 + ${monthsIn(aheadMs)}::int)`.execute(tx)
}

import { sql, type Insertable } from 'kysely'
import { keysetPage, inScope, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { AuditEventsTable } from './types.ts'

export type NewEvent = Insertable<AuditEventsTable>

export async function insert(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  await tx.insertInto('audit_events').values(events).execute()
}

export type AuditFilter = {
  action?: string
  targetType?: string
  targetId?: string
  correlationId?: string
  requestId?: string
  actorId?: string
  outcome?: 'success' | 'denied' | 'error'
  from?: string
  to?: string
}

export function list(tx: Tx, scope: Scope, filter: AuditFilter, options: ListOptions) {
  let query = tx.selectFrom('audit_events').selectAll().where(inScope(scope, 'audit_events.tenant_id'))
  if (filter.action) query = query.where('action', '=', filter.action)
  if (filter.targetType) query = query.where('target_type', '=', filter.targetType)
  if (filter.targetId) query = query.where('target_id', '=', filter.targetId)
  if (filter.correlationId) query = query.where('correlation_id', '=', filter.correlationId)
  if (filter.requestId) query = query.where('request_id', '=', filter.requestId)
  if (filter.actorId) query = query.where(sql`actor ->> 'id'`, '=', filter.actorId)
  if (filter.outcome) query = query.where('outcome', '=', filter.outcome)
  if (filter.from) query = query.where('at', '>=', new Date(filter.from))
  if (filter.to) query = query.where('at', '<', new Date(filter.to))
  return keysetPage(query, 'audit_events.id', options)
}

/** Makes the monthly partitions of the coming months. */
export async function ensurePartitions(tx: Tx): Promise<void> {
  await sql`select ensure_audit_partitions()`.execute(tx)
}

import type { AuditEvent, AuditExport } from '../../shared/api/audit.ts'
import type { Page } from '../../shared/api/common.ts'
import * as audit from '../db/audit.ts'
import { eventsOf, thingsOf } from '../db/auditTimeline.ts'
import type { ListOptions } from '../db/list.ts'
import type { Ctx, Origin } from '../context.ts'
import { notFound } from '../errors.ts'
import type { Download } from '../lib/download.ts'
import { isUuid, newId } from '../lib/ids.ts'
import { exportText } from './audit/exporting.ts'
import * as tenantScopeService from './tenantScopeService.ts'

export { beginAnew, missingCheckpoint } from './audit/checkpoints.ts'
export { sealAll, seals } from './audit/sealing.ts'
export { replaceLostKey, signHash } from './audit/key.ts'

type Target = { type: string; id: string; label?: string }

export type Event = {
  /** For who refers to it; without it one is made. */
  id?: string
  action: string
  tenantId: string | null
  target: Target
  /** Field → [before, after], changed fields only. */
  diff?: Record<string, [unknown, unknown]>
  details?: Record<string, unknown>
  outcome?: 'success' | 'denied' | 'error'
}

/** Writes an audit event in the caller's transaction: it is there exactly when the change is. */
export async function record(ctx: Ctx, event: Event): Promise<void> {
  const write = (own: Ctx): Promise<void> => recordAll(own, [{ origin: ctx, event }])
  // What belongs to no tenant is written for people of tenants, too: their own log-in and password, for example.
  await (event.tenantId === null ? tenantScopeService.asPlatform(ctx, write) : write(ctx))
}

/** Writes events that several origins have caused, in one statement. */
export async function recordAll(
  { tx, now }: Pick<Ctx, 'tx' | 'now'>,
  events: readonly { origin: Origin; event: Event }[],
): Promise<void> {
  if (events.length > 0)
    await audit.insert(
      tx,
      events.map(({ origin, event }) => rowOf(origin, event, now())),
    )
}

function rowOf(origin: Origin, event: Event, at: Date): audit.NewEvent {
  return {
    id: event.id ?? newId(),
    at,
    tenant_id: event.tenantId,
    action: event.action,
    outcome: event.outcome ?? 'success',
    actor: origin.actor,
    actor_id: origin.actor.id,
    impersonator_id: origin.actor.impersonator?.id ?? null,
    target_type: event.target.type,
    target_id: event.target.id,
    target_label: event.target.label ?? null,
    diff: event.diff === undefined ? null : withoutSecrets(event.diff),
    details: event.details === undefined ? null : withoutSecrets(event.details),
    request_id: origin.requestId,
    correlation_id: origin.correlationId,
    job_id: origin.jobId ?? null,
    ip: origin.ip ?? null,
    user_agent: origin.userAgent ?? null,
  }
}

const SECRET = /password|secret|token(?!Id)|private|cipher|hash/i

/** Replaces the values of fields that hold secrets, at any depth. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET.test(key) ? hidden(inner) : withoutSecrets(inner),
    ]),
  )
}

/** A diff stays a pair, so that it shows that a secret was set or changed. */
const hidden = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((one) => (one === null ? null : '[redacted]')) : '[redacted]'

/** The changed fields of an update, as `diff` wants them. */
export function diffOf<T extends Record<string, unknown>>(
  before: T,
  after: Partial<T>,
): Record<string, [unknown, unknown]> {
  return Object.fromEntries(
    Object.entries(after)
      .filter(([key, value]) => value !== undefined && value !== before[key])
      .map(([key, value]) => [key, [before[key] ?? null, value]]),
  )
}

export async function list(
  ctx: Ctx,
  filter: audit.AuditFilter,
  options: ListOptions,
): Promise<Page<AuditEvent>> {
  return shown(ctx, await audit.list(ctx.tx, ctx.scope, filter, options))
}

const TYPES = { jsonl: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const

/** What the caller may see of the log as a file, page by page while it is sent. That it was asked for is an event. */
export async function exportEvents(
  ctx: Ctx,
  { format, tenantId: _tenantId, ...filter }: AuditExport,
): Promise<Download> {
  // The events of somebody with several tenants belong to each of them.
  for (const tenantId of ctx.scope === 'platform' ? [null] : ctx.scope)
    await record(ctx, {
      action: 'AUDIT_EXPORTED',
      tenantId,
      target: { type: 'audit', id: tenantId ?? 'platform' },
      details: { format, ...filter },
    })
  return {
    name: `audit-${ctx.now().toISOString().slice(0, 19).replaceAll(':', '')}.${format}`,
    type: TYPES[format],
    content: exportText({ root: ctx, origin: ctx, scope: ctx.scope, filter }, format),
  }
}

const LASTING = ['tenant', 'customer', 'subscription', 'invoice', 'cloudPod', 'job'] as const

/**
 * What happened to a thing and to what belongs to it: its pods, invoices, jobs and so on; newest first.
 * @throws AppError not_found for a thing that is not there or not the caller's to see
 */
export async function timeline(
  ctx: Ctx,
  target: { targetType: string; targetId: string },
  options: { limit: number; cursor?: string | undefined },
): Promise<Page<AuditEvent>> {
  const { targetType, targetId } = target
  const kind = LASTING.find((one) => one === targetType)
  if (kind !== undefined) {
    if (!isUuid(targetId)) throw notFound(targetType)
    await tenantScopeService.ownerOf(ctx, kind, targetId)
  }
  const ids = isUuid(targetId) ? await thingsOf(ctx.tx, targetType, targetId) : [targetId]
  return shown(ctx, await eventsOf(ctx.tx, ctx.scope, ids, options))
}

const shown = (ctx: Ctx, page: { items: audit.EventRow[]; nextCursor: string | null }): Page<AuditEvent> => ({
  items: page.items.map((row) => ({
    id: row.id,
    at: row.at.toISOString(),
    tenantId: row.tenant_id,
    action: row.action,
    outcome: row.outcome,
    actor: row.actor as AuditEvent['actor'],
    target:
      row.target_type === null || row.target_id === null
        ? null
        : { type: row.target_type, id: row.target_id, label: row.target_label },
    diff: row.diff as AuditEvent['diff'],
    // What jobs read back names nodes and VMIDs.
    details: (ctx.seesInfrastructure || row.job_id === null ? row.details : null) as AuditEvent['details'],
    requestId: row.request_id,
    correlationId: row.correlation_id,
    jobId: row.job_id,
    ip: row.ip,
  })),
  nextCursor: page.nextCursor,
})

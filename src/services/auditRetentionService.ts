import type { z } from 'zod'
import type { AuditHold, auditHoldPlace, AuditRetention } from '../../shared/api/auditRetention.ts'
import type { Ctx } from '../context.ts'
import * as rows from '../db/auditArchives.ts'
import { AppError, notFound } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as tenantScopeService from './tenantScopeService.ts'
import * as settingsService from './tenantSettingsService.ts'

export { archiveDue } from './audit/archiving.ts'

const view = (row: rows.HoldRow): AuditHold => ({
  id: row.id,
  tenantId: row.tenant_id,
  targetId: row.target_id,
  reason: row.reason,
  placedBy: row.placed_by,
  placedAt: row.placed_at.toISOString(),
  releasedBy: row.released_by,
  releasedAt: row.released_at?.toISOString() ?? null,
})

/** How long events are kept, what was archived, and what must not be removed. */
export async function show(ctx: Ctx): Promise<AuditRetention> {
  const { 'audit.retentionDays': days } = await settingsService.effective(ctx, null)
  return {
    days: Number(days.value),
    holds: (await rows.holds(ctx.tx)).map(view),
    archives: (await rows.all(ctx.tx)).map((row) => ({
      month: row.month.slice(0, 7),
      file: row.file,
      sha256: row.sha256.toString('hex'),
      bytes: row.bytes.toString(),
      events: row.events.toString(),
      writtenAt: row.written_at.toISOString(),
      removedAt: row.removed_at?.toISOString() ?? null,
    })),
  }
}

/** Keeps every month that holds an event of this. @throws AppError not_found for an unknown tenant */
export async function placeHold(ctx: Ctx, input: z.output<typeof auditHoldPlace>): Promise<AuditHold> {
  const { tenantId, targetId, reason } = input
  if (tenantId !== null) await tenantScopeService.ownerOf(ctx, 'tenant', tenantId)
  const hold: rows.HoldRow = {
    id: newId(),
    tenant_id: tenantId,
    target_id: targetId,
    reason,
    placed_by: ctx.actor.label,
    placed_at: ctx.now(),
    released_by: null,
    released_at: null,
  }
  await rows.insertHold(ctx.tx, hold)
  await auditService.record(ctx, {
    action: 'AUDIT_HOLD_PLACED',
    tenantId: null,
    target: { type: 'auditHold', id: hold.id },
    details: { tenantId, targetId, reason },
  })
  return view(hold)
}

/** @throws AppError not_found, invalid_state when it was released before */
export async function releaseHold(ctx: Ctx, id: string): Promise<AuditHold> {
  const hold = await rows.findHold(ctx.tx, id)
  if (!hold) throw notFound('hold')
  if (hold.released_at !== null) throw new AppError('invalid_state', 'This hold was released before.')
  const released = { released_by: ctx.actor.label, released_at: ctx.now() }
  await rows.releaseHold(ctx.tx, id, released.released_by, released.released_at)
  await auditService.record(ctx, {
    action: 'AUDIT_HOLD_RELEASED',
    tenantId: null,
    target: { type: 'auditHold', id },
    details: { tenantId: hold.tenant_id, targetId: hold.target_id, reason: hold.reason },
  })
  return view({ ...hold, ...released })
}

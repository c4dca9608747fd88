import type { Brake } from '../../../shared/api/provisioningControls.ts'
import type { Ctx } from '../../context.ts'
import * as automation from '../../db/provisioningAutomation.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as settingsService from '../tenantSettingsService.ts'

const HOUR_MS = 3_600_000
/** How long a person's confirmation counts. */
const CONFIRMED_MS = 24 * HOUR_MS
const SHOWN = 50

/**
 * Asked before automation ends, suspends or destroys things: whether it may touch `wanted` of `total` now. What would
 * be unusually many within an hour waits until a person has confirmed it. `now`: how many of them are touched at once; 0
 * when the caller writes down itself what it touched.
 */
export async function mayTouch(
  ctx: Ctx,
  action: string,
  { wanted, total, now: next = wanted }: { wanted: number; total: number; now?: number },
): Promise<boolean> {
  if (wanted === 0) return true
  await automation.lockAction(ctx.tx, action)
  const now = ctx.now()
  const { 'automation.brakePercent': percent, 'automation.brakeMinimum': minimum } =
    await settingsService.effective(ctx, null)
  const allowed = Math.max(Number(minimum.value), Math.floor((total * Number(percent.value)) / 100))
  const done = await automation.doneSince(ctx.tx, action, new Date(now.getTime() - HOUR_MS))
  const brake = await automation.latestBrake(ctx.tx, action, new Date(now.getTime() - CONFIRMED_MS))
  const isConfirmed = brake?.state === 'confirmed' && wanted <= brake.wanted
  if (done + wanted <= allowed || isConfirmed) {
    if (next > 0) await automation.noteDeed(ctx.tx, action, next, now)
    return true
  }
  if (brake?.state === 'waiting') {
    if (brake.wanted !== wanted) await automation.setWanted(ctx.tx, brake.id, wanted)
    return false
  }
  const id = newId()
  await automation.openBrake(ctx.tx, { id, action, wanted, allowed, opened_at: now })
  await auditService.record(ctx, {
    action: 'AUTOMATION_BRAKED',
    tenantId: null,
    target: { type: 'brake', id, label: action },
    details: { wanted, doneInTheLastHour: done, allowed, total },
  })
  return false
}

/** What waits for a person, and what was decided lately. */
export async function listBrakes(ctx: Ctx): Promise<Brake[]> {
  return (await automation.brakes(ctx.tx, SHOWN)).map(present)
}

const present = (row: automation.Brake): Brake => ({
  id: row.id,
  action: row.action,
  wanted: row.wanted,
  allowed: row.allowed,
  state: row.state,
  openedAt: row.opened_at.toISOString(),
  decidedAt: row.decided_at?.toISOString() ?? null,
  decidedBy: row.decided_by?.label ?? null,
  reason: row.reason,
})

/**
 * Lets what waits go on within the next 24 hours, up to as many as were shown; or lets it wait on: a dismissed one is
 * asked about again when the action comes again.
 * @throws AppError not_found, invalid_state when it was decided already
 */
export async function decideBrake(
  ctx: Ctx,
  id: string,
  decision: { decision: 'confirmed' | 'dismissed'; wanted: number; reason: string },
): Promise<Brake> {
  const brake = await automation.findBrake(ctx.tx, id)
  if (!brake) throw notFound('brake')
  if (brake.state !== 'waiting') throw new AppError('invalid_state', `It was ${brake.state} already.`)
  if (decision.decision === 'confirmed' && brake.wanted > decision.wanted)
    throw new AppError('conflict', `It has become ${brake.wanted} meanwhile. Look again before you confirm.`)
  const { decision: state, reason } = decision
  await automation.decideBrake(ctx.tx, id, { state, by: ctx.actor, reason, at: ctx.now() })
  await auditService.record(ctx, {
    action: state === 'confirmed' ? 'AUTOMATION_CONFIRMED' : 'AUTOMATION_DISMISSED',
    tenantId: null,
    target: { type: 'brake', id, label: brake.action },
    details: { wanted: brake.wanted, reason },
  })
  return present({ ...brake, state, decided_at: ctx.now(), decided_by: ctx.actor, reason })
}

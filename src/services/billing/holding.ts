import type { Subscription } from '../../../shared/api/billing.ts'
import { canSubscription } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import { AppError, requireAllowed } from '../../errors.ts'
import { emit, lock, move } from './changes.ts'
import { get } from './subscriptions.ts'
import { lift, NOT_HELD } from './suspension.ts'

const YEAR_MS = 366 * 86_400_000

/**
 * Keeps the automation from suspending and ending a subscription until then. What it has suspended already is brought back.
 * Invoices go on.
 * @throws AppError not_found, invalid_state with the reason, invalid_input for an end that is past or far off
 */
export async function hold(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { until, reason }: { until: string; reason: string },
): Promise<Subscription> {
  const before = await lock(ctx, tenantId, id)
  requireAllowed(canSubscription.hold({ state: before.state, hold: before.hold_until }))
  const end = new Date(until)
  const left = end.getTime() - ctx.now().getTime()
  if (left <= 0 || left > YEAR_MS) {
    const message = 'Choose a time within the next year.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'until', message }] })
  }
  const change = { ...NOT_HELD, hold_until: end, hold_reason: reason, hold_by: JSON.stringify(ctx.actor) }
  await billing.updateSubscription(ctx.tx, id, { ...change, updated_at: ctx.now() })
  await emit(ctx, before, 'SUBSCRIPTION_HELD', { holdUntil: [null, end] }, { reason })
  if (await move(ctx, before, 'held', { action: 'SUBSCRIPTION_UNSUSPENDING' })) await lift(ctx, before)
  return get(ctx, tenantId, id)
}

/**
 * Ends a hold before its time. What the policy says counts again from now on, with a new notice first.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function release(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { reason }: { reason: string },
): Promise<Subscription> {
  const before = await lock(ctx, tenantId, id)
  requireAllowed(canSubscription.release({ state: before.state, hold: before.hold_until }))
  await billing.updateSubscription(ctx.tx, id, { ...NOT_HELD, updated_at: ctx.now() })
  await emit(ctx, before, 'SUBSCRIPTION_RELEASED', { holdUntil: [before.hold_until, null] }, { reason })
  return get(ctx, tenantId, id)
}

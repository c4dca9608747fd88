import { stateAfter, type SubscriptionEvent } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { SubscriptionChange, SubscriptionRow } from '../../db/billing.ts'
import { notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'

/** What every change of a subscription begins with. @throws AppError not_found */
export async function lock(ctx: Ctx, tenantId: string, id: string): Promise<SubscriptionRow> {
  const row = await billing.lockSubscription(ctx.tx, tenantId, id)
  if (!row) throw notFound('subscription')
  return row
}

export async function emit(
  ctx: Ctx,
  subscription: Pick<SubscriptionRow, 'id' | 'tenant_id'>,
  action: string,
  diff?: Record<string, [unknown, unknown]>,
  details?: Record<string, unknown>,
): Promise<void> {
  await auditService.record(ctx, {
    action,
    tenantId: subscription.tenant_id,
    target: { type: 'subscription', id: subscription.id },
    diff,
    details,
  })
}

/**
 * Does to a locked subscription what the table of states says about an event, with the audit event of it.
 * @returns false when the event means nothing now: then nothing was changed
 */
export async function move(
  ctx: Ctx,
  before: SubscriptionRow,
  event: SubscriptionEvent,
  {
    action = 'SUBSCRIPTION_UPDATED',
    change = {},
    details,
  }: { action?: string; change?: SubscriptionChange; details?: Record<string, unknown> | undefined } = {},
): Promise<boolean> {
  const state = stateAfter(before.state, event)
  if (state === undefined) return false
  await billing.updateSubscription(ctx.tx, before.id, { ...change, state, updated_at: ctx.now() })
  await emit(ctx, before, action, { state: [before.state, state] }, details)
  return true
}

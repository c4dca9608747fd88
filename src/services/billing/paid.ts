import type { Ctx } from '../../context.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import * as subscriptions from './subscriptions.ts'
import { settleIfPaid } from './suspension.ts'

/** An order that is paid is delivered; of what is delivered the suspension ends. @throws AppError invalid_state */
export async function invoicePaid(ctx: Ctx, tenantId: string, subscriptionId: string): Promise<void> {
  const { state } = await subscriptions.get(ctx, tenantId, subscriptionId)
  if (state !== 'awaiting_payment') return settleIfPaid(ctx, tenantId, subscriptionId)
  // A suspended tenant pays what it owes, but gets no new pods.
  await tenantScopeService.requireActive(ctx, tenantId)
  await subscriptions.firstInvoicePaid(ctx, tenantId, subscriptionId)
}

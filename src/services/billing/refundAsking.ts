import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import { providerRow } from './asking.ts'
import { applyRefund, refundRefused } from './refunding.ts'

export type RefundAsk = {
  refundId: string
  providerId: string
  paymentRef: string
  amountMinor: string
  currency: string
  sentAt: string
}
export type RefundAnswer =
  | { of: 'refund'; ref: string; status: 'pending' | 'succeeded' | 'failed' }
  | { of: 'refusal'; message: string }

/** The words in which a refund is asked for; from now on it may have been. Null: it is over. */
export async function openRefund(ctx: Ctx, tenantId: string, id: string): Promise<RefundAsk | null> {
  const row = await attempts.lockRefund(ctx.tx, tenantId, id)
  if (!row || row.ended_at !== null || row.state === 'pending') return null
  const payment = await attempts.findPayment(ctx.tx, tenantId, row.payment_id)
  if (!payment) throw new Error(`refund ${id} has lost its payment`)
  const sentAt = row.sent_at ?? ctx.now()
  if (row.sent_at === null) await attempts.updateRefund(ctx.tx, id, { state: 'sent', sent_at: sentAt })
  return {
    refundId: id,
    providerId: row.provider_id,
    paymentRef: payment.external_id,
    amountMinor: String(row.amount_minor),
    currency: row.currency,
    sentAt: sentAt.toISOString(),
  }
}

export async function settleRefund(
  ctx: Ctx,
  tenantId: string,
  ask: RefundAsk,
  answer: RefundAnswer,
): Promise<void> {
  const row = await attempts.lockRefund(ctx.tx, tenantId, ask.refundId)
  if (!row) throw new Error(`refund ${ask.refundId} is gone`)
  if (answer.of === 'refusal') {
    if (row.ended_at === null) await refundRefused(ctx, row, answer.message)
    return
  }
  const payment = await attempts.findPayment(ctx.tx, tenantId, row.payment_id)
  if (!payment) throw new Error(`refund ${ask.refundId} has lost its payment`)
  const provider = await providerRow(ctx, ask.providerId)
  const { ref, status } = answer
  await applyRefund(ctx, provider, payment, { ref, status, mark: row.id, amountMinor: row.amount_minor })
}

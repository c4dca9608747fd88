import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import * as providers from '../../db/billingProviders.ts'
import type { WithdrawPayload } from '../billingQueues.ts'
import { providerRow } from './asking.ts'
import { applyPage, applyPayment } from './converging.ts'
import { markRemoved } from './methods.ts'
import { pageFrom, paymentFrom, type Kept, type KeptPage, type KeptPayment } from './seen.ts'

/** What is to be taken back at the provider; null: there is nothing any more. */
export type Withdrawal = { providerId: string; of: 'method' | 'page'; ref: string }
export type Withdrawn =
  | { of: 'method'; look: string }
  | { of: 'page'; seen: Kept<KeptPage>; payment: Kept<KeptPayment> | null }

export async function openWithdrawal(
  ctx: Ctx,
  tenantId: string,
  payload: WithdrawPayload,
): Promise<Withdrawal | null> {
  if ('methodId' in payload) {
    const row = await providers.lockMethod(ctx.tx, tenantId, payload.methodId)
    if (!row || row.state === 'removed') return null
    return { providerId: row.provider_id, of: 'method', ref: row.external_id }
  }
  const row = await attempts.lock(ctx.tx, tenantId, payload.attemptId)
  if (!row || row.ended_at !== null || row.page_id === null) return null
  return { providerId: row.provider_id, of: 'page', ref: row.page_id }
}

export async function settleWithdrawal(
  ctx: Ctx,
  tenantId: string,
  { payload, withdrawal, done }: { payload: WithdrawPayload; withdrawal: Withdrawal; done: Withdrawn },
): Promise<void> {
  if (done.of === 'method') {
    const id = 'methodId' in payload ? payload.methodId : ''
    const row = await providers.lockMethod(ctx.tx, tenantId, id)
    if (row) await markRemoved(ctx, row, BigInt(done.look))
    return
  }
  const provider = await providerRow(ctx, withdrawal.providerId)
  await applyPage(ctx, provider, pageFrom(done.seen))
  if (done.payment !== null) await applyPayment(ctx, provider, paymentFrom(done.payment))
}

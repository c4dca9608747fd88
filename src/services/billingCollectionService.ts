import type { InvoicePayments, PaymentAttempt } from '../../shared/api/billingPayments.ts'
import type { Ctx } from '../context.ts'
import * as attempts from '../db/billingAttempts.ts'
import type { AttemptView } from '../db/billingAttempts.ts'
import * as disputes from '../db/billingDisputes.ts'
import { toMoney } from '../lib/money.ts'
import { present } from './billing/collecting.ts'
import { collectorOf } from './billing/providers.ts'
import { presentDispute } from './billing/disputing.ts'
import { presentRefund, refundableMinor } from './billing/refunding.ts'
import * as provisioningService from './provisioningService.ts'

/** Payments through a provider: who collects, what customers are charged with, and what comes of it. */
export {
  addProvider,
  getProvider,
  listProviders,
  retireProvider,
  seedProvider,
  updateProvider,
} from './billing/providers.ts'
export { checkAll, checkKey, checkProvider } from './billing/providerCheck.ts'
export {
  beginMethod,
  ensureCustomer,
  listMethods,
  makeDefault,
  removeMethod,
  syncMethods,
} from './billing/methods.ts'
export { beginCharge, beginLink, cancelLink } from './billing/collecting.ts'
export { listDisputes } from './billing/disputing.ts'
export { beginRefund } from './billing/refunding.ts'
export {
  connectionFor,
  isStillWanted,
  open,
  settle,
  takeLook,
  type Answer,
  type Ask,
} from './billing/asking.ts'
export { openRefund, settleRefund, type RefundAnswer, type RefundAsk } from './billing/refundAsking.ts'
export { openWithdrawal, settleWithdrawal, type Withdrawal, type Withdrawn } from './billing/withdrawing.ts'
export { sweep, takeOver, toAnswer, type Looked } from './billing/following.ts'
export { receive, recoverMissed } from './billing/inbox.ts'
export { keepPage, keepPayment } from './billing/seen.ts'

/** What is not over says what its job waits for. */
async function presentTried(ctx: Ctx, row: AttemptView): Promise<PaymentAttempt> {
  const shown = present(row)
  const waits = row.ended_at === null && shown.problem === null
  return waits
    ? { ...shown, problem: await provisioningService.waitsFor(ctx, 'paymentAttempt', row.id) }
    : shown
}

/** What was paid of an invoice, and what was tried. */
export async function paymentsOf(ctx: Ctx, tenantId: string, invoiceId: string): Promise<InvoicePayments> {
  const tried = await attempts.ofInvoice(ctx.tx, tenantId, invoiceId)
  const payments = await attempts.paymentsOfInvoice(ctx.tx, tenantId, invoiceId)
  const ids = payments.map(({ id }) => id)
  const refunds = await attempts.refundsOf(ctx.tx, ids)
  const disputed = await disputes.ofPayments(ctx.tx, ids)
  return {
    collects: (await collectorOf(ctx, tenantId)) !== null,
    attempts: await Promise.all(tried.map((row) => presentTried(ctx, row))),
    payments: payments.map((row) => ({
      id: row.id,
      amount: toMoney(row.amount_minor, row.currency),
      provider: row.provider,
      method: row.method,
      // Kept behind its method, since the bank and the cashier may use the same one.
      reference: row.provider === 'manual' ? row.external_id.replace(`${row.method}:`, '') : row.external_id,
      receivedAt: row.received_at.toISOString(),
      refundable: toMoney(
        row.provider === 'manual' ? 0n : refundableMinor(row, refunds, disputed),
        row.currency,
      ),
      disputes: disputed.filter((one) => one.payment_id === row.id).map(presentDispute),
      refunds: refunds.filter((one) => one.payment_id === row.id).map(presentRefund),
    })),
  }
}

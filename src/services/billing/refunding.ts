import type { z } from 'zod'
import type { PaymentRefund, paymentRefundCreate } from '../../../shared/api/billingPayments.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import type { PaymentRow, RefundRow } from '../../db/billingAttempts.ts'
import * as disputes from '../../db/billingDisputes.ts'
import type { DisputeRow } from '../../db/billingDisputes.ts'
import { creditOf, lookAgain } from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import { AppError, notFound } from '../../errors.ts'
import type { RefundFound } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import { formatMoney, toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { enqueueRefund } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { owedOn } from './invoicing.ts'

export const presentRefund = (row: RefundRow): PaymentRefund => ({
  id: row.id,
  amount: toMoney(row.amount_minor, row.currency),
  reason: row.reason,
  state: row.state,
  problem: row.problem,
  createdAt: row.created_at.toISOString(),
})

/** What can still be given back of a payment: nothing of one that the bank of the customer takes back itself. */
export const refundableMinor = (
  payment: PaymentRow,
  refunds: readonly RefundRow[],
  disputed: readonly DisputeRow[],
): bigint =>
  disputed.some((row) => row.payment_id === payment.id && row.state !== 'won')
    ? 0n
    : refunds
        .filter((row) => row.payment_id === payment.id && row.state !== 'failed')
        .reduce((left, row) => left - row.amount_minor, payment.amount_minor)

/**
 * Begins to give back a payment, or a part of it, through the provider that took it.
 * @throws AppError not_found, invalid_state, payment_mismatch for more than is left
 */
export async function beginRefund(
  ctx: Ctx,
  tenantId: string,
  paymentId: string,
  body: z.infer<typeof paymentRefundCreate>,
): Promise<{ refund: PaymentRefund; job: Job }> {
  const payment = await attempts.lockPayment(ctx.tx, tenantId, paymentId)
  if (!payment) throw notFound('payment')
  const attempt = await attempts.ofPayment(ctx.tx, tenantId, payment.external_id)
  if (payment.provider === 'manual' || !attempt)
    throw new AppError(
      'invalid_state',
      'The payment was recorded by hand: give it back the way it came, and credit the invoice.',
    )
  const disputed = await disputes.ofPayments(ctx.tx, [paymentId])
  if (disputed.some(({ state }) => state !== 'won'))
    throw new AppError(
      'invalid_state',
      'The bank of the customer takes this payment back itself: it would be given back twice.',
    )
  const left = refundableMinor(payment, await attempts.refundsOf(ctx.tx, [paymentId]), disputed)
  const amount = body.amountMinor === null ? left : BigInt(body.amountMinor)
  if (amount <= 0n || amount > left)
    throw new AppError(
      'payment_mismatch',
      `The amount must be between one minor unit and the ${formatMoney(left, payment.currency)} that are left of it.`,
    )
  const row = await attempts.insertRefund(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    payment_id: paymentId,
    provider_id: attempt.provider_id,
    amount_minor: amount,
    currency: payment.currency,
    reason: body.reason,
    created_at: ctx.now(),
  })
  await auditService.record(ctx, {
    action: 'PAYMENT_REFUND_ASKED',
    tenantId,
    target: { type: 'payment', id: paymentId, label: payment.external_id },
    details: { amount, currency: payment.currency, reason: body.reason },
  })
  const label = payment.external_id
  const job = await enqueueRefund(ctx, { id: row.id, tenantId, customerId: payment.customer_id, label })
  return { refund: presentRefund(row), job: await provisioningService.getJob(ctx, job.id) }
}

/** Takes over what the provider says of a refund, whoever has made it. It is posted once, and taken back once if it fails after all. */
export async function applyRefund(
  ctx: Ctx,
  provider: Pick<ProviderRow, 'id'>,
  payment: PaymentRow,
  found: RefundFound,
): Promise<void> {
  const known = await attempts.lockRefundOf(ctx.tx, payment.id, found)
  if (known?.state === 'failed') return
  const row =
    known ??
    (await attempts.insertRefund(ctx.tx, {
      id: newId(),
      tenant_id: payment.tenant_id,
      payment_id: payment.id,
      provider_id: provider.id,
      amount_minor: found.amountMinor,
      currency: payment.currency,
      reason: 'given back at the provider by hand',
      state: 'pending',
      external_id: found.ref,
      created_at: ctx.now(),
    }))
  if (row.state === found.status && row.external_id === found.ref) return
  // Done is done: only that it has failed after all is news then.
  if (row.state === 'succeeded' && found.status === 'pending') return
  await attempts.updateRefund(ctx.tx, row.id, {
    state: found.status,
    external_id: found.ref,
    problem: found.status === 'failed' ? 'The bank has sent the money back.' : null,
    ended_at: found.status === 'pending' ? null : ctx.now(),
  })
  if (found.status === 'succeeded') await post(ctx, payment, row)
  if (found.status === 'failed' && row.state === 'succeeded') await takeBack(ctx, payment, row)
  if (found.status === 'pending') return
  await auditService.record(ctx, {
    action: found.status === 'failed' ? 'PAYMENT_REFUND_FAILED' : 'PAYMENT_REFUNDED',
    tenantId: payment.tenant_id,
    target: { type: 'payment', id: payment.id, label: payment.external_id },
    outcome: found.status === 'failed' ? 'error' : 'success',
    details: { amount: row.amount_minor, currency: row.currency, reason: row.reason },
  })
}

/** The provider has refused: nothing was given back. */
export async function refundRefused(ctx: Ctx, row: RefundRow, problem: string): Promise<void> {
  await attempts.updateRefund(ctx.tx, row.id, { state: 'failed', problem, ended_at: ctx.now() })
  await auditService.record(ctx, {
    action: 'PAYMENT_REFUND_FAILED',
    tenantId: row.tenant_id,
    target: { type: 'payment', id: row.payment_id },
    outcome: 'error',
    details: { amount: row.amount_minor, currency: row.currency, problem },
  })
}

/**
 * What was given back is taken from what the customer has in hand, as after a credit note; the rest is owed again: the invoices
 * that the payment had paid are open again. What neither covers is a debt in his credit.
 */
async function post(ctx: Ctx, payment: PaymentRow, refund: RefundRow): Promise<void> {
  const { tenant_id: tenantId, customer_id: customerId, currency } = payment
  const allocations = await attempts.allocationsOf(ctx.tx, payment.id)
  for (const { invoice_id } of allocations) await invoices.lock(ctx.tx, tenantId, invoice_id)
  await invoices.lockSeries(ctx.tx, tenantId)
  const credit = await creditOf(ctx.tx, tenantId, customerId, currency)
  const inHand = credit > 0n ? credit : 0n
  const fromCredit = inHand < refund.amount_minor ? inHand : refund.amount_minor
  let rest = refund.amount_minor - fromCredit
  const owed: ledger.Entry[] = []
  for (const { invoice_id, amount_minor } of allocations) {
    const reopened = await reopen(ctx, tenantId, invoice_id, amount_minor < rest ? amount_minor : rest)
    rest -= reopened?.amountMinor ?? 0n
    if (reopened) owed.push(reopened)
  }
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'refund',
    source: { type: 'refund', id: refund.id },
    currency,
    at: ctx.now(),
    entries: [
      { account: 'cash', amountMinor: -refund.amount_minor },
      ...owed,
      { account: 'credit', customerId, amountMinor: fromCredit + rest },
    ],
  })
}

/** Lets what was paid of an invoice be owed again. @returns how much of it; nothing: undefined */
export async function reopen(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  wanted: bigint,
): Promise<ledger.Entry | undefined> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice || wanted === 0n || invoice.status === 'void') return undefined
  // What was credited is not owed again.
  const owable = invoice.total_minor - invoice.credited_minor
  const paid = invoice.paid_minor < owable ? invoice.paid_minor : owable
  const back = wanted < paid ? wanted : paid
  if (back === 0n) return undefined
  await invoices.setMoney(ctx.tx, invoiceId, {
    paid_minor: invoice.paid_minor - back,
    // The rest of one that was written off is not waited for, and neither is this.
    ...(invoice.status !== 'uncollectible' && { status: 'open' }),
  })
  if (invoice.subscription_id !== null) await lookAgain(ctx.tx, { id: invoice.subscription_id }, ctx.now())
  return owedOn(invoice, back)
}

/** A refund that was posted has not reached the customer: the money is his credit. */
const takeBack = (ctx: Ctx, payment: PaymentRow, refund: RefundRow): Promise<void> =>
  ledger.post(ctx.tx, {
    tenantId: payment.tenant_id,
    kind: 'refund_failed',
    source: { type: 'refund', id: refund.id },
    currency: payment.currency,
    at: ctx.now(),
    entries: [
      { account: 'cash', amountMinor: refund.amount_minor },
      { account: 'credit', customerId: payment.customer_id, amountMinor: -refund.amount_minor },
    ],
  })

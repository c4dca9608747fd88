import type { z } from 'zod'
import type { Invoice } from '../../../shared/api/billing.ts'
import type { CustomerCredit, customerCreditCreate } from '../../../shared/api/billingAccounts.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import { grantedTo } from '../../db/billingAccounts.ts'
import { creditOf } from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import * as customers from '../../db/customers.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { formatMoney, toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { openMinor } from './invoicing.ts'
import { invoicePaid } from './paid.ts'
import { getInvoice } from './payments.ts'

/**
 * Gives up what is open on an invoice: it is neither collected nor reminded of any more, and what was suspended for it alone is
 * brought back. Whoever pays it later pays it.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function writeOff(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  { reason }: { reason: string },
): Promise<Invoice> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw notFound('invoice')
  const open = openMinor(invoice)
  if (invoice.status !== 'open' || open === 0n)
    throw new AppError('invalid_state', `The invoice is ${invoice.status}: nothing is open on it.`)
  const { subscription_id: subscriptionId } = invoice
  const subscription =
    subscriptionId === null ? undefined : await billing.findSubscription(ctx.tx, tenantId, subscriptionId)
  if (subscription?.state === 'awaiting_payment')
    throw new AppError(
      'invalid_state',
      'The order waits for this payment: cancel the order, which credits the invoice.',
    )
  await invoices.setMoney(ctx.tx, invoiceId, { status: 'uncollectible' })
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'write_off',
    source: { type: 'write_off', id: newId() },
    currency: invoice.currency,
    at: ctx.now(),
    memo: `${invoice.number ?? ''}: ${reason}`,
    entries: [
      { account: 'bad_debt', amountMinor: open },
      { account: 'receivable', customerId: invoice.customer_id, amountMinor: -open },
    ],
  })
  await auditService.record(ctx, {
    action: 'INVOICE_WRITTEN_OFF',
    tenantId,
    target: { type: 'invoice', id: invoiceId, label: invoice.number ?? undefined },
    details: { amount: open, currency: invoice.currency, reason },
  })
  if (subscriptionId !== null) await invoicePaid(ctx, tenantId, subscriptionId)
  return getInvoice(ctx, tenantId, invoiceId)
}

const DAYS = 30
const DAY_MS = 86_400_000

/**
 * Gives a customer credit for later invoices, or takes back what was given by mistake and is still there.
 * @throws AppError not_found, invalid_state, payment_mismatch for another currency or more than is allowed
 */
export async function grantCredit(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  { amountMinor, currency, reason }: z.infer<typeof customerCreditCreate>,
): Promise<CustomerCredit> {
  const lock = await customers.lock(ctx.tx, tenantId, customerId)
  const customer = lock && (await customers.find(ctx.tx, tenantId, customerId))
  if (!customer) throw notFound('customer')
  if (customer.state !== 'active')
    throw new AppError('invalid_state', `The customer is ${customer.state}: no invoice would use the credit.`)
  if (customer.currency !== currency)
    throw new AppError('payment_mismatch', `The customer pays in ${customer.currency}, not ${currency}.`)
  // Nobody uses credit of the tenant until this is done.
  await invoices.lockSeries(ctx.tx, tenantId)
  const amount = BigInt(amountMinor)
  await requireAllowedAmount(ctx, { tenantId, customerId, currency }, amount)
  const id = newId()
  await ledger.post(ctx.tx, {
    tenantId,
    kind: 'grant',
    source: { type: 'hand_credit', id },
    currency,
    at: ctx.now(),
    memo: reason,
    entries: [
      { account: 'goodwill', amountMinor: amount },
      { account: 'credit', customerId, amountMinor: -amount },
    ],
  })
  await auditService.record(ctx, {
    action: 'CUSTOMER_CREDITED',
    tenantId,
    target: { type: 'customer', id: customerId, label: customer.name },
    details: { amount, currency, reason },
  })
  const balance = await creditOf(ctx.tx, tenantId, customerId, currency)
  return { id, amount: toMoney(amount, currency), reason, balance: toMoney(balance, currency) }
}

/** @throws AppError payment_mismatch */
async function requireAllowedAmount(
  ctx: Ctx,
  of: { tenantId: string; customerId: string; currency: string },
  amount: bigint,
): Promise<void> {
  const since = new Date(ctx.now().getTime() - DAYS * DAY_MS)
  const granted = await grantedTo(ctx.tx, of, since)
  if (amount < 0n) {
    const inHand = await creditOf(ctx.tx, of.tenantId, of.customerId, of.currency)
    const most = inHand < granted.ever ? inHand : granted.ever
    if (-amount > most)
      throw new AppError(
        'payment_mismatch',
        `At most ${formatMoney(most > 0n ? most : 0n, of.currency)} can be taken back: what was given by hand and is still there.`,
      )
    return
  }
  const settings = await settingsService.effective(ctx, of.tenantId)
  const left = BigInt(Number(settings['billing.handCreditLimit'].value)) - granted.lately
  if (amount > left)
    throw new AppError(
      'payment_mismatch',
      `At most ${formatMoney(left > 0n ? left : 0n, of.currency)} more can be given within ${DAYS} days: the limit is the setting billing.handCreditLimit.`,
    )
}

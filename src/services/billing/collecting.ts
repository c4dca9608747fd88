import type { PaymentAttempt } from '../../../shared/api/billingPayments.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import type { AttemptRow, AttemptView } from '../../db/billingAttempts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import * as providers from '../../db/billingProviders.ts'
import type { MethodRow, ProviderRow } from '../../db/billingProviders.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { enqueueCollect, enqueueWithdraw } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { openMinor } from './invoicing.ts'
import { requireCollector } from './providers.ts'

export type Started = { attempt: PaymentAttempt; job: Job }

const LINK_MS = 23 * 3_600_000
/** Of its hosted pages Stripe wants to hear at least half an hour before they end; the job may wait a little. */
export const LINK_LEFT_MS = 40 * 60_000

export const present = (row: AttemptRow & Partial<Pick<AttemptView, 'brand' | 'last4'>>): PaymentAttempt => ({
  id: row.id,
  tenantId: row.tenant_id,
  invoiceId: row.invoice_id,
  kind: row.kind,
  reason: row.reason,
  state: row.state,
  amount: toMoney(row.amount_minor, row.currency),
  method: row.method_id === null ? null : { brand: row.brand ?? null, last4: row.last4 ?? null },
  url: row.state === 'needs_action' ? row.url : null,
  expiresAt: row.expires_at?.toISOString() ?? null,
  problem: row.problem,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
})

type Reason = AttemptRow['reason']

/**
 * Begins to charge what is open of an invoice, while the customer is away. Who takes the money, from what, how much and under
 * which key is decided here, before anybody is asked.
 * @param methodId null: the customer's default
 * @throws AppError not_found, invalid_state with what is in the way
 */
export async function beginCharge(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  { methodId, reason }: { methodId: string | null; reason: Reason },
): Promise<Started> {
  const invoice = await lockPayable(ctx, tenantId, invoiceId)
  const provider = await requireCollector(ctx, tenantId)
  const method = await methodFor(ctx, invoice, provider, methodId)
  return begin(ctx, invoice, { kind: 'charge', reason, provider, methodId: method.id, mail: false })
}

/** Makes a page on which the customer pays an invoice. @throws AppError not_found, invalid_state */
export async function beginLink(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  { mail, reason }: { mail: boolean; reason: Reason },
): Promise<Started> {
  const invoice = await lockPayable(ctx, tenantId, invoiceId)
  const provider = await requireCollector(ctx, tenantId)
  return begin(ctx, invoice, { kind: 'link', reason, provider, methodId: null, mail })
}

async function lockPayable(ctx: Ctx, tenantId: string, invoiceId: string): Promise<InvoiceRow> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw notFound('invoice')
  if (invoice.status !== 'open' || openMinor(invoice) === 0n)
    throw new AppError('invalid_state', `The invoice is ${invoice.status}: nothing is open on it.`)
  const going = await attempts.openOf(ctx.tx, invoiceId)
  if (going)
    throw new AppError(
      'invalid_state',
      going.kind === 'link'
        ? 'The customer has a link to pay this invoice with: take that back first.'
        : 'A payment of this invoice is going on: wait for how it ends.',
    )
  return invoice
}

async function methodFor(
  ctx: Ctx,
  invoice: InvoiceRow,
  provider: ProviderRow,
  methodId: string | null,
): Promise<MethodRow> {
  const { tenant_id, customer_id } = invoice
  if (methodId === null) {
    const found = await providers.defaultMethod(ctx.tx, provider.id, customer_id)
    if (found) return found
    throw new AppError(
      'invalid_state',
      'The customer has no payment method: have one added, or send a link to pay with.',
    )
  }
  const method = await providers.lockMethod(ctx.tx, tenant_id, methodId)
  if (!method || method.customer_id !== customer_id) throw notFound('payment method of this customer')
  if (method.state !== 'active' || method.provider_id !== provider.id)
    throw new AppError('invalid_state', 'This payment method can no longer be charged: choose another.')
  return method
}

async function begin(
  ctx: Ctx,
  invoice: InvoiceRow,
  how: {
    kind: AttemptRow['kind']
    reason: Reason
    provider: ProviderRow
    methodId: string | null
    mail: boolean
  },
): Promise<Started> {
  const now = ctx.now()
  const { tenant_id: tenantId, customer_id: customerId, currency } = invoice
  const row = await attempts.insert(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    provider_id: how.provider.id,
    customer_id: customerId,
    invoice_id: invoice.id,
    method_id: how.methodId,
    kind: how.kind,
    reason: how.reason,
    amount_minor: openMinor(invoice),
    currency,
    expires_at: how.kind === 'link' ? new Date(now.getTime() + LINK_MS) : null,
    created_at: now,
  })
  await auditService.record(ctx, {
    action: how.kind === 'link' ? 'PAYMENT_LINK_ASKED' : 'PAYMENT_CHARGE_ASKED',
    tenantId,
    target: { type: 'invoice', id: invoice.id, label: invoice.number ?? undefined },
    details: { attempt: row.id, amount: row.amount_minor, currency, reason: how.reason },
  })
  const label = invoice.number ?? 'invoice'
  const job = await enqueueCollect(ctx, { id: row.id, tenantId, customerId, label, mail: how.mail })
  return { attempt: present(row), job: await provisioningService.getJob(ctx, job.id) }
}

/** Takes a link back: nobody can pay with it any more. @throws AppError not_found, invalid_state */
export async function cancelLink(ctx: Ctx, tenantId: string, id: string): Promise<Started> {
  const row = await attempts.lock(ctx.tx, tenantId, id)
  if (!row) throw notFound('payment attempt')
  if (row.kind !== 'link')
    throw new AppError('invalid_state', 'A charge cannot be taken back: refund it once it is paid.')
  if (row.state !== 'needs_action')
    throw new AppError(
      'invalid_state',
      row.ended_at === null ? 'The link is being made: wait for it.' : 'The link is over.',
    )
  await auditService.record(ctx, {
    action: 'PAYMENT_LINK_WITHDRAWN',
    tenantId,
    target: { type: 'invoice', id: row.invoice_id },
    details: { attempt: id },
  })
  const of = { id, tenantId, customerId: row.customer_id, label: 'link' }
  const job = await enqueueWithdraw(ctx, of, { attemptId: id })
  return { attempt: present(row), job: await provisioningService.getJob(ctx, job.id) }
}

/** Of an invoice that was paid in another way: nobody shall pay it twice. One that is being made cannot be taken back yet. */
export async function withdrawLinkOf(ctx: Ctx, tenantId: string, invoiceId: string): Promise<void> {
  const open = await attempts.openOf(ctx.tx, invoiceId)
  if (open?.kind === 'link' && open.state === 'needs_action') await cancelLink(ctx, tenantId, open.id)
}

import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import type { AttemptRow } from '../../db/billingAttempts.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import type { HostedPage, PaymentFound } from '../../integrations/billing/types.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { invoicePaid } from './paid.ts'
import { applyDispute } from './disputing.ts'
import { noteLost } from './lostPayments.ts'
import { bookMoney } from './payments.ts'
import { applyRefund } from './refunding.ts'

/** What was made of what a provider says: taken over, or kept aside for a person, with the reason. */
export type Applied = { parked: string | null }
const TAKEN: Applied = { parked: null }
const aside = (parked: string): Applied => ({ parked })

/** What was found of a payment, and the number that was taken before looking. */
export type Seen<T> = { look: bigint; found: T }

/**
 * Takes over what a provider says of a payment now. It may be said any number of times, in any order, by a message, an answer or
 * a look: money is booked once by constraint, an end is an end, and what was seen earlier never undoes what was seen later.
 */
export async function applyPayment(
  ctx: Ctx,
  provider: ProviderRow,
  { look, found }: Seen<PaymentFound>,
): Promise<Applied> {
  const attempt = await attempts.lockOf(ctx.tx, provider.id, found)
  if (!attempt) {
    await noteLost(ctx, provider, found)
    return aside(
      found.mark === null
        ? 'No payment of mPanel: it was made at the provider by hand.'
        : 'A payment of mPanel that nothing here has asked for.',
    )
  }
  const isSame = found.currency === attempt.currency
  if (!isSame) return aside(`It is in ${found.currency}, and ${attempt.currency} was asked for.`)
  if (found.status === 'succeeded') await bookPaid(ctx, provider, attempt, found)
  else if (look > attempt.look) await note(ctx, attempt, look, found)
  const payment = await attempts.findPaymentByRef(ctx.tx, attempt.tenant_id, provider.kind, found.ref)
  if (payment) for (const refund of found.refunds) await applyRefund(ctx, provider, payment, refund)
  if (payment) for (const dispute of found.disputes) await applyDispute(ctx, provider, payment, look, dispute)
  return TAKEN
}

const ENDS = new Set<PaymentFound['status']>(['succeeded', 'declined', 'cancelled'])

/** Where an attempt is that has not brought money. Of a page a refused card is not the end: another can be typed. */
async function note(ctx: Ctx, attempt: AttemptRow, look: bigint, found: PaymentFound): Promise<void> {
  if (attempt.ended_at !== null) return
  const now = ctx.now()
  const goesOn = !ENDS.has(found.status) || attempt.kind === 'link'
  const state = attempt.kind === 'link' && found.status !== 'processing' ? 'needs_action' : found.status
  await attempts.update(ctx.tx, attempt.id, {
    state,
    look,
    looked_at: now,
    external_id: found.ref,
    problem: found.decline?.message ?? null,
    problem_code: found.decline?.code ?? null,
    is_final: found.decline?.isFinal ?? false,
    ended_at: goesOn ? null : now,
  })
  if (state === 'declined')
    await auditService.record(ctx, {
      action: 'PAYMENT_DECLINED',
      tenantId: attempt.tenant_id,
      target: { type: 'invoice', id: attempt.invoice_id },
      outcome: 'error',
      details: { attempt: attempt.id, code: found.decline?.code ?? 'declined' },
    })
}

async function bookPaid(
  ctx: Ctx,
  provider: ProviderRow,
  attempt: AttemptRow,
  found: PaymentFound,
): Promise<void> {
  const { tenant_id: tenantId, invoice_id: invoiceId } = attempt
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (!invoice) throw new Error(`attempt ${attempt.id} has lost its invoice`)
  const now = ctx.now()
  const booked = await bookMoney(ctx, invoice, {
    id: newId(),
    provider: provider.kind,
    externalId: found.ref,
    method: attempt.kind === 'link' ? 'page' : 'card',
    reference: found.ref,
    amountMinor: found.amountMinor,
    at: now,
  })
  if (attempt.state !== 'succeeded')
    await attempts.update(ctx.tx, attempt.id, {
      state: 'succeeded',
      external_id: found.ref,
      looked_at: now,
      problem: null,
      problem_code: null,
      ended_at: attempt.ended_at ?? now,
    })
  if (!booked?.isPaid || invoice.subscription_id === null) return
  try {
    await invoicePaid(ctx, tenantId, invoice.subscription_id)
  } catch (error) {
    // Money that came is booked, whatever becomes of the order. What a suspended tenant has ordered waits for its end.
    if (!(error instanceof AppError) || error.code !== 'invalid_state') throw error
    await contracts.lookAgain(ctx.tx, { id: invoice.subscription_id }, now)
  }
}

/** Takes over how a page is on which an invoice can be paid. What was paid on it is a payment of its own. */
export async function applyPage(
  ctx: Ctx,
  provider: ProviderRow,
  { look, found }: Seen<HostedPage>,
): Promise<Applied> {
  const attempt = await attempts.lockOf(ctx.tx, provider.id, found)
  if (!attempt) return aside('No page of mPanel.')
  if (attempt.ended_at !== null || look <= attempt.look) return TAKEN
  const isOver = found.status === 'expired'
  await attempts.update(ctx.tx, attempt.id, {
    state: isOver ? 'expired' : found.status === 'complete' ? 'processing' : 'needs_action',
    page_id: found.ref,
    url: found.status === 'open' ? found.url : null,
    expires_at: found.expiresAt,
    look,
    looked_at: ctx.now(),
    ended_at: isOver ? ctx.now() : null,
  })
  return TAKEN
}

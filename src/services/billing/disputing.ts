import type { DisputeView, PaymentDispute } from '../../../shared/api/billingDisputes.ts'
import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import type { PaymentRow } from '../../db/billingAttempts.ts'
import { lookAgain } from '../../db/billingContracts.ts'
import * as disputes from '../../db/billingDisputes.ts'
import type { DisputeRow } from '../../db/billingDisputes.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import type { ListOptions } from '../../db/list.ts'
import type { DisputeFound } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { reopen } from './refunding.ts'

/** What the banks of customers take back. It is answered at the provider; here it is booked, and what follows from it. */

/** Where nothing is said, as by a version that did not know it, the payment's. */
const feeCurrencyOf = (row: Pick<DisputeRow, 'currency' | 'fee_currency'>): string =>
  row.fee_currency ?? row.currency

export const presentDispute = (row: DisputeRow): PaymentDispute => ({
  id: row.id,
  state: row.state,
  amount: toMoney(row.amount_minor, row.currency),
  withdrawn: toMoney(row.withdrawn_minor, row.currency),
  fee: toMoney(row.fee_minor, feeCurrencyOf(row)),
  reason: row.reason,
  evidenceDueAt: row.evidence_due_at?.toISOString() ?? null,
  evidenceSent: row.evidence_sent,
  openedAt: row.opened_at.toISOString(),
  closedAt: row.closed_at?.toISOString() ?? null,
})

export async function listDisputes(ctx: Ctx, filter: { open?: boolean | undefined }, options: ListOptions) {
  const { items, nextCursor } = await disputes.list(ctx.tx, ctx.scope, filter, options)
  return {
    items: items.map((row): DisputeView => ({
      ...presentDispute(row),
      tenantId: row.tenant_id,
      customer: { id: row.customer_id, name: row.customer_name },
      payment: { id: row.payment_id, reference: row.payment_ref },
      invoices: row.invoices,
      createdAt: row.created_at.toISOString(),
    })),
    nextCursor,
  }
}

const ENDED: readonly DisputeFound['status'][] = ['won', 'lost']
const ACTIONS = {
  inquiry: 'PAYMENT_DISPUTE_INQUIRY',
  open: 'PAYMENT_DISPUTED',
  won: 'PAYMENT_DISPUTE_WON',
  lost: 'PAYMENT_DISPUTE_LOST',
} as const

/**
 * Takes over what a provider says of a dispute. What has moved is booked as the difference to what was booked before, so that it
 * may be said any number of times. A loss is owed again: the invoices that the payment had paid are open.
 */
export async function applyDispute(
  ctx: Ctx,
  provider: Pick<ProviderRow, 'id'>,
  payment: PaymentRow,
  look: bigint,
  found: DisputeFound,
): Promise<void> {
  const now = ctx.now()
  const known = await disputes.lockOf(ctx.tx, provider.id, found.ref)
  if (known && look <= known.look) return
  const isOver = ENDED.includes(found.status)
  const row =
    known ??
    (await disputes.insert(ctx.tx, {
      id: newId(),
      tenant_id: payment.tenant_id,
      payment_id: payment.id,
      provider_id: provider.id,
      external_id: found.ref,
      state: found.status,
      amount_minor: found.amountMinor,
      currency: payment.currency,
      reason: found.reason,
      look,
      looked_at: now,
      opened_at: found.openedAt,
      closed_at: isOver ? now : null,
      created_at: now,
    }))
  const lostMinor = found.status === 'lost' ? found.withdrawnMinor : 0n
  await book(ctx, payment, row, found, lostMinor)
  await disputes.update(ctx.tx, row.id, {
    state: found.status,
    amount_minor: found.amountMinor,
    reason: found.reason,
    evidence_due_at: found.evidenceDueAt,
    evidence_sent: found.evidenceSent,
    withdrawn_minor: found.withdrawnMinor,
    fee_minor: found.feeMinor,
    fee_currency: found.feeCurrency,
    lost_minor: lostMinor,
    look,
    looked_at: now,
    closed_at: isOver ? (row.closed_at ?? now) : null,
  })
  if (known?.state === found.status) return
  await auditService.record(ctx, {
    action: ACTIONS[found.status],
    tenantId: payment.tenant_id,
    target: { type: 'payment', id: payment.id, label: payment.external_id },
    outcome: found.status === 'won' ? 'success' : 'error',
    details: {
      dispute: found.ref,
      amount: found.amountMinor,
      currency: payment.currency,
      reason: found.reason,
    },
  })
  await lookAtContracts(ctx, payment)
}

/** Its subscriptions are neither suspended nor ended while it goes on; what follows is asked anew. */
async function lookAtContracts(ctx: Ctx, payment: PaymentRow): Promise<void> {
  for (const { invoice_id } of await attempts.allocationsOf(ctx.tx, payment.id)) {
    const invoice = await invoices.find(ctx.tx, payment.tenant_id, invoice_id)
    if (invoice?.subscription_id) await lookAgain(ctx.tx, { id: invoice.subscription_id }, ctx.now())
  }
}

async function book(
  ctx: Ctx,
  payment: PaymentRow,
  row: DisputeRow,
  found: DisputeFound,
  lostMinor: bigint,
): Promise<void> {
  const { tenant_id: tenantId, customer_id: customerId, currency } = payment
  const post = (kind: string, entries: ledger.Entry[], moves = currency): Promise<void> =>
    ledger.post(ctx.tx, {
      tenantId,
      kind,
      source: { type: 'dispute', id: newId() },
      currency: moves,
      at: ctx.now(),
      memo: `dispute ${row.external_id}`,
      entries,
    })
  const away = found.withdrawnMinor - row.withdrawn_minor
  if (away !== 0n)
    await post(away > 0n ? 'dispute' : 'dispute_back', [
      { account: 'disputed', amountMinor: away },
      { account: 'cash', amountMinor: -away },
    ])
  const charge = async (fee: bigint, moves: string): Promise<void> => {
    const entries: ledger.Entry[] = [
      { account: 'fees', amountMinor: fee },
      { account: 'cash', amountMinor: -fee },
    ]
    if (fee !== 0n) await post('dispute_fee', entries, moves)
  }
  const before = feeCurrencyOf(row)
  if (before !== found.feeCurrency) await charge(-row.fee_minor, before)
  await charge(found.feeMinor - (before === found.feeCurrency ? row.fee_minor : 0n), found.feeCurrency)
  const lost = lostMinor - row.lost_minor
  if (lost > 0n) {
    const owed = await owedAgain(ctx, payment, lost)
    const rest = owed.reduce((left, { amountMinor }) => left - amountMinor, lost)
    await post('dispute_lost', [
      { account: 'disputed', amountMinor: -lost },
      ...owed,
      // What had become his credit, or was given back to him already, is a debt in it.
      { account: 'credit', customerId, amountMinor: rest },
    ])
  }
  // A bank that gives back what was lost pays for the customer, who owes it and has perhaps paid it: it is his credit.
  if (lost < 0n)
    await post('dispute_regained', [
      { account: 'disputed', amountMinor: -lost },
      { account: 'credit', customerId, amountMinor: lost },
    ])
}

async function owedAgain(ctx: Ctx, payment: PaymentRow, lost: bigint): Promise<ledger.Entry[]> {
  const allocations = await attempts.allocationsOf(ctx.tx, payment.id)
  let rest = lost
  const owed: ledger.Entry[] = []
  for (const { invoice_id, amount_minor } of allocations) {
    const reopened = await reopen(
      ctx,
      payment.tenant_id,
      invoice_id,
      amount_minor < rest ? amount_minor : rest,
    )
    rest -= reopened?.amountMinor ?? 0n
    if (reopened) owed.push(reopened)
  }
  return owed
}

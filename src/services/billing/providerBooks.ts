import type { BillingFindingKind } from '../../../shared/states/billingFinding.ts'
import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import type { PaymentRow } from '../../db/billingAttempts.ts'
import * as disputes from '../../db/billingDisputes.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import * as reconciling from '../../db/billingReconciling.ts'
import type { Subject } from '../../db/billingReconciling.ts'
import { isAgainstConstraint } from '../../db/index.ts'
import type { PaymentFound } from '../../integrations/billing/types.ts'
import { formatMoney } from '../../lib/money.ts'
import { providerRow } from './asking.ts'
import { applyPayment } from './converging.ts'
import { unbooked } from './lostPayments.ts'
import { settle, type Difference } from './findings.ts'
import { paymentFrom, type Kept, type KeptPayment } from './seen.ts'

const KINDS = [
  'payment_not_there',
  'payment_not_booked',
  'payment_differs',
  'refund_differs',
  'dispute_differs',
] as const satisfies readonly BillingFindingKind[]

/** What a provider says of something that was asked of it. `gone`: it does not know it; `nothing`: nobody has paid. */
export type PaymentLook = { of: 'payment'; seen: Kept<KeptPayment> } | { of: 'gone' } | { of: 'nothing' }

export type PaymentsOf = { tenantId: string; providerId: string; subject: Subject }

/**
 * Takes over what the provider says, as after any message of it: what mPanel only had not heard of is mended by that.
 */
export async function takeOverPayment(
  ctx: Ctx,
  { providerId }: PaymentsOf,
  look: PaymentLook,
): Promise<void> {
  if (look.of === 'payment')
    await applyPayment(ctx, await providerRow(ctx, providerId), paymentFrom(look.seen))
}

/** Whether our own rows forbid to write down what a provider says: then it differs. */
export const isForbidden = isAgainstConstraint

/** Writes down what differs after that, and settles what does not any more. */
export async function settlePayment(ctx: Ctx, of: PaymentsOf, look: PaymentLook): Promise<void> {
  const { tenantId, providerId, subject } = of
  const provider = await providerRow(ctx, providerId)
  const seen = await differencesOf(ctx, provider, of, look)
  await settle(ctx, { tenantId, kinds: KINDS, providerId, key: subject.key }, seen)
}

type Words = Pick<Difference, 'kind' | 'expected' | 'found'>

async function differencesOf(
  ctx: Ctx,
  provider: ProviderRow,
  { tenantId, subject }: PaymentsOf,
  look: PaymentLook,
): Promise<Difference[]> {
  const found = look.of === 'payment' ? paymentFrom(look.seen).found : null
  const ref = found?.ref ?? subject.ref
  const payment =
    ref === null ? undefined : await attempts.findPaymentByRef(ctx.tx, tenantId, provider.kind, ref)
  const words = await wordsOf(ctx, tenantId, payment, found)
  if (words.length === 0) return []
  const invoice = await reconciling.invoiceOf(ctx.tx, tenantId, payment?.id ?? subject.key)
  return words.map((one) => ({
    ...one,
    key: subject.key,
    subject: invoice ? { type: 'invoice', id: invoice.id } : { type: 'provider', id: provider.id },
    label: invoice ? `${invoice.number}, ${ref ?? 'payment'}` : (ref ?? 'payment'),
  }))
}

async function wordsOf(
  ctx: Ctx,
  tenantId: string,
  payment: PaymentRow | undefined,
  found: PaymentFound | null,
): Promise<Words[]> {
  if (payment === undefined) return unbooked(ctx, tenantId, found)
  const here = formatMoney(payment.amount_minor, payment.currency)
  if (found === null)
    return [
      {
        kind: 'payment_not_there',
        expected: `${here} are booked as paid.`,
        found: 'The provider knows of no such payment.',
      },
    ]
  const there = formatMoney(found.amountMinor, found.currency)
  const differs: Words[] = []
  if (found.status !== 'succeeded')
    differs.push({
      kind: 'payment_differs',
      expected: `${here} are booked as paid.`,
      found: `The provider says that the payment is ${found.status.replaceAll('_', ' ')}.`,
    })
  else if (here !== there)
    differs.push({
      kind: 'payment_differs',
      expected: `${here} are booked as paid.`,
      found: `The provider has taken ${there}.`,
    })
  return [
    ...differs,
    ...(await refundWords(ctx, payment, found)),
    ...(await disputeWords(ctx, payment, found)),
  ]
}

/** Both sides in the same words, in the same order; `none` where there is nothing. */
const listed = (lines: readonly string[]): string =>
  lines.length === 0 ? 'none' : lines.toSorted().join(', ')

/** What was not sent yet is not there, and what has failed is nowhere. */
async function refundWords(ctx: Ctx, payment: PaymentRow, { refunds }: PaymentFound): Promise<Words[]> {
  const line = (amountMinor: bigint, state: string): string =>
    `${formatMoney(amountMinor, payment.currency)} ${state}`
  const rows = await attempts.refundsOf(ctx.tx, [payment.id])
  const here = listed(
    rows
      .filter(({ state, external_id }) => external_id !== null && state !== 'failed')
      .map((row) => line(row.amount_minor, row.state)),
  )
  const there = listed(
    refunds
      .filter(({ status }) => status !== 'failed')
      .map(({ amountMinor, status }) => line(amountMinor, status)),
  )
  if (here === there) return []
  return [
    {
      kind: 'refund_differs',
      expected: `Refunds here: ${here}.`,
      found: `Refunds at the provider: ${there}.`,
    },
  ]
}

async function disputeWords(
  ctx: Ctx,
  payment: PaymentRow,
  { disputes: found }: PaymentFound,
): Promise<Words[]> {
  const line = (state: string, withdrawnMinor: bigint): string =>
    `${state}, ${formatMoney(withdrawnMinor, payment.currency)} away`
  const rows = await disputes.ofPayments(ctx.tx, [payment.id])
  const here = listed(rows.map((row) => line(row.state, row.withdrawn_minor)))
  const there = listed(found.map(({ status, withdrawnMinor }) => line(status, withdrawnMinor)))
  if (here === there) return []
  return [
    {
      kind: 'dispute_differs',
      expected: `Disputes here: ${here}.`,
      found: `Disputes at the provider: ${there}.`,
    },
  ]
}

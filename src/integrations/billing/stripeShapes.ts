import type { Stripe } from 'stripe'
import { Unreadable } from './stripeErrors.ts'
import { fromStripe } from './stripeMoney.ts'
import type { DisputeFound, HostedPage, Method, PaymentFound, PaymentStatus, RefundFound } from './types.ts'

/** Where our mark stands in whatever is made there. */
export const MARK = 'mpanel_mark'

type Ref = string | { id: string } | null | undefined
export const refOf = (of: Ref): string | null => (typeof of === 'string' ? of : (of?.id ?? null))

export const markOf = (of: { metadata?: Record<string, string> | null }): string | null =>
  of.metadata?.[MARK] ?? null

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new Unreadable(`${what} is no text`)
  return value
}

function amount(value: unknown, currency: string): bigint {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new Unreadable('an amount is no number')
  return fromStripe(value, currency)
}

const codeOf = (currency: unknown): string => text(currency, 'the currency').toUpperCase()

export function methodOf(method: Stripe.PaymentMethod): Method {
  const { card, sepa_debit: sepa } = method
  return {
    ref: text(method.id, 'the id of a payment method'),
    kind: text(method.type, 'the type of a payment method'),
    brand: card?.brand ?? (sepa ? 'sepa' : null),
    last4: card?.last4 ?? sepa?.last4 ?? null,
    expMonth: card?.exp_month ?? null,
    expYear: card?.exp_year ?? null,
  }
}

/** What a payment's status means. One that we do not know changes nothing: the payment goes on. */
const STATUS: Record<string, PaymentStatus> = {
  succeeded: 'succeeded',
  canceled: 'cancelled',
  processing: 'processing',
  requires_capture: 'processing',
  requires_action: 'needs_action',
  requires_confirmation: 'needs_action',
}

/** The bank says no for good: the same card is not asked again by itself. */
const FINAL = new Set([
  'expired_card',
  'incorrect_number',
  'invalid_account',
  'lost_card',
  'pickup_card',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'stolen_card',
  'transaction_not_allowed',
])

function declineOf(error: Stripe.PaymentIntent['last_payment_error']): PaymentFound['decline'] {
  if (error === null) return null
  const code = error.decline_code ?? error.code ?? 'declined'
  return {
    code,
    message: error.message ?? 'The payment was declined.',
    needsCustomer: error.code === 'authentication_required' || code === 'authentication_required',
    isFinal: FINAL.has(code) || FINAL.has(error.code ?? ''),
  }
}

export function refundOf(refund: Stripe.Refund): RefundFound {
  const { status } = refund
  return {
    ref: text(refund.id, 'the id of a refund'),
    mark: markOf(refund),
    amountMinor: amount(refund.amount, codeOf(refund.currency)),
    status:
      status === 'succeeded'
        ? 'succeeded'
        : status === 'failed' || status === 'canceled'
          ? 'failed'
          : 'pending',
  }
}

/** Where a dispute is. One that we do not know goes on. */
const DISPUTE: Record<string, DisputeFound['status']> = {
  warning_needs_response: 'inquiry',
  warning_under_review: 'inquiry',
  warning_closed: 'won',
  prevented: 'won',
  won: 'won',
  lost: 'lost',
}

/** What moved on account of it: a negative amount was taken. In another currency than the payment's only that it was is known. */
export function disputeOf(dispute: Stripe.Dispute): DisputeFound {
  const currency = codeOf(dispute.currency)
  const amountMinor = amount(dispute.amount, currency)
  const moved = dispute.balance_transactions.map((one) => ({
    minor: amount(one.amount, codeOf(one.currency)),
    feeMinor: amount(one.fee, codeOf(one.currency)),
    currency: codeOf(one.currency),
  }))
  const away = -moved.reduce((sum, { minor }) => sum + minor, 0n)
  const isAway = away > 0n
  const { due_by: dueBy, submission_count: sent } = dispute.evidence_details
  return {
    ref: text(dispute.id, 'the id of a dispute'),
    amountMinor,
    status: DISPUTE[dispute.status] ?? 'open',
    reason: text(dispute.reason, 'the reason of a dispute'),
    evidenceDueAt: dueBy === null ? null : new Date(dueBy * 1000),
    evidenceSent: sent > 0,
    withdrawnMinor: !isAway ? 0n : moved.every((one) => one.currency === currency) ? away : amountMinor,
    feeMinor: moved.reduce((sum, { feeMinor }) => sum + feeMinor, 0n),
    // Of one payment all moves in the currency that it was settled in.
    feeCurrency: moved[0]?.currency ?? currency,
    openedAt: new Date(dispute.created * 1000),
  }
}

/** A payment with what was asked for along with it. */
export function paymentOf(
  intent: Stripe.PaymentIntent,
  refunds: readonly RefundFound[] = [],
  disputes: readonly DisputeFound[] = [],
): PaymentFound {
  const decline = declineOf(intent.last_payment_error)
  // Without a method it waits for one: after a refusal, that is a decline.
  const open = decline === null ? 'needs_action' : 'declined'
  const currency = codeOf(intent.currency)
  return {
    ref: text(intent.id, 'the id of a payment'),
    mark: markOf(intent),
    customerRef: refOf(intent.customer),
    methodRef: refOf(intent.payment_method),
    amountMinor: amount(intent.status === 'succeeded' ? intent.amount_received : intent.amount, currency),
    currency,
    status: intent.status === 'requires_payment_method' ? open : (STATUS[intent.status] ?? 'processing'),
    decline,
    refunds: [...refunds],
    disputes: [...disputes],
  }
}

export function pageOf(session: Stripe.Checkout.Session): HostedPage {
  return {
    ref: text(session.id, 'the id of a page'),
    mark: markOf(session),
    url: session.url,
    status: session.status === 'complete' ? 'complete' : session.status === 'expired' ? 'expired' : 'open',
    expiresAt: new Date(session.expires_at * 1000),
    paymentRef: refOf(session.payment_intent),
    customerRef: refOf(session.customer),
  }
}

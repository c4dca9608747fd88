import { Stripe } from 'stripe'
import { ok, type Outcome } from '../../lib/outcome.ts'
import { everything, keyed, marked, NO_SUCH_AMOUNT, PAGE, secondsOf, type Of } from './stripeCalls.ts'
import { asked, failureOf } from './stripeErrors.ts'
import { toStripe } from './stripeMoney.ts'
import { disputeOf, markOf, paymentOf, refundOf } from './stripeShapes.ts'
import type { ChargeAsked, DisputeFound, PaymentFound, RefundFound } from './types.ts'

/** Payments, and what of them goes back. */
export const paymentsOf = (
  stripe: Stripe,
): Of<'charge' | 'findPayments' | 'payment' | 'refund' | 'refunds'> => ({
  charge: (request) => charge(stripe, request),
  findPayments: (mark, customerRef, since) =>
    everything(
      () =>
        stripe.paymentIntents.list({
          customer: customerRef,
          created: { gte: secondsOf(since) },
          limit: PAGE,
        }),
      (intent) => (markOf(intent) === mark ? [paymentOf(intent)] : []),
    ),
  payment: (ref) => payment(stripe, ref),
  refund: (write, { paymentRef, amountMinor, currency }) => {
    const amount = toStripe(amountMinor, currency)
    if (amount === null) return Promise.resolve(NO_SUCH_AMOUNT(currency))
    return asked(
      () =>
        stripe.refunds.create({ payment_intent: paymentRef, amount, metadata: marked(write) }, keyed(write)),
      refundOf,
    )
  },
  refunds: (paymentRef) => refundsOf(stripe, paymentRef),
})

async function charge(stripe: Stripe, request: ChargeAsked): Promise<Outcome<PaymentFound>> {
  const amount = toStripe(request.amountMinor, request.currency)
  if (amount === null) return NO_SUCH_AMOUNT(request.currency)
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount,
        currency: request.currency.toLowerCase(),
        customer: request.customerRef,
        payment_method: request.methodRef,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        confirm: true,
        off_session: true,
        description: request.description,
        metadata: marked(request),
      },
      keyed(request),
    )
    return await asked(() => Promise.resolve(intent), paymentOf)
  } catch (error) {
    // The bank's no comes as an error that has the payment in it.
    const declined = error instanceof Stripe.errors.StripeCardError ? error.payment_intent : undefined
    return declined ? asked(() => Promise.resolve(declined), paymentOf) : failureOf(error)
  }
}

const refundsOf = (stripe: Stripe, paymentRef: string): Promise<Outcome<RefundFound[]>> =>
  everything(
    () => stripe.refunds.list({ payment_intent: paymentRef, limit: PAGE }),
    (refund) => [refundOf(refund)],
  )

const disputesOf = (stripe: Stripe, paymentRef: string): Promise<Outcome<DisputeFound[]>> =>
  everything(
    () => stripe.disputes.list({ payment_intent: paymentRef, limit: PAGE }),
    (dispute) => [disputeOf(dispute)],
  )

async function payment(stripe: Stripe, ref: string): Promise<Outcome<PaymentFound>> {
  const found = await asked(
    () => stripe.paymentIntents.retrieve(ref, { expand: ['latest_charge'] }),
    (intent) => intent,
  )
  if (found.outcome !== 'ok') return found
  const { latest_charge: latest } = found.value
  const isGivenBack = typeof latest === 'object' && latest !== null && latest.amount_refunded > 0
  // A refund that is pending may not be counted in the charge yet: of what was paid they are always looked at.
  const refunds =
    isGivenBack || found.value.status === 'succeeded' ? await refundsOf(stripe, ref) : ok<RefundFound[]>([])
  if (refunds.outcome !== 'ok') return refunds
  const isDisputed = typeof latest === 'object' && latest !== null && latest.disputed
  const disputes = isDisputed ? await disputesOf(stripe, ref) : ok<DisputeFound[]>([])
  if (disputes.outcome !== 'ok') return disputes
  return asked(
    () => Promise.resolve(found.value),
    (intent) => paymentOf(intent, refunds.value, disputes.value),
  )
}

import type { Stripe } from 'stripe'
import type { Outcome } from '../../lib/outcome.ts'
import { everything, keyed, marked, NO_SUCH_AMOUNT, PAGE, secondsOf, type Of } from './stripeCalls.ts'
import { asked } from './stripeErrors.ts'
import { toStripe } from './stripeMoney.ts'
import { markOf, pageOf } from './stripeShapes.ts'
import type { HostedPage, LinkAsked } from './types.ts'

/** Pages of Stripe on which a customer pays. */
export const pagesOf = (stripe: Stripe): Of<'payPage' | 'findPages' | 'page' | 'expirePage'> => {
  const page = (ref: string): Promise<Outcome<HostedPage>> =>
    asked(() => stripe.checkout.sessions.retrieve(ref), pageOf)
  return {
    payPage: (request) => payPage(stripe, request),
    findPages: (mark, customerRef, since) =>
      everything(
        () =>
          stripe.checkout.sessions.list({
            customer: customerRef,
            created: { gte: secondsOf(since) },
            limit: PAGE,
          }),
        (session) => (markOf(session) === mark ? [pageOf(session)] : []),
      ),
    page,
    expirePage: async (ref) => {
      const ended = await asked(() => stripe.checkout.sessions.expire(ref), pageOf)
      // Only an open one is ended: what it has become instead is looked at.
      return ended.outcome === 'rejected' && ended.code === 'invalid' ? page(ref) : ended
    },
  }
}

function payPage(stripe: Stripe, request: LinkAsked): Promise<Outcome<HostedPage>> {
  const amount = toStripe(request.amountMinor, request.currency)
  if (amount === null) return Promise.resolve(NO_SUCH_AMOUNT(request.currency))
  const metadata = marked(request)
  const price = {
    currency: request.currency.toLowerCase(),
    unit_amount: amount,
    product_data: { name: request.description },
  }
  return asked(
    () =>
      stripe.checkout.sessions.create(
        {
          mode: 'payment',
          customer: request.customerRef,
          line_items: [{ price_data: price, quantity: 1 }],
          payment_intent_data: {
            description: request.description,
            metadata,
            setup_future_usage: 'off_session',
          },
          success_url: request.returnUrl,
          cancel_url: request.returnUrl,
          expires_at: Math.floor(request.expiresAt.getTime() / 1000),
          metadata,
        },
        keyed(request),
      ),
    pageOf,
  )
}

import type { Stripe } from 'stripe'
import { ok } from '../../lib/outcome.ts'
import { everything, keyed, marked, PAGE, secondsOf, type Of } from './stripeCalls.ts'
import { asked } from './stripeErrors.ts'
import { markOf, methodOf, pageOf, refOf } from './stripeShapes.ts'

/** Customers, and what of theirs can be charged. */
export const customersOf = (stripe: Stripe): Of<'findCustomers' | 'createCustomer'> => ({
  findCustomers: (mark, email, since) =>
    everything(
      () => stripe.customers.list({ email, created: { gte: secondsOf(since) }, limit: PAGE }),
      (customer) => (markOf(customer) === mark ? [customer.id] : []),
    ),
  createCustomer: (write, { name, email }) =>
    asked(
      () => stripe.customers.create({ name, email, metadata: marked(write) }, keyed(write)),
      (customer) => customer.id,
    ),
})

export const methodsOf = (stripe: Stripe): Of<'methods' | 'method' | 'detachMethod' | 'setupPage'> => ({
  methods: (customerRef) =>
    everything(
      () => stripe.customers.listPaymentMethods(customerRef, { limit: PAGE }),
      (method) => [methodOf(method)],
    ),
  method: async (ref) => {
    const found = await asked(
      () => stripe.paymentMethods.retrieve(ref),
      (method) => {
        const customerRef = refOf(method.customer)
        return customerRef === null ? null : { method: methodOf(method), customerRef }
      },
    )
    return found.outcome === 'rejected' && found.code === 'missing' ? ok(null) : found
  },
  detachMethod: async (ref) => {
    const there = await asked(
      () => stripe.paymentMethods.retrieve(ref),
      (method) => refOf(method.customer),
    )
    if (there.outcome === 'rejected' && there.code === 'missing') return ok(null)
    if (there.outcome !== 'ok' || there.value === null) return there.outcome === 'ok' ? ok(null) : there
    return asked(
      () => stripe.paymentMethods.detach(ref),
      () => null,
    )
  },
  setupPage: (write, { customerRef, currency, returnUrl }) =>
    asked(
      () =>
        stripe.checkout.sessions.create(
          {
            mode: 'setup',
            customer: customerRef,
            currency: currency.toLowerCase(),
            success_url: returnUrl,
            cancel_url: returnUrl,
            metadata: marked(write),
          },
          keyed(write),
        ),
      pageOf,
    ),
})

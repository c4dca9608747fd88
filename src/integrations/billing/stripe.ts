import { Stripe } from 'stripe'
import { ok, type Outcome } from '../../lib/outcome.ts'
import { asked, failureOf, refusal } from './stripeErrors.ts'
import { toStripe } from './stripeMoney.ts'
import { noticeOf, readNotice } from './stripeNotice.ts'
import { disputeOf, MARK, markOf, methodOf, pageOf, paymentOf, refOf, refundOf } from './stripeShapes.ts'
import type {
  BillingConnection,
  BillingProvider,
  ChargeAsked,
  DisputeFound,
  Health,
  HostedPage,
  LinkAsked,
  PaymentFound,
  RefundFound,
  Write,
} from './types.ts'

type Connection = Extract<BillingConnection, { kind: 'stripe' }>

/** What the types of the SDK and our simulator speak; a test compares it with what is sent. */
export const API_VERSION = '2026-10-28.endive'
const TIMEOUT_MS = 15_000
/** Clocks there and here differ a little: what was made since then may carry an earlier time. */
const SLACK_S = 300
const PAGE = 100

/** A client of one Stripe account. `base`: where the API is, without `/v1`. */
export function createStripe(base: string, connection: Connection): BillingProvider {
  const { protocol, hostname, port } = new URL(base)
  const stripe = new Stripe(connection.key, {
    apiVersion: API_VERSION,
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
    timeout: connection.timeoutMs ?? TIMEOUT_MS,
    // What was lost is looked for before anything is repeated.
    maxNetworkRetries: 0,
    telemetry: false,
    appInfo: { name: 'mPanel' },
  })
  const { webhookSecret } = connection
  return {
    kind: 'stripe',
    caps: { methods: true, charges: true, refunds: true, webhooks: true },
    record: null,
    health: () => health(stripe, connection),
    ...customersOf(stripe),
    ...methodsOf(stripe),
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
    ...pagesOf(stripe),
    refund: (write, { paymentRef, amountMinor, currency }) => {
      const amount = toStripe(amountMinor, currency)
      if (amount === null) return Promise.resolve(NO_SUCH_AMOUNT(currency))
      return asked(
        () =>
          stripe.refunds.create(
            { payment_intent: paymentRef, amount, metadata: marked(write) },
            keyed(write),
          ),
        refundOf,
      )
    },
    refunds: (paymentRef) => refundsOf(stripe, paymentRef),
    said: (since) =>
      everything(
        () => stripe.events.list({ created: { gte: secondsOf(since) }, limit: PAGE }),
        (event) => {
          const notice = noticeOf({ ...event }, new Date())
          return notice === null ? [] : [notice]
        },
      ),
    notice: (body, signature, now) =>
      webhookSecret === null ? null : readNotice(body, signature, webhookSecret, now),
  }
}

const marked = ({ mark }: Write): Record<string, string> => ({ [MARK]: mark })
const keyed = ({ key }: Write): Stripe.RequestOptions => ({ idempotencyKey: key })
const secondsOf = (since: Date): number => Math.floor(since.getTime() / 1000) - SLACK_S
const NO_SUCH_AMOUNT = (currency: string) =>
  refusal('invalid', `Stripe does not take this very amount of ${currency}.`)

/** Reads a list to its end. */
async function everything<A, T>(
  call: () => Stripe.ApiListPromise<A>,
  read: (one: A) => T[],
): Promise<Outcome<T[]>> {
  const found: T[] = []
  return asked(
    async () => {
      for await (const one of call()) found.push(...read(one))
    },
    () => found,
  )
}

async function health(stripe: Stripe, { live, webhookSecret }: Connection): Promise<Outcome<Health>> {
  return asked(
    () => stripe.accounts.retrieveCurrent(),
    (account) => ({
      account: account.id,
      live,
      problems: [
        ...(live && !account.charges_enabled
          ? ['Stripe does not let this account take payments yet: complete its details there.']
          : []),
        ...(webhookSecret === null
          ? ['There is no webhook secret: what happens at Stripe is noticed late. Add the endpoint there.']
          : []),
      ],
    }),
  )
}

type Of<K extends keyof BillingProvider> = Pick<BillingProvider, K>

const customersOf = (stripe: Stripe): Of<'findCustomers' | 'createCustomer'> => ({
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

const methodsOf = (stripe: Stripe): Of<'methods' | 'method' | 'detachMethod' | 'setupPage'> => ({
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

const pagesOf = (stripe: Stripe): Of<'payPage' | 'findPages' | 'page' | 'expirePage'> => {
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

import { Stripe } from 'stripe'
import type { Outcome } from '../../lib/outcome.ts'
import { everything, PAGE, secondsOf } from './stripeCalls.ts'
import { customersOf, methodsOf } from './stripeCustomers.ts'
import { asked } from './stripeErrors.ts'
import { noticeOf, readNotice } from './stripeNotice.ts'
import { pacedHttp, type Pace } from './stripePace.ts'
import { pagesOf } from './stripePages.ts'
import { paymentsOf } from './stripePayments.ts'
import type { BillingConnection, BillingProvider, Health } from './types.ts'

type Connection = Extract<BillingConnection, { kind: 'stripe' }>

/** Where the API is, without `/v1`, and how fast each key may be used there. */
export type StripeReach = { base: string; paceOf: (key: string) => Pace }

/** What the types of the SDK and our simulator speak; a test compares it with what is sent. */
export const API_VERSION = '2026-10-28.endive'
const TIMEOUT_MS = 15_000

/** A client of one Stripe account. */
export function createStripe(
  { base, paceOf }: StripeReach,
  now: () => Date,
  connection: Connection,
): BillingProvider {
  const { protocol, hostname, port } = new URL(base)
  const stripe = new Stripe(connection.key, {
    apiVersion: API_VERSION,
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
    timeout: connection.timeoutMs ?? TIMEOUT_MS,
    httpClient: pacedHttp(paceOf(connection.key)),
    // What was lost is looked for before anything is repeated, and what was refused for now is repeated by its job.
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
    ...paymentsOf(stripe),
    ...pagesOf(stripe),
    said: (since) =>
      everything(
        () => stripe.events.list({ created: { gte: secondsOf(since) }, limit: PAGE }),
        (event) => {
          const notice = noticeOf({ ...event }, now())
          return notice === null ? [] : [notice]
        },
      ),
    notice: (body, signature, at) =>
      webhookSecret === null ? null : readNotice(body, signature, webhookSecret, at),
  }
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

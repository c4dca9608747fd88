import type {
  Customer,
  Dispute,
  Event,
  Intent,
  Method,
  Refund,
  Session,
  SetupIntent,
  World,
} from './model.ts'

export const presentCustomer = (one: Customer): Record<string, unknown> =>
  one.deleted
    ? { id: one.id, object: 'customer', deleted: true }
    : {
        id: one.id,
        object: 'customer',
        balance: 0,
        created: one.created,
        default_source: null,
        description: null,
        email: one.email,
        invoice_settings: { default_payment_method: null },
        livemode: false,
        metadata: one.metadata,
        name: one.name,
        shipping: null,
      }

export const presentMethod = (one: Method): Record<string, unknown> => ({
  id: one.id,
  object: 'payment_method',
  billing_details: { address: null, email: null, name: null, phone: null },
  card: {
    brand: one.brand,
    last4: one.last4,
    exp_month: one.exp_month,
    exp_year: one.exp_year,
    funding: 'credit',
  },
  created: one.created,
  customer: one.customer,
  livemode: false,
  metadata: {},
  type: 'card',
})

const refundedOf = (world: World, intent: string): number =>
  [...world.refunds.values()]
    .filter((one) => one.payment_intent === intent && one.status === 'succeeded')
    .reduce((sum, one) => sum + one.amount, 0)

const presentCharge = (world: World, one: Intent): Record<string, unknown> => ({
  id: one.charge,
  object: 'charge',
  amount: one.amount,
  amount_refunded: refundedOf(world, one.id),
  created: one.created,
  currency: one.currency,
  customer: one.customer,
  disputed: one.disputed,
  livemode: false,
  metadata: one.metadata,
  paid: one.status === 'succeeded',
  payment_intent: one.id,
  refunded: refundedOf(world, one.id) >= one.amount,
  status: one.status === 'succeeded' ? 'succeeded' : one.status === 'processing' ? 'pending' : 'failed',
})

export const presentIntent = (
  world: World,
  one: Intent,
  expand: readonly string[] = [],
): Record<string, unknown> => ({
  id: one.id,
  object: 'payment_intent',
  amount: one.amount,
  amount_capturable: 0,
  amount_received: one.amount_received,
  canceled_at: null,
  capture_method: 'automatic_async',
  client_secret: `${one.id}_secret_simulated`,
  confirmation_method: 'automatic',
  created: one.created,
  currency: one.currency,
  customer: one.customer,
  description: one.description,
  last_payment_error: one.last_payment_error,
  latest_charge:
    one.charge !== null && expand.includes('latest_charge') ? presentCharge(world, one) : one.charge,
  livemode: false,
  metadata: one.metadata,
  next_action: null,
  payment_method: one.payment_method,
  payment_method_types: ['card'],
  processing: null,
  status: one.status,
})

/** What a charge shows of an intent in an event. */
export const presentChargeOf = presentCharge

export const presentRefund = (one: Refund): Record<string, unknown> => ({
  id: one.id,
  object: 'refund',
  amount: one.amount,
  balance_transaction: null,
  charge: null,
  created: one.created,
  currency: one.currency,
  metadata: one.metadata,
  payment_intent: one.payment_intent,
  reason: one.reason,
  receipt_number: null,
  status: one.status,
})

export const presentDispute = (one: Dispute): Record<string, unknown> => ({
  id: one.id,
  object: 'dispute',
  amount: one.amount,
  balance_transactions: one.moved.map(({ amount, fee, currency }, at) => ({
    id: `txn_${one.id}_${at}`,
    object: 'balance_transaction',
    amount,
    currency,
    fee,
    net: amount - fee,
    type: 'adjustment',
  })),
  charge: one.charge,
  created: one.created,
  currency: one.currency,
  evidence: {},
  evidence_details: {
    due_by: one.due_by,
    has_evidence: one.submissions > 0,
    past_due: false,
    submission_count: one.submissions,
  },
  is_charge_refundable: false,
  livemode: false,
  metadata: {},
  payment_intent: one.payment_intent,
  reason: one.reason,
  status: one.status,
})

export const presentSession = (one: Session, base: string): Record<string, unknown> => ({
  id: one.id,
  object: 'checkout.session',
  amount_total: one.amount_total,
  cancel_url: one.cancel_url,
  created: one.created,
  currency: one.currency,
  customer: one.customer,
  expires_at: one.expires_at,
  livemode: false,
  metadata: one.metadata,
  mode: one.mode,
  payment_intent: one.payment_intent,
  payment_method_types: ['card'],
  payment_status:
    one.mode === 'setup' ? 'no_payment_required' : one.status === 'complete' ? 'paid' : 'unpaid',
  setup_intent: one.setup_intent,
  status: one.status,
  success_url: one.success_url,
  url: one.status === 'open' ? `${base}/c/pay/${one.id}` : null,
})

export const presentSetup = (one: SetupIntent): Record<string, unknown> => ({
  id: one.id,
  object: 'setup_intent',
  created: one.created,
  customer: one.customer,
  livemode: false,
  metadata: one.metadata,
  payment_method: one.payment_method,
  payment_method_types: ['card'],
  status: one.status,
  usage: 'off_session',
})

const API_VERSION = '2026-10-28.endive'

/** An event as it is sent and shown. */
export const presentEvent = (event: Event): Record<string, unknown> => ({
  id: event.id,
  object: 'event',
  api_version: API_VERSION,
  created: event.created,
  data: { object: event.object },
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: event.key },
  type: event.type,
})

import { refusalOf } from './cards.ts'
import {
  existing,
  invalid,
  newId,
  Refused,
  type Behaviour,
  type Intent,
  type IntentError,
  type Metadata,
} from './model.ts'
import { openDispute } from './disputes.ts'
import { integer, mapOf, optional, required, type Params } from './params.ts'
import { presentChargeOf, presentIntent } from './present.ts'
import type { Sim } from './sim.ts'

/** What Stripe takes at least, in minor units. */
const MINIMUM: Record<string, number> = { eur: 50, usd: 50, gbp: 30, chf: 50 }

function requireAmount(amount: number, currency: string): void {
  if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}`, { param: 'currency' })
  if (amount < 1) throw invalid('This value must be greater than or equal to 1.', { param: 'amount' })
  if (amount < (MINIMUM[currency] ?? 1))
    throw invalid('Amount must convert to at least 50 cents.', { code: 'amount_too_small', param: 'amount' })
}

export function newIntent(
  sim: Sim,
  given: {
    amount: number
    currency: string
    customer: string | null
    description: string | null
    metadata: Metadata
  },
): Intent {
  const made: Intent = {
    id: newId('pi'),
    created: sim.now(),
    ...given,
    amount_received: 0,
    payment_method: null,
    status: 'requires_payment_method',
    last_payment_error: null,
    charge: null,
    disputed: false,
  }
  sim.world.intents.set(made.id, made)
  sim.emit('payment_intent.created', presentIntent(sim.world, made))
  return made
}

export function succeed(sim: Sim, intent: Intent): void {
  intent.status = 'succeeded'
  intent.amount_received = intent.amount
  intent.last_payment_error = null
  intent.charge ??= newId('ch')
  sim.emit('charge.succeeded', presentChargeOf(sim.world, intent))
  sim.emit('payment_intent.succeeded', presentIntent(sim.world, intent))
}

export function decline(sim: Sim, intent: Intent, error: IntentError): void {
  intent.status = 'requires_payment_method'
  intent.payment_method = null
  intent.last_payment_error = error
  if (error.code !== 'authentication_required') intent.charge = newId('ch')
  sim.emit('payment_intent.payment_failed', presentIntent(sim.world, intent))
}

/** What the bank says to a card that is charged while its owner is away. */
function confirm(sim: Sim, intent: Intent, methodId: string, behaviour: Behaviour): void {
  intent.payment_method = methodId
  if (behaviour === 'succeeds') return succeed(sim, intent)
  if (behaviour === 'disputed') {
    succeed(sim, intent)
    openDispute(sim, intent.id)
    return
  }
  if (behaviour === 'processing') {
    intent.status = 'processing'
    intent.charge = newId('ch')
    sim.emit('payment_intent.processing', presentIntent(sim.world, intent))
    return
  }
  decline(sim, intent, refusalOf(behaviour))
}

export function createIntent(sim: Sim, params: Params): Record<string, unknown> {
  const [amount, currency] = [integer(params, 'amount'), required(params, 'currency')]
  requireAmount(amount, currency)
  const customer = optional(params, 'customer')
  if (customer !== null && existing(sim.world.customers, 'customer', customer, 'customer').deleted)
    throw invalid(`No such customer: '${customer}'`, { code: 'resource_missing', param: 'customer' })
  const methodId = optional(params, 'payment_method')
  const method =
    methodId === null ? null : existing(sim.world.methods, 'PaymentMethod', methodId, 'payment_method')
  if (params['off_session'] === true && params['confirm'] !== true)
    throw invalid('off_session can only be set when confirm is true.', { param: 'off_session' })
  if (params['confirm'] === true && method === null)
    throw invalid('You cannot confirm this PaymentIntent because it’s missing a payment method.', {
      code: 'payment_intent_unexpected_state',
    })
  if (method !== null && method.customer !== customer)
    throw invalid('The provided PaymentMethod is not attached to this customer.', { param: 'payment_method' })
  const description = optional(params, 'description')
  const intent = newIntent(sim, {
    amount,
    currency,
    customer,
    description,
    metadata: mapOf(params, 'metadata'),
  })
  if (params['confirm'] !== true || method === null) return presentIntent(sim.world, intent)
  confirm(sim, intent, method.id, method.behaviour)
  const { last_payment_error: error } = intent
  if (error !== null) throw new Refused(402, { ...error, payment_intent: presentIntent(sim.world, intent) })
  return presentIntent(sim.world, intent)
}

export function cancelIntent(sim: Sim, id: string): Record<string, unknown> {
  const intent = existing(sim.world.intents, 'payment_intent', id)
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing')
    throw invalid(`You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`, {
      code: 'payment_intent_unexpected_state',
    })
  intent.status = 'canceled'
  sim.emit('payment_intent.canceled', presentIntent(sim.world, intent))
  return presentIntent(sim.world, intent)
}

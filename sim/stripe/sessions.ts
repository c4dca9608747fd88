import { cardOf, newMethod, refusalOf } from './cards.ts'
import { decline, newIntent, succeed } from './intents.ts'
import { existing, invalid, newId, type Method, type Session } from './model.ts'
import { mapOf, optional, required, type Params } from './params.ts'
import { presentMethod, presentSession, presentSetup } from './present.ts'
import type { Sim } from './sim.ts'

const MINUTE_S = 60
const DAY_S = 86_400

type Item = {
  quantity?: number
  price_data?: { currency?: string; unit_amount?: number; product_data?: { name?: string } }
}

function lineOf(params: Params): { amount: number; currency: string; name: string } {
  const items = (params['line_items'] ?? []) as Item[]
  const [first, ...more] = items
  const price = first?.price_data
  const [amount, currency, name] = [price?.unit_amount, price?.currency, price?.product_data?.name]
  if (amount === undefined || currency === undefined || name === undefined || more.length > 0)
    throw invalid('Missing required param: line_items[0][price_data].', { param: 'line_items' })
  return { amount: amount * (first?.quantity ?? 1), currency, name }
}

export function createSession(sim: Sim, params: Params): Record<string, unknown> {
  const mode = required(params, 'mode')
  if (mode !== 'payment' && mode !== 'setup')
    throw invalid('Invalid mode: must be one of payment, setup.', { param: 'mode' })
  const customer = optional(params, 'customer')
  if (customer !== null) existing(sim.world.customers, 'customer', customer, 'customer')
  const line = mode === 'payment' ? lineOf(params) : null
  if (mode === 'setup' && params['currency'] === undefined)
    throw invalid('You must specify a currency in setup mode.', {
      code: 'parameter_missing',
      param: 'currency',
    })
  const now = sim.now()
  const expires = typeof params['expires_at'] === 'number' ? params['expires_at'] : now + DAY_S
  if (expires < now + 30 * MINUTE_S || expires > now + DAY_S)
    throw invalid('The `expires_at` timestamp must be between 30 minutes and 24 hours from now.', {
      param: 'expires_at',
    })
  const data = (params['payment_intent_data'] ?? {}) as Params
  const session: Session = {
    id: `cs_test_${newId('s').slice(2)}`,
    created: now,
    mode,
    customer,
    currency: line?.currency ?? optional(params, 'currency'),
    amount_total: line?.amount ?? null,
    description: optional(data, 'description') ?? line?.name ?? null,
    status: 'open',
    expires_at: expires,
    success_url: required(params, 'success_url'),
    cancel_url: optional(params, 'cancel_url') ?? '',
    payment_intent: null,
    setup_intent: null,
    intent_metadata: mapOf(data, 'metadata'),
    saves: mode === 'setup' || optional(data, 'setup_future_usage') === 'off_session',
    metadata: mapOf(params, 'metadata'),
  }
  sim.world.sessions.set(session.id, session)
  return presentSession(session, sim.url)
}

/** Lets a page end whose time is over. */
export function current(sim: Sim, id: string): Session {
  const session = existing(sim.world.sessions, 'checkout.session', id)
  if (session.status === 'open' && session.expires_at <= sim.now()) expire(sim, session)
  return session
}

function expire(sim: Sim, session: Session): void {
  session.status = 'expired'
  sim.emit('checkout.session.expired', presentSession(session, sim.url))
}

export function expireSession(sim: Sim, id: string): Record<string, unknown> {
  const session = current(sim, id)
  if (session.status !== 'open')
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
    )
  expire(sim, session)
  return presentSession(session, sim.url)
}

export type Submitted =
  | { outcome: 'done' }
  | { outcome: 'authenticate' }
  | { outcome: 'refused'; message: string }

/** What a customer does on the page: types a card, and perhaps proves that it is his. */
export function submit(sim: Sim, session: Session, number: string, authenticated: boolean | null): Submitted {
  const card = cardOf(number)
  if (!card) return { outcome: 'refused', message: 'Your card number is not one of the test cards.' }
  if (card.onPage === 'authenticate' && authenticated === null) return { outcome: 'authenticate' }
  if (authenticated === false)
    return refuse(
      sim,
      session,
      'authentication_required',
      'We are unable to authenticate your payment method.',
    )
  if (card.onPage !== 'succeeds' && card.onPage !== 'authenticate')
    return refuse(sim, session, card.onPage, refusalOf(card.onPage).message)
  const method = newMethod(number, card, sim.now())
  complete(sim, session, method)
  return { outcome: 'done' }
}

const intentOf = (sim: Sim, session: Session) => {
  const known = session.payment_intent === null ? undefined : sim.world.intents.get(session.payment_intent)
  const intent =
    known ??
    newIntent(sim, {
      amount: session.amount_total ?? 0,
      currency: session.currency ?? 'eur',
      customer: session.customer,
      description: session.description,
      metadata: session.intent_metadata,
    })
  session.payment_intent = intent.id
  return intent
}

function refuse(sim: Sim, session: Session, why: string, message: string): Submitted {
  if (session.mode === 'payment') decline(sim, intentOf(sim, session), refusalOf(why))
  return { outcome: 'refused', message }
}

function attach(sim: Sim, method: Method, customer: string | null): void {
  sim.world.methods.set(method.id, method)
  if (customer === null) return
  method.customer = customer
  sim.emit('payment_method.attached', presentMethod(method))
}

function complete(sim: Sim, session: Session, method: Method): void {
  attach(sim, method, session.saves ? session.customer : null)
  if (session.mode === 'payment') {
    const intent = intentOf(sim, session)
    intent.payment_method = method.id
    succeed(sim, intent)
  } else {
    const setup = {
      id: newId('seti'),
      created: sim.now(),
      customer: session.customer,
      payment_method: method.id,
      status: 'succeeded' as const,
      metadata: {},
    }
    sim.world.setups.set(setup.id, setup)
    session.setup_intent = setup.id
    sim.emit('setup_intent.succeeded', presentSetup(setup))
  }
  session.status = 'complete'
  sim.emit('checkout.session.completed', presentSession(session, sim.url))
}

import { cardOf, newMethod, TOKENS } from './cards.ts'
import { cancelIntent, createIntent } from './intents.ts'
import { existing, invalid, newId, type Customer } from './model.ts'
import { mapOf, optional, required, type Params, type Shape } from './params.ts'
import {
  presentCustomer,
  presentEvent,
  presentIntent,
  presentMethod,
  presentDispute,
  presentRefund,
  presentSession,
  presentSetup,
} from './present.ts'
import { createRefund } from './refunds.ts'
import { createSession, current, expireSession } from './sessions.ts'
import type { Sim } from './sim.ts'

type Handler = (sim: Sim, params: Params, id: string) => Record<string, unknown>
export type Row = { method: string; path: RegExp; fields: Record<string, Shape>; answer: Handler }

const EXPAND: Record<string, Shape> = { expand: { list: 'text' } }
const PAGING: Record<string, Shape> = {
  limit: 'integer',
  starting_after: 'text',
  ending_before: 'text',
  created: { fields: { gte: 'integer', gt: 'integer', lte: 'integer', lt: 'integer' } },
  ...EXPAND,
}
const PRICE: Shape = {
  fields: {
    currency: 'text',
    unit_amount: 'integer',
    product_data: { fields: { name: 'text', description: 'text' } },
  },
}

type Kept = { id: string; created: number }

/** The newest first, as Stripe has it. */
function list<T extends Kept>(
  url: string,
  params: Params,
  all: Iterable<T>,
  present: (one: T) => Record<string, unknown>,
): Record<string, unknown> {
  const limit = typeof params['limit'] === 'number' ? params['limit'] : 10
  if (limit < 1 || limit > 100) throw invalid('This value must be between 1 and 100.', { param: 'limit' })
  const { gte, gt, lte, lt } = (params['created'] ?? {}) as Record<string, number>
  const rows = [...all]
    .filter(({ created }) => created >= (gte ?? 0) && created > (gt ?? -1))
    .filter(({ created }) => created <= (lte ?? Infinity) && created < (lt ?? Infinity))
    .toReversed()
  const after = optional(params, 'starting_after')
  const from = after === null ? 0 : rows.findIndex(({ id }) => id === after) + 1
  if (after !== null && from === 0)
    throw invalid(`No such object: '${after}'`, { code: 'resource_missing', param: 'starting_after' })
  const data = rows.slice(from, from + limit)
  return { object: 'list', url, has_more: from + limit < rows.length, data: data.map(present) }
}

function createCustomer(sim: Sim, params: Params): Record<string, unknown> {
  const made: Customer = {
    id: newId('cus').slice(0, 18),
    created: sim.now(),
    name: optional(params, 'name'),
    email: optional(params, 'email'),
    metadata: mapOf(params, 'metadata'),
    deleted: false,
  }
  sim.world.customers.set(made.id, made)
  sim.emit('customer.created', presentCustomer(made))
  return presentCustomer(made)
}

function methodsOf(sim: Sim, params: Params, id: string): Record<string, unknown> {
  const customer = existing(sim.world.customers, 'customer', id)
  if (customer.deleted)
    throw invalid(`No such customer: '${id}'`, { code: 'resource_missing', param: 'customer' })
  const own = [...sim.world.methods.values()].filter((one) => one.customer === id)
  return list(`/v1/customers/${id}/payment_methods`, params, own, presentMethod)
}

/** A method that was made on a page, or one of the names that stand for a test card. */
function attach(sim: Sim, params: Params, id: string): Record<string, unknown> {
  const customer = existing(sim.world.customers, 'customer', required(params, 'customer'), 'customer')
  const number = TOKENS[id]
  const card = number === undefined ? undefined : cardOf(number)
  const method =
    card && number !== undefined
      ? newMethod(number, card, sim.now())
      : existing(sim.world.methods, 'PaymentMethod', id)
  method.customer = customer.id
  sim.world.methods.set(method.id, method)
  sim.emit('payment_method.attached', presentMethod(method))
  return presentMethod(method)
}

function detach(sim: Sim, _: Params, id: string): Record<string, unknown> {
  const method = existing(sim.world.methods, 'PaymentMethod', id)
  if (method.customer === null)
    throw invalid(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
    )
  method.customer = null
  sim.emit('payment_method.detached', presentMethod(method))
  return presentMethod(method)
}

const of =
  (params: Params, name: string) =>
  (one: object): boolean => {
    const wanted = optional(params, name)
    return wanted === null || (one as Record<string, unknown>)[name] === wanted
  }

export const ROWS: readonly Row[] = [
  {
    method: 'GET',
    path: /^\/v1\/account$/,
    fields: EXPAND,
    answer: ({ world }) => ({ object: 'account', country: 'IT', default_currency: 'eur', ...world.account }),
  },
  {
    method: 'GET',
    path: /^\/v1\/events$/,
    fields: { ...PAGING, type: 'text' },
    answer: ({ world }, params) => list('/v1/events', params, world.events, presentEvent),
  },
  {
    method: 'POST',
    path: /^\/v1\/customers$/,
    fields: { name: 'text', email: 'text', description: 'text', metadata: 'map', ...EXPAND },
    answer: createCustomer,
  },
  {
    method: 'GET',
    path: /^\/v1\/customers$/,
    fields: { ...PAGING, email: 'text' },
    answer: ({ world }, params) =>
      list(
        '/v1/customers',
        params,
        [...world.customers.values()].filter((one) => !one.deleted).filter(of(params, 'email')),
        presentCustomer,
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/customers\/(\w+)$/,
    fields: EXPAND,
    answer: ({ world }, _, id) => presentCustomer(existing(world.customers, 'customer', id)),
  },
  {
    method: 'DELETE',
    path: /^\/v1\/customers\/(\w+)$/,
    fields: {},
    answer: (sim, _, id) => {
      const { world } = sim
      const customer = existing(world.customers, 'customer', id)
      customer.deleted = true
      for (const method of world.methods.values()) if (method.customer === id) method.customer = null
      sim.emit('customer.deleted', presentCustomer(customer))
      return presentCustomer(customer)
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/customers\/(\w+)\/payment_methods$/,
    fields: { ...PAGING, type: 'text' },
    answer: methodsOf,
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_methods\/(\w+)$/,
    fields: EXPAND,
    answer: ({ world }, _, id) => presentMethod(existing(world.methods, 'PaymentMethod', id)),
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_methods\/(\w+)\/attach$/,
    fields: { customer: 'text', ...EXPAND },
    answer: attach,
  },
  { method: 'POST', path: /^\/v1\/payment_methods\/(\w+)\/detach$/, fields: EXPAND, answer: detach },
  {
    method: 'POST',
    path: /^\/v1\/payment_intents$/,
    fields: {
      amount: 'integer',
      currency: 'text',
      customer: 'text',
      payment_method: 'text',
      automatic_payment_methods: { fields: { enabled: 'boolean', allow_redirects: 'text' } },
      confirm: 'boolean',
      off_session: 'boolean',
      description: 'text',
      metadata: 'map',
      return_url: 'text',
      setup_future_usage: 'text',
      ...EXPAND,
    },
    answer: createIntent,
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_intents$/,
    fields: { ...PAGING, customer: 'text' },
    answer: ({ world }, params) =>
      list('/v1/payment_intents', params, [...world.intents.values()].filter(of(params, 'customer')), (one) =>
        presentIntent(world, one),
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_intents\/(\w+)$/,
    fields: EXPAND,
    answer: ({ world }, params, id) =>
      presentIntent(
        world,
        existing(world.intents, 'payment_intent', id),
        (params['expand'] ?? []) as string[],
      ),
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_intents\/(\w+)\/cancel$/,
    fields: EXPAND,
    answer: (sim, _, id) => cancelIntent(sim, id),
  },
  {
    method: 'POST',
    path: /^\/v1\/checkout\/sessions$/,
    fields: {
      mode: 'text',
      customer: 'text',
      currency: 'text',
      success_url: 'text',
      cancel_url: 'text',
      expires_at: 'integer',
      line_items: { list: { fields: { quantity: 'integer', price_data: PRICE } } },
      payment_intent_data: { fields: { description: 'text', metadata: 'map', setup_future_usage: 'text' } },
      setup_intent_data: { fields: { description: 'text', metadata: 'map' } },
      metadata: 'map',
      ...EXPAND,
    },
    answer: createSession,
  },
  {
    method: 'GET',
    path: /^\/v1\/checkout\/sessions$/,
    fields: { ...PAGING, customer: 'text', payment_intent: 'text' },
    answer: ({ world, url }, params) =>
      list(
        '/v1/checkout/sessions',
        params,
        [...world.sessions.values()].filter(of(params, 'customer')).filter(of(params, 'payment_intent')),
        (one) => presentSession(one, url),
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/checkout\/sessions\/(\w+)$/,
    fields: EXPAND,
    answer: (sim, _, id) => presentSession(current(sim, id), sim.url),
  },
  {
    method: 'POST',
    path: /^\/v1\/checkout\/sessions\/(\w+)\/expire$/,
    fields: EXPAND,
    answer: (sim, _, id) => expireSession(sim, id),
  },
  {
    method: 'GET',
    path: /^\/v1\/setup_intents\/(\w+)$/,
    fields: EXPAND,
    answer: ({ world }, _, id) => presentSetup(existing(world.setups, 'setup_intent', id)),
  },
  {
    method: 'POST',
    path: /^\/v1\/refunds$/,
    fields: { payment_intent: 'text', amount: 'integer', reason: 'text', metadata: 'map', ...EXPAND },
    answer: createRefund,
  },
  {
    method: 'GET',
    path: /^\/v1\/refunds$/,
    fields: { ...PAGING, payment_intent: 'text' },
    answer: ({ world }, params) =>
      list(
        '/v1/refunds',
        params,
        [...world.refunds.values()].filter(of(params, 'payment_intent')),
        presentRefund,
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/disputes$/,
    fields: { ...PAGING, payment_intent: 'text' },
    answer: ({ world }, params) =>
      list(
        '/v1/disputes',
        params,
        [...world.disputes.values()].filter(of(params, 'payment_intent')),
        presentDispute,
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/refunds\/(\w+)$/,
    fields: EXPAND,
    answer: ({ world }, _, id) => presentRefund(existing(world.refunds, 'refund', id)),
  },
]

import { cancelIntent, createIntent } from './intents.ts'
import { existing } from './model.ts'
import { type Params, type Shape } from './params.ts'
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
import { attach, createCustomer, detach, methodsOf } from './customers.ts'
import { EXPAND, list, of, PAGING } from './lists.ts'

type Handler = (sim: Sim, params: Params, id: string) => Record<string, unknown>
export type Row = { method: string; path: RegExp; fields: Record<string, Shape>; answer: Handler }

const PRICE: Shape = {
  fields: {
    currency: 'text',
    unit_amount: 'integer',
    product_data: { fields: { name: 'text', description: 'text' } },
  },
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

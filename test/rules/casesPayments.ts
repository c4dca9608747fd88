import { sql } from 'kysely'
import type { BillingProvider } from '../../shared/api/billingPayments.ts'
import { newId } from '../../src/lib/ids.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { stripeOf } from '../support/stripe.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const PROVIDERS = '/api/admin/billing/providers'
const key = 'sk_test_0123456789'

async function providersOf(app: TestApp, tenantId: string): Promise<BillingProvider[]> {
  const { items } = await good(
    app.admin.get<{ items: BillingProvider[] }>(`${PROVIDERS}?tenantId=${tenantId}`),
  )
  return items.filter((provider) => provider.tenantId === tenantId)
}

/** A tenant has one at most. */
export async function providerIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  await stripeOf(app)
  const [there] = await providersOf(app, tenantId)
  return there ?? good(app.admin.post<BillingProvider>(PROVIDERS, { kind: 'stripe', tenantId, key }))
}

type Place = { providerId: string; customerId: string; invoiceId: string; linkId: string; methodId: string }

/** An order that is open, of a customer who is known at the provider and has left a card there. */
async function chargeable(app: TestApp, tenantId: string): Promise<Place> {
  const { id: providerId } = await providerIn(app, tenantId)
  const order = await prepareOrder(app.admin, tenantId)
  const made = await good(app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
  const [linkId, methodId] = [newId(), newId()]
  const { customerId } = order
  await rowsOf(
    app,
    sql`insert into billing_customers (id, tenant_id, provider_id, customer_id, external_id, asked, created_at)
      values (${linkId}, ${tenantId}, ${providerId}, ${customerId}, ${`cus_${linkId}`}, '{}', now())`,
  )
  await rowsOf(
    app,
    sql`insert into payment_methods (id, tenant_id, provider_id, customer_id, billing_customer_id, external_id, kind, brand,
        last4, is_default, look, created_at)
      values (${methodId}, ${tenantId}, ${providerId}, ${customerId}, ${linkId}, ${`pm_${methodId}`}, 'card', 'visa', '4242',
        true, 1, now())`,
  )
  return { providerId, customerId, invoiceId: made.invoice.id, linkId, methodId }
}

/** A link that can be paid on. */
async function linkIn(app: TestApp, tenantId: string): Promise<Place & { attemptId: string }> {
  const place = await chargeable(app, tenantId)
  const attemptId = newId()
  await rowsOf(
    app,
    sql`insert into payment_attempts (id, tenant_id, provider_id, customer_id, invoice_id, kind, reason, amount_minor, currency,
        state, page_id, created_at)
      values (${attemptId}, ${tenantId}, ${place.providerId}, ${place.customerId}, ${place.invoiceId}, 'link', 'asked', 499,
        'EUR', 'needs_action', ${`cs_${attemptId}`}, now())`,
  )
  return { ...place, attemptId }
}

/** A payment that came through the provider, as far as the books know. */
async function paymentIn(app: TestApp, tenantId: string): Promise<{ id: string; providerId: string }> {
  const place = await chargeable(app, tenantId)
  const [id, ref] = [newId(), `pi_${newId()}`]
  await rowsOf(
    app,
    sql`insert into payment_attempts (id, tenant_id, provider_id, customer_id, invoice_id, method_id, kind, reason,
        amount_minor, currency, state, external_id, created_at, ended_at)
      values (${newId()}, ${tenantId}, ${place.providerId}, ${place.customerId}, ${place.invoiceId}, ${place.methodId},
        'charge', 'asked', 499, 'EUR', 'succeeded', ${ref}, now(), now())`,
  )
  await rowsOf(
    app,
    sql`insert into payments (id, tenant_id, customer_id, provider, external_id, method, currency, amount_minor, status,
        received_at, recorded_by, created_at)
      values (${id}, ${tenantId}, ${place.customerId}, 'stripe', ${ref}, 'card', 'EUR', 499, 'succeeded', now(), '{}', now())`,
  )
  return { id, providerId: place.providerId }
}

/** A payment that the bank of the customer takes back. */
async function disputeIn(app: TestApp, tenantId: string): Promise<void> {
  const { id, providerId } = await paymentIn(app, tenantId)
  await rowsOf(
    app,
    sql`insert into payment_disputes (id, tenant_id, payment_id, provider_id, external_id, state, amount_minor, currency, reason,
        look, looked_at, opened_at, closed_at, created_at)
      values (${newId()}, ${tenantId}, ${id}, ${providerId}, ${`du_${newId()}`}, 'won', 499, 'EUR', 'fraudulent', 1, now(), now(),
        now(), now())`,
  )
}

/** A row of every kind that payments have. */
export async function paymentsIn(app: TestApp, tenantId: string): Promise<void> {
  await linkIn(app, tenantId)
  await disputeIn(app, tenantId)
  const { id, providerId } = await paymentIn(app, tenantId)
  await rowsOf(
    app,
    sql`insert into payment_refunds (id, tenant_id, payment_id, provider_id, amount_minor, currency, reason, created_at)
      values (${newId()}, ${tenantId}, ${id}, ${providerId}, 1, 'EUR', 'asked for', now())`,
  )
  await rowsOf(
    app,
    sql`insert into billing_events (id, tenant_id, provider_id, event_id, type, raw, occurred_at, received_at, state, settled_at)
      values (${newId()}, ${tenantId}, ${providerId}, ${newId()}, 'x', '', now(), now(), 'ignored', now())`,
  )
}

async function paidOrder(app: TestApp, tenantId: string): Promise<Ordered> {
  const order = await prepareOrder(app.admin, tenantId)
  const made = await good(app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
  await pay(app.admin, made.invoice)
  return made
}

/** Payments through a provider. A message without the signature of a provider is anybody's. */
export const PAYMENT_CASES: Record<string, Case> = {
  // One is always there, so that the list shows something of each tenant.
  listBillingProviders: async (app, tenantId) => {
    await providerIn(app, tenantId)
    return {}
  },
  createBillingProvider: async (app, tenantId) => {
    await stripeOf(app)
    for (const { id } of await providersOf(app, tenantId))
      await app.admin.call('DELETE', `${PROVIDERS}/${id}`)
    return { body: { kind: 'stripe', tenantId, key } }
  },
  checkBillingProviderKey: async (app) => {
    await stripeOf(app)
    return { body: { key } }
  },
  getBillingProvider: async (app, tenantId) => ({ id: (await providerIn(app, tenantId)).id }),
  checkBillingProvider: async (app, tenantId) => ({ id: (await providerIn(app, tenantId)).id }),
  updateBillingProvider: async (app, tenantId) => ({
    id: (await providerIn(app, tenantId)).id,
    body: { key, chargesAutomatically: true },
  }),
  removeBillingProvider: async (app, tenantId) => ({ id: (await providerIn(app, tenantId)).id }),
  listDisputes: async (app, tenantId) => {
    await disputeIn(app, tenantId)
    return {}
  },
  getInvoiceCredits: async (app, tenantId) => ({ id: (await paidOrder(app, tenantId)).invoice.id }),
  previewCreditNote: async (app, tenantId) => ({
    id: (await paidOrder(app, tenantId)).invoice.id,
    body: { amountMinor: '10' },
  }),
  createCreditNote: async (app, tenantId) => {
    const { id } = (await paidOrder(app, tenantId)).invoice
    const path = `/api/admin/billing/invoices/${id}/credit-notes/preview`
    const { token } = await good(app.admin.post<{ token: string }>(path, { amountMinor: '10' }))
    return { id, body: { amountMinor: '10', reason: 'An outage.', token } }
  },
  getInvoicePayments: async (app, tenantId) => {
    const order = await prepareOrder(app.admin, tenantId)
    const made = await good(app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
    await good(pay(app.admin, made.invoice))
    return { id: made.invoice.id }
  },
  chargeInvoice: async (app, tenantId) => ({ id: (await chargeable(app, tenantId)).invoiceId, body: {} }),
  createPayLink: async (app, tenantId) => ({ id: (await chargeable(app, tenantId)).invoiceId, body: {} }),
  cancelPayLink: async (app, tenantId) => ({ id: (await linkIn(app, tenantId)).attemptId }),
  refundPayment: async (app, tenantId) => ({
    id: (await paymentIn(app, tenantId)).id,
    body: { amountMinor: '100', reason: 'asked for' },
  }),
  listPaymentMethods: async (app, tenantId) => {
    await chargeable(app, tenantId)
    return {}
  },
  beginPaymentMethod: async (app, tenantId) => {
    const sim = await stripeOf(app)
    sim.world.keys.set(key, 'all')
    await providerIn(app, tenantId)
    const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
    return { id: (await good(app.admin.post<{ id: string }>('/api/admin/customers', customer))).id }
  },
  lookAtPaymentMethods: async (app, tenantId) => ({ id: (await chargeable(app, tenantId)).customerId }),
  setDefaultPaymentMethod: async (app, tenantId) => ({ id: (await chargeable(app, tenantId)).methodId }),
  receiveStripeEvent: async () => ({ body: {} }),
  removePaymentMethod: async (app, tenantId) => ({ id: (await chargeable(app, tenantId)).methodId }),
}

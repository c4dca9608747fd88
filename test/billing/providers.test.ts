import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BillingProvider, BillingProviderCheck } from '../../shared/api/billingPayments.ts'
import { startStripeSim, type StripeSim } from '../../sim/stripe/server.ts'
import { createBilling, stripeAt } from '../../src/integrations/billing/client.ts'
import { fromStripe, toStripe } from '../../src/integrations/billing/stripeMoney.ts'
import type { OutgoingRequest } from '../../src/lib/outgoing.ts'
import * as collection from '../../src/services/billingCollectionService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import {
  ANY,
  cardFor,
  collectedBy,
  openInvoice,
  settleBilling,
  stripeOf,
  triedOf,
} from '../support/stripe.ts'

let app: TestApp
let sim: StripeSim
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  sim = await stripeOf(app)
})
afterAll(async () => {
  await sim.close()
  await app.close()
})

const PATH = '/api/admin/billing/providers'
type Refused = { code: string; detail: string }
const add = <T = BillingProvider>(body: object) => app.admin.post<T>(PATH, body)
const change = <T = Refused>(id: string, body: object) => app.admin.call<T>('PATCH', `${PATH}/${id}`, body)

async function customerOf(tenantId: string): Promise<string> {
  const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
  return (await app.admin.post<{ id: string }>('/api/admin/customers', customer)).body.id
}

test('a tenant follows its own choice, else the platform’s, else nobody collects; a choice is made once', async () => {
  const tenantId = await app.tenant()
  const invoiceId = await openInvoice(app, tenantId, await customerOf(tenantId))
  const collects = async () => (await triedOf(app, invoiceId)).collects
  expect(await collects()).toBe(false)
  const { body: platform } = await add({ kind: 'stripe', tenantId: null, key: sim.key })
  expect(await collects()).toBe(true)
  const { body: own } = await add({ kind: 'manual', tenantId })
  expect(await collects()).toBe(false)
  expect((await add<Refused>({ kind: 'stripe', tenantId, key: sim.key })).body.code).toBe('already_exists')
  expect((await change(own.id, { chargesAutomatically: true })).body.code).toBe('invalid_state')
  await app.admin.call('DELETE', `${PATH}/${own.id}`)
  expect(await collects()).toBe(true)
  await app.admin.call('DELETE', `${PATH}/${platform.id}`)
  expect(await collects()).toBe(false)
})

test('keys are never shown, stay in their mode, and are tried where they are typed', async () => {
  const tenantId = await app.tenant()
  const provider = await collectedBy(app, tenantId)
  expect(JSON.stringify(provider)).not.toContain(sim.key)
  expect(provider).toMatchObject({ live: false, hasWebhookSecret: true, account: null })
  const live = await change(provider.id, { key: 'sk_live_0123456789' })
  expect([live.status, live.body.code]).toEqual([422, 'invalid_input'])
  expect((await add<Refused>({ kind: 'stripe', tenantId: null, key: 'pk_test_1' })).status).toBe(422)
  const typed = await app.admin.post<BillingProviderCheck>(`${PATH}/check`, { key: sim.key })
  expect(typed.body).toEqual({ problems: [], account: sim.world.account.id, live: false })
  const wrong = await app.admin.post<BillingProviderCheck>(`${PATH}/check`, { key: 'sk_test_wrong' })
  expect(wrong.body.problems).toEqual(['Stripe does not take the key: it is wrong, or was revoked.'])
})

test('health says whose account it is, and what is wrong with it', async () => {
  const tenantId = await app.tenant()
  const { id } = await collectedBy(app, tenantId)
  const check = () => app.admin.post<BillingProviderCheck>(`${PATH}/${id}/check`, {})
  expect((await check()).body.problems).toEqual([])
  const shown = async () => (await app.admin.get<BillingProvider>(`${PATH}/${id}`)).body
  expect(await shown()).toMatchObject({ health: 'ok', account: sim.world.account.id })
  const other = sim.world.account.id
  sim.world.account.id = 'acct_other'
  expect((await check()).body.problems).toEqual([expect.stringContaining('acct_other')])
  sim.world.account.id = other
  expect(await shown()).toMatchObject({ health: 'failing', account: other })
  await change(id, { webhookSecret: null })
  expect((await check()).body.problems).toEqual([expect.stringContaining('no webhook secret')])
})

test('a provider that is down says so by itself, and that it is back', async () => {
  const { id } = await collectedBy(app, await app.tenant())
  const shown = async () => (await app.admin.get<BillingProvider>(`${PATH}/${id}`)).body
  sim.fault({ status: 500, times: 100 })
  await collection.checkAll(app.root)
  expect(await shown()).toMatchObject({ health: 'failing', healthMessage: expect.stringMatching(/./) })
  sim.clearFaults()
  await collection.checkAll(app.root)
  expect(await shown()).toMatchObject({ health: 'ok', healthMessage: null })
})

test('what was paid through a provider that was taken out is still given back through it', async () => {
  const tenantId = await app.tenant()
  const { id } = await collectedBy(app, tenantId)
  const customerId = await customerOf(tenantId)
  await cardFor(app, customerId)
  const invoiceId = await openInvoice(app, tenantId, customerId)
  await app.admin.post(`/api/admin/billing/invoices/${invoiceId}/charge`, {})
  await settleBilling(app)
  await app.admin.call('DELETE', `${PATH}/${id}`)
  expect((await change(id, {})).body.code).toBe('invalid_state')
  const again = await app.admin.post<Refused>(`/api/admin/customers/${customerId}/payment-methods`, {})
  expect(again.body.code).toBe('invalid_state')
  const [paid] = (await triedOf(app, invoiceId)).payments
  await app.admin.post(`/api/admin/billing/payments/${paid?.id}/refund`, { reason: 'asked for' })
  await settleBilling(app)
  expect((await triedOf(app, invoiceId)).payments[0]?.refunds).toMatchObject([{ state: 'succeeded' }])
})

test('what does not fit the moment is refused with what to do', async () => {
  const tenantId = await app.tenant()
  await collectedBy(app, tenantId)
  const customerId = await customerOf(tenantId)
  const look = await app.admin.post<Refused>(`/api/admin/customers/${customerId}/payment-methods/look`, {})
  expect(look.body).toMatchObject({
    code: 'invalid_state',
    detail: expect.stringContaining('does not know') as string,
  })
  const method = await cardFor(app, customerId)
  const invoiceId = await openInvoice(app, tenantId, customerId)
  const charge = `/api/admin/billing/invoices/${invoiceId}/charge`
  const stranger = await openInvoice(app, tenantId, await customerOf(tenantId))
  const foreign = await app.admin.post<Refused>(`/api/admin/billing/invoices/${stranger}/charge`, {
    methodId: method.id,
  })
  expect(foreign.status).toBe(404)
  const { body } = await app.admin.post<{ attempt: { id: string } }>(charge, {})
  const back = `/api/admin/billing/payment-attempts/${body.attempt.id}/cancel`
  expect((await app.admin.post<Refused>(back, {})).body.detail).toContain('A charge cannot be taken back')
  await settleBilling(app)
  await app.admin.call('DELETE', `/api/admin/billing/payment-methods/${method.id}`)
  const chosen = await app.admin.post<Refused>(`/api/admin/billing/payment-methods/${method.id}/default`, {})
  expect(chosen.body.code).toBe('invalid_state')
  const other = await openInvoice(app, tenantId, customerId)
  const gone = { methodId: method.id }
  expect((await app.admin.post<Refused>(`/api/admin/billing/invoices/${other}/charge`, gone)).body.code).toBe(
    'invalid_state',
  )
  await settleBilling(app)
})

test('whoever was deleted at the provider is made anew when he is needed', async () => {
  const tenantId = await app.tenant()
  await collectedBy(app, tenantId)
  const customerId = await customerOf(tenantId)
  await cardFor(app, customerId)
  const [known] = [...sim.world.customers.values()].slice(-1)
  await fetch(`${sim.url}/v1/customers/${known?.id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${sim.key}` },
  })
  await app.admin.post(`/api/admin/customers/${customerId}/payment-methods/look`, {})
  await settleBilling(app)
  expect((await cardFor(app, customerId)).state).toBe('active')
  expect([...sim.world.customers.values()].at(-1)?.id).not.toBe(known?.id)
})

test('the platform’s provider comes from the environment, once, and its secrets are renewed from there', async () => {
  const seed = (key: string, webhookSecret: string | null) =>
    app.as((ctx) => collection.seedProvider(ctx, { key, webhookSecret, simulated: false }))
  const id = await seed(sim.key, null)
  expect(await seed(sim.key, 'whsec_new')).toBe(id)
  const { body } = await app.admin.get<BillingProvider>(`${PATH}/${id}`)
  expect(body).toMatchObject({ tenantId: null, hasWebhookSecret: true, version: 2 })
  expect(await seed('sk_live_0123456789', 'whsec_new')).toBe(id)
  expect((await app.admin.get<BillingProvider>(`${PATH}/${id}`)).body.live).toBe(false)
  await app.admin.call('DELETE', `${PATH}/${id}`)
})

test('amounts reach Stripe as it counts them, and come back the same, or are not sent at all', () => {
  for (const [minor, currency, there] of [
    [499n, 'EUR', 499],
    [499n, 'JPY', 499],
    [5n, 'ISK', 500],
    [12_300n, 'MGA', 123],
    [12_340n, 'KWD', 12_340],
  ] as const) {
    expect(toStripe(minor, currency)).toBe(there)
    expect(fromStripe(there, currency)).toBe(minor)
  }
  expect([toStripe(12_345n, 'KWD'), toStripe(12_345n, 'MGA')]).toEqual([null, null])
})

test('an amount that Stripe cannot take is refused before anything is sent', async () => {
  const own = await startStripeSim()
  const send = (request: OutgoingRequest) => app.root.vendors.send(request)
  const reach = { stripe: stripeAt(own.url, ANY), send, now: app.root.now }
  const provider = createBilling(reach, { kind: 'stripe', key: own.key, live: false, webhookSecret: null })
  const asked = {
    key: 'k',
    mark: 'm',
    customerRef: 'c',
    methodRef: 'm',
    amountMinor: 12_345n,
    currency: 'KWD',
  }
  expect(await provider.charge({ ...asked, description: 'x' })).toMatchObject({ code: 'invalid' })
  expect(own.calls).toEqual([])
  await own.close()
})

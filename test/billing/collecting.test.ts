import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Fault, StripeSim } from '../../sim/stripe/server.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as collection from '../../src/services/billingCollectionService.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { some } from '../support/some.ts'
import {
  cardFor,
  collectedBy,
  methodsOf,
  openInvoice,
  settleBilling,
  stripeOf,
  triedOf,
} from '../support/stripe.ts'
import { billsOf, contractIn, forget, run, stateOf, travel } from './contractWorld.ts'
import { books, makeRoom, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
let sim: StripeSim
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  sim = await stripeOf(app)
})
afterAll(async () => {
  await sim.close()
  await app.close()
})
afterEach(async () => {
  app.clock.offsetMs = 0
  sim.clearFaults()
  await forget(app)
})

const INVOICES = '/api/admin/billing/invoices'
type Place = { seller: Shop & { email: string }; invoiceId: string; subscriptionId: string }

/** A shop that Stripe collects for, with an order that is open. */
async function ordered(number?: string, what: 'order' | 'invoice' = 'invoice'): Promise<Place> {
  common ??= shop(app).then(async (opened) => {
    await collectedBy(app, opened.tenantId)
    return opened
  })
  const shared = await common
  const customer = { tenantId: shared.tenantId, name: 'Ada', email: `ada-${++customers}@example.com` }
  const { body } = await app.admin.post<{ id: string }>('/api/admin/customers', customer)
  const seller = { ...shared, customerId: body.id, email: customer.email }
  if (number !== undefined) await cardFor(app, seller.customerId, number)
  if (what === 'invoice')
    return {
      seller,
      invoiceId: await openInvoice(app, seller.tenantId, seller.customerId),
      subscriptionId: '',
    }
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  return { seller, invoiceId: invoice.id, subscriptionId: subscription.id }
}
let common: Promise<Shop> | undefined
let customers = 0

const charge = (invoiceId: string) =>
  app.admin.post<{ attempt: { id: string }; code?: string }>(`${INVOICES}/${invoiceId}/charge`, {})
const intentsOf = (attemptId: string) =>
  [...sim.world.intents.values()].filter((one) => one.metadata['mpanel_mark'] === attemptId)

/** What the books of the tenant say of one customer; as a whole they are right. */
async function accounts({ seller }: Place): Promise<Record<string, bigint>> {
  const found = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(found).toMatchObject({ unbalanced: [], gaps: [] })
  expect(found.receivable).toBe(found.open)
  expect(found.payments).toBe(found.cash)
  const rows = await rowsOf(
    app,
    sql<{ code: string; sum: bigint }>`select a.code, sum(e.amount_minor)::bigint as sum from ledger_entries e
      join ledger_accounts a on a.id = e.account_id where a.customer_id = ${seller.customerId} group by a.code
      union all select 'paid', coalesce(sum(amount_minor), 0)::bigint from payments where customer_id = ${seller.customerId}`,
  )
  return { receivable: 0n, credit: 0n, ...Object.fromEntries(rows.map(({ code, sum }) => [code, sum])) }
}

describe('a customer', () => {
  test('is made once at the provider, also when the answer was lost, and the card he leaves is charged from then on', async () => {
    const { seller } = await ordered()
    sim.fault({ method: 'POST', path: /customers$/, truncated: true })
    const path = `/api/admin/customers/${seller.customerId}/payment-methods`
    const lost = await app.admin.post<{ code: string }>(path, {})
    expect([lost.status, lost.body.code]).toEqual([503, 'unavailable'])
    const first = await cardFor(app, seller.customerId)
    expect(first).toMatchObject({ brand: 'visa', last4: '4242', isDefault: true })
    const made = [...sim.world.customers.values()].filter((one) => one.email === seller.email)
    expect(made).toHaveLength(1)
  })

  test('has one default; another is chosen, and what is taken away is gone on both sides', async () => {
    const { seller } = await ordered('4242424242424242')
    await cardFor(app, seller.customerId, '5555555555554444')
    const [newer, older] = await methodsOf(app, seller.customerId)
    expect([newer?.isDefault, older?.isDefault]).toEqual([false, true])
    await app.admin.post(`/api/admin/billing/payment-methods/${newer?.id}/default`, {})
    expect((await methodsOf(app, seller.customerId)).map((one) => one.isDefault)).toEqual([true, false])
    const gone = await app.admin.call('DELETE', `/api/admin/billing/payment-methods/${newer?.id}`)
    expect(gone.status).toBe(202)
    await settleBilling(app)
    expect(await methodsOf(app, seller.customerId)).toMatchObject([{ id: older?.id, isDefault: false }])
    const again = await app.admin.call('DELETE', `/api/admin/billing/payment-methods/${newer?.id}`)
    expect(again.status).toBe(404)
  })
})

describe('a charge', () => {
  test('pays the order, which is delivered then; the books say so once', async () => {
    const place = await ordered('4242424242424242', 'order')
    const started = await charge(place.invoiceId)
    expect(started.status).toBe(202)
    await settleBilling(app)
    expect(await triedOf(app, place.invoiceId)).toMatchObject({
      collects: true,
      attempts: [{ state: 'succeeded', amount: { amount: '499' }, method: { last4: '4242' } }],
      payments: [{ amount: { amount: '499' }, provider: 'stripe', refundable: { amount: '499' } }],
    })
    expect(await stateOf(app, place.seller, place.subscriptionId)).toBe('provisioning')
    expect(await accounts(place)).toEqual({ paid: 499n, receivable: 0n, credit: 0n })
    const again = await charge(place.invoiceId)
    expect([again.status, again.body.code]).toEqual([409, 'invalid_state'])
  })

  const LOST: [string, Fault][] = [
    ['answered by a 500 after the deed', { status: 500, done: true }],
    ['answered by a proxy', { status: 502, done: true }],
    ['refused because the object is locked', { status: 429 }],
    ['cut in half', { truncated: true }],
  ]
  test.each(some(LOST))('is taken once when its answer is lost: %s', async (_, fault) => {
    const place = await ordered('4242424242424242')
    sim.fault({ method: 'POST', path: /payment_intents$/, ...fault })
    const { body } = await charge(place.invoiceId)
    await settleBilling(app)
    expect(intentsOf(body.attempt.id).map((one) => one.status)).toEqual(['succeeded'])
    expect(await accounts(place)).toEqual({ paid: 499n, receivable: 0n, credit: 0n })
  })

  test('that Stripe takes later is asked for again later under the same key, and taken once', async () => {
    const place = await ordered('4242424242424242')
    sim.fault({ method: 'POST', path: /payment_intents$/, status: 429, times: 2 })
    sim.fault({ method: 'POST', path: /payment_intents$/, status: 429, busy: 'rate' })
    const { body } = await charge(place.invoiceId)
    await settleBilling(app)
    const key = `mpanel:attempt:${body.attempt.id}`
    const asked = sim.calls.filter((call) => call.key === key)
    expect(asked.map(({ status }) => status)).toEqual([429, 429, 429, 200])
    expect(intentsOf(body.attempt.id).map((one) => one.status)).toEqual(['succeeded'])
    expect((await triedOf(app, place.invoiceId)).attempts.map((one) => one.state)).toEqual(['succeeded'])
    const failures = sql`select 1 from audit_events where action = 'PAYMENT_FAILED' and target_id = ${place.invoiceId}`
    expect(await rowsOf(app, failures)).toEqual([])
    expect(await accounts(place)).toEqual({ paid: 499n, receivable: 0n, credit: 0n })
  })

  test('that Stripe did not take is not asked for again once the invoice was paid in another way', async () => {
    const place = await ordered('4242424242424242')
    sim.fault({ method: 'POST', path: /payment_intents$/, status: 429, busy: 'rate', times: 10_000 })
    const { body } = await charge(place.invoiceId)
    const asked = () => sim.calls.some(({ key }) => key === `mpanel:attempt:${body.attempt.id}`)
    const settled = settleBilling(app)
    await until(async () => asked(), 'Stripe to be asked')
    const going = async () => (await triedOf(app, place.invoiceId)).attempts[0]?.problem
    await until(async () => ((await going()) ?? '').includes('Stripe'), 'the attempt to say that it waits')
    const paid = await app.admin.post(`${INVOICES}/${place.invoiceId}/payments`, payment('499', 'cash-1'))
    expect(paid.status).toBe(201)
    sim.clearFaults()
    await settled
    expect(intentsOf(body.attempt.id)).toEqual([])
    expect((await triedOf(app, place.invoiceId)).attempts).toMatchObject([
      { state: 'cancelled', problem: 'The invoice is no longer open.' },
    ])
    expect(await accounts(place)).toEqual({ paid: 499n, receivable: 0n, credit: 0n })
  })

  test('that was lost for more than a day is not asked for again: a person looks', async () => {
    const place = await ordered('4242424242424242')
    const { body } = await charge(place.invoiceId)
    await rowsOf(
      app,
      sql`update payment_attempts set state = 'sent', sent_at = now() - interval '25 hours' where id = ${body.attempt.id}`,
    )
    await settleBilling(app)
    expect(intentsOf(body.attempt.id)).toEqual([])
    const [job] = await rowsOf(
      app,
      sql<{
        state: string
        error: { code: string }
      }>`select state, error from provisioning_jobs where subject_id = ${body.attempt.id}`,
    )
    expect(job).toMatchObject({ state: 'stuck', error: { code: 'too_old' } })
  })

  test('that is refused leaves the invoice open, and another may be tried; one at a time', async () => {
    const place = await ordered('4000000000000341')
    const parallel = await Promise.all([charge(place.invoiceId), charge(place.invoiceId)])
    expect(new Set(parallel.map(({ status }) => status))).toEqual(new Set([202, 409]))
    await settleBilling(app)
    expect(await triedOf(app, place.invoiceId)).toMatchObject({
      attempts: [{ state: 'declined', problem: 'Your card was declined.' }],
      payments: [],
    })
    const [method] = [...sim.world.methods.values()].slice(-1)
    if (method) method.behaviour = 'succeeds'
    await charge(place.invoiceId)
    await settleBilling(app)
    expect((await triedOf(app, place.invoiceId)).attempts.map((one) => one.state)).toEqual([
      'succeeded',
      'declined',
    ])
    await accounts(place)
  })

  test('for which the bank wants to hear the customer becomes a link that he is mailed; he pays there', async () => {
    const place = await ordered('4000002760003184', 'order')
    await charge(place.invoiceId)
    await settleBilling(app)
    const [link, refused] = (await triedOf(app, place.invoiceId)).attempts
    expect(refused).toMatchObject({ kind: 'charge', state: 'declined' })
    expect(link).toMatchObject({ kind: 'link', reason: 'authentication', state: 'needs_action' })
    const mails = sql<{
      template: string
    }>`select template from mails where recipient = ${place.seller.email}`
    expect(await rowsOf(app, mails)).toEqual([{ template: 'paymentLink' }])
    const page = link?.url?.split('/').at(-1) ?? ''
    expect(sim.submit(page, '4000000000000002')).toMatchObject({ outcome: 'refused' })
    expect(sim.submit(page, '4000002760003184', true)).toEqual({ outcome: 'done' })
    // Nothing was heard of it: it is looked at after a while.
    app.clock.offsetMs = 11 * 60_000
    await collection.sweep(app.root)
    await settleBilling(app)
    expect((await triedOf(app, place.invoiceId)).attempts[0]).toMatchObject({ state: 'succeeded', url: null })
    expect(await stateOf(app, place.seller, place.subscriptionId)).toBe('provisioning')
    await accounts(place)
  })

  test('that the provider refuses for another reason ends with its words', async () => {
    const place = await ordered('4242424242424242')
    for (const method of sim.world.methods.values())
      if (method.customer !== null) method.customer = 'cus_other'
    await charge(place.invoiceId)
    await settleBilling(app)
    expect((await triedOf(app, place.invoiceId)).attempts[0]).toMatchObject({
      state: 'failed',
      problem: expect.stringContaining('not attached') as string,
    })
  })

  test('needs a provider and a method', async () => {
    const seller = await shop(app)
    const { invoice } = await app.as((ctx) => order(ctx, seller))
    expect((await charge(invoice.id)).body.code).toBe('invalid_state')
    await collectedBy(app, seller.tenantId)
    const without = await charge(invoice.id)
    expect(without.body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('no payment method') as string,
    })
  })

  test('is given up when the invoice was paid by hand before it was asked for; what comes beside it is credit', async () => {
    const place = await ordered('4242424242424242')
    await charge(place.invoiceId)
    const byHand = (amount: string) =>
      app.as((ctx) =>
        BillingService.recordPayment(ctx, place.seller.tenantId, place.invoiceId, payment(amount)),
      )
    await byHand('499')
    await settleBilling(app)
    expect((await triedOf(app, place.invoiceId)).attempts[0]).toMatchObject({ state: 'cancelled' })
    expect(await accounts(place)).toEqual({ paid: 499n, receivable: 0n, credit: 0n })
  })
})

describe('a link', () => {
  const link = (invoiceId: string) =>
    app.admin.post<{ attempt: { id: string } }>(`${INVOICES}/${invoiceId}/pay-link`, {})

  test('is taken back, and nobody pays with it any more', async () => {
    const place = await ordered()
    const { body } = await link(place.invoiceId)
    await settleBilling(app)
    const [attempt] = (await triedOf(app, place.invoiceId)).attempts
    const back = await app.admin.post(`/api/admin/billing/payment-attempts/${body.attempt.id}/cancel`, {})
    expect(back.status).toBe(202)
    await settleBilling(app)
    expect((await triedOf(app, place.invoiceId)).attempts[0]).toMatchObject({ state: 'expired', url: null })
    const page = await fetch(attempt?.url ?? '')
    expect(page.status).toBe(410)
  })

  test('is taken back by itself when the invoice was paid in another way', async () => {
    const place = await ordered()
    await link(place.invoiceId)
    await settleBilling(app)
    const paid = await app.admin.post(`${INVOICES}/${place.invoiceId}/payments`, payment('499', 'till-1'))
    expect(paid.status).toBe(201)
    await settleBilling(app)
    const { attempts, payments } = await triedOf(app, place.invoiceId)
    expect(attempts[0]).toMatchObject({ state: 'expired', url: null })
    expect(payments[0]).toMatchObject({ method: 'cash', reference: 'till-1' })
  })

  test('that is paid on beside a payment by hand brings credit', async () => {
    const place = await ordered()
    await link(place.invoiceId)
    await settleBilling(app)
    const [attempt] = (await triedOf(app, place.invoiceId)).attempts
    await app.as((ctx) =>
      BillingService.recordPayment(ctx, place.seller.tenantId, place.invoiceId, payment('499')),
    )
    sim.submit(attempt?.url?.split('/').at(-1) ?? '', '4242424242424242')
    await app.admin.post(`/api/admin/billing/payment-attempts/${attempt?.id}/cancel`, {})
    await settleBilling(app)
    expect(await accounts(place)).toEqual({ paid: 998n, receivable: 0n, credit: -499n })
  })
})

describe('due invoices', () => {
  let contract: { seller: Shop; id: string }
  beforeEach(async () => {
    const seller = await shop(app)
    await collectedBy(app, seller.tenantId, { chargesAutomatically: true })
    await cardFor(app, seller.customerId)
    travel(app, '2027-01-01T12:00:00Z')
    contract = { seller, id: await contractIn(app, seller) }
    travel(app, '2027-01-25T12:00:00Z')
    await run(app)
  })
  const sweepOn = async (day: string): Promise<number> => {
    travel(app, `${day}T12:00:00Z`)
    await run(app)
    await collection.sweep(app.root)
    await settleBilling(app)
    const [, second] = await billsOf(app, contract.id)
    const { body } = await app.as(async (ctx) => ({
      body: await collection.paymentsOf(ctx, contract.seller.tenantId, second?.id ?? ''),
    }))
    return body.attempts.length
  }

  test('are charged on their day, not before', async () => {
    expect(await sweepOn('2027-01-31')).toBe(0)
    expect(await sweepOn('2027-02-01')).toBe(1)
    const [, second] = await billsOf(app, contract.id)
    expect(second?.status).toBe('paid')
    expect(await sweepOn('2027-02-04')).toBe(1)
  })

  test('that are declined are charged again on the days of the reminders, and are overdue as ever', async () => {
    for (const method of sim.world.methods.values()) method.behaviour = 'insufficient_funds'
    const tries = []
    for (const day of ['01', '02', '04', '05', '08', '12']) tries.push(await sweepOn(`2027-02-${day}`))
    expect(tries).toEqual([1, 1, 2, 2, 3, 3])
    expect(await stateOf(app, contract.seller, contract.id)).toBe('grace')
  })

  test('are not charged again to a card that was refused for good', async () => {
    for (const method of sim.world.methods.values()) method.behaviour = 'lost_card'
    expect([await sweepOn('2027-02-01'), await sweepOn('2027-02-04'), await sweepOn('2027-02-08')]).toEqual([
      1, 1, 1,
    ])
  })
})

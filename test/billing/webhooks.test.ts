import * as fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BillingProvider, InvoicePayments } from '../../shared/api/billingPayments.ts'
import type { Event } from '../../sim/stripe/model.ts'
import type { StripeSim } from '../../sim/stripe/server.ts'
import { signatureOf } from '../../sim/stripe/webhooks.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { newId } from '../../src/lib/ids.ts'
import * as collection from '../../src/services/billingCollectionService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  cardFor,
  collectedBy,
  HOOK_SECRET,
  methodsOf,
  openInvoice,
  send,
  settleBilling,
  stripeOf,
  triedOf,
} from '../support/stripe.ts'
import { books } from './world.ts'

let app: TestApp
let sim: StripeSim
let tenantId: string
let provider: BillingProvider
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  sim = await stripeOf(app)
  tenantId = await app.tenant()
  provider = await collectedBy(app, tenantId)
})
afterAll(async () => {
  await sim.close()
  await app.close()
})

const INVOICES = '/api/admin/billing/invoices'
let customers = 0

async function ordered(): Promise<{ invoiceId: string; customerId: string }> {
  const email = `w${++customers}@example.com`
  const customer = { tenantId, name: 'Ada', email }
  const { body } = await app.admin.post<{ id: string }>('/api/admin/customers', customer)
  return { invoiceId: await openInvoice(app, tenantId, body.id), customerId: body.id }
}

/** What one has begun: a link on which somebody pays after a refused card, and of which a part is given back there. */
async function history(): Promise<{ invoiceId: string; customerId: string; events: Event[] }> {
  const from = sim.world.events.length
  const place = await ordered()
  await app.admin.post(`${INVOICES}/${place.invoiceId}/pay-link`, { mail: false })
  await settleBilling(app)
  const [attempt] = (await triedOf(app, place.invoiceId)).attempts
  const page = attempt?.url?.split('/').at(-1) ?? ''
  sim.submit(page, '4000000000009995')
  sim.submit(page, '4242424242424242')
  const [intent] = [...sim.world.intents.values()].filter(
    (one) => one.metadata['mpanel_mark'] === attempt?.id,
  )
  await fetch(`${sim.url}/v1/refunds`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sim.key}` },
    body: new URLSearchParams({ payment_intent: intent?.id ?? '', amount: '100' }),
  })
  return { ...place, events: sim.world.events.slice(from) }
}

/** What is known, without names and times. */
async function projection({
  invoiceId,
  customerId,
}: {
  invoiceId: string
  customerId: string
}): Promise<unknown> {
  const known: InvoicePayments = await triedOf(app, invoiceId)
  const ledger = await rowsOf(
    app,
    sql`select a.code, sum(e.amount_minor)::text as sum from ledger_entries e join ledger_accounts a on a.id = e.account_id
      where a.customer_id = ${customerId} group by a.code order by a.code`,
  )
  const [invoice] = await rowsOf(
    app,
    sql`select status, paid_minor::text as paid from invoices where id = ${invoiceId}`,
  )
  return {
    invoice,
    ledger,
    attempts: known.attempts.map(({ state, problem }) => ({ state, problem })),
    payments: known.payments.map(({ amount, refundable, refunds }) => ({
      amount,
      refundable,
      refunds: refunds.map(({ state, amount: back }) => ({ state, back })),
    })),
    methods: (await methodsOf(app, customerId)).map(({ last4, state, isDefault }) => ({
      last4,
      state,
      isDefault,
    })),
  }
}

test('messages that come in any order, several times or in part end in the same state', async () => {
  const calm = await history()
  await send(app, provider, calm.events)
  await settleBilling(app)
  const expected = await projection(calm)
  expect(expected).toMatchObject({
    invoice: { status: 'open', paid: '399' },
    attempts: [{ state: 'succeeded' }],
    payments: [{ refundable: { amount: '399' }, refunds: [{ state: 'succeeded' }] }],
    methods: [{ last4: '4242', isDefault: true }],
  })
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fc.nat(2)),
      fc.infiniteStream(fc.nat(1_000)),
      async (times, places) => {
        const place = await history()
        const [last] = place.events.slice(-1)
        // Each once or twice or not at all, in any order, but not everything is lost: then a look finds it.
        const sent = place.events
          .flatMap((event) => Array.from({ length: times.next().value ?? 0 }, () => event))
          .map((event) => ({ event, at: places.next().value ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ event }) => event)
        const half = Math.floor(sent.length / 2)
        await send(app, provider, sent.slice(0, half))
        await settleBilling(app)
        const kept = place.events.filter(({ type }) => /checkout|payment_method|charge.refunded/.test(type))
        await send(app, provider, [...sent.slice(half), ...kept, ...(last ? [last, last] : [])])
        await settleBilling(app)
        expect(await projection(place)).toEqual(expected)
      },
    ),
    { numRuns: 3 },
  )
  const found = await app.as((ctx) => books(ctx, tenantId))
  expect(found).toMatchObject({ unbalanced: [], gaps: [] })
  expect(found.receivable).toBe(found.open)
}, 60_000)

test('one message that comes ten times at once, beside a look and the answer itself, is booked once', async () => {
  const place = await ordered()
  await cardFor(app, place.customerId)
  const from = sim.world.events.length
  await app.admin.post(`${INVOICES}/${place.invoiceId}/charge`, {})
  await settleBilling(app)
  const events = sim.world.events.slice(from)
  const statuses = await Promise.all(Array.from({ length: 10 }, () => send(app, provider, events)))
  expect(new Set(statuses.flat())).toEqual(new Set([200]))
  await settleBilling(app)
  expect((await triedOf(app, place.invoiceId)).payments).toHaveLength(1)
})

const raw = async (
  body: string,
  signature: string | null,
  query = `?provider=${provider.id}`,
): Promise<number> => {
  const answer = await fetch(`${app.url}/api/webhooks/stripe${query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signature === null ? {} : { 'stripe-signature': signature }),
    },
    body,
  })
  return answer.status
}
const now = (): number => Math.floor(Date.now() / 1000)

test('a message is taken only with the signature of its bytes, of this moment and this mode', async () => {
  const event = (more: object = {}) =>
    JSON.stringify({
      id: `evt_${now()}_${Math.random()}`,
      object: 'event',
      type: 'payment_intent.succeeded',
      livemode: false,
      created: now(),
      data: { object: { id: 'pi_unknown' } },
      ...more,
    })
  const body = event()
  expect(await raw(body, signatureOf(body, HOOK_SECRET, now()))).toBe(200)
  expect(await raw(body, signatureOf(body, HOOK_SECRET, now() - 290))).toBe(200)
  for (const at of [now() - 310, now() + 310, now() + 31_536_000])
    expect(await raw(body, signatureOf(body, HOOK_SECRET, at))).toBe(400)
  expect(await raw(body, null)).toBe(400)
  expect(await raw(body, signatureOf(body, 'whsec_other', now()))).toBe(400)
  expect(await raw(`${body} `, signatureOf(body, HOOK_SECRET, now()))).toBe(400)
  expect(await raw(body, `t=${now()},${signatureOf(body, HOOK_SECRET, now() + 5_000)}`)).toBe(400)
  const live = event({ livemode: true })
  expect(await raw(live, signatureOf(live, HOOK_SECRET, now()))).toBe(400)
  // The platform has no provider, and no other tenant's secret counts.
  expect(await raw(body, signatureOf(body, HOOK_SECRET, now()), '')).toBe(400)
  const broken = '{"id":'
  expect(await raw(broken, signatureOf(broken, HOOK_SECRET, now()))).toBe(400)
})

test('what is about nothing of mPanel is put aside or ignored, of whatever shape it is, and changes nothing', async () => {
  const shapes: object[] = [
    { type: 'payment_intent.succeeded', data: { object: { id: 'pi_nobody' } } },
    { type: 'charge.refunded', data: { object: { id: 'ch_1', payment_intent: null } } },
    { type: 'customer.subscription.updated', data: { object: { id: 'sub_1' } } },
    { type: 'checkout.session.completed', account: 'acct_other', data: { object: { id: 'cs_1' } } },
    { type: 'something.new', data: null },
    { type: 'refund.created', data: { object: [] } },
  ]
  const before = await app.as((ctx) => books(ctx, tenantId))
  for (const [at, shape] of shapes.entries()) {
    const body = JSON.stringify({
      id: `evt_shape_${at}`,
      object: 'event',
      livemode: false,
      created: now(),
      ...shape,
    })
    expect(await raw(body, signatureOf(body, HOOK_SECRET, now()))).toBe(200)
  }
  await settleBilling(app)
  const kept = await rowsOf(
    app,
    sql<{
      state: string
    }>`select state from billing_events where event_id like 'evt_shape_%' order by event_id`,
  )
  expect(kept.map(({ state }) => state)).toEqual(['parked', ...Array.from({ length: 5 }, () => 'ignored')])
  expect(await app.as((ctx) => books(ctx, tenantId))).toEqual(before)
})

test('what was never heard is asked for, and what was heard counts once', async () => {
  const silent = await history()
  await collection.recoverMissed(app.root)
  await settleBilling(app)
  const recovered = await projection(silent)
  expect(recovered).toMatchObject({ invoice: { paid: '399' }, attempts: [{ state: 'succeeded' }] })
  const count = async () =>
    (
      await rowsOf(
        app,
        sql<{ n: number }>`select count(*)::int as n from billing_events where provider_id = ${provider.id}`,
      )
    )[0]?.n
  const before = await count()
  await send(app, provider, silent.events)
  await collection.recoverMissed(app.root)
  await settleBilling(app)
  expect([await count(), await projection(silent)]).toEqual([before, recovered])
})

test('what was said between a backup and its restoring is asked for, whatever was heard since', async () => {
  const lost = await history()
  await rowsOf(app, sql`delete from billing_events where provider_id = ${provider.id}`)
  // A first message after the restoring, of two days later than what was lost.
  await rowsOf(
    app,
    sql`insert into billing_events (id, provider_id, event_id, type, state, raw, occurred_at, received_at, settled_at)
      values (${newId()}, ${provider.id}, 'evt_first_after', 'something.new', 'ignored', '', now() + interval '2 days', now(), now())`,
  )
  await collection.recoverMissed(app.root)
  await settleBilling(app)
  expect(await projection(lost)).toMatchObject({ invoice: { paid: '0' } })
  await app.as(async (ctx) => {
    await provisioningService.pause(ctx, { what: 'all', which: '*', reason: 'restored' })
    await provisioningService.resume(ctx, 'all', '*')
  })
  await collection.recoverMissed(app.root)
  await settleBilling(app)
  expect(await projection(lost)).toMatchObject({
    invoice: { paid: '399' },
    attempts: [{ state: 'succeeded' }],
  })
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BillingProvider } from '../../shared/api/billingPayments.ts'
import type { StripeSim } from '../../sim/stripe/server.ts'
import type { WhmcsSim } from '../../sim/whmcs/server.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { cardFor, collectedBy, send, settleBilling, stripeOf, triedOf } from '../support/stripe.ts'
import { clientIn, inWhmcs, whmcsFor, whmcsOf } from '../support/whmcs.ts'
import { auditOf, compared, findingsOf, foundIn } from './reconciliationWorld.ts'
import { deliver, makeRoom, order, shop } from './world.ts'

let app: TestApp
let owner: Owner
let stripe: StripeSim
let whmcs: WhmcsSim
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  stripe = await stripeOf(app)
  whmcs = await whmcsOf(app)
  owner = await ownerOf(app.ownerUrl)
  await owner.query(`set session_replication_role = replica`)
})
afterAll(async () => {
  await owner.close()
  await stripe.close()
  await whmcs.close()
  await app.close()
})

const INVOICES = '/api/admin/billing/invoices'

/** What has happened was an hour ago: it is no longer on its way. */
const pass = (tenantId: string) =>
  Promise.all(
    ['payment_attempts', 'payments'].map((table) =>
      owner.query(`update ${table} set created_at = created_at - interval '1 hour' where tenant_id = $1`, [
        tenantId,
      ]),
    ),
  )

type Sold = { tenantId: string; provider: BillingProvider; invoiceId: string; number: string; ref: string }

/** A delivered subscription whose first invoice was charged through Stripe a while ago. */
async function charged(): Promise<Sold> {
  const seller = await shop(app)
  const { tenantId } = seller
  const provider = await collectedBy(app, tenantId)
  await cardFor(app, seller.customerId)
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  await app.admin.post(`${INVOICES}/${invoice.id}/charge`, {})
  await settleBilling(app)
  await app.as((ctx) => deliver(ctx, tenantId, subscription.id))
  const [paid] = (await triedOf(app, invoice.id)).payments
  if (!paid) throw new Error('it was not paid')
  await pass(tenantId)
  return { tenantId, provider, invoiceId: invoice.id, number: invoice.number ?? '', ref: paid.reference }
}

const intentOf = (ref: string) => {
  const intent = stripe.world.intents.get(ref)
  if (!intent) throw new Error(`there is no ${ref}`)
  return intent
}

type Provoked = {
  kind: string
  broken: (of: Sold) => Promise<unknown> | void
  mended: (of: Sold) => Promise<unknown> | void
  found: string
}

/** What Stripe says otherwise, or what was changed here behind mPanel's back; and that it is so no more. */
const PROVOKED: Provoked[] = [
  {
    kind: 'payment_differs',
    broken: ({ ref }) => void (intentOf(ref).amount_received = intentOf(ref).amount = 500),
    mended: ({ ref }) => void (intentOf(ref).amount_received = intentOf(ref).amount = 499),
    found: 'The provider has taken 5.00 EUR.',
  },
  {
    kind: 'payment_differs',
    broken: ({ ref }) => void (intentOf(ref).status = 'processing'),
    mended: ({ ref }) => void (intentOf(ref).status = 'succeeded'),
    found: 'The provider says that the payment is processing.',
  },
  {
    kind: 'payment_not_booked',
    // It cannot be booked: it is not in the currency that was asked for.
    broken: async ({ tenantId, ref }) => {
      intentOf(ref).currency = 'usd'
      await owner.query(`update payments set external_id = 'other' where tenant_id = $1`, [tenantId])
      await owner.query(`update payments set provider = 'manual' where tenant_id = $1`, [tenantId])
    },
    mended: async ({ tenantId, ref }) => {
      intentOf(ref).currency = 'eur'
      await owner.query(`update payments set external_id = $2, provider = 'stripe' where tenant_id = $1`, [
        tenantId,
        ref,
      ])
    },
    found: 'No payment is booked for it.',
  },
  {
    kind: 'refund_differs',
    broken: async ({ tenantId, provider, ref }) => {
      await owner.query(
        `insert into payment_refunds (id, tenant_id, payment_id, provider_id, amount_minor, currency, reason, state, external_id, created_at)
          select gen_random_uuid(), tenant_id, id, $2, 99, 'EUR', 'x', 'pending', 're_nowhere', now() from payments
          where tenant_id = $1 and external_id = $3`,
        [tenantId, provider.id, ref],
      )
    },
    mended: ({ tenantId }) => owner.query(`delete from payment_refunds where tenant_id = $1`, [tenantId]),
    found: 'Refunds at the provider: none.',
  },
  {
    kind: 'dispute_differs',
    broken: async ({ tenantId, provider, ref }) => {
      await owner.query(
        `insert into payment_disputes (id, tenant_id, payment_id, provider_id, external_id, state, amount_minor, currency, reason,
            look, looked_at, opened_at, created_at)
          select gen_random_uuid(), tenant_id, id, $2, 'dp_nowhere', 'open', 499, 'EUR', 'x', 1, now(), now(), now()
          from payments where tenant_id = $1 and external_id = $3`,
        [tenantId, provider.id, ref],
      )
    },
    mended: ({ tenantId }) => owner.query(`delete from payment_disputes where tenant_id = $1`, [tenantId]),
    found: 'Disputes at the provider: none.',
  },
]

test.each(PROVOKED)(
  '$kind is opened once when Stripe and mPanel disagree, and ends by itself: $found',
  async ({ kind, broken, mended, found }) => {
    const sold = await charged()
    const { tenantId, provider, invoiceId } = sold
    expect((await compared(app, tenantId)).report).toMatchObject({
      parts: [
        { provider: null },
        { provider: { id: provider.id, kind: 'stripe' }, checked: 1, problem: null },
      ],
      live: 0,
    })
    await broken(sold)
    await compared(app, tenantId)
    const open = (await findingsOf(app, tenantId)).filter((one) => one.kind === kind)
    expect(open).toMatchObject([
      {
        kind,
        found,
        provider: { id: provider.id, kind: 'stripe' },
        subject: { type: 'invoice', id: invoiceId },
      },
    ])
    await compared(app, tenantId)
    expect((await findingsOf(app, tenantId)).filter((one) => one.kind === kind)).toHaveLength(1)
    await mended(sold)
    expect(await foundIn(app, tenantId)).toEqual([])
    expect(await auditOf(app, open[0]?.id ?? '')).toEqual(['FINDING_OPENED', 'FINDING_CLOSED'])
  },
)

test('what Stripe does not know any more is found; while it is away nothing is opened or settled, and the run says so', async () => {
  const { tenantId, ref } = await charged()
  const intent = intentOf(ref)
  stripe.world.intents.delete(ref)
  stripe.fault({ path: /payment_intents/, status: 502, times: 1 })
  const away = await compared(app, tenantId)
  expect(away.report).toMatchObject({ opened: 0, live: 0 })
  expect(away.report?.parts[1]).toMatchObject({ checked: 0, problem: expect.any(String) as string })
  expect(await findingsOf(app, tenantId)).toEqual([])
  expect(await foundIn(app, tenantId)).toEqual([
    ['payment_not_there', 'The provider knows of no such payment.'],
  ])
  stripe.world.intents.set(ref, intent)
  for (const fault of [{ status: 429 }, { lost: 'before' }, { truncated: true }] as const) {
    stripe.fault({ path: /payment_intents/, ...fault, times: 2 })
    const { report } = await compared(app, tenantId)
    expect(report).toMatchObject({ closed: 0, live: 1 })
    expect(report?.parts[1]?.problem).toMatch(/\w+/)
    stripe.clearFaults()
  }
  expect(await foundIn(app, tenantId)).toEqual([])
})

test('what mPanel has only not heard of is taken over by the comparison, and is no finding', async () => {
  const { tenantId, invoiceId, ref } = await charged()
  const { id } = stripe.world.refunds.values().next().value ?? { id: '' }
  expect(id).toBe('')
  await fetch(`${stripe.url}/v1/refunds`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stripe.key}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ payment_intent: ref, amount: '200' }),
  })
  stripe.dispute(ref, 'asks')
  expect(await foundIn(app, tenantId)).toEqual([])
  expect((await triedOf(app, invoiceId)).payments[0]).toMatchObject({
    refunds: [{ state: 'succeeded', amount: { amount: '200' } }],
    disputes: [{ state: 'inquiry' }],
  })
})

test('a payment whose attempt was lost is found as soon as the provider speaks of it, and is no more once it is recorded or given back', async () => {
  const sold = await charged()
  const { tenantId, provider, ref, invoiceId } = sold
  await owner.query(`delete from payment_allocations where tenant_id = $1`, [tenantId])
  await owner.query(`delete from payments where tenant_id = $1`, [tenantId])
  await owner.query(`delete from payment_attempts where tenant_id = $1`, [tenantId])
  const said = stripe.world.events.filter(
    ({ type, object }) => type.startsWith('payment_intent.') && object['id'] === ref,
  )
  await send(app, provider, said)
  await settleBilling(app)
  const [finding] = await findingsOf(app, tenantId)
  expect(finding).toMatchObject({
    kind: 'payment_not_booked',
    subject: { label: ref },
    expected: 'The provider has taken 4.99 EUR.',
  })
  // It stays as long as it is so.
  expect((await foundIn(app, tenantId)).map(([kind]) => kind)).toContain('payment_not_booked')
  await owner.query(`update invoices set status = 'open', paid_minor = 0 where id = $1`, [invoiceId])
  const recorded = { amountMinor: '499', currency: 'EUR', method: 'cash', reference: ref }
  const paid = await app.admin.post(`${INVOICES}/${invoiceId}/payments`, recorded)
  expect(paid.status, JSON.stringify(paid.body)).toBe(201)
  expect((await foundIn(app, tenantId)).map(([kind]) => kind)).not.toContain('payment_not_booked')
})

test('a page that was paid while nobody listened is booked by the comparison', async () => {
  const seller = await shop(app)
  await collectedBy(app, seller.tenantId)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  await app.admin.post(`${INVOICES}/${invoice.id}/pay-link`, { mail: false })
  await settleBilling(app)
  const url = (await triedOf(app, invoice.id)).attempts[0]?.url ?? ''
  expect(stripe.submit(url.split('/').at(-1) ?? '', '4242424242424242', true).outcome).toBe('done')
  await pass(seller.tenantId)
  expect(await foundIn(app, seller.tenantId)).toEqual([])
  expect((await triedOf(app, invoice.id)).payments).toMatchObject([{ amount: { amount: '499' } }])
})

test('an invoice of WHMCS that is another one there, new there or gone from there is found, and ends when it is read', async () => {
  for (const one of ['clients', 'services', 'invoices', 'orders', 'transactions'] as const)
    whmcs.world[one].clear()
  const tenantId = await app.tenant()
  const provider = await whmcsFor(app, tenantId, { authority: 'provider' })
  const clientid = String(clientIn(whmcs))
  const ordered = async (): Promise<number> =>
    Number((await inWhmcs(whmcs, 'AddOrder', { clientid, 'pid[0]': '1' }))['invoiceid'])
  const read = async (): Promise<void> => {
    await app.admin.post(`/api/admin/billing/providers/${provider.id}/record-runs`, { mode: 'take' })
    await settleBilling(app)
  }
  const [paid, gone] = [await ordered(), await ordered()]
  await read()
  const first = await compared(app, tenantId)
  expect(first.report).toMatchObject({ live: 0, parts: [{}, { checked: 2, problem: null }] })
  whmcs.pay(paid, 1295)
  whmcs.world.invoices.delete(gone)
  await ordered()
  whmcs.fault({ action: 'GetInvoices', page: 503 })
  const away = await compared(app, tenantId)
  expect(away.report).toMatchObject({ opened: 0, live: 0 })
  expect(away.report?.parts[1]?.problem).toMatch(/\w+/)
  const found = await foundIn(app, tenantId)
  expect(found.map(([kind]) => kind)).toEqual(['record_differs', 'record_differs', 'record_differs'])
  expect(found.map(([, words]) => words).toSorted()).toEqual([
    'Here it is kept as if it had.',
    'Here: open, 12.95 EUR in total, 0.00 EUR paid.',
    'mPanel has not read it.',
  ])
  await read()
  expect(await foundIn(app, tenantId)).toEqual([])
})

test('a payment that WHMCS has taken for mPanel is compared with what is booked', async () => {
  const seller = await shop(app)
  const { tenantId } = seller
  await whmcsFor(app, tenantId)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  await app.admin.post(`${INVOICES}/${invoice.id}/pay-link`, { mail: false })
  await settleBilling(app)
  const [attempt] = (await triedOf(app, invoice.id)).attempts
  const there = [...whmcs.world.invoices.values()].find(({ notes }) => notes.includes(attempt?.id ?? '?'))
  whmcs.pay(there?.id ?? 0, 499)
  await pass(tenantId)
  expect(await foundIn(app, tenantId)).toEqual([])
  expect((await triedOf(app, invoice.id)).payments).toHaveLength(1)
  whmcs.world.invoices.delete(there?.id ?? 0)
  expect(await foundIn(app, tenantId)).toEqual([
    ['payment_not_there', 'The provider knows of no such payment.'],
  ])
  if (there) whmcs.world.invoices.set(there.id, there)
  expect(await foundIn(app, tenantId)).toEqual([])
})

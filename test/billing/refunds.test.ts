import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BillingProvider, InvoicePayments } from '../../shared/api/billingPayments.ts'
import type { StripeSim } from '../../sim/stripe/server.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  cardFor,
  collectedBy,
  openInvoice,
  send,
  settleBilling,
  stripeOf,
  triedOf,
} from '../support/stripe.ts'
import { books, makeRoom, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
let sim: StripeSim
let seller: Shop
let provider: BillingProvider
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  sim = await stripeOf(app)
  seller = await shop(app)
  provider = await collectedBy(app, seller.tenantId)
  await cardFor(app, seller.customerId)
})
afterAll(async () => {
  await sim.close()
  await app.close()
})

type Paid = InvoicePayments['payments'][number]

async function charged(invoiceId: string): Promise<{ invoiceId: string; paid: Paid }> {
  await app.admin.post(`/api/admin/billing/invoices/${invoiceId}/charge`, {})
  await settleBilling(app)
  const [paid] = (await triedOf(app, invoiceId)).payments
  if (!paid) throw new Error('it was not paid')
  return { invoiceId, paid }
}
const paidInvoice = async () => charged(await openInvoice(app, seller.tenantId, seller.customerId))
const refund = (id: string, amountMinor: string | null) =>
  app.admin.post<{ code?: string }>(`/api/admin/billing/payments/${id}/refund`, {
    amountMinor,
    reason: 'asked for',
  })

async function accounts() {
  const found = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(found).toMatchObject({ unbalanced: [], gaps: [] })
  expect(found.receivable).toBe(found.open)
  return { cash: found.cash, credit: found.credit, open: found.open }
}
const statusOf = async (invoiceId: string): Promise<string | undefined> =>
  (await rowsOf(app, sql<{ status: string }>`select status from invoices where id = ${invoiceId}`))[0]?.status

test('a part and then the rest are given back; the invoice is owed again, and no more than was paid goes out', async () => {
  const before = await accounts()
  const { invoiceId, paid } = await paidInvoice()
  expect((await refund(paid.id, '200')).status).toBe(202)
  await settleBilling(app)
  expect(await statusOf(invoiceId)).toBe('open')
  expect(await accounts()).toEqual({ ...before, cash: before.cash + 299n, open: before.open + 200n })
  expect((await refund(paid.id, '300')).body.code).toBe('payment_mismatch')
  const both = await Promise.all([refund(paid.id, null), refund(paid.id, null)])
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([202, 422]))
  await settleBilling(app)
  expect(await accounts()).toEqual({ ...before, open: before.open + 499n })
  expect((await triedOf(app, invoiceId)).payments[0]).toMatchObject({ refundable: { amount: '0' } })
})

test('after a credit note it is taken from what the customer has in hand', async () => {
  const before = await accounts()
  const { subscription, invoice: ordered } = await app.as((ctx) => order(ctx, seller))
  const { invoiceId, paid } = await charged(ordered.id)
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: 'not wanted' }),
  )
  expect((await accounts()).credit).toBe(before.credit - 499n)
  await refund(paid.id, null)
  await settleBilling(app)
  expect(await accounts()).toEqual(before)
  expect(await statusOf(invoiceId)).toBe('paid')
})

test.each([
  ['cut in half', { truncated: true }],
  ['a 500 after the deed', { status: 500, done: true }],
] as const)('is given back once when the answer is lost: %s', async (_, fault) => {
  const { paid } = await paidInvoice()
  sim.fault({ method: 'POST', path: /refunds$/, ...fault })
  await refund(paid.id, null)
  await settleBilling(app)
  expect([...sim.world.refunds.values()].filter((one) => one.payment_intent === paid.reference)).toHaveLength(
    1,
  )
})

test('one that the bank sends back after all is the customer’s credit', async () => {
  const before = await accounts()
  const { invoiceId, paid } = await paidInvoice()
  const from = sim.world.events.length
  sim.world.slowRefunds = true
  await refund(paid.id, null)
  await settleBilling(app)
  expect((await triedOf(app, invoiceId)).payments[0]?.refunds).toMatchObject([{ state: 'pending' }])
  expect(await accounts()).toEqual({ ...before, cash: before.cash + 499n })
  sim.world.slowRefunds = false
  const there = [...sim.world.refunds.values()].at(-1)
  sim.settleRefund(there?.id ?? '', 'succeeded')
  await send(app, provider, sim.world.events.slice(from))
  await settleBilling(app)
  expect(await accounts()).toEqual({ ...before, open: before.open + 499n })
  sim.settleRefund(there?.id ?? '', 'failed')
  await send(app, provider, sim.world.events.slice(from))
  await settleBilling(app)
  expect((await triedOf(app, invoiceId)).payments[0]).toMatchObject({
    refunds: [{ state: 'failed' }],
    refundable: { amount: '499' },
  })
  expect(await accounts()).toMatchObject({ cash: before.cash + 499n, credit: before.credit - 499n })
})

test('what the provider refuses is not given back; what was recorded by hand goes back by hand', async () => {
  const { invoiceId, paid } = await paidInvoice()
  const before = await accounts()
  const intent = sim.world.intents.get(paid.reference)
  if (intent) intent.status = 'processing'
  await refund(paid.id, null)
  await settleBilling(app)
  expect((await triedOf(app, invoiceId)).payments[0]?.refunds).toMatchObject([
    { state: 'failed', problem: expect.stringContaining('does not have a successful charge') as string },
  ])
  expect(await accounts()).toEqual(before)
  const other = await openInvoice(app, seller.tenantId, seller.customerId)
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, other, payment('499')))
  const [byHand] = (await triedOf(app, other)).payments
  expect((await refund(byHand?.id ?? '', null)).body.code).toBe('invalid_state')
})

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Coupon, OrderPreview } from '../../shared/api/billingCoupons.ts'
import type { Invoice } from '../../shared/api/billing.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { billsOf, forget, payAll, run, travel } from './contractWorld.ts'
import { carryOut, changeTo, linesOf, planOf, preview, priceOf } from './planWorld.ts'
import { books, deliver, makeRoom, orderAs, payment, shop, type Shop } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
})
afterAll(() => app.close())
afterEach(async () => {
  app.clock.offsetMs = 0
  await forget(app)
})

const COUPONS = '/api/admin/billing/coupons'
let codes = 0
async function couponOf(seller: Shop, terms: Record<string, unknown>): Promise<Coupon> {
  const body = { tenantId: seller.tenantId, code: `CODE-${++codes}`, name: 'Welcome', ...terms }
  const { status, body: made } = await app.admin.post<Coupon>(COUPONS, body)
  expect(status, JSON.stringify(made)).toBe(201)
  return made
}

const couponAt = async (seller: Shop, code: string): Promise<Coupon> => {
  const path = `${COUPONS}?tenantId=${seller.tenantId}`
  const { items } = (await app.admin.get<{ items: Coupon[] }>(path)).body
  const found = items.find((one) => one.code === code)
  if (!found) throw new Error(`no coupon ${code}`)
  return found
}

/** Ordered with a coupon, paid, and running since `at`. */
async function contractWith(seller: Shop, at: string, coupon: string, priceId?: string): Promise<string> {
  travel(app, at)
  const { subscription, invoice } = await app.as((ctx) =>
    orderAs(ctx, seller, { coupon, ...(priceId !== undefined && { priceId }) }),
  )
  const due = invoice?.total.amount ?? '0'
  if (due !== '0')
    await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice?.id ?? '', payment(due)))
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  return subscription.id
}

const amounts = (invoice: Invoice | null): string[] =>
  (invoice?.lines ?? []).map(({ kind, net }) => `${kind} ${net.amount}`)

async function inOrder(seller: Shop): Promise<void> {
  const { receivable, open, unbalanced, gaps } = await app.as((ctx) => books(ctx, seller.tenantId))
  expect({ unbalanced, gaps, receivable }).toEqual({ unbalanced: [], gaps: [], receivable: open })
}

test('a coupon takes off its share of as many periods as it says and never of the set-up fee, and the calendar knew it', async () => {
  const seller = await shop(app)
  const share = await couponOf(seller, { percentPpm: 250_000, periods: 2 })
  const yearly = seller.plan.prices.find(({ interval }) => interval === 'year')?.id ?? ''
  const shown = await app.admin.get<OrderPreview>(
    `/api/admin/customers/${seller.customerId}/order-preview?priceId=${yearly}&coupon=${share.code.toLowerCase()}`,
  )
  expect(shown.body).toMatchObject({
    total: { amount: '4742', currency: 'EUR' },
    coupon: { code: share.code, periods: 2 },
    couponProblem: null,
    trial: null,
  })
  await expect(
    app.as((ctx) => orderAs(ctx, seller, { priceId: yearly, coupon: share.code, shownTotalMinor: '5990' })),
  ).rejects.toMatchObject({ code: 'precondition_failed' })
  const { invoice } = await app.as((ctx) =>
    orderAs(ctx, seller, { priceId: yearly, coupon: share.code, shownTotalMinor: '4742' }),
  )
  expect(amounts(invoice)).toEqual(['recurring 4990', 'discount -1248', 'setup 1000'])
  expect(shown.body.lines.map(({ kind, amount }) => `${kind} ${amount.amount}`)).toEqual(amounts(invoice))

  const id = await contractWith(seller, '2027-01-31T12:00:00Z', share.code)
  const calendar = await app.as((ctx) =>
    BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'paid', days: 120 }),
  )
  const foreseen = calendar.items.flatMap((item) => (item.invoice ? [item.invoice.total.amount] : []))
  for (const month of ['02', '03', '04', '05']) {
    travel(app, `2027-${month}-27T12:00:00Z`)
    await run(app)
    await payAll(app, seller, id)
  }
  const bills = await billsOf(app, id)
  expect(bills.map(({ total }) => total)).toEqual([374n, 374n, 499n, 499n, 499n])
  expect(bills.slice(1).map(({ total }) => String(total))).toEqual(foreseen)
  expect(await app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))).toMatchObject({
    coupon: { code: share.code, periodsLeft: 0 },
  })
  await inOrder(seller)
})

test('an amount never takes off more than the price, and what then costs nothing is delivered at once', async () => {
  const seller = await shop(app)
  const gift = await couponOf(seller, { amountMinor: '900', currency: 'EUR', periods: 1 })
  const { subscription, invoice, job } = await app.as((ctx) => orderAs(ctx, seller, { coupon: gift.code }))
  expect(amounts(invoice)).toEqual(['recurring 499', 'discount -499'])
  expect(invoice).toMatchObject({ status: 'paid', total: { amount: '0' } })
  expect(subscription.state).toBe('provisioning')
  expect(job).not.toBeNull()
})

test('however many order at once, it is redeemed as often as it can be; an order that is given up gives it back', async () => {
  const seller = await shop(app)
  const rare = await couponOf(seller, { percentPpm: 100_000, maxRedemptions: 3 })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => app.as((ctx) => orderAs(ctx, seller, { coupon: rare.code }))),
  )
  const made = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.subscription.id] : []))
  expect(made).toHaveLength(3)
  for (const one of outcomes)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'conflict' })
  expect((await couponAt(seller, rare.code)).redeemed).toBe(3)
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, made[0] ?? '', { when: 'now', reason: '' }),
  )
  expect((await couponAt(seller, rare.code)).redeemed).toBe(2)
  await app.as((ctx) => orderAs(ctx, seller, { coupon: rare.code }))
  const [recount] = await rowsOf(
    app,
    sql<{
      n: number
    }>`select count(*)::int as n from subscriptions where coupon_id = ${rare.id} and state <> 'expired'`,
  )
  expect([(await couponAt(seller, rare.code)).redeemed, recount?.n]).toEqual([3, 3])
})

test('what a coupon does not allow is refused with its reason, in the preview as in the order', async () => {
  const seller = await shop(app)
  const other = await planOf(app, seller, [{ interval: 'month', unitMinor: '800' }])
  const once = await couponOf(seller, { percentPpm: 100_000, oncePerCustomer: true })
  await app.as((ctx) => orderAs(ctx, seller, { coupon: once.code }))
  const retired = await couponOf(seller, { percentPpm: 100_000 })
  await app.admin.call('PATCH', `${COUPONS}/${retired.id}`, { state: 'retired' })
  const cases: [string, RegExp][] = [
    [once.code, /redeemed .* already/],
    [retired.code, /not valid any more/],
    [
      (await couponOf(seller, { percentPpm: 1, validUntil: '2020-01-01T00:00:00Z' })).code,
      /not valid any more/,
    ],
    [(await couponOf(seller, { percentPpm: 1, planIds: [other.id] })).code, /not for this plan/],
    [(await couponOf(seller, { amountMinor: '1', currency: 'USD' })).code, /is in USD/],
  ]
  const priceId = seller.plan.prices.find(({ interval }) => interval === 'month')?.id ?? ''
  for (const [coupon, reason] of cases) {
    const path = `/api/admin/customers/${seller.customerId}/order-preview?priceId=${priceId}&coupon=${coupon}`
    expect((await app.admin.get<OrderPreview>(path)).body.couponProblem).toMatch(reason)
    await expect(app.as((ctx) => orderAs(ctx, seller, { coupon }))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(reason),
    })
  }
  await expect(app.as((ctx) => orderAs(ctx, seller, { coupon: 'NO-SUCH' }))).rejects.toMatchObject({
    code: 'not_found',
  })
  const make = (terms: object) =>
    app.admin.post<{ code: string }>(COUPONS, {
      tenantId: seller.tenantId,
      code: 'WRONG',
      name: 'x',
      ...terms,
    })
  for (const terms of [{}, { percentPpm: 1, amountMinor: '1', currency: 'EUR' }, { amountMinor: '5' }])
    expect((await make(terms)).body.code).toBe('invalid_input')
  expect((await make({ code: once.code, percentPpm: 1 })).body.code).toBe('already_exists')
  expect((await make({ percentPpm: 1, planIds: [seller.tenantId] })).body.code).toBe('not_found')
  const change = (body: object, version?: number) =>
    app.admin.call<{ code: string }>('PATCH', `${COUPONS}/${once.id}`, body, {
      ...(version !== undefined && { 'if-match': `"${version}"` }),
    })
  expect((await change({ name: 'y' }, 99)).body.code).toBe('precondition_failed')
  const second = await app.admin.post<{ id: string }>('/api/admin/customers', {
    tenantId: seller.tenantId,
    name: 'Bob',
    email: 'bob@example.com',
  })
  await app.as((ctx) => orderAs(ctx, seller, { coupon: once.code, customerId: second.body.id }))
  expect((await change({ maxRedemptions: 1 })).body.code).toBe('invalid_input')
  expect((await change({ maxRedemptions: 2 })).status).toBe(200)
})

test('a change within a discounted period credits what was billed, and charges the new plan by its own discount', async () => {
  const seller = await shop(app)
  const forAll = await couponOf(seller, { percentPpm: 500_000 })
  const forOne = await couponOf(seller, { percentPpm: 500_000, planIds: [seller.plan.id] })
  const big = await planOf(app, seller, [
    { interval: 'month', unitMinor: '3100' },
    { interval: 'year', unitMinor: '31000' },
  ])
  const id = await contractWith(seller, '2027-03-01T12:00:00Z', forAll.code)
  travel(app, '2027-03-11T12:00:00Z')
  // 499 less 250 is 249 for 31 days: of it 21 days are left; of 3100 less 1550 as well.
  const { shown, invoice } = await changeTo(app, seller, id, { planId: big.id })
  expect(linesOf(shown)).toEqual([
    'credit 2027-03-11 2027-03-31 -169',
    'recurring 2027-03-11 2027-03-31 2100',
    'discount   -1050',
  ])
  expect(shown.total.amount).toBe('881')
  expect(amounts(invoice)).toEqual(['credit -169', 'recurring 2100', 'discount -1050'])
  expect(shown.next?.total.amount).toBe('1550')
  // Back on the same day nothing was paid for it.
  const back = await preview(app, seller, id, { planId: seller.plan.id })
  expect(linesOf(back).at(-1)).toBe('carried   881')
  await carryOut(app, seller, id, back.token)
  // Another interval begins anew, with the coupon of what it had.
  const yearly = await preview(app, seller, id, { priceId: priceOf(big, 'year') })
  expect(linesOf(yearly).slice(1)).toEqual(['recurring 2027-03-11 2028-03-10 31000', 'discount   -15500'])

  const only = await contractWith(seller, '2027-03-01T12:00:00Z', forOne.code)
  travel(app, '2027-03-11T12:00:00Z')
  expect(linesOf(await preview(app, seller, only, { planId: big.id }))).toEqual([
    'credit 2027-03-11 2027-03-31 -169',
    'recurring 2027-03-11 2027-03-31 2100',
  ])
  await inOrder(seller)
})

test('a coupon for some periods is counted on through a planned change of the interval', async () => {
  const seller = await shop(app)
  const three = await couponOf(seller, { percentPpm: 500_000, periods: 3 })
  const weekly = await planOf(app, seller, [{ interval: 'week', unitMinor: '100' }])
  const id = await contractWith(seller, '2027-03-01T12:00:00Z', three.code)
  await changeTo(app, seller, id, { planId: weekly.id, priceId: priceOf(weekly, 'week'), when: 'period_end' })
  const foreseen = await app.as((ctx) =>
    BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'paid', days: 55 }),
  )
  for (const day of ['03-26', '04-01', '04-08', '04-15', '04-22']) {
    travel(app, `2027-${day}T12:00:00Z`)
    await run(app)
    await payAll(app, seller, id)
  }
  const totals = (await billsOf(app, id)).map(({ total }) => String(total))
  expect(totals.slice(0, 5)).toEqual(['249', '50', '50', '100', '100'])
  const seen = foreseen.items.flatMap((item) => (item.invoice ? [item.invoice.total.amount] : []))
  expect(totals.slice(1)).toEqual(seen.slice(0, totals.length - 1))
  await inOrder(seller)
})

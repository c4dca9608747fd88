import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { OrderPreview } from '../../shared/api/billingCoupons.ts'
import type { TrialThen } from '../../shared/states/billingSubscription.ts'
import * as pods from '../../src/db/cloudPods.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { billsOf, eventsOf, forget, mailsOf, payAll, run, stateOf, travel } from './contractWorld.ts'
import { preview } from './planWorld.ts'
import { books, deliver, makeRoom, orderAs, shop, type Shop } from './world.ts'

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

/** A shop whose plan is tried for so many days; it opens while the administrator's session lasts. */
async function trying(trialDays: number, trialThen: TrialThen): Promise<Shop & { priceId: string }> {
  const seller = await shop(app)
  const { body: plan } = await app.admin.post<Shop['plan']>('/api/admin/billing/plans', {
    tenantId: seller.tenantId,
    code: `trial-${seller.plan.code}`,
    name: 'Trial',
    cores: 1,
    memoryMb: 512,
    diskGb: 4,
    prices: [
      { currency: 'EUR', interval: 'month', unitMinor: '499', setupMinor: '100', trialDays, trialThen },
    ],
  })
  return { ...seller, plan, priceId: plan.prices[0]?.id ?? '' }
}

/** Ordered and delivered without a payment. */
async function triedIn(seller: Shop, wished: Parameters<typeof orderAs>[2] = {}): Promise<string> {
  const { subscription, invoice, job } = await app.as((ctx) => orderAs(ctx, seller, wished))
  expect([invoice, subscription.state, job === null]).toEqual([null, 'provisioning', false])
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  return subscription.id
}

const shown = ({ tenantId }: Shop, id: string) => app.as((ctx) => BillingService.get(ctx, tenantId, id))

test('a trial is delivered unpaid, told three days before its end, and then billed from its first period on', async () => {
  const seller = await trying(14, 'activate')
  const order = await app.admin.get<OrderPreview>(
    `/api/admin/customers/${seller.customerId}/order-preview?priceId=${seller.priceId}`,
  )
  expect(order.body).toMatchObject({ trial: { days: 14, after: 'activate' }, total: { amount: '599' } })
  const { body: coupon } = await app.admin.post<{ code: string }>('/api/admin/billing/coupons', {
    tenantId: seller.tenantId,
    code: 'TRY-IT',
    name: 'x',
    percentPpm: 500_000,
    periods: 1,
  })
  travel(app, '2027-01-17T12:00:00Z')
  const id = await triedIn(seller, { coupon: coupon.code, shownTotalMinor: '0' })
  expect(await shown(seller, id)).toMatchObject({
    state: 'trialing',
    periodEnd: '2027-01-31T00:00:00.000Z',
    trial: { days: 14, after: 'activate', endsAt: '2027-01-31T00:00:00.000Z' },
  })
  const calendar = await app.as((ctx) =>
    BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'unpaid', days: 60 }),
  )
  expect(calendar.items.map(({ what, date }) => `${date} ${what}`).slice(0, 4)).toEqual([
    '2027-01-28 trialNotice',
    '2027-01-31 activate',
    '2027-02-15 overdue',
    '2027-02-17 remind',
  ])
  await run(app)
  expect(await mailsOf(app, seller.tenantId)).toEqual([])
  travel(app, '2027-01-28T09:00:30Z')
  await run(app)
  expect(await mailsOf(app, seller.tenantId)).toEqual(['trialGoesOn'])
  expect(await billsOf(app, id)).toEqual([])
  travel(app, '2027-01-31T00:00:30Z')
  await Promise.all([run(app), run(app), run(app)])
  expect(await billsOf(app, id)).toMatchObject([
    // 499 less 250, and the set-up fee; the invoice stays open as long as an order's.
    { issued: '2027-01-31', due: '2027-02-14', status: 'open', total: 349n },
  ])
  expect(calendar.items[1]?.invoice).toMatchObject({ total: { amount: '349' }, dueDate: '2027-02-14' })
  await payAll(app, seller, id)
  travel(app, '2027-02-22T00:00:30Z')
  await run(app)
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([349n, 499n])
  expect(await shown(seller, id)).toMatchObject({
    state: 'active',
    trial: null,
    periodEnd: '2027-02-28T00:00:00.000Z',
  })
  expect(await eventsOf(app, id)).toEqual([
    'SUBSCRIPTION_CREATED',
    'SUBSCRIPTION_UPDATED',
    'SUBSCRIPTION_UPDATED',
    'SUBSCRIPTION_TRIAL_ENDING',
    'SUBSCRIPTION_ACTIVATED',
    'SUBSCRIPTION_RENEWED',
  ])
  const { unbalanced, gaps, receivable, revenue } = await app.as((ctx) => books(ctx, seller.tenantId))
  expect({ unbalanced, gaps, receivable, revenue }).toEqual({
    unbalanced: [],
    gaps: [],
    receivable: 499n,
    revenue: -848n,
  })
})

test.each([
  ['cancel', false, 'terminating'],
  ['method', false, 'terminating'],
  ['method', true, 'active'],
] as const)(
  'after a trial that ends by “%s”, with a payment method %s, it is %s, and nothing was billed before',
  async (trialThen, hasMethod, state) => {
    const seller = await trying(10, trialThen)
    travel(app, '2027-03-01T12:00:00Z')
    const id = await triedIn(seller)
    if (hasMethod) await leaveMethod(seller)
    travel(app, '2027-03-12T08:00:00Z')
    await run(app)
    // Late as it is: whoever loses something is told a day before.
    expect(await mailsOf(app, seller.tenantId)).toEqual(
      hasMethod ? ['trialGoesOn', 'invoiceIssued'] : ['trialEnds'],
    )
    expect(await stateOf(app, seller, id)).toBe(hasMethod ? 'active' : 'trialing')
    travel(app, '2027-03-13T08:01:00Z')
    await run(app)
    expect(await stateOf(app, seller, id)).toBe(state)
    expect(await billsOf(app, id)).toHaveLength(hasMethod ? 1 : 0)
  },
)

/** As a payment provider would have told it. */
const leaveMethod = ({ tenantId, customerId }: Shop): Promise<unknown> =>
  app.as(({ tx }) =>
    sql`with p as (insert into billing_providers (id, tenant_id, kind, created_at, updated_at)
        values (gen_random_uuid(), ${tenantId}, 'manual', now(), now()) returning id),
      c as (insert into billing_customers (id, tenant_id, provider_id, customer_id, asked, created_at)
        select gen_random_uuid(), ${tenantId}, id, ${customerId}, '{}', now() from p returning id, provider_id)
      insert into payment_methods (id, tenant_id, provider_id, customer_id, billing_customer_id, external_id, kind, look, created_at)
      select gen_random_uuid(), ${tenantId}, provider_id, ${customerId}, id, 'pm_1', 'card', 1, now() from c`.execute(
      tx,
    ),
  )

test('somebody can keep a trial that would end, cancel one that would go on, take that back, and undelete it until its end', async () => {
  const seller = await trying(20, 'cancel')
  travel(app, '2027-04-01T12:00:00Z')
  const id = await triedIn(seller)
  // A plan is tried once.
  const again = await app.as((ctx) => orderAs(ctx, seller))
  expect([again.invoice?.total.amount, again.subscription.trial]).toEqual(['599', null])
  await expect(
    app.as((ctx) => BillingService.keep(ctx, seller.tenantId, again.subscription.id)),
  ).rejects.toMatchObject({ code: 'invalid_state' })
  expect((await preview(app, seller, id, { priceId: seller.priceId })).blockers[0]?.message).toMatch(
    /on trial/,
  )
  const kept = await app.as((ctx) => BillingService.keep(ctx, seller.tenantId, id))
  expect(kept.trial?.after).toBe('activate')
  const cancelled = await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, id, { when: 'period_end', reason: '' }),
  )
  expect(cancelled.subscription.cancelAt).toBe('2027-04-21T00:00:00.000Z')
  await app.as((ctx) => BillingService.uncancel(ctx, seller.tenantId, id))
  await app.as((ctx) => BillingService.cancel(ctx, seller.tenantId, id, { when: 'now', reason: '' }))
  expect(await stateOf(app, seller, id)).toBe('terminating')
  await app.as(async (ctx) => {
    const pod = await pods.ofSubscription(ctx.tx, seller.tenantId, id)
    if (pod) {
      await BillingService.requireRevivable(ctx, pod)
      await BillingService.podBack(ctx, pod)
    }
  })
  expect(await stateOf(app, seller, id)).toBe('trialing')
  await app.as((ctx) => BillingService.cancel(ctx, seller.tenantId, id, { when: 'period_end', reason: '' }))
  travel(app, '2027-04-21T00:00:30Z')
  await run(app)
  await BillingService.endDue(app.root)
  expect(await stateOf(app, seller, id)).toMatch(/terminat/)
  expect(await billsOf(app, id)).toEqual([])
})

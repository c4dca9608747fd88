import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Addon } from '../../shared/api/billingAddons.ts'
import type { Subscription } from '../../shared/api/billing.ts'
import type { OrderPreview } from '../../shared/api/billingCoupons.ts'
import type { Problem } from '../../shared/api/common.ts'
import * as cloudPodQuotas from '../../src/services/cloudPodQuotas.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { payOrder, showPod, SUBSCRIPTIONS } from '../cloudPods/faults.ts'
import { prepareOrder, type Ordered } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { billsOf, eventsOf, forget, payAll, run, travel } from './contractWorld.ts'
import { changeTo, planOf, priceOf } from './planWorld.ts'
import { books, deliver, makeRoom, orderAs, payment, shop, type Shop } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await app.startWorker({ timers: [] })
  await makeRoom(app)
})
afterAll(() => app.close())
afterEach(async () => {
  app.clock.offsetMs = 0
  await forget(app)
})

let codes = 0
async function addonOf(tenantId: string, terms: Record<string, unknown> = {}): Promise<Addon> {
  const { status, body } = await app.admin.post<Addon>('/api/admin/billing/addons', {
    tenantId,
    code: `addon-${++codes}`,
    name: 'Support',
    maxQuantity: 10,
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '101' }],
    ...terms,
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}
const of = ({ id }: Addon, quantity: number) => ({ addonId: id, quantity })

type Query = { priceId: string; addons?: string; coupon?: string }
const previewOf = async (customerId: string, query: Query) =>
  app.admin.get<OrderPreview & Problem>(
    `/api/admin/customers/${customerId}/order-preview?${new URLSearchParams(query).toString()}`,
  )
const monthOf = ({ plan }: Shop) => priceOf(plan, 'month')
const lines = ({ lines: all }: OrderPreview) => all.map(({ kind, amount }) => `${kind} ${amount.amount}`)

test('a pod is ordered with add-ons: its room is reserved before anything is charged, and it is made as large as plan and add-ons', async () => {
  const tenantId = await app.tenant()
  const memory = await addonOf(tenantId, { name: 'Memory', memoryMb: 1_024, diskGb: 5 })
  const support = await addonOf(tenantId)
  const order = { ...(await prepareOrder(app.admin, tenantId)), addons: [of(memory, 2), of(support, 1)] }
  const { body: shown } = await previewOf(order.customerId, {
    priceId: order.priceId,
    addons: `${memory.id}:2,${support.id}:1`,
  })
  expect(lines(shown)).toEqual(['recurring 499', 'addon 202', 'addon 101'])
  expect(shown).toMatchObject({
    total: { amount: '802' },
    size: { cores: 1, memoryMb: 4_096, diskGb: 30 },
    addonProblems: [],
  })
  const { status, body } = await app.admin.post<Ordered>(SUBSCRIPTIONS, {
    ...order,
    shownTotalMinor: shown.total.amount,
  })
  expect(status, JSON.stringify(body)).toBe(201)
  expect(
    body.invoice.lines.map(({ kind, description, net }) => `${kind} ${description} ${net.amount}`),
  ).toEqual([
    'recurring Small, 1 month from delivery 499',
    'addon 2 × Memory from delivery 202',
    'addon 1 × Support from delivery 101',
  ])
  expect(body.subscription.addons.map(({ name, quantity }) => `${quantity} ${name}`)).toEqual([
    '2 Memory',
    '1 Support',
  ])
  const podId = body.subscription.pod?.id ?? ''
  const [held] = await rowsOf(
    app,
    sql<{ held: string }>`select concat_ws('/', cores, memory_mb, disk_gb) as held
      from cloud_pod_reservations where pod_id = ${podId}`,
  )
  expect(held?.held).toBe('1/4096/30')
  const placed = { ...body, tenantId, podId, vmid: 0, order }
  expect(await finished(app.admin, await payOrder(app, placed))).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, podId)).toMatchObject({ state: 'active', memoryMb: 4_096, diskGb: 30 })
  expect(guestsOf(app, podId)[0]?.config).toMatchObject({ memory: '4096' })
  await expectNothingLeaked(app, tenantId)
})

test('an order for whose add-ons there is no room is refused, and leaves nothing behind', async () => {
  const seller = await shop(app)
  const memory = await addonOf(seller.tenantId, { memoryMb: 1_024 })
  await app.as((ctx) => cloudPodQuotas.update(ctx, seller.tenantId, { maxMemoryMb: 1_500 }))
  await expect(app.as((ctx) => orderAs(ctx, seller, { addons: [of(memory, 1)] }))).rejects.toMatchObject({
    code: 'quota_exceeded',
  })
  const kept = await rowsOf(app, sql`select from invoices where tenant_id = ${seller.tenantId}`)
  expect(kept).toEqual([])
  // Without it there is room.
  expect((await app.as((ctx) => orderAs(ctx, seller))).invoice?.total.amount).toBe('499')
})

test('add-ons of an order are billed with each period, a coupon takes nothing off them, and what is left of them is credited', async () => {
  const seller = await shop(app)
  const support = await addonOf(seller.tenantId)
  const off = { tenantId: seller.tenantId, code: 'HALF', name: 'x', percentPpm: 500_000, periods: 1 }
  await app.admin.post('/api/admin/billing/coupons', off)
  const { body: shown } = await previewOf(seller.customerId, {
    priceId: monthOf(seller),
    coupon: 'half',
    addons: `${support.id}:3`,
  })
  expect(lines(shown)).toEqual(['recurring 499', 'discount -250', 'addon 303'])
  travel(app, '2027-03-01T12:00:00Z')
  const wished = { coupon: 'HALF', addons: [of(support, 3)], shownTotalMinor: shown.total.amount }
  const { subscription, invoice } = await app.as((ctx) => orderAs(ctx, seller, wished))
  expect(invoice?.total).toEqual(shown.total)
  const { tenantId } = seller
  await app.as((ctx) => BillingService.recordPayment(ctx, tenantId, invoice?.id ?? '', payment(552n)))
  await app.as((ctx) => deliver(ctx, tenantId, subscription.id))
  travel(app, '2027-03-26T12:00:00Z')
  await run(app)
  await payAll(app, seller, subscription.id)
  expect((await billsOf(app, subscription.id)).map(({ total }) => total)).toEqual([552n, 802n])
  // Of 31 days six are left: of 249 that is 48, of 303 it is 59.
  const { shown: fewer } = await changeTo(app, seller, subscription.id, { addons: [] })
  expect(fewer.lines[0]).toMatchObject({ kind: 'credit', amount: { amount: '-107' } })
  expect(await app.as((ctx) => books(ctx, tenantId))).toMatchObject({
    unbalanced: [],
    gaps: [],
    receivable: 0n,
  })
  expect(await eventsOf(app, subscription.id)).toContain('SUBSCRIPTION_CREATED')
})

test('what is tried first has its add-ons at once, and they are billed after the trial', async () => {
  const seller = await shop(app)
  const plan = await planOf(app, seller, [{ interval: 'month', unitMinor: '499', trialDays: 14 }])
  const memory = await addonOf(seller.tenantId, { memoryMb: 256 })
  travel(app, '2027-01-17T12:00:00Z')
  const { subscription, invoice } = await app.as((ctx) =>
    orderAs(ctx, seller, { planId: plan.id, priceId: priceOf(plan, 'month'), addons: [of(memory, 2)] }),
  )
  expect(invoice).toBeNull()
  const { tenantId } = seller
  await app.as((ctx) => deliver(ctx, tenantId, subscription.id))
  expect(await showPodSize(subscription)).toBe('1/1024/4')
  const calendar = await app.as((ctx) =>
    BillingService.showCalendar(ctx, tenantId, subscription.id, { assume: 'paid', days: 60 }),
  )
  expect(calendar.items.find(({ what }) => what === 'activate')?.invoice?.total.amount).toBe('701')
  for (const at of ['2027-01-28T09:00:30Z', '2027-01-31T00:00:30Z']) {
    travel(app, at)
    await run(app)
  }
  expect((await billsOf(app, subscription.id)).map(({ total }) => total)).toEqual([701n])
})

const showPodSize = async ({ id }: Subscription): Promise<string | undefined> =>
  (
    await rowsOf(
      app,
      sql<{ size: string }>`select concat_ws('/', cores, memory_mb, disk_gb) as size from cloud_pods
        where subscription_id = ${id} order by id desc limit 1`,
    )
  )[0]?.size

test('what is delivered again is as large as it was ordered', async () => {
  const seller = await shop(app)
  const memory = await addonOf(seller.tenantId, { memoryMb: 256 })
  const { subscription, invoice } = await app.as((ctx) => orderAs(ctx, seller, { addons: [of(memory, 2)] }))
  const { tenantId } = seller
  // Its pod could not be made.
  await rowsOf(app, sql`update cloud_pods set state = 'failed' where subscription_id = ${subscription.id}`)
  await rowsOf(
    app,
    sql`update subscriptions set state = 'provisioning', delivery_problem = 'no', payment_due_at = null
      where id = ${subscription.id}`,
  )
  expect(invoice?.total.amount).toBe('701')
  await app.as((ctx) => BillingService.retryDelivery(ctx, tenantId, subscription.id))
  expect(await showPodSize(subscription)).toBe('1/1024/4')
})

test('what an add-on does not allow is said by the preview, and the order is refused with it', async () => {
  const seller = await shop(app)
  const { customerId, tenantId } = seller
  const few = await addonOf(tenantId, { maxQuantity: 2 })
  const gone = await addonOf(tenantId)
  await app.admin.call('PATCH', `/api/admin/billing/addons/${gone.id}`, { state: 'retired' })
  const stranger = await addonOf(await app.tenant())
  const order = { ...(await prepareOrder(app.admin, tenantId)), customerId }
  const wishes: [string, object[], RegExp][] = [
    [`${few.id}:3`, [of(few, 3)], /at most 2/],
    [`${few.id}:1,${few.id}:1`, [of(few, 1), of(few, 1)], /once/],
    [`${gone.id}:1`, [of(gone, 1)], /not sold any more/],
  ]
  for (const [addons, wished, message] of wishes) {
    const { body } = await previewOf(customerId, { priceId: order.priceId, addons })
    expect(body.addonProblems[0]).toMatch(message)
    const answer = await app.admin.post<Problem>(SUBSCRIPTIONS, { ...order, addons: wished })
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(answer.body.detail).toMatch(message)
  }
  const foreign = await previewOf(customerId, { priceId: order.priceId, addons: `${stranger.id}:1` })
  expect(foreign.status).toBe(404)
  const taken = await app.admin.post<Problem>(SUBSCRIPTIONS, { ...order, addons: [of(stranger, 1)] })
  expect(taken.status).toBe(404)
  const wrong = await previewOf(customerId, { priceId: order.priceId, addons: few.id })
  expect(wrong).toMatchObject({ status: 422, body: { code: 'invalid_input', errors: [{ path: 'addons' }] } })
  const other = await app.admin.post<Problem>(SUBSCRIPTIONS, {
    ...order,
    addons: [of(few, 1)],
    shownTotalMinor: '499',
  })
  expect(other.body.code).toBe('precondition_failed')
})

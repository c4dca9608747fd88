import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { canSubscription } from '../../shared/states/billingSubscription.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  billsOf,
  contractIn,
  dyingAt,
  eventsOf,
  forget,
  payAll,
  periodsOf,
  run,
  travel,
} from './contractWorld.ts'
import { carryOut, changeTo, linesOf, planOf, preview, priceOf } from './planWorld.ts'
import { books, makeRoom, order, shop, type Shop } from './world.ts'

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

async function opened(at: string) {
  app.clock.offsetMs = 0
  const seller = await shop(app)
  const cheap = await planOf(app, seller, [{ interval: 'month', unitMinor: '299', setupMinor: '50' }])
  travel(app, at)
  return { seller, cheap, id: await contractIn(app, seller) }
}
const show = (seller: Shop, id: string) => app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))
const account = (seller: Shop) => app.as((ctx) => books(ctx, seller.tenantId))
const cancelChange = (seller: Shop, id: string) =>
  app.as((ctx) => BillingService.cancelChange(ctx, seller.tenantId, id))
const calendarOf = async (seller: Shop, id: string) =>
  (
    await app.as((ctx) => BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'paid', days: 60 }))
  ).items.map(({ what, date, invoice }) => `${date} ${what} ${invoice?.total.amount ?? ''}`)
const FEW = { when: 'period_end' } as const

test('a planned change is charged with the next period’s invoice as it was shown, and begins with that period', async () => {
  const { seller, cheap, id } = await opened('2027-01-01T12:00:00Z')
  const { shown, subscription, invoice } = await changeTo(app, seller, id, { planId: cheap.id, ...FEW })
  expect(linesOf(shown)).toEqual(['recurring 2027-02-01 2027-02-28 299', 'setup   50'])
  expect(shown).toMatchObject({
    total: { amount: '349' },
    issued: '2027-01-25',
    dueDate: '2027-02-01',
    effectiveAt: '2027-02-01T00:00:00.000Z',
    next: { from: '2027-03-01', total: { amount: '299' } },
  })
  expect(invoice).toBeNull()
  expect(subscription).toMatchObject({
    plan: { id: seller.plan.id },
    change: { state: 'planned', plan: { id: cheap.id } },
  })
  expect(await calendarOf(seller, id)).toEqual([
    '2027-01-25 bill 349',
    '2027-02-01 change ',
    '2027-02-22 bill 299',
    '2027-03-01 advance ',
  ])
  expect((await preview(app, seller, id, { planId: cheap.id })).blockers[0]?.message).toContain(
    'planned already',
  )
  travel(app, '2027-01-26T12:00:00Z')
  await run(app)
  expect((await show(seller, id)).plan.id).toBe(seller.plan.id)
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([499n, 349n])
  await payAll(app, seller, id)
  travel(app, '2027-02-01T00:00:30Z')
  await run(app)
  expect(await show(seller, id)).toMatchObject({
    plan: { id: cheap.id },
    price: { unit: { amount: '299' } },
    periodStart: '2027-02-01T00:00:00.000Z',
    change: null,
  })
  travel(app, '2027-02-23T12:00:00Z')
  await run(app)
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([499n, 349n, 299n])
  expect(await periodsOf(app, id)).toEqual([
    '2027-01-01 2027-02-01',
    '2027-02-01 2027-03-01',
    '2027-03-01 2027-04-01',
  ])
  expect(await eventsOf(app, id)).toEqual(
    expect.arrayContaining(['SUBSCRIPTION_CHANGE_PLANNED', 'SUBSCRIPTION_RENEWED', 'SUBSCRIPTION_UPDATED']),
  )
})

test('cancelled before or after its invoice, a planned change leaves the old plan, and its invoice is taken back', async () => {
  const { seller, cheap, id } = await opened('2027-01-01T12:00:00Z')
  await changeTo(app, seller, id, { planId: cheap.id, ...FEW })
  expect((await cancelChange(seller, id)).change).toBeNull()
  await expect(cancelChange(seller, id)).rejects.toMatchObject({ code: 'invalid_state' })
  travel(app, '2027-01-26T12:00:00Z')
  await run(app)
  await payAll(app, seller, id)
  // Planned after the old price was billed: that is taken back, and the new one billed.
  const { shown } = await changeTo(app, seller, id, { planId: cheap.id, ...FEW })
  expect(shown).toMatchObject({
    takenBack: [{ total: { amount: '499' } }],
    issued: '2027-01-26',
    fromCredit: { amount: '349' },
  })
  await run(app)
  expect((await billsOf(app, id)).map(({ total, status }) => [total, status])).toEqual([
    [499n, 'paid'],
    [349n, 'paid'],
  ])
  await cancelChange(seller, id)
  await run(app)
  expect((await billsOf(app, id)).map(({ total, status }) => [total, status])).toEqual([
    [499n, 'paid'],
    [499n, 'paid'],
  ])
  expect(await account(seller)).toMatchObject({
    unbalanced: [],
    gaps: [],
    credit: 0n,
    receivable: 0n,
    cash: 998n,
  })
  // Once its period has begun it is too late, also if nobody has noted that.
  await changeTo(app, seller, id, { planId: cheap.id, ...FEW })
  await run(app)
  travel(app, '2027-02-01T00:00:30Z')
  await expect(cancelChange(seller, id)).rejects.toMatchObject({
    message: expect.stringContaining('has begun'),
  })
})

test('another interval begins with the next period, and is counted from its first day', async () => {
  const { seller, id } = await opened('2027-01-31T12:00:00Z')
  const { shown } = await changeTo(app, seller, id, { priceId: priceOf(seller.plan, 'year'), ...FEW })
  expect(linesOf(shown)).toEqual(['recurring 2027-02-28 2028-02-27 4990', 'setup   1000'])
  travel(app, '2027-02-28T12:00:00Z')
  await run(app)
  await payAll(app, seller, id)
  expect(await show(seller, id)).toMatchObject({
    price: { interval: 'year' },
    periodStart: '2027-02-28T00:00:00.000Z',
    periodEnd: '2028-02-28T00:00:00.000Z',
  })
  travel(app, '2028-02-22T12:00:00Z')
  await run(app)
  expect(await periodsOf(app, id)).toEqual([
    '2027-01-31 2027-02-28',
    '2027-02-28 2028-02-28',
    '2028-02-28 2029-02-28',
  ])
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([499n, 5990n, 4990n])
})

test('what ends with its period has no planned change any more; one whose time has come counts', async () => {
  const { seller, cheap, id } = await opened('2027-01-01T12:00:00Z')
  await changeTo(app, seller, id, { planId: cheap.id, ...FEW })
  travel(app, '2027-01-26T12:00:00Z')
  await run(app)
  const cancel = () =>
    app.as((ctx) => BillingService.cancel(ctx, seller.tenantId, id, { when: 'period_end', reason: '' }))
  expect((await cancel()).subscription).toMatchObject({ cancelAt: '2027-02-01T00:00:00.000Z', change: null })
  expect(await account(seller)).toMatchObject({ receivable: 0n, open: 0n })
  await app.as((ctx) => BillingService.uncancel(ctx, seller.tenantId, id))
  const { token } = await preview(app, seller, id, { priceId: priceOf(seller.plan, 'year'), ...FEW })
  await carryOut(app, seller, id, token)
  await run(app)
  await payAll(app, seller, id)
  travel(app, '2027-02-01T00:00:30Z')
  expect((await cancel()).subscription).toMatchObject({
    cancelAt: '2028-02-01T00:00:00.000Z',
    price: { interval: 'year' },
  })
})

test('killed between any two transactions, a planned change is charged and made once', async () => {
  const { seller, cheap, id } = await opened('2027-01-01T12:00:00Z')
  const totals = [499n]
  for (let month = 1, died = true; died; month++) {
    const to = month % 2 === 0 ? seller.plan : cheap
    await changeTo(app, seller, id, { planId: to.id, ...FEW })
    travel(app, new Date(Date.UTC(2027, month, 5)).toISOString())
    died = await BillingService.runContracts(dyingAt(app.root, month)).then(
      () => false,
      () => true,
    )
    await run(app)
    await payAll(app, seller, id)
    totals.push(month % 2 === 0 ? 499n : 349n)
    expect((await show(seller, id)).plan.id).toBe(to.id)
    const items = await rowsOf(
      app,
      sql`select from subscription_items where subscription_id = ${id} and removed_at is null`,
    )
    expect(items).toHaveLength(1)
  }
  expect(totals.length).toBeGreaterThan(6)
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual(totals)
  expect(await account(seller)).toMatchObject({ unbalanced: [], gaps: [], receivable: 0n })
})

test('a pod to which something else is being done is tried again for a day; then the price changes, and the page says what is left', async () => {
  const { seller, cheap, id } = await opened('2027-01-01T12:00:00Z')
  // It has a core more than the plan, and the job that made it has not ended.
  await rowsOf(app, sql`update cloud_pods set cores = 2 where subscription_id = ${id}`)
  await changeTo(app, seller, id, { planId: cheap.id, ...FEW })
  travel(app, '2027-01-26T12:00:00Z')
  await run(app)
  await payAll(app, seller, id)
  travel(app, '2027-02-01T00:00:30Z')
  await run(app)
  expect(await show(seller, id)).toMatchObject({ plan: { id: seller.plan.id }, change: { state: 'planned' } })
  expect(app.logs.at(-1)).toContain('Another job of the pod has not ended')
  travel(app, '2027-02-02T00:30:00Z')
  await run(app)
  expect(await show(seller, id)).toMatchObject({
    plan: { id: cheap.id },
    periodStart: '2027-02-01T00:00:00.000Z',
    change: { state: 'done' },
  })
  await rowsOf(app, sql`update cloud_pods set cores = 1 where subscription_id = ${id}`)
  expect((await show(seller, id)).change).toBeNull()
})

test('a change is refused with its reason in every state that does not allow it', async () => {
  const subject = { state: 'active', cancelAt: null, provider: 'manual', change: null } as const
  const said = (change: object) => {
    const verdict = canSubscription.change({ ...subject, ...change })
    return verdict.allowed ? '' : verdict.reason
  }
  expect(said({})).toBe('')
  expect(said({ change: { state: 'undone' } })).toBe('')
  for (const state of ['grace', 'suspending', 'suspended']) expect(said({ state })).toContain('overdue')
  expect(said({ state: 'unsuspending' })).toContain('being brought back')
  for (const state of ['awaiting_payment', 'provisioning'])
    expect(said({ state })).toContain('Only a delivered')
  expect(said({ state: 'terminated' })).toContain('has ended')
  expect(said({ provider: 'stripe' })).toContain('not billed by mPanel')
  expect(said({ cancelAt: new Date() })).toContain('take the cancellation back')
  expect(said({ change: { state: 'planned' } })).toContain('planned already')
  expect(said({ change: { state: 'working' } })).toContain('wait for its end')
  expect(canSubscription.cancelAtPeriodEnd({ state: 'active', change: { state: 'working' } }).allowed).toBe(
    false,
  )

  const { seller, cheap, id } = await opened('2027-01-01T12:00:00Z')
  const { subscription } = await app.as((ctx) => order(ctx, seller))
  await expect(preview(app, seller, subscription.id, { planId: cheap.id })).rejects.toMatchObject({
    code: 'invalid_state',
  })
  // Automation has not run since.
  travel(app, '2027-02-03T12:00:00Z')
  const { blockers } = await preview(app, seller, id, { planId: cheap.id })
  expect(blockers[0]?.message).toContain('has no invoice yet')
})

test('when a larger plan fails after the next period was billed by it, all of that is credited, and the old plan goes on', async () => {
  const { seller, id } = await opened('2027-01-01T12:00:00Z')
  // While the administrator's session lasts.
  app.clock.offsetMs = 0
  const more = await planOf(app, seller, [{ interval: 'year', unitMinor: '9990' }], { cores: 2 })
  // The job that made the pod would still be there.
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'cancelled', finished_at = now() where state = 'ready'`,
  )
  travel(app, '2027-01-10T12:00:00Z')
  const { subscription } = await changeTo(app, seller, id, { priceId: priceOf(more, 'year') })
  expect(subscription.change?.state).toBe('working')
  travel(app, '2028-01-04T12:00:00Z')
  await run(app)
  expect(await periodsOf(app, id)).toEqual([
    '2027-01-01 2027-02-01',
    '2027-01-10 2028-01-10',
    '2028-01-10 2029-01-10',
  ])
  const changeId = subscription.change?.id ?? ''
  const fail = () => app.as((ctx) => BillingService.changeFailed(ctx, seller.tenantId, changeId, 'no room'))
  await fail()
  await fail()
  expect(await show(seller, id)).toMatchObject({
    plan: { id: seller.plan.id },
    periodEnd: '2027-02-01T00:00:00.000Z',
    change: { state: 'undone' },
  })
  expect(await account(seller)).toMatchObject({
    unbalanced: [],
    gaps: [],
    revenue: -499n,
    receivable: 0n,
    credit: 0n,
  })
  await run(app)
  const periods = await periodsOf(app, id)
  expect(periods).toHaveLength(13)
  expect(periods.at(-1)).toBe('2028-01-01 2028-02-01')
  expect(await account(seller)).toMatchObject({ unbalanced: [], revenue: -499n * 13n })
})

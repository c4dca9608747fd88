import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { SubscriptionCalendar } from '../../shared/api/billingContracts.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { changeTo, planOf } from './planWorld.ts'
import { billsOf, contractIn, forget, obey, payAll, run, stateOf, travel } from './contractWorld.ts'
import { deliver, makeRoom, orderAs, payment, shop, type Shop } from './world.ts'

const DAY_MS = 86_400_000
const DAYS = 150

let app: TestApp
let seller: Shop
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  seller = await shop(app)
})
afterAll(() => app.close())
afterEach(() => forget(app))

const after = (begin: string): string[] =>
  Array.from({ length: DAYS }, (_, n) =>
    new Date(Date.parse(begin) + (n + 1) * DAY_MS).toISOString().slice(0, 10),
  )

const shown = (id: string, query: Parameters<typeof BillingService.showCalendar>[3]) =>
  app.as((ctx) => BillingService.showCalendar(ctx, seller.tenantId, id, query))
const calendarOf = async (id: string, assume: 'paid' | 'unpaid') =>
  (await shown(id, { assume, days: DAYS })).items

type Items = SubscriptionCalendar['items']
/** The days on which something is to happen. */
const dated = (items: Items, what: Items[number]['what']): string[] =>
  items.filter((item) => item.what === what).map(({ date }) => date)

const bill = ({ date, invoice }: Items[number]): string =>
  `${date}: from ${invoice?.from}, ${invoice?.total.amount}, due ${invoice?.dueDate}`

/** The invoices after the first, as the calendar has them. */
async function billed(id: string): Promise<string[]> {
  const [, ...later] = await billsOf(app, id)
  return later.map(
    ({ issued, from, total, due }) =>
      `${issued}: from ${from.toISOString().slice(0, 10)}, ${total}, due ${due}`,
  )
}

test('what the calendar says of a contract that is paid is what is then billed, to the day and the cent', async () => {
  const begin = '2027-01-31'
  travel(app, `${begin}T09:00:00Z`)
  const id = await contractIn(app, seller)
  const items = await calendarOf(id, 'paid')
  for (const day of after(begin)) {
    travel(app, `${day}T23:30:00Z`)
    await run(app)
    await payAll(app, seller, id)
  }
  const said = items.filter(({ what }) => what === 'bill').map(bill)
  expect(said.length).toBeGreaterThan(3)
  expect(await billed(id)).toEqual(said)
  expect(await stateOf(app, seller, id)).toBe('active')
})

test('what it says of a contract that nobody pays is when it is then billed, overdue and suspended', async () => {
  const begin = '2027-08-31'
  travel(app, `${begin}T09:00:00Z`)
  const id = await contractIn(app, seller)
  const items = await calendarOf(id, 'unpaid')
  const came: Record<string, string> = {}
  for (const day of after(begin)) {
    travel(app, `${day}T23:30:00Z`)
    await run(app)
    const state = await stateOf(app, seller, id)
    came[state] ??= day
    if (state === 'suspending') await obey(app, seller, id)
  }
  const said = items.filter(({ what }) => what === 'bill').map(bill)
  expect(said.length).toBeGreaterThan(0)
  expect(await billed(id)).toEqual(said)
  expect([came['grace'], came['suspending']]).toEqual([
    ...dated(items, 'overdue'),
    ...dated(items, 'suspend'),
  ])
})

/** A larger plan, which is sold by the month. */
const larger = () => planOf(app, seller, [{ interval: 'month', unitMinor: '799' }], { memoryMb: 1_024 })

/** Nothing is being done to its pod. */
const idle = (id: string) =>
  rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'cancelled', finished_at = now()
      where state = 'ready' and subject_id in (select p.id from cloud_pods p where p.subscription_id = ${id})`,
  )

test('what it says of a larger plan that is planned is billed and begins on these days, with the add-ons of the order', async () => {
  app.clock.offsetMs = 0
  const plan = await larger()
  const { body: addon } = await app.admin.post<{ id: string }>('/api/admin/billing/addons', {
    tenantId: seller.tenantId,
    code: 'support',
    name: 'Support',
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '101' }],
  })
  const begin = '2028-01-30'
  travel(app, `${begin}T09:00:00Z`)
  const { subscription, invoice } = await app.as((ctx) =>
    orderAs(ctx, seller, { addons: [{ addonId: addon.id, quantity: 1 }] }),
  )
  const { id } = subscription
  const paid = payment(invoice?.total.amount ?? '')
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice?.id ?? '', paid))
  await app.as((ctx) => deliver(ctx, seller.tenantId, id))
  await idle(id)
  await changeTo(app, seller, id, { planId: plan.id, when: 'period_end' })
  const items = await calendarOf(id, 'paid')
  let began = ''
  for (const day of after(begin)) {
    travel(app, `${day}T23:30:00Z`)
    await run(app)
    await payAll(app, seller, id)
    const now = await app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))
    if (now.plan.id === plan.id && began === '') began = day
  }
  expect(await billed(id)).toEqual(items.filter(({ what }) => what === 'bill').map(bill))
  expect([began]).toEqual(dated(items, 'change'))
  expect((await billsOf(app, id)).map(({ total }) => total).slice(0, 3)).toEqual([600n, 900n, 900n])
})

test('where there is no room for a larger plan, its invoice is taken back, and all else comes as it said without the plan', async () => {
  app.clock.offsetMs = 0
  const plan = await larger()
  const begin = '2029-01-10'
  travel(app, `${begin}T09:00:00Z`)
  const id = await contractIn(app, seller)
  const without = await calendarOf(id, 'paid')
  await idle(id)
  await changeTo(app, seller, id, { planId: plan.id, when: 'period_end' })
  const due = without.find(({ what }) => what === 'advance')?.date ?? ''
  for (const day of after(begin)) {
    travel(app, `${day}T23:30:00Z`)
    // By then it is in the hands of somebody who takes plans of no more memory.
    if (day === due)
      await rowsOf(
        app,
        sql`update cloud_pod_blueprints set max_memory_mb = 900 where id = ${seller.blueprintId}`,
      )
    await run(app)
    await payAll(app, seller, id)
  }
  const said = without.filter(({ what }) => what === 'bill').map(bill)
  const [late = '', ...others] = await billed(id)
  // The period that had begun is billed by the old plan on its first day, and there are as many days to pay as always.
  expect(late).toContain(`${due}: from ${due}, 499, `)
  expect(others).toEqual(said.slice(1))
  expect(await stateOf(app, seller, id)).toBe('active')
})

test('a calendar reaches to the day that is named, two years at most, and says what is wrong with any other', async () => {
  app.clock.offsetMs = 0
  const { id } = (await app.as((ctx) => orderAs(ctx, seller))).subscription
  const path = `/api/admin/billing/subscriptions/${id}/calendar`
  const ask = async (query: string) =>
    (await app.admin.get<{ until: string; detail: string; errors: { path: string }[] }>(`${path}?${query}`))
      .body
  const today = new Date().toISOString().slice(0, 10)
  const plus = (days: number) => new Date(Date.parse(today) + days * DAY_MS).toISOString().slice(0, 10)
  expect((await ask('')).until).toBe(plus(120))
  expect((await ask(`until=${today}`)).until).toBe(today)
  expect((await ask(`until=${plus(731)}`)).until).toBe(plus(731))
  const wrong: [string, RegExp][] = [
    [`until=${plus(-1)}`, /begins today/],
    [`until=${plus(732)}`, /two years ahead/],
    [`until=${today}&days=3`, /not both/],
    ['until=soon', /./],
    ['until=2027-02-30', /./],
  ]
  for (const [query, message] of wrong) {
    const answer = await ask(query)
    expect(answer.errors[0]?.path, query).toBe('until')
    expect(answer.detail).toMatch(message)
  }

  travel(app, '2030-01-31T09:00:00Z')
  const running = await contractIn(app, seller)
  const { items, until } = await shown(running, { assume: 'paid', until: '2032-01-30' })
  expect(until).toBe('2032-01-30')
  expect(dated(items, 'advance')).toHaveLength(23)
  expect(dated(items, 'advance').at(-1)).toBe('2031-12-31')
  // What begins on the named day is in it.
  const one = await shown(running, { assume: 'paid', until: '2030-02-28' })
  expect(dated(one.items, 'advance')).toEqual(['2030-02-28'])
  expect(dated((await shown(running, { assume: 'paid', until: '2030-02-27' })).items, 'advance')).toEqual([])
})

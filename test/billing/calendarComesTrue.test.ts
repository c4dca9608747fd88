import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SubscriptionCalendar } from '../../shared/api/billingContracts.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { billsOf, contractIn, obey, payAll, run, stateOf, travel } from './contractWorld.ts'
import { makeRoom, shop, type Shop } from './world.ts'

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

const after = (begin: string): string[] =>
  Array.from({ length: DAYS }, (_, n) =>
    new Date(Date.parse(begin) + (n + 1) * DAY_MS).toISOString().slice(0, 10),
  )

const calendarOf = async (id: string, assume: 'paid' | 'unpaid') =>
  (await app.as((ctx) => BillingService.showCalendar(ctx, seller.tenantId, id, { assume, days: DAYS }))).items

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

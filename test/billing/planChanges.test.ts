import { sql } from 'kysely'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { ALL } from '../support/some.ts'
import { billsOf, contractIn, eventsOf, forget, payAll, run, travel } from './contractWorld.ts'
import { carryOut, changeTo, linesOf, planOf, preview, priceOf } from './planWorld.ts'
import { books, makeRoom, shop, type Shop } from './world.ts'

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

const dearer = (seller: Shop) =>
  planOf(app, seller, [
    { interval: 'month', unitMinor: '999' },
    { interval: 'year', unitMinor: '9990', setupMinor: '500' },
  ])

async function opened(at: string) {
  app.clock.offsetMs = 0
  const seller = await shop(app)
  const other = await dearer(seller)
  travel(app, at)
  return { seller, other }
}
const account = (seller: Shop) => app.as((ctx) => books(ctx, seller.tenantId))

test('what is left of the old plan is credited and of the new one charged, from the day on; the next invoice is by the new price', async () => {
  const { seller, other } = await opened('2027-01-01T12:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-01-10T18:00:00Z')
  const shown = await preview(app, seller, id, { planId: other.id })
  // 499 · 9 / 31 = 144.87 and 999 · 9 / 31 = 290.03 are used up.
  expect(linesOf(shown)).toEqual(['credit 2027-01-10 2027-01-31 -354', 'recurring 2027-01-10 2027-01-31 709'])
  expect(shown).toMatchObject({
    total: { amount: '355', currency: 'EUR' },
    issued: '2027-01-10',
    dueDate: '2027-01-24',
    takenBack: [],
    blockers: [],
    next: {
      issued: '2027-01-25',
      from: '2027-02-01',
      to: '2027-02-28',
      total: { amount: '999' },
      dueDate: '2027-02-01',
    },
    pod: { resized: false, needsRestart: false },
  })
  const { invoice, subscription, job } = await carryOut(app, seller, id, shown.token)
  expect(invoice?.lines.map(({ net, description }) => [net.amount, description])).toEqual(
    shown.lines.map(({ amount, description }) => [amount.amount, description]),
  )
  expect(invoice).toMatchObject({ total: { amount: '355' }, status: 'open', dueDate: '2027-01-24' })
  expect(job).toBeNull()
  expect(subscription).toMatchObject({
    plan: { id: other.id },
    price: { unit: { amount: '999' } },
    periodEnd: '2027-02-01T00:00:00.000Z',
    change: null,
  })
  await payAll(app, seller, id)
  travel(app, '2027-01-26T00:00:00Z')
  await run(app)
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([499n, 355n, 999n])
  expect(await account(seller)).toMatchObject({
    unbalanced: [],
    gaps: [],
    receivable: 999n,
    open: 999n,
    cash: 854n,
    revenue: -1853n,
  })
  expect(await eventsOf(app, id)).toContain('SUBSCRIPTION_UPDATED')
})

/** Prices of two intervals, and what one is used up after so many days: by the schoolbook, in numbers. */
const PLANS = [
  { month: 499, year: 4990, setup: 1000 },
  { month: 777, year: 9001, setup: 0 },
  { month: 1, year: 13, setup: 5 },
] as const
type Term = { price: number; months: number; setup: number }
const termOf = (plan: number, yearly: boolean): Term => {
  const { month, year, setup } = PLANS[plan] ?? PLANS[0]
  return yearly ? { price: year, months: 12, setup } : { price: month, months: 1, setup: 0 }
}
const DAY_MS = 86_400_000
const usedUp = (price: number, days: number, of: number): number =>
  Math.floor((2 * price * days + of) / (2 * of))
function monthsAfter(anchor: number, months: number): number {
  const date = new Date(anchor)
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1))
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  return first.getTime() + (Math.min(date.getUTCDate(), length) - 1) * DAY_MS
}

/** A contract on paper: it knows its period and since when which price counts, and sums what is over. */
function onPaper(anchor: number, term: Term) {
  const of = { anchor, term, index: 0, cut: anchor, total: 0, planned: null as Term | null }
  const begin = (index: number): number => monthsAfter(of.anchor, index * of.term.months)
  /** What the present price takes from its first day in this period to `to`. */
  const piece = (to: number): number => {
    const [from, end] = [begin(of.index), begin(of.index + 1)]
    const used = (at: number) => usedUp(of.term.price, (at - from) / DAY_MS, (end - from) / DAY_MS)
    return used(to) - used(of.cut)
  }
  return {
    goTo(day: number) {
      while (begin(of.index + 1) <= day) {
        const end = begin(of.index + 1)
        const next = of.planned ?? of.term
        of.total += piece(end) + (of.planned?.setup ?? 0)
        if (next.months === of.term.months) of.index++
        else Object.assign(of, { anchor: end, index: 0 })
        Object.assign(of, { term: next, planned: null, cut: end })
      }
    },
    change(day: number, next: Term) {
      of.total += piece(day) + next.setup
      if (next.months !== of.term.months) Object.assign(of, { anchor: day, index: 0 })
      Object.assign(of, { term: next, cut: day })
    },
    plan(next: Term | null) {
      of.planned = next
    },
    /** What is billed by a day: the present period to its end, and a week before the next one also that. */
    billed(day: number): number {
      const end = begin(of.index + 1)
      const next = of.planned ? of.planned.price + of.planned.setup : of.term.price
      return of.total + piece(end) + (day >= end - 7 * DAY_MS ? next : 0)
    },
  }
}

test('whatever is changed or planned when and how often, also twice at once, the sum of what was charged is that of a calculation on paper', async () => {
  app.clock.offsetMs = 0
  const seller = await shop(app)
  const plans = [seller.plan]
  for (const { month, year, setup } of PLANS.slice(1)) {
    const yearly = { interval: 'year' as const, unitMinor: String(year), setupMinor: String(setup) }
    plans.push(await planOf(app, seller, [{ interval: 'month', unitMinor: String(month) }, yearly]))
  }
  await fc.assert(
    fc.asyncProperty(
      fc.date({ min: new Date('2027-01-01'), max: new Date('2028-12-31'), noInvalidDate: true }),
      fc.array(fc.record({ days: fc.nat(24), plan: fc.nat(2), yearly: fc.boolean(), later: fc.boolean() }), {
        minLength: 2,
        maxLength: 6,
      }),
      async (begin, steps) => {
        let day = Date.parse(begin.toISOString().slice(0, 10))
        const goTo = (at: number) => travel(app, new Date(at + DAY_MS / 2).toISOString())
        goTo(day)
        const before = Number(-(await account(seller)).revenue)
        const id = await contractIn(app, seller)
        const paper = onPaper(day, termOf(0, false))
        for (const { days, plan, yearly, later } of steps) {
          day += days * DAY_MS
          goTo(day)
          await run(app)
          await payAll(app, seller, id)
          paper.goTo(day)
          const priceId = priceOf(plans[plan] ?? seller.plan, yearly ? 'year' : 'month')
          const { change, price } = await app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))
          if (change !== null) {
            await app.as((ctx) => BillingService.cancelChange(ctx, seller.tenantId, id))
            paper.plan(null)
          } else if (price.id !== priceId) {
            const { token, blockers } = await preview(app, seller, id, {
              priceId,
              when: later ? 'period_end' : 'now',
            })
            expect(blockers).toEqual([])
            await Promise.all([token, token].map((one) => carryOut(app, seller, id, one)))
            const term = termOf(plan, yearly)
            if (later) paper.plan(term)
            else paper.change(day, term)
          }
          await run(app)
          await payAll(app, seller, id)
          const all = await account(seller)
          expect(all).toMatchObject({ unbalanced: [], gaps: [], receivable: 0n, open: 0n })
          expect(Number(-all.revenue) - before).toBe(paper.billed(day))
        }
        await forget(app)
      },
    ),
    { numRuns: ALL ? 40 : 4 },
  )
}, 300_000)

test('the same token again, in parallel or late, answers what it has done and charges nothing more', async () => {
  const { seller, other } = await opened('2027-01-01T12:00:00Z')
  const id = await contractIn(app, seller)
  const { token } = await preview(app, seller, id, { planId: other.id })
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => carryOut(app, seller, id, token)))
  travel(app, '2027-01-01T13:00:00Z')
  answers.push(await carryOut(app, seller, id, token))
  expect(new Set(answers.map(({ invoice }) => invoice?.number))).toEqual(new Set(['INV-000002']))
  expect((await account(seller)).revenue).toBe(-999n)
  // The database refuses as well to credit a time twice.
  const again = app.as(({ tx }) =>
    sql`insert into invoice_lines (id, tenant_id, invoice_id, line_no, item_id, kind, period, description, unit_minor, net_minor,
        gross_minor, dedupe_key)
      select gen_random_uuid(), tenant_id, invoice_id, 9, item_id, kind, period, 'again', -1, -1, -1, 'again'
      from invoice_lines where kind = 'credit' and tenant_id = ${seller.tenantId} limit 1`.execute(tx),
  )
  await expect(again).rejects.toMatchObject({ code: '23P01' })
})

test('a cheaper plan at once makes an invoice over nothing, and the rest becomes credit that pays the next invoice', async () => {
  const { seller, other } = await opened('2027-01-01T12:00:00Z')
  const id = await contractIn(app, seller)
  const dear = await changeTo(app, seller, id, { priceId: priceOf(other, 'year') })
  expect(linesOf(dear.shown)).toEqual([
    'credit 2027-01-01 2027-01-31 -499',
    'recurring 2027-01-01 2027-12-31 9990',
    'setup   500',
  ])
  await payAll(app, seller, id)
  travel(app, '2027-12-02T12:00:00Z')
  const { shown, invoice } = await changeTo(app, seller, id, { priceId: priceOf(seller.plan, 'month') })
  // 30 of 365 days are left: 9990 − 9990 · 335 / 365.
  expect(linesOf(shown)).toEqual([
    'credit 2027-12-02 2027-12-31 -821',
    'recurring 2027-12-02 2028-01-01 499',
    'carried   322',
  ])
  expect(invoice).toMatchObject({ total: { amount: '0' }, status: 'paid' })
  expect(shown.next).toMatchObject({ from: '2028-01-02', fromCredit: { amount: '322' } })
  expect(await account(seller)).toMatchObject({ unbalanced: [], credit: -322n, receivable: 0n })
  travel(app, '2027-12-28T12:00:00Z')
  await run(app)
  expect((await billsOf(app, id)).at(-1)).toMatchObject({ total: 499n, paid: 322n, status: 'open' })
  expect(await account(seller)).toMatchObject({ unbalanced: [], credit: 0n, receivable: 177n, open: 177n })
})

test('what was billed ahead at the old price is credited and billed anew at the new one', async () => {
  const { seller, other } = await opened('2027-01-01T12:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-01-28T12:00:00Z')
  await run(app)
  await payAll(app, seller, id)
  const shown = await preview(app, seller, id, { planId: other.id })
  expect(shown).toMatchObject({
    takenBack: [{ number: 'INV-000002', total: { amount: '499' } }],
    // 4 of 31 days: 999 − 870 less 499 − 435; it is paid out of what was paid for February.
    total: { amount: '65' },
    fromCredit: { amount: '65' },
    next: { from: '2027-02-01', total: { amount: '999' }, fromCredit: { amount: '434' } },
  })
  await carryOut(app, seller, id, shown.token)
  await run(app)
  expect((await billsOf(app, id)).map(({ total, paid, status }) => [total, paid, status])).toEqual([
    [499n, 499n, 'paid'],
    [65n, 65n, 'paid'],
    [999n, 434n, 'open'],
  ])
  expect(await account(seller)).toMatchObject({
    unbalanced: [],
    gaps: [],
    credit: 0n,
    receivable: 565n,
    open: 565n,
  })
})

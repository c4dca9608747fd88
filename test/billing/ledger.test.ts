import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppError } from '../../src/errors.ts'
import { newId } from '../../src/lib/ids.ts'
import * as billingLedger from '../../src/db/billingLedger.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { books, deliver, makeRoom, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
})
afterAll(() => app.close())

/** Every run begins with these: the first free, the others to be paid. */
const FIRST = ['day', 'month', 'year', 'month'] as const
/** The four ways in which an order ends, whatever chance brings besides. */
const ENDINGS: Action[] = [
  { do: 'pay', which: 1, percent: 50 },
  { do: 'cancel', which: 1 },
  { do: 'pay', which: 2, percent: 33 },
  { do: 'pay', which: 2, percent: 67 },
  { do: 'cancel', which: 2 },
  { do: 'pay', which: 3, percent: 100 },
  { do: 'deliver', which: 3 },
  { do: 'cancel at the end', which: 3 },
  { do: 'cancel', which: 3 },
  { do: 'cancel', which: 0 },
]

type Action =
  | { do: 'order'; interval: 'day' | 'month' | 'year' }
  | { do: 'pay'; which: number; percent: number }
  | {
      do: 'pay too much' | 'pay in another currency' | 'deliver' | 'cancel' | 'cancel at the end'
      which: number
    }

const which = fc.nat({ max: 3 })
const percent = fc.constantFrom(1, 10, 33, 50, 67, 100, 130)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('order'), interval: fc.constantFrom('day', 'month', 'year') }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pay'), which, percent }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'pay too much',
        'pay in another currency',
        'deliver',
        'cancel',
        'cancel at the end',
      ),
      which,
    }),
  },
) as fc.Arbitrary<Action>

/** What we believe of an order: what it costs, what was paid, whether it was taken back. */
type Belief = { id: string; invoiceId: string; total: bigint; paid: bigint; state: string; credited: boolean }

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: AppError) => {
      if (error.code === undefined || error.name !== 'AppError') throw error
      return error.code
    },
  )

async function act(seller: Shop, orders: Belief[], step: Action): Promise<void> {
  const { tenantId } = seller
  if (step.do === 'order') {
    if (orders.length === 6) return
    const { subscription, invoice } = await app.as((ctx) => order(ctx, seller, step.interval))
    const total = BigInt(invoice.total.amount)
    expect(total).toBe({ day: 0n, month: 499n, year: 5_990n }[step.interval])
    expect(subscription.state).toBe(total === 0n ? 'provisioning' : 'awaiting_payment')
    const belief = { total, paid: 0n, state: subscription.state, credited: false }
    orders.push({ id: subscription.id, invoiceId: invoice.id, ...belief })
    return
  }
  const one = orders[step.which % Math.max(orders.length, 1)]
  if (!one) return
  const open = one.credited ? 0n : one.total - one.paid
  const pay = (amount: bigint, currency = 'EUR') =>
    codeOf(
      app.as((ctx) =>
        BillingService.recordPayment(ctx, tenantId, one.invoiceId, { ...payment(amount), currency }),
      ),
    )
  switch (step.do) {
    case 'pay': {
      const amount = (one.total * BigInt(step.percent)) / 100n
      const allowed = amount > 0n && amount <= open
      const refusal = open === 0n ? 'invalid_state' : 'payment_mismatch'
      expect(await pay(amount)).toBe(allowed ? 'done' : refusal)
      if (!allowed) return
      one.paid += amount
      if (amount === open && one.state === 'awaiting_payment') one.state = 'provisioning'
      return
    }
    case 'pay too much':
      expect(await pay(open + 1n)).toBe(open === 0n ? 'invalid_state' : 'payment_mismatch')
      return
    case 'pay in another currency':
      expect(await pay(1n, 'USD')).toBe(open === 0n ? 'invalid_state' : 'payment_mismatch')
      return
    case 'deliver':
      if (one.state !== 'provisioning') return
      await app.as((ctx) => deliver(ctx, tenantId, one.id))
      one.state = 'active'
      return
    case 'cancel at the end':
    case 'cancel': {
      const when = step.do === 'cancel' ? 'now' : 'period_end'
      const result = await codeOf(
        app.as((ctx) => BillingService.cancel(ctx, tenantId, one.id, { when, reason: '' })),
      )
      if (when === 'period_end' || result !== 'done') return
      expect(['awaiting_payment', 'provisioning', 'active']).toContain(one.state)
      one.credited = one.state !== 'active'
      one.state = 'ended'
    }
  }
}

test('whatever is ordered, paid, delivered and cancelled, the ledger balances and agrees with the documents', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 16, size: 'max' }), async (steps) => {
      const seller = await shop(app)
      const orders: Belief[] = []
      const begin = FIRST.map((interval): Action => ({ do: 'order', interval }))
      for (const step of [...begin, ...steps]) {
        await act(seller, orders, step)
        const now = await app.as((ctx) => books(ctx, seller.tenantId))
        expect(now.unbalanced).toEqual([])
        expect(now.gaps).toEqual([])
        expect(now.receivable).toBe(now.open)
        expect(now.cash).toBe(now.payments)
        expect(now.revenue).toBe(-(now.issued - now.credited))
        expect(now.receivable + now.credit + now.cash + now.revenue).toBe(0n)
      }
      const sum = (amount: (one: Belief) => bigint): bigint =>
        orders.reduce((all, one) => all + amount(one), 0n)
      const end = await app.as((ctx) => books(ctx, seller.tenantId))
      expect(end.paid).toBe(sum((one) => one.paid))
      expect(end.open).toBe(sum((one) => (one.credited ? 0n : one.total - one.paid)))
      expect(end.credited).toBe(sum((one) => (one.credited ? one.total : 0n)))
      // What was paid for something never delivered is the customer's credit.
      expect(end.credit).toBe(-sum((one) => (one.credited ? one.paid : 0n)))
    }),
    { numRuns: 15, examples: [[ENDINGS]] },
  )
}, 90_000)

describe('the ledger itself', () => {
  const post = (amounts: bigint[], id = newId()) =>
    app.as(async (ctx) => {
      const { tenantId } = await seller
      const entries = amounts.map((amountMinor) => ({ account: 'cash', amountMinor }) as const)
      const source = { type: 'test', id }
      await billingLedger.post(ctx.tx, {
        tenantId,
        kind: 'test',
        source,
        currency: 'EUR',
        at: ctx.now(),
        entries,
      })
    })
  let seller: Promise<Shop>
  beforeAll(() => {
    seller = shop(app)
  })

  test('refuses at the commit what does not sum to zero', async () => {
    await expect(post([100n, -99n])).rejects.toMatchObject({ code: '23514' })
    await expect(post([100n])).rejects.toThrow('does not balance')
    await expect(post([100n, -100n])).resolves.toBeUndefined()
  })

  test('refuses to post the same thing twice, also at the same time', async () => {
    const id = newId()
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => post([5n, -5n], id)))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  })
})

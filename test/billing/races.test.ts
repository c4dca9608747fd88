import { afterAll, beforeAll, expect, test } from 'vitest'
import { isNoneFree } from '../../src/lib/preparing.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { books, makeRoom, order, payment, shop } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
})
afterAll(() => app.close())

const times = <T>(count: number, work: (index: number) => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
  Promise.allSettled(Array.from({ length: count }, (_, index) => whenFree(() => work(index))))
/** More come at once than there are connections: whoever waited ten seconds for one on a busy machine comes again. */
async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isNoneFree(error)) return whenFree(work)
    throw error
  }
}
const done = (results: PromiseSettledResult<unknown>[]): number =>
  results.filter((result) => result.status === 'fulfilled').length
const codes = (results: PromiseSettledResult<unknown>[]): unknown[] =>
  results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { code?: string }).code] : [],
  )

test('50 parallel orders, a third of them rolled back, get numbers without a gap', async () => {
  const seller = await shop(app)
  const results = await times(50, (index) =>
    app.as(async (ctx) => {
      const made = await order(ctx, seller)
      if (index % 3 === 0) throw new Error('the customer has gone')
      return made.invoice
    }),
  )
  const numbers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.number] : []))
  expect(numbers).toHaveLength(33)
  expect(numbers.map(String).toSorted()).toEqual(
    Array.from({ length: 33 }, (_, n) => `INV-${String(n + 1).padStart(6, '0')}`),
  )
  const after = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(after.gaps).toEqual([])
  expect(after.receivable).toBe(33n * 499n)
})

test('parallel cancellations, some rolled back, give credit notes without a gap', async () => {
  const seller = await shop(app)
  const orders = await times(20, () => app.as((ctx) => order(ctx, seller)))
  expect(done(orders)).toBe(20)
  await times(20, (index) =>
    app.as(async (ctx) => {
      const one = orders[index]
      if (one?.status !== 'fulfilled') return
      const { id } = one.value.subscription
      await BillingService.cancel(ctx, seller.tenantId, id, { when: 'now', reason: '' })
      if (index % 4 === 0) throw new Error('no')
    }),
  )
  const after = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(after.gaps).toEqual([])
  expect(after.credited).toBe(15n * 499n)
  expect(after.receivable).toBe(5n * 499n)
})

test('of ten parallel payments in full one is booked', async () => {
  const seller = await shop(app)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  const results = await times(10, () =>
    app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment('499'))),
  )
  expect(done(results)).toBe(1)
  expect(new Set(codes(results))).toEqual(new Set(['invalid_state']))
  expect((await app.as((ctx) => books(ctx, seller.tenantId))).cash).toBe(499n)
})

test('parallel part payments never take more than is open', async () => {
  const seller = await shop(app)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  const results = await times(10, () =>
    app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment('100'))),
  )
  expect(done(results)).toBe(4)
  const after = await app.as((ctx) => books(ctx, seller.tenantId))
  expect([after.cash, after.receivable]).toEqual([400n, 99n])
})

test('the same reference is booked once, however often and whenever it is sent', async () => {
  const seller = await shop(app)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  const book = () =>
    app.as((ctx) =>
      BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment('10', 'bank-0001')),
    )
  const results = await times(8, book)
  expect(done(results)).toBe(1)
  expect(new Set(codes(results))).toEqual(new Set(['already_exists']))
  await expect(book()).rejects.toMatchObject({ code: 'already_exists' })
  expect((await app.as((ctx) => books(ctx, seller.tenantId))).cash).toBe(10n)
})

test('when a payment and a cancellation meet, the money is either revenue or the customer’s credit, never lost', async () => {
  const seller = await shop(app)
  for (let round = 0; round < 8; round++) {
    const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
    const results = await Promise.allSettled([
      app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment('499'))),
      app.as((ctx) =>
        BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: '' }),
      ),
    ])
    expect(results[1]?.status).toBe('fulfilled')
    expect([...codes(results), 'invalid_state']).toContain('invalid_state')
  }
  const after = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(after).toMatchObject({ unbalanced: [], gaps: [], open: 0n, receivable: 0n, revenue: 0n })
  expect(after.credit).toBe(-after.cash)
})

test('of ten parallel cancellations one is done', async () => {
  const seller = await shop(app)
  const { subscription } = await app.as((ctx) => order(ctx, seller))
  const results = await times(10, () =>
    app.as((ctx) =>
      BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: '' }),
    ),
  )
  expect(done(results)).toBe(1)
  expect(new Set(codes(results))).toEqual(new Set(['invalid_state']))
  expect((await app.as((ctx) => books(ctx, seller.tenantId))).credited).toBe(499n)
})

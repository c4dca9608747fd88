import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Addon } from '../../shared/api/billingAddons.ts'
import * as changesDb from '../../src/db/billingChanges.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { billsOf, contractIn, forget, payAll, run, travel } from './contractWorld.ts'
import { changeTo, linesOf, planOf, preview } from './planWorld.ts'
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

const ADDONS = '/api/admin/billing/addons'
let codes = 0
/** Without a size: then no pod is resized, and a change is done at once. */
async function addonOf(seller: Shop, terms: Record<string, unknown> = {}): Promise<Addon> {
  const { status, body } = await app.admin.post<Addon>(ADDONS, {
    tenantId: seller.tenantId,
    code: `addon-${++codes}`,
    name: 'Support',
    maxQuantity: 10,
    prices: [
      { currency: 'EUR', interval: 'month', unitMinor: '101' },
      { currency: 'EUR', interval: 'year', unitMinor: '1010' },
    ],
    ...terms,
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const of = (addon: Addon, quantity: number) => ({ addonId: addon.id, quantity })
const shown = ({ tenantId }: Shop, id: string) => app.as((ctx) => BillingService.get(ctx, tenantId, id))

test('add-ons are charged from the day on by their number, billed with each period, and the preview is the charge', async () => {
  const seller = await shop(app)
  const support = await addonOf(seller)
  travel(app, '2027-03-01T12:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-03-11T12:00:00Z')
  // Of 31 days 21 are left: of 499 that is 338, of 303 it is 205.
  const first = await changeTo(app, seller, id, { addons: [of(support, 3)] })
  expect(linesOf(first.shown)).toEqual([
    'credit 2027-03-11 2027-03-31 -338',
    'recurring 2027-03-11 2027-03-31 338',
    'addon   205',
  ])
  expect(first.invoice?.total).toEqual(first.shown.total)
  expect(first.shown.next?.total.amount).toBe('802')
  expect((await shown(seller, id)).addons).toMatchObject([
    { name: 'Support', quantity: 3, unit: { amount: '101' } },
  ])
  // Fewer on the same day: nothing was paid for those that are gone.
  const fewer = await changeTo(app, seller, id, { addons: [of(support, 1)] })
  expect(linesOf(fewer.shown).slice(2)).toEqual(['addon   68', 'carried   137'])
  // With the next period none any more, at a yearly price; what is in hand pays first.
  const yearly = seller.plan.prices.find(({ interval }) => interval === 'year')?.id
  const planned = await changeTo(app, seller, id, {
    priceId: yearly,
    when: 'period_end',
    addons: [of(support, 2)],
  })
  expect(planned.shown.total.amount).toBe(String(4990 + 1000 + 2020))
  travel(app, '2027-04-01T12:00:00Z')
  await payAll(app, seller, id)
  await run(app)
  await payAll(app, seller, id)
  const bills = await billsOf(app, id)
  expect(bills.at(-1)?.total).toBe(8010n)
  travel(app, '2028-03-30T12:00:00Z')
  await run(app)
  // The set-up fee was for the first period by the price.
  expect((await billsOf(app, id)).at(-1)?.total).toBe(7010n)
  await payAll(app, seller, id)
  const after = await app.as((ctx) => books(ctx, seller.tenantId))
  expect({ unbalanced: after.unbalanced, gaps: after.gaps, receivable: after.receivable }).toEqual({
    unbalanced: [],
    gaps: [],
    receivable: 0n,
  })
})

test('what an add-on does not allow stands against the change, and its terms never change', async () => {
  const seller = await shop(app)
  const few = await addonOf(seller, { maxQuantity: 2 })
  const monthly = await addonOf(seller, {
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '5' }],
  })
  const other = await planOf(app, seller, [{ interval: 'month', unitMinor: '500' }])
  const beside = await addonOf(seller, { planIds: [other.id] })
  const gone = await addonOf(seller)
  await app.admin.call('PATCH', `${ADDONS}/${gone.id}`, { state: 'retired' })
  const id = await contractIn(app, seller)
  const year = seller.plan.prices.find(({ interval }) => interval === 'year')?.id
  const against = async (wish: Parameters<typeof preview>[3]) => {
    const { blockers, token } = await preview(app, seller, id, wish)
    expect(token).toBeNull()
    return blockers[0]?.message
  }
  expect(await against({ addons: [of(few, 3)] })).toMatch(/at most 2/)
  expect(await against({ addons: [of(few, 1), of(few, 1)] })).toMatch(/once/)
  expect(await against({ priceId: year, addons: [of(monthly, 1)] })).toMatch(/no price in EUR for 1 year/)
  expect(await against({ addons: [of(beside, 1)] })).toMatch(/not sold beside the plan/)
  expect(await against({ addons: [of(gone, 1)] })).toMatch(/not sold any more/)
  expect(await against({ addons: [] })).toMatch(/already/)
  const stranger = await addonOf(await shop(app))
  await expect(preview(app, seller, id, { addons: [of(stranger, 1)] })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(preview(app, seller, id, {})).rejects.toMatchObject({ code: 'invalid_input' })
  const patch = await app.admin.call<{ code: string }>('PATCH', `${ADDONS}/${few.id}`, { name: 'x' })
  expect(patch.body.code).toBe('invalid_input')
  const stale = await app.admin.call<{ code: string }>(
    'PATCH',
    `${ADDONS}/${few.id}`,
    { state: 'retired' },
    { 'if-match': '"9"' },
  )
  expect(stale.body.code).toBe('precondition_failed')
  const again = await app.admin.post<{ code: string }>(ADDONS, {
    tenantId: seller.tenantId,
    code: few.code,
    name: 'x',
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '1' }],
  })
  expect(again.body.code).toBe('already_exists')
})

test('an add-on makes the pod larger; one whose resize fails for good is gone and credited', async () => {
  const seller = await shop(app)
  const memory = await addonOf(seller, { name: 'Memory', memoryMb: 256, diskGb: 2 })
  const support = await addonOf(seller)
  const id = await contractIn(app, seller)
  const look = await preview(app, seller, id, { addons: [of(memory, 2)] })
  expect(look.pod).toMatchObject({
    from: { cores: 1, memoryMb: 512, diskGb: 4 },
    to: { cores: 1, memoryMb: 1024, diskGb: 8 },
    resized: true,
  })
  await changeTo(app, seller, id, { addons: [of(support, 2)] })
  // As it is while the pod is being resized for it.
  const [change] = await rowsOf(
    app,
    sql<{ id: string }>`select id from subscription_changes where subscription_id = ${id}`,
  )
  await app.as(({ tx }) =>
    changesDb.update(tx, change?.id ?? '', { state: 'working', grows: true, ended_at: null }),
  )
  await app.as((ctx) => BillingService.changeFailed(ctx, seller.tenantId, change?.id ?? '', 'no room'))
  expect(await shown(seller, id)).toMatchObject({ addons: [], change: { state: 'undone' } })
  const { credit, receivable, unbalanced } = await app.as((ctx) => books(ctx, seller.tenantId))
  expect([credit, receivable, unbalanced]).toEqual([0n, 0n, []])
})

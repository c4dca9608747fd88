import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Addon } from '../../shared/api/billingAddons.ts'
import type { OrderPreview } from '../../shared/api/billingCoupons.ts'
import type { CustomerTax, TaxEvidence, TaxRule } from '../../shared/api/billingTaxes.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { billsOf, contractIn, forget, payAll, run, travel } from './contractWorld.ts'
import { carryOut, planOf, preview } from './planWorld.ts'
import { made, sells, taxed } from './taxWorld.ts'
import { books, makeRoom, order, orderAs, shop, type Shop } from './world.ts'

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

const RULES = '/api/admin/billing/tax-rules'
/** A session does not last as long as the tests' clock jumps. */
async function today<T>(work: () => Promise<T>): Promise<T> {
  const { offsetMs } = app.clock
  app.clock.offsetMs = 0
  return work().finally(() => (app.clock.offsetMs = offsetMs))
}
const account = (seller: Shop) => app.as((ctx) => books(ctx, seller.tenantId))
const amounts = (invoice: {
  subtotal: { amount: string }
  tax: { amount: string }
  total: { amount: string }
}) => [invoice.subtotal.amount, invoice.tax.amount, invoice.total.amount]

test('an order with add-ons is taxed as one, and costs what its preview says, to the cent, also with a coupon', async () => {
  const seller = await shop(app)
  await taxed(app, seller)
  const { tenantId, customerId } = seller
  const terms = { tenantId, code: 'support', name: 'Support', maxQuantity: 10 }
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '101' }]
  const addon = await made(app.admin.post<Addon>('/api/admin/billing/addons', { ...terms, prices }))
  await made(
    app.admin.post('/api/admin/billing/coupons', { tenantId, code: 'THIRD', name: 'x', percentPpm: 333_333 }),
  )
  const priceId = seller.plan.prices.find(({ interval }) => interval === 'month')?.id ?? ''
  const query = new URLSearchParams({ priceId, coupon: 'THIRD', addons: `${addon.id}:3` })
  const shown = await made(
    app.admin.get<OrderPreview>(`/api/admin/customers/${customerId}/order-preview?${query.toString()}`),
  )
  // 499 - 166 + 303 = 636 net, 22 % of it is 139.92; each line has the difference of the running sum.
  expect(shown.lines.map(({ kind, amount, tax }) => [kind, amount.amount, tax.amount])).toEqual([
    ['recurring', '499', '110'],
    ['discount', '-166', '-37'],
    ['addon', '303', '67'],
  ])
  expect(shown).toMatchObject({ tax: { amount: '140' }, total: { amount: '776' } })
  const { invoice } = await app.as((ctx) =>
    orderAs(ctx, seller, {
      coupon: 'THIRD',
      addons: [{ addonId: addon.id, quantity: 3 }],
      shownTotalMinor: '776',
    }),
  )
  expect(invoice && amounts(invoice)).toEqual(['636', '140', '776'])
  expect(invoice?.lines.map(({ kind, tax, taxCategory }) => [kind, tax.amount, taxCategory])).toEqual([
    ['recurring', '110', 'S'],
    ['discount', '-37', 'S'],
    ['addon', '67', 'S'],
  ])
  expect(await account(seller)).toMatchObject({
    receivable: 776n,
    revenue: -636n,
    tax: -140n,
    unbalanced: [],
  })
})

test('an order, its renewal, a change of plan and its preview are taxed alike, and the ledger has the tax', async () => {
  const seller = await shop(app)
  await taxed(app, seller)
  const other = await planOf(app, seller, [{ interval: 'month', unitMinor: '999' }])
  travel(app, '2027-01-01T12:00:00Z')
  const id = await contractIn(app, seller)
  // 499 · 22 % = 109.78
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([609n])
  expect(await account(seller)).toMatchObject({ revenue: -499n, tax: -110n, cash: 609n, unbalanced: [] })

  travel(app, '2027-01-10T18:00:00Z')
  const shown = await preview(app, seller, id, { planId: other.id })
  // -354 and 709 net: 355 · 22 % = 78.1; of it the credit takes 77.88 back.
  expect(shown.lines.map(({ amount, tax }) => [amount.amount, tax.amount])).toEqual([
    ['-354', '-78'],
    ['709', '156'],
  ])
  expect(shown).toMatchObject({
    tax: { amount: '78' },
    total: { amount: '433' },
    next: { total: { amount: '1219' } },
  })
  expect(shown.taxedBecause).toContain('S at 22 %')
  const { invoice } = await carryOut(app, seller, id, shown.token)
  expect(invoice && amounts(invoice)).toEqual(['355', '78', '433'])
  expect(
    invoice?.lines.map(({ net, tax, taxCategory, taxRatePpm }) => [
      net.amount,
      tax.amount,
      taxCategory,
      taxRatePpm,
    ]),
  ).toEqual([
    ['-354', '-78', 'S', 220_000],
    ['709', '156', 'S', 220_000],
  ])
  await payAll(app, seller, id)
  const calendar = await app.as((ctx) =>
    BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'paid', days: 30 }),
  )
  expect(calendar.items.find(({ what }) => what === 'bill')?.invoice?.total.amount).toBe('1219')
  travel(app, '2027-01-26T00:00:00Z')
  await run(app)
  expect((await billsOf(app, id)).map(({ total }) => total)).toEqual([609n, 433n, 1219n])

  // The rate changes before what was shown is carried out: then it is not carried out.
  const stale = await preview(app, seller, id, { planId: seller.plan.id })
  expect(stale.token).not.toBeNull()
  const { items } = await today(() =>
    made(app.admin.get<{ items: TaxRule[] }>(`${RULES}?tenantId=${seller.tenantId}`)),
  )
  const home = items.find(({ destination }) => destination === 'IT')
  await today(() => made(app.admin.call('PATCH', `${RULES}/${home?.id}`, { ratePpm: 230_000 })))
  await expect(carryOut(app, seller, id, stale.token)).rejects.toMatchObject({ code: 'precondition_failed' })
  expect(await account(seller)).toMatchObject({
    revenue: -1853n,
    tax: -408n,
    receivable: 1219n,
    open: 1219n,
    unbalanced: [],
    gaps: [],
  })
})

test('a credit note mirrors its invoice, and what is credited is taxed as it was billed, or not at all', async () => {
  const seller = await shop(app)
  travel(app, '2027-01-01T12:00:00Z')
  // Billed before anybody had said how to tax.
  const id = await contractIn(app, seller)
  const { invoice: before } = await app.as((ctx) => order(ctx, seller))
  expect(before.lines[0]).toMatchObject({ taxCategory: null, tax: { amount: '0' } })
  await today(() => taxed(app, seller))

  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller, 'year'))
  // 5990 · 22 % = 1317.8: 4990 · 22 % = 1097.8, and what is left for the other line.
  expect(invoice.lines.map(({ tax }) => tax.amount)).toEqual(['1098', '220'])
  expect(amounts(invoice)).toEqual(['5990', '1318', '7308'])
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: 'x' }),
  )
  const [note] = await rowsOf(
    app,
    sql<object>`select total_minor, tax_minor from credit_notes where invoice_id = ${invoice.id}`,
  )
  expect(note).toEqual({ total_minor: 7308n, tax_minor: 1318n })
  expect(await account(seller)).toMatchObject({ tax: 0n, revenue: -998n, unbalanced: [] })

  // 354 without tax is credited, 100 · 22 / 31 = 70.97 with 15.62 charged: what is left becomes credit.
  const cheap = await today(() => planOf(app, seller, [{ interval: 'month', unitMinor: '100' }]))
  travel(app, '2027-01-10T18:00:00Z')
  const shown = await preview(app, seller, id, { planId: cheap.id })
  expect(shown.lines.map(({ kind, amount, tax }) => [kind, amount.amount, tax.amount])).toEqual([
    ['credit', '-354', '0'],
    ['recurring', '71', '16'],
    ['carried', '267', '0'],
  ])
  expect(shown).toMatchObject({ tax: { amount: '16' }, total: { amount: '0' } })
  const { invoice: carried } = await carryOut(app, seller, id, shown.token)
  expect(carried && amounts(carried)).toEqual(['-16', '16', '0'])
  expect(await account(seller)).toMatchObject({ tax: -16n, revenue: -715n, credit: -267n, unbalanced: [] })
})

test('prices with the tax in them cost what they say; evidence and exemption decide about what is issued later', async () => {
  const seller = await shop(app)
  await taxed(app, seller, true)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  // 499 / 1.22 = 409.02
  expect(amounts(invoice)).toEqual(['409', '90', '499'])

  const { tenantId, customerId } = seller
  const path = `/api/admin/customers/${customerId}`
  const evidence = `${path}/tax-evidence`
  const tax = async () => {
    const { category, why, grossMinor } = await made(
      app.admin.get<CustomerTax>(`${path}/tax?amountMinor=499`),
    )
    expect(grossMinor).toBe('499')
    return `${category}: ${why}`
  }
  const checked = {
    kind: 'tax_id',
    taxId: 'DE136695976',
    isValid: true,
    method: 'vies',
    checkedOn: '2026-01-02',
  }
  await expect(made(app.admin.post(evidence, checked))).rejects.toThrow('no such VAT number')
  const taxIds = [{ type: 'vat', country: 'DE', value: 'DE136695976' }]
  await made(app.admin.call('PATCH', path, { kind: 'company', country: 'DE', taxIds }))
  expect(await tax()).toContain('S: S at 22 %, the rule of IT for DE')
  await expect(made(app.admin.post(evidence, { ...checked, checkedOn: '2999-01-01' }))).rejects.toThrow(
    'future',
  )
  const found = await made(
    app.admin.post<TaxEvidence>(evidence, {
      ...checked,
      reference: 'WAPIAAAA',
      checkedOn: new Date().toISOString().slice(0, 10),
    }),
  )
  expect(found).toMatchObject({ isValid: true, by: expect.stringContaining('@') as string, endedAt: null })
  expect(await tax()).toContain('AE: AE at 0 %')
  const reverse = await app.as((ctx) => order(ctx, seller))
  expect(amounts(reverse.invoice)).toEqual(['499', '0', '499'])
  expect(reverse.invoice.lines[0]).toMatchObject({
    taxCategory: 'AE',
    taxReason: expect.stringContaining('196') as string,
  })

  await made(app.admin.call('DELETE', `/api/admin/billing/tax-evidence/${found.id}`))
  expect(await tax()).toContain('S: ')
  const again = await app.admin.call('DELETE', `/api/admin/billing/tax-evidence/${found.id}`)
  expect(again.status).toBe(409)
  const exempt = { kind: 'exemption', reason: 'Mission of a foreign state', validFrom: '2020-01-01' }
  await made(app.admin.post(evidence, exempt))
  expect(await tax()).toBe('E: The customer is exempt: Mission of a foreign state')
  const { items } = await made(app.admin.get<{ items: TaxEvidence[] }>(evidence))
  expect(items.map(({ kind, endedAt }) => [kind, endedAt === null])).toEqual([
    ['exemption', true],
    ['tax_id', false],
  ])
  const [stored] = await rowsOf(
    app,
    sql<{
      seller: unknown
      buyer: unknown
    }>`select seller, buyer from invoices where id = ${reverse.invoice.id}`,
  )
  expect(stored).toMatchObject({
    seller: {
      name: 'Example Hosting S.r.l.',
      country: 'IT',
      taxId: 'IT00743110157',
      address: { city: 'Torino' },
    },
    buyer: { kind: 'company', taxId: 'DE136695976', country: 'DE' },
  })
  expect(await account({ ...seller, tenantId })).toMatchObject({ tax: -90n, unbalanced: [] })
})

test('rules and sellers are refused where they contradict themselves, each other, or a newer version', async () => {
  const seller = await shop(app)
  const add = (more: object) =>
    app.admin.post<TaxRule & { code?: string }>(RULES, {
      tenantId: seller.tenantId,
      destination: 'IT',
      category: 'S',
      ratePpm: 220_000,
      validFrom: '2027-01-01',
      ...more,
    })
  const { body: rule } = await add({})
  expect((await add({ validFrom: '2028-01-01' })).body.code).toBe('already_exists')
  expect((await add({ ratePpm: 0 })).status).toBe(422)
  expect((await add({ category: 'O', ratePpm: 0 })).status).toBe(422)
  expect((await add({ destination: 'XX' })).status).toBe(422)
  const path = `${RULES}/${rule.id}`
  const ended = await made(app.admin.call<TaxRule>('PATCH', path, { validTo: '2027-12-31' }))
  expect(ended).toMatchObject({ validTo: '2027-12-31', version: 2 })
  expect((await app.admin.call('PATCH', path, { ratePpm: 1 }, { 'if-match': '"v1"' })).status).toBe(412)
  expect((await add({ validFrom: '2028-01-01' })).status).toBe(201)
  expect((await app.admin.call('DELETE', path)).status).toBe(204)
  expect((await sells(app, seller.tenantId)).version).toBe(1)
  expect((await sells(app, seller.tenantId, { evidenceDays: 30 })).version).toBe(2)
})

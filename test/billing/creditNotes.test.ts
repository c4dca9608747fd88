import * as fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Invoice } from '../../shared/api/billing.ts'
import type { CreditNoteIssued, CreditNotePreview, InvoiceCredits } from '../../shared/api/billingCredits.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import {
  creditOfAmount,
  creditOfLines,
  restOf,
  type CreditLine,
} from '../../src/services/billing/creditCounting.ts'
import { sumOf, taxLines } from '../../src/services/billing/taxRules.ts'
import { ownerOf } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { cardFor, collectedBy, settleBilling, stripeOf, triedOf } from '../support/stripe.ts'
import { contractIn, run } from './contractWorld.ts'
import { planOf, preview as previewChange } from './planWorld.ts'
import { made, taxed } from './taxWorld.ts'
import { books, makeRoom, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
let seller: Shop
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  seller = await shop(app)
  await taxed(app, seller)
  await stripeOf(app)
  await collectedBy(app, seller.tenantId)
  await cardFor(app, seller.customerId)
})
afterAll(async () => {
  await (await stripeOf(app)).close()
  await app.close()
})

const none = { netMinor: 0n, taxMinor: 0n, grossMinor: 0n }
const rate = fc.constantFrom(0, 70_000, 88_750, 220_000)
const priced = fc.array(fc.record({ minor: fc.bigInt({ min: -5_000n, max: 100_000n }), ppm: rate }), {
  minLength: 1,
  maxLength: 6,
})
const steps = fc.array(
  fc.record({ part: fc.bigInt({ min: 1n, max: 100n }), line: fc.nat(6), whole: fc.boolean() }),
  {
    maxLength: 12,
  },
)

test('whatever is credited in whichever parts, it is never more than was billed, and all parts come to the whole with its tax', () => {
  fc.assert(
    fc.property(priced, fc.boolean(), steps, (prices, included, parts) => {
      const category = (ppm: number) => (ppm === 0 ? ('AE' as const) : ('S' as const))
      const taxedLines = taxLines(
        prices.map(({ minor, ppm }) => ({
          minor,
          tax: { category: category(ppm), ratePpm: ppm, included, reason: '' },
        })),
      )
      const total = sumOf(taxedLines)
      fc.pre(total.grossMinor > 0n)
      let lines: CreditLine[] = taxedLines.map((line, no) => ({ ...line, no, credited: none }))
      const left = () => sumOf(lines.map(restOf)).grossMinor
      const book = (credits: ReturnType<typeof creditOfAmount>, wanted: bigint): void => {
        expect(sumOf(credits).grossMinor).toBe(wanted)
        lines = lines.map((line) => {
          const own = credits.find(({ no }) => no === line.no)
          return own ? { ...line, credited: sumOf([line.credited, own]) } : line
        })
        for (const { credited, ...line } of lines)
          for (const key of ['grossMinor', 'taxMinor', 'netMinor'] as const) {
            const [had, all] = [credited[key], line[key]]
            expect(had * all >= 0n && (had < 0n ? -had : had) <= (all < 0n ? -all : all)).toBe(true)
          }
      }
      for (const { part, line: at, whole } of parts) {
        const line = lines[at]
        if (whole || !line) {
          const amount = (left() * part) / 100n
          if (amount > 0n) book(creditOfAmount(lines, amount), amount)
          continue
        }
        const rest = restOf(line).grossMinor
        const most = rest < left() ? rest : left()
        const amount = (most * part) / 100n
        if (line.grossMinor > 0n && amount > 0n)
          book(creditOfLines(lines, new Map([[line.no, amount]])), amount)
      }
      const before = left()
      if (before > 0n) book(creditOfAmount(lines, before), before)
      expect(left()).toBe(0n)
      if (parts.every(({ whole }) => whole))
        expect(sumOf(lines.map(({ credited }) => credited))).toEqual(total)
    }),
    { numRuns: 200 },
  )
})

const pathOf = (invoice: { id: string }) => `/api/admin/billing/invoices/${invoice.id}/credit-notes`
const look = (invoice: { id: string }, wish: object = {}) =>
  app.admin.post<CreditNotePreview & { code?: string }>(`${pathOf(invoice)}/preview`, wish)
const issue = (invoice: { id: string }, wish: object, token: string) =>
  app.admin.post<CreditNoteIssued & { code?: string }>(pathOf(invoice), {
    ...wish,
    token,
    reason: 'an outage',
  })
async function credit(invoice: { id: string }, wish: object) {
  const shown = await made(look(invoice, wish))
  await made(issue(invoice, wish, shown.token))
  return shown
}
async function accounts() {
  const found = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(found).toMatchObject({ unbalanced: [], gaps: [] })
  expect(found.receivable).toBe(found.open)
  const { cash, credit: inHand, revenue, tax, open } = found
  return { cash, credit: inHand, revenue, tax, open }
}
const invoiceOf = async (id: string): Promise<Invoice | undefined> =>
  (
    await made(app.admin.get<{ items: Invoice[] }>(`/api/admin/billing/invoices?tenantId=${seller.tenantId}`))
  ).items.find((one) => one.id === id)

test('of a paid invoice a part becomes credit, a part is given back, and never more than all of it; what was shown is what is done', async () => {
  const { invoice } = await app.as((ctx) => order(ctx, seller, 'year'))
  // 4990 and 1000 for the set-up, with 22 % 7308.
  expect((await look(invoice)).body.code).toBe('invalid_state')
  await app.admin.post(`/api/admin/billing/invoices/${invoice.id}/charge`, {})
  await settleBilling(app)
  const before = await accounts()

  const line = { lines: [{ lineNo: 2, amountMinor: '1000' }] }
  const shown = await credit(invoice, line)
  expect(shown).toMatchObject({
    total: { amount: '1000' },
    tax: { amount: '180' },
    fromOpen: { amount: '0' },
    toCredit: { amount: '1000' },
    left: { amount: '6308' },
  })
  expect(await accounts()).toEqual({
    ...before,
    credit: before.credit - 1000n,
    revenue: before.revenue + 820n,
    tax: before.tax + 180n,
  })
  expect(await invoiceOf(invoice.id)).toMatchObject({ status: 'paid', credited: { amount: '1000' } })
  expect((await look(invoice, { lines: [{ lineNo: 2, amountMinor: '221' }] })).body.code).toBe(
    'payment_mismatch',
  )
  expect((await look(invoice, { amountMinor: '6309' })).body.code).toBe('payment_mismatch')
  expect((await look(invoice, { ...line, amountMinor: '1' })).status).toBe(422)
  expect((await look(invoice, { lines: [{ lineNo: 9, amountMinor: '1' }] })).status).toBe(422)

  // What was shown first is not true any more.
  const stale = await made(look(invoice, { amountMinor: '100' }))
  const back = { amountMinor: '2000', paid: 'refund' }
  expect(await credit(invoice, back)).toMatchObject({
    toRefund: { amount: '2000' },
    toCredit: { amount: '0' },
  })
  expect((await issue(invoice, { amountMinor: '100' }, stale.token)).body.code).toBe('precondition_failed')
  await settleBilling(app)
  expect(await accounts()).toMatchObject({
    cash: before.cash - 2000n,
    credit: before.credit - 1000n,
    open: before.open,
  })
  expect((await triedOf(app, invoice.id)).payments[0]?.refunds).toMatchObject([
    { state: 'succeeded', amount: { amount: '2000' }, reason: 'CN-000002: an outage' },
  ])

  // Of two at once for the whole rest one is issued.
  const rest = await made(look(invoice))
  const both = await Promise.all([issue(invoice, {}, rest.token), issue(invoice, {}, rest.token)])
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([201, 409]))
  expect(await accounts()).toMatchObject({ revenue: before.revenue + 5990n, tax: before.tax + 1318n })
  const { body } = await app.admin.get<InvoiceCredits>(pathOf(invoice))
  expect(body).toMatchObject({ left: { amount: '0' }, problem: 'All of it was credited.' })
  expect(body.items.map(({ number, total }) => `${number} ${total.amount}`)).toEqual([
    'CN-000001 1000',
    'CN-000002 2000',
    'CN-000003 4308',
  ])
  const first = body.items[0]?.id ?? ''
  const xml = `/api/admin/billing/invoices/${invoice.id}/xml?of=credit_note&creditNote=${first}`
  await made(app.admin.call('PATCH', `/api/admin/customers/${seller.customerId}`, { country: 'IT' }))
  const document = await app.admin.get<string>(xml.replace('/xml', '/document'))
  expect(document.body).toContain('CN-000001')
  expect(document.body).toContain('8.20 EUR')
  const ubl = await app.admin.get<string>(xml)
  expect(ubl.body).toContain('<cbc:TaxAmount currencyID="EUR">1.80</cbc:TaxAmount>')
  const mailed = await rowsOf(
    app,
    sql<{
      n: number
    }>`select count(credit_note_id)::int as n from mails where tenant_id = ${seller.tenantId}`,
  )
  expect(mailed).toEqual([{ n: 3 }])
})

test('of an open invoice it is not asked for any more, and what is left is paid; a change of plan credits nothing twice', async () => {
  seller = await shop(app)
  await taxed(app, seller)
  const id = await contractIn(app, seller)
  const [first] = await rowsOf(
    app,
    sql<{ id: string }>`select id from invoices where subscription_id = ${id}`,
  )
  const paidId = first?.id ?? ''
  const before = await accounts()
  expect((await look({ id: paidId }, { paid: 'refund' })).body.code).toBe('payment_mismatch')
  // 499 and 110 tax: with 88 tax 400 are credited, and 99 left.
  await credit({ id: paidId }, { amountMinor: '488' })
  const other = await app.as(() => planOf(app, seller, [{ interval: 'month', unitMinor: '100' }]))
  const shown = await previewChange(app, seller, id, { planId: other.id })
  expect(shown.lines.find(({ kind }) => kind === 'credit')?.amount.amount).toBe('-99')
  expect(await accounts()).toMatchObject({ credit: before.credit - 488n })

  app.clock.offsetMs = 27 * 86_400_000
  await run(app)
  app.clock.offsetMs = 0
  const [open] = await rowsOf(
    app,
    sql<{ id: string; due: bigint }>`select id, total_minor - paid_minor - credited_minor as due from invoices
      where subscription_id = ${id} and status = 'open'`,
  )
  if (!open) throw new Error('nothing was billed')
  expect(await credit(open, { amountMinor: '50' })).toMatchObject({
    fromOpen: { amount: '50' },
    toCredit: { amount: '0' },
  })
  const paying = String(open.due - 50n)
  await expect(
    app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, open.id, payment(String(open.due)))),
  ).rejects.toMatchObject({ code: 'payment_mismatch' })
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, open.id, payment(paying)))
  expect(await invoiceOf(open.id)).toMatchObject({ status: 'paid' })
})

test('the database refuses a credit note that is not what its lines come to, or more than the line', async () => {
  const owner = await ownerOf(app.ownerUrl)
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  const note = (total: number, lines: string) =>
    owner.query(`begin; with note as (insert into credit_notes (id, tenant_id, invoice_id, series_id, number, currency, issue_date,
        total_minor, tax_minor, reason, issued_at) select gen_random_uuid(), tenant_id, '${invoice.id}', id, 'CN-X', 'EUR', now(), ${total}, 0, 'x', now()
        from invoice_series where tenant_id = '${seller.tenantId}' and kind = 'credit_note' returning id, tenant_id)
      insert into credit_note_lines (credit_note_id, tenant_id, invoice_line_id, net_minor, tax_minor, gross_minor)
        select note.id, note.tenant_id, l.id, ${lines} from note, invoice_lines l where l.invoice_id = '${invoice.id}'; commit`)
  try {
    await expect(note(5, '6, 0, 6')).rejects.toThrow('is not what its lines come to')
    await expect(note(610, '610, 0, 610')).rejects.toThrow('more is credited of a line')
  } finally {
    await owner.close()
  }
})

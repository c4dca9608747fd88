import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { BillingReport, CustomerCredit, CustomerStatement } from '../../shared/api/billingAccounts.ts'
import { isLive } from '../../shared/states/billingSubscription.ts'
import * as invoices from '../../src/db/billingInvoices.ts'
import { creditInvoice } from '../../src/services/billing/crediting.ts'
import { getInvoice } from '../../src/services/billing/payments.ts'
import * as accounts from '../../src/services/billingAccountService.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { billsOf, contractIn, eventsOf, forget, obey, run, stateOf, travel } from './contractWorld.ts'
import { made, taxed } from './taxWorld.ts'
import { books, makeRoom, order, payment, shop, type Shop } from './world.ts'

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

const account = (seller: Shop) => app.as((ctx) => books(ctx, seller.tenantId))
const writeOff = (seller: Shop, id: string) =>
  app.as((ctx) => accounts.writeOff(ctx, seller.tenantId, id, { reason: 'insolvent' }))
const pay = (seller: Shop, id: string, amount: bigint) =>
  app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, id, payment(amount)))
const invoiceOf = (seller: Shop, id: string) => app.as((ctx) => getInvoice(ctx, seller.tenantId, id))

test('what was written off is not owed, not reminded of, and still paid: in part, in full, or taken back', async () => {
  const seller = await shop(app)
  await taxed(app, seller)
  travel(app, '2027-01-01T12:00:00Z')
  const waiting = await app.as((ctx) => order(ctx, seller))
  await expect(writeOff(seller, waiting.invoice.id)).rejects.toMatchObject({ code: 'invalid_state' })
  const id = await contractIn(app, seller)
  for (const day of ['2027-01-26', '2027-02-03', '2027-02-20', '2027-02-23']) {
    travel(app, `${day}T12:00:00Z`)
    await run(app)
  }
  expect(await stateOf(app, seller, id)).toBe('suspending')
  await obey(app, seller, id)
  const bills = await billsOf(app, id)
  const open = bills.filter(({ status }) => status === 'open')
  expect(open.map(({ total }) => total)).toEqual([609n, 609n])
  const [first, second] = open
  if (!first || !second) throw new Error('nothing is open')

  expect(await writeOff(seller, first.id)).toMatchObject({ status: 'uncollectible' })
  // The other one is due later: what was suspended for the first is brought back.
  expect(await stateOf(app, seller, id)).toBe('unsuspending')
  await expect(writeOff(seller, first.id)).rejects.toMatchObject({ code: 'invalid_state' })
  expect(await account(seller)).toMatchObject({
    badDebt: 609n,
    receivable: 1218n,
    open: 1218n,
    unbalanced: [],
  })

  await pay(seller, first.id, 200n)
  expect(await invoiceOf(seller, first.id)).toMatchObject({
    status: 'uncollectible',
    paid: { amount: '200' },
  })
  expect(await account(seller)).toMatchObject({ badDebt: 409n, receivable: 1218n, open: 1218n })
  await expect(pay(seller, first.id, 410n)).rejects.toMatchObject({ code: 'payment_mismatch' })
  await pay(seller, first.id, 409n)
  expect(await invoiceOf(seller, first.id)).toMatchObject({ status: 'paid' })
  expect(await account(seller)).toMatchObject({ badDebt: 0n, receivable: 1218n, unbalanced: [] })

  // One that was written off and is credited after all: what was given up is not lost twice, and the tax comes back.
  await writeOff(seller, second.id)
  await app.as(async (ctx) => {
    const row = await invoices.lock(ctx.tx, seller.tenantId, second.id)
    if (row) await creditInvoice(ctx, row, 'should never have been billed')
  })
  expect(await invoiceOf(seller, second.id)).toMatchObject({ status: 'void' })
  expect(await account(seller)).toMatchObject({
    badDebt: 0n,
    receivable: 609n,
    open: 609n,
    tax: -330n,
    unbalanced: [],
    gaps: [],
  })
  const events = await rowsOf(
    app,
    sql<{ n: number }>`select count(*)::int as n from audit_events
    where action = 'INVOICE_WRITTEN_OFF' and tenant_id = ${seller.tenantId}`,
  )
  expect(events).toEqual([{ n: 2 }])
  expect(await eventsOf(app, id)).toContain('SUBSCRIPTION_UNSUSPENDING')
})

test('credit given by hand has a limit, pays later invoices, and is taken back as far as it is there', async () => {
  const seller = await shop(app)
  const path = `/api/admin/customers/${seller.customerId}/credit`
  const give = (amountMinor: string, currency = 'EUR') =>
    app.admin.post<CustomerCredit & { code?: string }>(path, { amountMinor, currency, reason: 'an outage' })
  expect((await give('300')).body).toMatchObject({ balance: { amount: '300' }, reason: 'an outage' })
  expect((await give('9701')).body.code).toBe('payment_mismatch')
  expect((await give('300', 'USD')).body.code).toBe('payment_mismatch')
  expect((await give('0')).status).toBe(422)
  // Two at once do not both find room for the whole rest.
  const both = await Promise.all([give('9000'), give('9000')])
  expect(both.filter(({ status }) => status === 201)).toHaveLength(1)
  expect((await give('-9000')).body).toMatchObject({ balance: { amount: '300' } })
  expect((await give('-301')).body.code).toBe('payment_mismatch')

  travel(app, '2027-01-01T12:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-01-26T12:00:00Z')
  await run(app)
  expect((await billsOf(app, id)).at(-1)).toMatchObject({ total: 499n, paid: 300n })
  app.clock.offsetMs = 0
  expect((await give('-1')).body.code).toBe('payment_mismatch')
  expect(await account(seller)).toMatchObject({ credit: 0n, receivable: 199n, unbalanced: [] })
})

/** Everything that a tenant's statement and report are made of, read plainly. */
async function recount(seller: Shop) {
  const { tenantId } = seller
  const entries = await rowsOf(
    app,
    sql<{ at: Date; amount: bigint; code: string; customer_id: string | null }>`
      select t.occurred_at as at, e.amount_minor as amount, a.code, a.customer_id from ledger_entries e
      join ledger_tx t on t.id = e.tx_id join ledger_accounts a on a.id = e.account_id where e.tenant_id = ${tenantId}`,
  )
  const subscriptions = await rowsOf(
    app,
    sql<{ state: string; unit: bigint; interval: string; started: Date | null; ended: Date | null }>`
      select s.state, r.unit_minor as unit, r.interval, s.started_at as started, s.ended_at as ended
      from subscriptions s join prices r on r.id = s.price_id where s.tenant_id = ${tenantId}`,
  )
  const documents = await rowsOf(
    app,
    sql<{ due: string; open: bigint; status: string }>`select due_date as due, status,
      total_minor - paid_minor - credited_minor as open from invoices where tenant_id = ${tenantId}`,
  )
  return { entries, subscriptions, documents }
}
const plus = (amounts: bigint[]): bigint => amounts.reduce((sum, one) => sum + one, 0n)

test('the statement and every figure of the report are what a recount of the rows comes to', async () => {
  const seller = await shop(app)
  await taxed(app, seller, true)
  travel(app, '2027-01-01T12:00:00Z')
  const monthly = await contractIn(app, seller)
  await contractIn(app, seller, 'year')
  const gone = await contractIn(app, seller)
  await app.as((ctx) => order(ctx, seller))
  const cancelled = await app.as((ctx) => order(ctx, seller, 'year'))
  await pay(seller, cancelled.invoice.id, 1000n)
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, cancelled.subscription.id, { when: 'now', reason: 'x' }),
  )
  for (const day of ['2027-01-26', '2027-02-26', '2027-03-26']) {
    travel(app, `${day}T12:00:00Z`)
    await run(app)
  }
  await rowsOf(
    app,
    sql`update subscriptions set state = 'terminated', ended_at = '2027-02-10T00:00:00Z', next_step = null, next_step_at = null
      where id = ${gone}`,
  )
  const bills = await billsOf(app, monthly)
  const lost = bills.find(({ status }) => status === 'open')
  if (lost) await writeOff(seller, lost.id)
  travel(app, '2027-04-20T12:00:00Z')
  const { entries, subscriptions, documents } = await recount(seller)

  const report = await app.as((ctx) =>
    accounts.report({ ...ctx, scope: [seller.tenantId] }, { from: '2027-01-15', to: '2027-04-30' }),
  )
  // 499 and 4990 / 12 with the tax in them: 409.02 and 340.85 without.
  const live = subscriptions.filter(({ state }) => isLive(state as Parameters<typeof isLive>[0]))
  const month = live.map(({ unit, interval }) =>
    Math.round(Number(unit) / 1.22 / (interval === 'year' ? 12 : 1)),
  )
  expect(report.recurring).toEqual([
    {
      currency: 'EUR',
      subscriptions: live.length,
      monthly: { amount: String(month.reduce((sum, one) => sum + one, 0)), currency: 'EUR' },
      yearly: { amount: String(12 * month.reduce((sum, one) => sum + one, 0)), currency: 'EUR' },
    },
  ])
  expect(month.toSorted((one, other) => one - other)).toEqual([341, 409])
  const start = new Date('2027-01-15')
  const there = subscriptions.filter(
    ({ started, ended }) => started && started < start && !(ended && ended < start),
  )
  const left = there.filter(({ ended }) => ended !== null)
  expect(report.churn).toEqual([
    { currency: 'EUR', atStart: 3, began: 0, ended: 1, lost: 1, ratePpm: 333_333 },
  ])
  expect([there.length, left.length]).toEqual([3, 1])
  const late = ({ due }: { due: string }) => (Date.parse('2027-04-20') - Date.parse(due)) / 86_400_000
  const owed = (from: number, to: number) =>
    String(
      plus(
        documents
          .filter((one) => one.status === 'open' && late(one) >= from && late(one) <= to)
          .map(({ open }) => open),
      ),
    )
  const [aged] = report.receivables
  expect(
    Object.fromEntries(
      Object.entries(aged ?? {}).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : value.amount,
      ]),
    ),
  ).toEqual({
    currency: 'EUR',
    notDue: owed(-1000, 0),
    to30: owed(1, 30),
    to60: owed(31, 60),
    to90: owed(61, 90),
    over90: owed(91, 1000),
    total: owed(-1000, 1000),
  })
  expect(aged?.total.amount).not.toBe('0')
  // The documents of all time come to what the ledger has.
  const whole = await app.as((ctx) =>
    accounts.report({ ...ctx, scope: [seller.tenantId] }, { from: '2027-01-01', to: '2027-12-31' }),
  )
  const ledger = (code: string) =>
    -plus(entries.filter((entry) => entry.code === code).map(({ amount }) => amount))
  expect(plus(whole.taxes.map(({ tax }) => BigInt(tax.amount)))).toBe(ledger('tax'))
  expect(plus(whole.taxes.map(({ net }) => BigInt(net.amount)))).toBe(ledger('revenue'))
  expect(new Set(whole.taxes.map(({ category, ratePpm }) => `${category} ${ratePpm}`))).toEqual(
    new Set(['S 220000']),
  )
  expect(report.taxes.map(({ month: of }) => of)).toEqual(['2027-01', '2027-02', '2027-03'])

  const statement = await app.as((ctx) =>
    accounts.statement(ctx, seller.tenantId, seller.customerId, { from: '2027-01-15', to: '2027-03-31' }),
  )
  const his = entries.filter(({ code }) => code === 'receivable' || code === 'credit')
  const until = (day: string) =>
    String(plus(his.filter(({ at }) => at < new Date(day)).map(({ amount }) => amount)))
  expect([statement.opening.amount, statement.closing.amount]).toEqual([
    until('2027-01-15'),
    until('2027-04-01'),
  ])
  expect(statement.movements.at(-1)?.balance).toEqual(statement.closing)
  expect(statement.movements.map(({ kind }) => kind)).toContain('write_off')
  expect(statement.movements.find(({ kind }) => kind === 'write_off')?.label).toBe(
    `${lost?.number}: insolvent`,
  )
  // Used credit moves within the customer's own accounts: it is no movement.
  expect(statement.movements.map(({ kind }) => kind)).not.toContain('use_credit')
  await expect(
    app.as((ctx) =>
      accounts.statement(ctx, seller.tenantId, seller.customerId, { from: '2027-02-01', to: '2027-01-01' }),
    ),
  ).rejects.toMatchObject({ code: 'invalid_input' })
})

test('documents and figures are answered to who may read them', async () => {
  const seller = await shop(app)
  await taxed(app, seller)
  const { invoice, subscription } = await app.as((ctx) => order(ctx, seller))
  const path = `/api/admin/billing/invoices/${invoice.id}`
  const xml = await app.admin.get<string>(`${path}/xml`)
  expect(xml.status).toBe(200)
  expect(xml.body).toContain('<cbc:PayableAmount currencyID="EUR">6.09</cbc:PayableAmount>')
  const page = await app.admin.get<string>(`${path}/document`)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page.body).toContain('Example Hosting S.r.l.')
  expect((await app.admin.get(`${path}/xml?of=credit_note`)).status).toBe(404)
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: 'x' }),
  )
  const note = await app.admin.get<string>(`${path}/xml?of=credit_note`)
  expect(note.body).toContain('<CreditNote ')
  const other = await shop(app)
  const untaxed = await app.as((ctx) => order(ctx, other))
  const refused = await app.admin.get<{ code: string; detail: string }>(
    `/api/admin/billing/invoices/${untaxed.invoice.id}/xml`,
  )
  expect(refused.body.detail).toMatch(/BR-CO-04.*BR-09/)
  const days = 'from=2020-01-01&to=2099-12-31'
  const report = await made(
    app.admin.get<BillingReport>(`/api/admin/billing/report?${days}&tenantId=${seller.tenantId}`),
  )
  expect(report.taxes.map(({ net, tax }) => [net.amount, tax.amount])).toEqual([['0', '0']])
  const statement = await made(
    app.admin.get<CustomerStatement>(`/api/admin/customers/${seller.customerId}/statement?${days}`),
  )
  expect(statement).toMatchObject({ opening: { amount: '0' }, closing: { amount: '0' } })
  expect(statement.movements.map(({ label }) => label)).toEqual([invoice.number, 'CN-000001'])
})

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BillingProvider } from '../../shared/api/billingPayments.ts'
import type { DisputeView } from '../../shared/api/billingDisputes.ts'
import type { StripeSim } from '../../sim/stripe/server.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as contracts from '../../src/db/billingContracts.ts'
import { factsOf, termsOf } from '../../src/services/billing/contracts.ts'
import { calendar } from '../../src/services/billing/calendar.ts'
import * as collection from '../../src/services/billingCollectionService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { cardFor, collectedBy, send, settleBilling, stripeOf, triedOf } from '../support/stripe.ts'
import { foundIn } from './reconciliationWorld.ts'
import { made } from './taxWorld.ts'
import { books, deliver, makeRoom, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
let sim: StripeSim
let seller: Shop
let provider: BillingProvider
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  sim = await stripeOf(app)
})
afterAll(async () => {
  await sim.close()
  await app.close()
})

async function accounts() {
  const found = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(found).toMatchObject({ unbalanced: [], gaps: [] })
  expect(found.receivable).toBe(found.open)
  const [own] = await rowsOf(
    app,
    sql<{ disputed: number; fees: number }>`select
      coalesce(sum(amount_minor) filter (where a.code = 'disputed'), 0)::int as disputed,
      coalesce(sum(amount_minor) filter (where a.code = 'fees'), 0)::int as fees
      from ledger_entries e join ledger_accounts a on a.id = e.account_id where e.tenant_id = ${seller.tenantId}`,
  )
  return { cash: Number(found.cash), credit: Number(found.credit), open: Number(found.open), ...own }
}

/** A delivered subscription of a new shop, whose first invoice a card has paid. */
async function charged() {
  seller = await shop(app)
  provider = await collectedBy(app, seller.tenantId)
  await cardFor(app, seller.customerId)
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  await app.admin.post(`/api/admin/billing/invoices/${invoice.id}/charge`, {})
  await settleBilling(app)
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  const [paid] = (await triedOf(app, invoice.id)).payments
  if (!paid) throw new Error('it was not paid')
  return { id: subscription.id, invoiceId: invoice.id, paid }
}

/** Everything that the provider has said since then, in any order and more than once, as it may come. */
async function tell(from: number): Promise<void> {
  const said = sim.world.events.slice(from)
  await send(app, provider, [...said.toReversed(), ...said])
  await settleBilling(app)
}
const disputes = async () =>
  (
    await made(
      app.admin.get<{ items: DisputeView[] }>(`/api/admin/billing/disputes?tenantId=${seller.tenantId}`),
    )
  ).items
const plannedOf = (id: string, from = 0) =>
  app.as(async (ctx) => {
    const [row] = await contracts.contractsOf(ctx.tx, [id])
    if (!row) throw new Error('no contract')
    const terms = await termsOf(ctx, row.tenant_id, row.plan_id)
    const now = new Date(ctx.now().getTime() + from)
    const until = new Date(now.getTime() + 60 * 86_400_000)
    return {
      due: row.due,
      steps: calendar(factsOf(row), terms, { now, until, paid: false, limit: 40 }).map(({ what }) => what),
    }
  })
const auditOf = (paymentId: string) =>
  rowsOf(
    app,
    sql<{
      action: string
    }>`select action from audit_events where target_id = ${paymentId} and action like 'PAYMENT_DISPUT%' order by at`,
  ).then((rows) => rows.map(({ action }) => action))

test('what a bank asks about, takes and gives back is booked once; meanwhile nothing is sold, suspended or given back', async () => {
  const { id, invoiceId, paid } = await charged()
  const before = await accounts()
  const from = sim.world.events.length
  const dispute = sim.dispute(paid.reference, 'asks')
  await tell(from)
  expect(await accounts()).toEqual(before)
  sim.settleDispute(dispute, 'takes')
  await tell(from)
  const taken = { ...before, cash: before.cash - 499 - 1500, disputed: 499, fees: 1500 }
  expect(await accounts()).toEqual(taken)
  expect(await disputes()).toMatchObject([
    {
      state: 'open',
      amount: { amount: '499' },
      withdrawn: { amount: '499' },
      fee: { amount: '1500' },
      reason: 'fraudulent',
      evidenceSent: false,
      evidenceDueAt: expect.any(String) as string,
      invoices: [{ id: invoiceId }],
    },
  ])
  const { steps } = await plannedOf(id)
  expect(steps).toContain('remind')
  expect(steps).not.toContain('suspend')
  await expect(app.as((ctx) => order(ctx, seller))).rejects.toMatchObject({ code: 'invalid_state' })
  const back = { amountMinor: null, reason: 'x' }
  expect(
    (await app.admin.post<{ code: string }>(`/api/admin/billing/payments/${paid.id}/refund`, back)).body.code,
  ).toBe('invalid_state')
  expect((await triedOf(app, invoiceId)).payments[0]).toMatchObject({
    refundable: { amount: '0' },
    disputes: [{ state: 'open' }],
  })

  sim.settleDispute(dispute, 'evidence')
  await tell(from)
  expect(await disputes()).toMatchObject([{ state: 'open', evidenceSent: true }])
  sim.settleDispute(dispute, 'won')
  await tell(from)
  expect(await accounts()).toEqual({ ...before, cash: before.cash - 1500, fees: 1500 })
  expect(await disputes()).toMatchObject([{ state: 'won', withdrawn: { amount: '0' } }])
  expect(await auditOf(paid.id)).toEqual([
    'PAYMENT_DISPUTE_INQUIRY',
    'PAYMENT_DISPUTED',
    'PAYMENT_DISPUTE_WON',
  ])
  expect((await plannedOf(id)).steps).toContain('suspend')
  await app.as((ctx) => order(ctx, seller))
})

test('what is lost is owed again since then and not charged to the same card unasked; what comes back after all is credit', async () => {
  const { id, invoiceId, paid } = await charged()
  const before = await accounts()
  const from = sim.world.events.length
  const dispute = sim.dispute(paid.reference)
  await tell(from)
  app.clock.offsetMs = 20 * 86_400_000
  await app.as((ctx) => collection.takeLook(ctx))
  sim.settleDispute(dispute, 'lost')
  await tell(from)
  const today = app.root.now().toISOString().slice(0, 10)
  app.clock.offsetMs = 0
  const lost = { ...before, cash: before.cash - 1999, open: before.open + 499, fees: 1500 }
  expect(await accounts()).toEqual(lost)
  const status = await rowsOf(
    app,
    sql<{ status: string }>`select status from invoices where id = ${invoiceId}`,
  )
  expect(status).toEqual([{ status: 'open' }])
  // The days of the policy begin with the loss, not with the first due date.
  expect((await plannedOf(id)).due).toEqual([today])
  await rowsOf(app, sql`update billing_providers set charges_automatically = true where id = ${provider.id}`)
  const due = await app.as(({ tx }) =>
    import('../../src/db/billingAttempts.ts').then(({ dueCharges }) =>
      dueCharges(tx, {
        at: new Date(Date.now() + 30 * 86_400_000),
        states: ['active'],
        late: true,
        limit: 10,
      }),
    ),
  )
  expect(due).toEqual([])

  // The bank gives it back after all.
  sim.settleDispute(dispute, 'won')
  await tell(from)
  expect(await accounts()).toEqual({ ...lost, cash: lost.cash + 499, credit: before.credit - 499 })
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoiceId, payment('499')))
  expect((await accounts()).open).toBe(before.open)
})

test('a card that is disputed is found also when nobody says so, and somebody is told to give evidence', async () => {
  seller = await shop(app)
  provider = await collectedBy(app, seller.tenantId)
  await cardFor(app, seller.customerId, '4000000000000259')
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  await app.admin.post(`/api/admin/billing/invoices/${invoice.id}/charge`, {})
  await settleBilling(app)
  const [paid] = (await triedOf(app, invoice.id)).payments
  await send(
    app,
    provider,
    sim.world.events.filter(({ type }) => type === 'charge.dispute.created').slice(-1),
  )
  await settleBilling(app)
  expect(await disputes()).toMatchObject([{ state: 'open' }])
  const alert = await app.as(({ tx }) =>
    import('../../src/db/billingDisputes.ts').then(({ waiting }) => waiting(tx)),
  )
  expect(alert).toMatchObject({ n: 1, first: expect.any(Date) as Date })
  sim.settleDispute(
    [...sim.world.disputes.values()].find((one) => one.payment_intent === paid?.reference)?.id ?? '',
    'won',
  )
  app.clock.offsetMs = 7 * 3_600_000
  await collection.sweep(app.root)
  app.clock.offsetMs = 0
  await settleBilling(app)
  expect(await disputes()).toMatchObject([{ state: 'won' }])
})

test('a fee in the currency that the provider settles in is booked in that one', async () => {
  const { paid } = await charged()
  const [from, before] = [sim.world.events.length, await accounts()]
  const dispute = sim.dispute(paid.reference, 'takes', { currency: 'usd', rate: 1.1 })
  await tell(from)
  const moved = sql<{
    code: string
    currency: string
    minor: number
  }>`select a.code, e.currency, sum(e.amount_minor)::int as minor
    from ledger_entries e join ledger_accounts a on a.id = e.account_id join ledger_tx t on t.id = e.tx_id
    where e.tenant_id = ${seller.tenantId} and t.kind like 'dispute%' group by 1, 2 order by 1, 2`
  // What is away of the payment is its amount in its own currency; the fee is 15.00 USD.
  const away = [
    { code: 'cash', currency: 'EUR', minor: -499 },
    { code: 'cash', currency: 'USD', minor: -1500 },
    { code: 'disputed', currency: 'EUR', minor: 499 },
    { code: 'fees', currency: 'USD', minor: 1500 },
  ]
  expect(await rowsOf(app, moved)).toEqual(away)
  expect(await disputes()).toMatchObject([
    { withdrawn: { amount: '499', currency: 'EUR' }, fee: { amount: '1500', currency: 'USD' } },
  ])
  expect(await foundIn(app, seller.tenantId)).toEqual([])
  sim.settleDispute(dispute, 'won')
  await tell(from)
  expect(await accounts()).toMatchObject({ open: before.open, disputed: 0 })
  expect((await rowsOf(app, moved)).filter(({ minor }) => minor !== 0)).toEqual([away[1], away[3]])
  expect(await foundIn(app, seller.tenantId)).toEqual([])
})

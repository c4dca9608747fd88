import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as settings from '../../src/db/tenantSettings.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import * as tenantSuspensionService from '../../src/services/tenantSuspensionService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  billsOf,
  contractIn,
  dyingAt,
  eventsOf,
  forget,
  mailsOf,
  payAll,
  periodsOf,
  run,
  stateOf,
  travel,
} from './contractWorld.ts'
import { books, makeRoom, order, payment, shop } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
})
afterAll(() => app.close())
// What one test has left is not due in the others' time.
afterEach(async () => {
  app.clock.offsetMs = 0
  await forget(app)
})

/** The shop opens while the administrator's session lasts. */
async function opened(at: string) {
  app.clock.offsetMs = 0
  const seller = await shop(app)
  travel(app, at)
  return seller
}

test('a subscription is billed a week before each period, due with it, from its first day on, and the customer is told', async () => {
  const seller = await opened('2027-01-31T12:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-02-20T23:59:00Z')
  await run(app)
  expect(await periodsOf(app, id)).toEqual(['2027-01-31 2027-02-28'])
  travel(app, '2027-02-21T00:00:30Z')
  await run(app)
  await run(app)
  const [, second] = await billsOf(app, id)
  expect(second).toMatchObject({ issued: '2027-02-21', due: '2027-02-28', status: 'open', total: 499n })
  expect(await mailsOf(app, seller.tenantId)).toEqual(['invoiceIssued'])
  const shown = () => app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))
  expect((await shown()).periodEnd).toBe('2027-02-28T00:00:00.000Z')
  await payAll(app, seller, id)
  travel(app, '2027-02-28T00:00:30Z')
  await run(app)
  expect(await shown()).toMatchObject({
    state: 'active',
    periodStart: '2027-02-28T00:00:00.000Z',
    periodEnd: '2027-03-31T00:00:00.000Z',
  })
  expect(await eventsOf(app, id)).toEqual([
    'SUBSCRIPTION_CREATED',
    'SUBSCRIPTION_UPDATED',
    'SUBSCRIPTION_UPDATED',
    'SUBSCRIPTION_RENEWED',
    'SUBSCRIPTION_PERIOD_BEGUN',
  ])
  expect(await app.as((ctx) => books(ctx, seller.tenantId))).toMatchObject({
    unbalanced: [],
    gaps: [],
    receivable: 0n,
    cash: 998n,
    revenue: -998n,
  })
})

test('however many run at once, each period is billed once, and the database refuses a second line for it', async () => {
  const seller = await opened('2027-03-10T08:00:00Z')
  const ids = await Promise.all(Array.from({ length: 4 }, () => contractIn(app, seller)))
  travel(app, '2027-04-03T08:00:00Z')
  await Promise.all(Array.from({ length: 6 }, () => run(app)))
  for (const id of ids)
    expect(await periodsOf(app, id)).toEqual(['2027-03-10 2027-04-10', '2027-04-10 2027-05-10'])
  const again = app.as(({ tx }) =>
    sql`insert into invoice_lines (id, tenant_id, invoice_id, line_no, item_id, kind, period, description, unit_minor, net_minor,
        gross_minor, dedupe_key)
      select gen_random_uuid(), tenant_id, invoice_id, 2, item_id, kind, period, 'again', 1, 1, 1, 'again'
      from invoice_lines where item_id in (select id from subscription_items where subscription_id = ${ids[0]}) limit 1`.execute(
      tx,
    ),
  )
  await expect(again).rejects.toMatchObject({ code: '23P01' })
  expect((await app.as((ctx) => books(ctx, seller.tenantId))).gaps).toEqual([])
})

test('killed between any two transactions, a run ends as if nothing had happened once another has gone on', async () => {
  const seller = await opened('2027-01-15T08:00:00Z')
  const ids = [await contractIn(app, seller), await contractIn(app, seller)]
  await run(app)
  let killed = 0
  for (let month = 1; ; month++) {
    travel(app, new Date(Date.UTC(2027, month, 10)).toISOString())
    const died = await BillingService.runContracts(dyingAt(app.root, month)).then(
      () => false,
      () => true,
    )
    await run(app)
    for (const id of ids) {
      await payAll(app, seller, id)
      const periods = await periodsOf(app, id)
      expect(periods).toHaveLength(month + 1)
      expect(periods.slice(1).map((one) => one.slice(0, 10))).toEqual(
        periods.slice(0, -1).map((one) => one.slice(11)),
      )
    }
    if (!died) break
    killed++
  }
  expect(killed).toBeGreaterThan(8)
  expect(await app.as((ctx) => books(ctx, seller.tenantId))).toMatchObject({
    unbalanced: [],
    gaps: [],
    receivable: 0n,
  })
})

test('what a customer has in hand pays first, as far as it goes, and is never used twice', async () => {
  const seller = await opened('2027-05-01T08:00:00Z')
  const ids = [await contractIn(app, seller), await contractIn(app, seller)]
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller, 'year'))
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment(700n)))
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: '' }),
  )
  travel(app, '2027-05-26T08:00:00Z')
  await Promise.all([run(app), run(app)])
  const bills = (await Promise.all(ids.map((id) => billsOf(app, id)))).map((all) => all[1])
  expect(new Set(bills.map((bill) => `${bill?.status} ${bill?.paid}`))).toEqual(
    new Set(['open 201', 'paid 499']),
  )
  const after = await app.as((ctx) => books(ctx, seller.tenantId))
  expect(after).toMatchObject({ unbalanced: [], credit: 0n, receivable: 298n, open: 298n })
})

test('a contract that costs nothing goes on without mails', async () => {
  const seller = await opened('2027-05-01T08:00:00Z')
  const id = await contractIn(app, seller, 'day')
  travel(app, '2027-05-03T08:00:00Z')
  await run(app)
  expect((await billsOf(app, id)).map(({ status }) => status)).toEqual(['paid', 'paid', 'paid', 'paid'])
  expect(await mailsOf(app, seller.tenantId)).toEqual([])
})

test('forty days without automation end in the same periods as each day with it', async () => {
  const seller = await opened('2027-06-30T08:00:00Z')
  const [daily, late] = [await contractIn(app, seller), await contractIn(app, seller)]
  for (let day = 1; day <= 62; day += 7) {
    travel(app, new Date(Date.UTC(2027, 5, 30 + day, 8)).toISOString())
    await app.as(({ tx }) =>
      sql`update subscriptions set next_step = 'away', next_step_at = 'infinity' where id = ${late}`.execute(
        tx,
      ),
    )
    await run(app)
  }
  await app.as(({ tx }) =>
    sql`update subscriptions set next_step = 'look', next_step_at = '2027-07-01' where id = ${late}`.execute(
      tx,
    ),
  )
  await run(app)
  expect(await periodsOf(app, late)).toEqual(await periodsOf(app, daily))
  const [, second] = await billsOf(app, late)
  // Whoever is billed late has as much time to pay as always.
  expect(second).toMatchObject({ issued: '2027-08-26', due: '2027-09-02' })
  expect(await stateOf(app, seller, late)).toBe('active')
  expect(await stateOf(app, seller, daily)).toBe('suspending')
})

test('unusually many late invoices wait for a confirmation; those that are in time do not', async () => {
  const seller = await opened('2027-08-01T08:00:00Z')
  await app.as((ctx) => settings.write(ctx.tx, null, 'automation.brakeMinimum', 0, ctx.now()))
  await app.as((ctx) => settings.write(ctx.tx, null, 'automation.brakePercent', 1, ctx.now()))
  try {
    const id = await contractIn(app, seller)
    await run(app)
    travel(app, '2027-08-25T08:00:00Z')
    await run(app)
    expect(await periodsOf(app, id)).toHaveLength(2)
    travel(app, '2027-09-27T08:00:00Z')
    await run(app)
    expect(await periodsOf(app, id)).toHaveLength(2)
    const brakes = await app.as(provisioningService.listBrakes)
    const brake = brakes.find(
      ({ action, state }) => action === 'subscriptions.renewLate' && state === 'waiting',
    )
    expect(brake?.wanted).toBeGreaterThan(0)
    await app.as((ctx) =>
      provisioningService.decideBrake(ctx, brake?.id ?? '', {
        decision: 'confirmed',
        wanted: brake?.wanted ?? 0,
        reason: 'an outage',
      }),
    )
    await run(app)
    expect(await periodsOf(app, id)).toHaveLength(3)
  } finally {
    await app.as((ctx) => settings.remove(ctx.tx, null, 'automation.brakeMinimum'))
    await app.as((ctx) => settings.remove(ctx.tx, null, 'automation.brakePercent'))
  }
})

test('nothing is billed while everything is stopped, nor in a suspended tenant; both is made up for', async () => {
  const seller = await opened('2027-08-10T08:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-09-05T08:00:00Z')
  await app.as((ctx) =>
    provisioningService.pause(ctx, { what: 'all', which: '*', reason: 'the database was restored' }),
  )
  await run(app)
  expect(await periodsOf(app, id)).toHaveLength(1)
  await app.as((ctx) => provisioningService.resume(ctx, 'all', '*'))
  await app.as((ctx) => tenantSuspensionService.suspend(ctx, seller.tenantId, 'unpaid'))
  await run(app)
  expect(await periodsOf(app, id)).toHaveLength(1)
  await app.as((ctx) => tenantSuspensionService.restore(ctx, seller.tenantId))
  await run(app)
  expect(await periodsOf(app, id)).toHaveLength(2)
})

test('a longer lead in the settings counts at once', async () => {
  const seller = await opened('2027-08-10T08:00:00Z')
  const id = await contractIn(app, seller)
  await run(app)
  travel(app, '2027-08-27T08:00:00Z')
  await run(app)
  expect(await periodsOf(app, id)).toHaveLength(1)
  await app.as(async (ctx) => {
    await settings.write(ctx.tx, seller.tenantId, 'billing.renewalLeadDays', 14, ctx.now())
    await sql`update subscriptions set next_step = 'look', next_step_at = ${ctx.now()} where id = ${id}`.execute(
      ctx.tx,
    )
  })
  await run(app)
  expect(await periodsOf(app, id)).toHaveLength(2)
})

test('cancelled with its period, what was billed beyond is credited; taken back, it is billed anew', async () => {
  const seller = await opened('2027-10-05T08:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-10-30T08:00:00Z')
  await run(app)
  await payAll(app, seller, id)
  const cancelled = await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, id, { when: 'period_end', reason: 'moves' }),
  )
  expect(cancelled.subscription.cancelAt).toBe('2027-11-05T00:00:00.000Z')
  expect(await periodsOf(app, id)).toEqual(['2027-10-05 2027-11-05'])
  expect(await app.as((ctx) => books(ctx, seller.tenantId))).toMatchObject({ unbalanced: [], credit: -499n })
  await run(app)
  expect(await periodsOf(app, id)).toHaveLength(1)
  const back = await app.as((ctx) => BillingService.uncancel(ctx, seller.tenantId, id))
  expect(back).toMatchObject({ cancelAt: null, cancelReason: null })
  await run(app)
  expect(await periodsOf(app, id)).toEqual(['2027-10-05 2027-11-05', '2027-11-05 2027-12-05'])
  expect(await app.as((ctx) => books(ctx, seller.tenantId))).toMatchObject({ credit: 0n, receivable: 0n })
  await expect(app.as((ctx) => BillingService.uncancel(ctx, seller.tenantId, id))).rejects.toMatchObject({
    code: 'invalid_state',
  })
})

test('at the second of the boundary it is either renewed and goes on, or has ended and is not billed', async () => {
  const seller = await opened('2027-10-05T08:00:00Z')
  const [goes, ends] = [await contractIn(app, seller), await contractIn(app, seller)]
  await app.as((ctx) => BillingService.cancel(ctx, seller.tenantId, ends, { when: 'period_end', reason: '' }))
  travel(app, '2027-10-30T08:00:00Z')
  await run(app)
  travel(app, '2027-11-05T00:00:00Z')
  // Nobody has noted yet that the next period has begun: it is the one that a cancellation now ends with.
  const late = await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, goes, { when: 'period_end', reason: '' }),
  )
  expect(late.subscription.cancelAt).toBe('2027-12-05T00:00:00.000Z')
  await expect(app.as((ctx) => BillingService.uncancel(ctx, seller.tenantId, ends))).rejects.toMatchObject({
    code: 'invalid_state',
    message: expect.stringContaining('agreed end'),
  })
  await run(app)
  await BillingService.endDue(app.root)
  expect([await stateOf(app, seller, goes), await stateOf(app, seller, ends)]).toEqual([
    'active',
    'terminating',
  ])
  expect(await periodsOf(app, ends)).toEqual(['2027-10-05 2027-11-05'])
  expect(await periodsOf(app, goes)).toHaveLength(2)
})

test('one that cannot be billed holds up no other, and is tried again', async () => {
  const seller = await opened('2027-11-01T08:00:00Z')
  const [broken, sound] = [await contractIn(app, seller), await contractIn(app, seller)]
  // A line that is there already for the coming period.
  await app.as(({ tx }) =>
    sql`insert into invoice_lines (id, tenant_id, invoice_id, line_no, item_id, kind, period, description, unit_minor, net_minor,
        gross_minor, dedupe_key)
      select gen_random_uuid(), tenant_id, invoice_id, 2, item_id, kind, '[2027-12-10,2027-12-11)', 'in the way', 1, 1, 1, 'way'
      from invoice_lines where item_id in (select id from subscription_items where subscription_id = ${broken})`.execute(
      tx,
    ),
  )
  travel(app, '2027-11-26T08:00:00Z')
  await run(app)
  expect(await periodsOf(app, sound)).toHaveLength(2)
  const [row] = await rowsOf(
    app,
    sql<{ next_step: string; later: boolean }>`select next_step, next_step_at > ${app.root.now()} as later
      from subscriptions where id = ${broken}`,
  )
  expect(row).toEqual({ next_step: 'bill', later: true })
  expect((await app.as((ctx) => books(ctx, seller.tenantId))).gaps).toEqual([])
})

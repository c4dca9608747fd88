import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PausePreview } from '../../shared/api/billingContracts.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { delivered } from '../cloudPods/faults.ts'
import { startApp, until as untilIt, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import {
  billsOf,
  contractIn,
  eventsOf,
  forget,
  mailsOf,
  obey,
  payAll,
  periodsOf,
  run,
  stateOf,
  travel,
} from './contractWorld.ts'
import { carryOut, planOf, preview as planPreview } from './planWorld.ts'
import { taxed } from './taxWorld.ts'
import { books, makeRoom, payment, shop, type Shop } from './world.ts'

/* Pause and resume: what is off is not billed, and what was paid for is not lost. */

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
})
afterAll(() => app.close())
afterEach(async () => {
  await forget(app)
  app.clock.offsetMs = 0
})

type One = { seller: Shop; id: string; other: string }
const preview = ({ seller, id }: One, day?: string): Promise<PausePreview> =>
  app.as((ctx) => BillingService.pausePreview(ctx, seller.tenantId, id, { until: day }))
const pause = ({ seller, id }: One, until: string | null = null) =>
  app.as((ctx) => BillingService.pause(ctx, seller.tenantId, id, { until, reason: 'He is away.' }))
const resume = ({ seller, id }: One) =>
  app.as((ctx) => BillingService.resume(ctx, seller.tenantId, id, { reason: 'He is back.' }))
const calendarOf = async ({ seller, id }: One): Promise<string[]> =>
  (
    await app.as((ctx) =>
      BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'paid', days: 120 }),
    )
  ).items.map(({ date, what }) => `${date} ${what}`)

/** Lets its day come, with the automation at noon of it. */
async function on(day: string): Promise<void> {
  travel(app, `${day}T12:00:00Z`)
  await run(app)
}

/** A paid subscription that runs since a day. */
async function since(day: string): Promise<One> {
  const seller = await shop(app)
  // Who is logged in is not any more in another year.
  const other = await planOf(app, seller, [{ unitMinor: '999', interval: 'month' }])
  travel(app, `${day}T12:00:00Z`)
  return { seller, other: other.id, id: await contractIn(app, seller) }
}

async function pausedOn(day: string, one: One, until: string | null = null): Promise<void> {
  travel(app, `${day}T18:00:00Z`)
  await pause(one, until)
  await obey(app, one.seller, one.id)
}

describe('what is paused', () => {
  test('is not billed, and the rest of its period comes after the pause, to the day', async () => {
    const one = await since('2027-01-31')
    await on('2027-02-21')
    // The invoice of the next period is there, and paid.
    await payAll(app, one.seller, one.id)
    travel(app, '2027-02-22T18:00:00Z')
    const shown = await preview(one, '2027-04-10')
    expect(shown).toMatchObject({
      blockers: [],
      from: '2027-01-31',
      to: '2027-02-27',
      daysLeft: 5,
      takenBack: [{ total: { amount: '499' }, paid: { amount: '499' } }],
      resumed: { on: '2027-04-10', to: '2027-04-14', movedDays: 46 },
    })
    await pausedOn('2027-02-22', one, '2027-04-10')
    expect(await stateOf(app, one.seller, one.id)).toBe('paused')
    expect((await calendarOf(one))[0]).toBe('2027-04-10 resume')
    for (const day of ['2027-03-01', '2027-04-09']) await on(day)
    expect(await periodsOf(app, one.id)).toEqual(['2027-01-31 2027-02-28'])
    expect((await app.as((ctx) => books(ctx, one.seller.tenantId))).credit).toBe(-499n)
    await on('2027-04-10')
    expect(await stateOf(app, one.seller, one.id)).toBe('unsuspending')
    await obey(app, one.seller, one.id)
    expect(await stateOf(app, one.seller, one.id)).toBe('active')
    // From the pause's end on, month by month; the credit pays the next period.
    await on('2027-05-31')
    expect(await periodsOf(app, one.id)).toEqual([
      '2027-01-31 2027-02-28',
      '2027-04-15 2027-05-15',
      '2027-05-15 2027-06-15',
    ])
    expect((await billsOf(app, one.id)).map(({ status }) => status)).toEqual(['paid', 'paid', 'open'])
    expect((await eventsOf(app, one.id)).filter((name) => /PAUS|RESUM/.test(name))).toEqual([
      'SUBSCRIPTION_PAUSING',
      'SUBSCRIPTION_PAUSED',
      'SUBSCRIPTION_RESUMING',
      'SUBSCRIPTION_RESUMED',
    ])
    const mails = await mailsOf(app, one.seller.tenantId)
    expect(mails.filter((name) => /Paused|Restored/.test(name))).toEqual([
      'subscriptionPaused',
      'subscriptionRestored',
    ])
    const { unbalanced, receivable, open } = await app.as((ctx) => books(ctx, one.seller.tenantId))
    expect({ unbalanced, receivable }).toEqual({ unbalanced: [], receivable: open })
  })

  test('gets no day for an evening, and each whole day once however often it is paused', async () => {
    const one = await since('2027-03-10')
    const period = async () =>
      (await app.as((ctx) => BillingService.get(ctx, one.seller.tenantId, one.id))).periodEnd
    for (const [from, to, ends] of [
      ['2027-03-12', '2027-03-12', '2027-04-10'],
      ['2027-03-13', '2027-03-14', '2027-04-10'],
      ['2027-03-15', '2027-03-18', '2027-04-12'],
      ['2027-03-18', '2027-03-20', '2027-04-13'],
    ] as const) {
      await pausedOn(from, one)
      travel(app, `${to}T20:00:00Z`)
      await resume(one)
      await obey(app, one.seller, one.id)
      expect((await period())?.slice(0, 10)).toBe(ends)
    }
  })

  test('can change its plan after the pause: it is credited what is left of what was paid', async () => {
    const one = await since('2027-06-01')
    // Used up: 1 to 10 June; 20 of 30 days come after the pause.
    await pausedOn('2027-06-10', one)
    travel(app, '2027-08-01T08:00:00Z')
    await resume(one)
    await obey(app, one.seller, one.id)
    const shown = await planPreview(app, one.seller, one.id, { planId: one.other })
    expect(shown.lines.map(({ kind, amount }) => [kind, amount.amount])).toEqual([
      ['credit', '-333'],
      ['recurring', '666'],
    ])
    await carryOut(app, one.seller, one.id, shown.token)
    await payAll(app, one.seller, one.id)
    await on('2027-08-21')
    expect((await periodsOf(app, one.id)).slice(1)).toEqual([
      '2027-08-01 2027-08-21',
      '2027-08-21 2027-09-21',
    ])
  })

  test('ends when it is cancelled, and nothing is billed for it any more', async () => {
    const one = await since('2027-09-01')
    await pausedOn('2027-09-05', one)
    const cancel = (when: 'now' | 'period_end') =>
      app.as((ctx) => BillingService.cancel(ctx, one.seller.tenantId, one.id, { when, reason: 'x' }))
    await expect(cancel('period_end')).rejects.toThrow('resume it first')
    travel(app, '2027-09-12T08:00:00Z')
    await cancel('now')
    const [row] = await rowsOf(
      app,
      sql<{ state: string; paused_at: Date | null; ends: string }>`select state, paused_at,
        to_char(upper(current_period) at time zone 'UTC', 'YYYY-MM-DD') as ends from subscriptions where id = ${one.id}`,
    )
    expect(row).toEqual({ state: 'terminating', paused_at: null, ends: '2027-10-07' })
    await on('2027-12-01')
    expect(await periodsOf(app, one.id)).toEqual(['2027-09-01 2027-10-01'])
  })
})

describe('a pause is refused, with the reason,', () => {
  test('while something is open, held, cancelled or planned, and where another system keeps the invoices', async () => {
    const one = await since('2028-01-10')
    const { id, seller } = one
    const { tenantId } = seller
    await expect(resume(one)).rejects.toThrow('The subscription is not paused.')
    for (const until of ['2028-01-10', '2029-02-01'])
      await expect(pause(one, until)).rejects.toMatchObject({ code: 'invalid_input' })
    await app.as((ctx) => BillingService.cancel(ctx, tenantId, id, { when: 'period_end', reason: 'x' }))
    await expect(pause(one)).rejects.toThrow('take the cancellation back first')
    await app.as((ctx) => BillingService.uncancel(ctx, tenantId, id))
    const held = { until: '2028-02-01T00:00:00Z', reason: 'x' }
    await app.as((ctx) => BillingService.hold(ctx, tenantId, id, held))
    await expect(pause(one)).rejects.toThrow('release it first')
    await app.as((ctx) => BillingService.release(ctx, tenantId, id, { reason: 'x' }))
    const shown = await planPreview(app, seller, id, { planId: one.other, when: 'period_end' })
    await carryOut(app, seller, id, shown.token)
    await expect(pause(one)).rejects.toThrow('A change is planned')
    await app.as((ctx) => BillingService.cancelChange(ctx, tenantId, id))
    await on('2028-02-10')
    await expect(pause(one)).rejects.toThrow('due on 2028-02-17 is open')
    expect((await preview(one)).blockers).toEqual([expect.stringContaining('due on 2028-02-17 is open')])
    await payAll(app, seller, id)
    await rowsOf(
      app,
      sql`insert into billing_providers (id, tenant_id, kind, live, key_sealed, url, authority, created_at, updated_at)
        values (gen_random_uuid(), ${tenantId}, 'whmcs', false, '\\x00', 'https://whmcs.example.com', 'provider', now(), now())
        returning id`,
    )
    await expect(pause(one)).rejects.toThrow('Another system keeps its invoices')
  })

  test('and a resume as long as an invoice is overdue', async () => {
    const one = await since('2028-03-01')
    await pausedOn('2028-03-02', one, '2028-03-20')
    // A payment was given back, so that the invoice is open again.
    await rowsOf(
      app,
      sql`update invoices set status = 'open', paid_minor = 0 where subscription_id = ${one.id} returning id`,
    )
    await on('2028-04-20')
    expect(await stateOf(app, one.seller, one.id)).toBe('paused')
    await expect(resume(one)).rejects.toThrow('must be paid first')
    await payAll(app, one.seller, one.id)
    await on('2028-04-21')
    expect(await stateOf(app, one.seller, one.id)).toBe('unsuspending')
  })
})

test('the pod is stopped, nobody starts it, and it runs again after the pause', async () => {
  const worker = await app.startWorker({ timers: [] })
  const placed = await delivered(app)
  const id = placed.subscription.id
  const post = (what: string) =>
    app.admin.post(`/api/admin/billing/subscriptions/${id}/${what}`, { reason: 'He is away.' })
  const power = () => guestsOf(app, placed.podId).map((guest) => guest.power)
  expect((await post('pause')).status).toBe(200)
  await untilIt(async () => (await stateOf(app, placed, id)) === 'paused', 'the subscription to be paused')
  expect(power()).toEqual(['stopped'])
  expect(await app.admin.post(`/api/admin/hosting/cloudpods/${placed.podId}/start`)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('paused') },
  })
  expect((await post('resume')).status).toBe(200)
  await untilIt(async () => (await stateOf(app, placed, id)) === 'active', 'the subscription to be active')
  expect(power()).toEqual(['running'])
  await worker.stop()
})

describe('the disk of what is paused', () => {
  /** A subscription by the month whose disk costs 1.50 on a renewal day. */
  async function stored(day: string, pausedMinor = '150'): Promise<One> {
    // Who is logged in is not any more in another year.
    app.clock.offsetMs = 0
    const seller = await shop(app)
    await taxed(app, seller)
    const price = { unitMinor: '499', interval: 'month' as const, pausedMinor }
    const plan = await planOf(app, seller, [price])
    travel(app, `${day}T12:00:00Z`)
    return { seller, other: plan.id, id: await contractIn(app, { ...seller, plan }) }
  }
  const pay = async ({ seller, id }: One): Promise<void> => {
    const open = sql<{ id: string; total: bigint }>`select id, total_minor as total from invoices
      where subscription_id = ${id} and status = 'open'`
    for (const one of await rowsOf(app, open))
      await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, one.id, payment(one.total)))
  }
  const feesOf = (id: string) =>
    rowsOf(
      app,
      sql<{
        issued: string
        due: string
        total: string
      }>`select i.issue_date::text as issued, i.due_date::text as due,
        i.total_minor::text as total from invoices i join invoice_lines l on l.invoice_id = i.id and l.kind = 'storage'
        where i.subscription_id = ${id} order by i.number`,
    )

  test('is billed on each renewal day that the pause passes over, as the preview and the calendar say', async () => {
    const one = await stored('2027-01-31')
    travel(app, '2027-02-10T18:00:00Z')
    const { storage } = await preview(one, '2027-04-30')
    // 150 and 22 %: on 28 February and 31 March; on 30 April it is not paused any more.
    expect(storage).toMatchObject({
      each: { amount: '183' },
      first: '2027-02-28',
      times: 2,
      total: { amount: '366' },
    })
    await pausedOn('2027-02-10', one, '2027-04-30')
    expect((await calendarOf(one)).slice(0, 3)).toEqual([
      '2027-02-28 storage',
      '2027-03-31 storage',
      '2027-04-30 resume',
    ])
    await on('2027-02-27')
    expect(await feesOf(one.id)).toEqual([])
    await on('2027-02-28')
    await on('2027-03-01')
    expect(await feesOf(one.id)).toEqual([{ issued: '2027-02-28', due: '2027-03-14', total: '183' }])
    await pay(one)
    await on('2027-03-31')
    await pay(one)
    await on('2027-04-30')
    await obey(app, one.seller, one.id)
    expect((await feesOf(one.id)).map(({ total }) => total)).toEqual(['183', '183'])
    expect((await eventsOf(app, one.id)).filter((name) => name.includes('STORAGE'))).toHaveLength(2)
    // The rest of the period was paid, and the next one is billed as ever.
    expect(await stateOf(app, one.seller, one.id)).toBe('active')
    expect(await periodsOf(app, one.id)).toEqual(['2027-01-31 2027-02-28'])
    const { unbalanced, receivable, open } = await app.as((ctx) => books(ctx, one.seller.tenantId))
    expect({ unbalanced, receivable }).toEqual({ unbalanced: [], receivable: open })
    // A second pause begins to count anew.
    await pausedOn('2027-05-02', one)
    expect((await calendarOf(one))[0]).toBe('2027-05-17 storage')
  })

  test('costs nothing where the pause ends before a renewal day, nor where the plan says nothing', async () => {
    const one = await stored('2027-01-31')
    travel(app, '2027-02-10T18:00:00Z')
    expect((await preview(one, '2027-02-28')).storage).toMatchObject({ times: 0, total: { amount: '0' } })
    expect((await preview(one)).storage).toMatchObject({ first: '2027-02-28', times: null, total: null })
    const free = await stored('2027-02-10', '0')
    expect((await preview(free, '2027-06-01')).storage).toBeNull()
    await pausedOn('2027-02-10', free, '2027-06-01')
    await on('2027-06-01')
    expect(await feesOf(free.id)).toEqual([])
  })

  test('that is not paid keeps the pause from ending, until it is', async () => {
    const one = await stored('2027-01-31')
    await pausedOn('2027-02-10', one, '2027-03-20')
    await on('2027-02-28')
    await on('2027-03-21')
    expect(await stateOf(app, one.seller, one.id)).toBe('paused')
    await pay(one)
    await on('2027-03-22')
    expect(await stateOf(app, one.seller, one.id)).toBe('unsuspending')
  })
})

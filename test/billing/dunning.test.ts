import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DunningPolicy, SubscriptionTimeline } from '../../shared/api/billingContracts.ts'
import { localDate } from '../../src/lib/period.ts'
import * as pods from '../../src/db/cloudPods.ts'
import * as settings from '../../src/db/tenantSettings.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import {
  billsOf,
  contractIn,
  eventsOf,
  forget,
  mailsOf,
  obey,
  payAll,
  run,
  runIfDue,
  stateOf,
  travel,
} from './contractWorld.ts'
import { books, makeRoom, payment, shop, type Shop } from './world.ts'

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

const POLICIES = '/api/admin/billing/dunning-policies'

/** A shop that reminds on the third day, suspends on the tenth and ends on the twentieth, and a contract since this day. */
async function unpaid(since: string, policy: object = {}): Promise<{ seller: Shop; id: string }> {
  app.clock.offsetMs = 0
  const seller = await shop(app)
  const made = await app.admin.post(POLICIES, {
    tenantId: seller.tenantId,
    remindAfterDays: [3],
    suspendAfterDays: 10,
    terminateAfterDays: 20,
    ...policy,
  })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  travel(app, `${since}T08:00:00Z`)
  return { seller, id: await contractIn(app, seller) }
}

/** Lets each day from then on have its morning. */
async function days(from: string, count: number): Promise<void> {
  for (let day = 0; day < count; day++)
    for (const hour of ['10', '11']) {
      travel(app, new Date(Date.parse(`${from}T${hour}:00:00Z`) + day * 86_400_000).toISOString())
      await runIfDue(app)
    }
}

const since = async (id: string, action: string): Promise<string[]> => {
  const all = await eventsOf(app, id)
  return all.slice(all.indexOf(action))
}

test('what is not paid is told, suspended and said to be so only once that was proven, warned of and ended, each on its day', async () => {
  const { seller, id } = await unpaid('2027-01-10')
  await days('2027-02-03', 8)
  expect(await stateOf(app, seller, id)).toBe('active')
  await days('2027-02-11', 1)
  expect(await stateOf(app, seller, id)).toBe('grace')
  await days('2027-02-12', 8)
  expect(await stateOf(app, seller, id)).toBe('grace')
  await days('2027-02-20', 1)
  expect(await stateOf(app, seller, id)).toBe('suspending')
  await days('2027-02-21', 8)
  // Nothing ends before the suspension was proven, and nobody is told of it.
  expect(await stateOf(app, seller, id)).toBe('suspending')
  expect(await mailsOf(app, seller.tenantId)).toEqual(['invoiceIssued', 'invoiceOverdue', 'invoiceOverdue'])
  await obey(app, seller, id)
  expect(await stateOf(app, seller, id)).toBe('suspended')
  await days('2027-03-01', 3)
  expect(await stateOf(app, seller, id)).toBe('suspended')
  await days('2027-03-04', 1)
  expect(await stateOf(app, seller, id)).toBe('terminating')
  expect(await since(id, 'SUBSCRIPTION_OVERDUE')).toEqual([
    'SUBSCRIPTION_OVERDUE',
    'SUBSCRIPTION_REMINDED',
    'SUBSCRIPTION_SUSPENDING',
    'SUBSCRIPTION_SUSPENDED',
    'SUBSCRIPTION_FINAL_WARNING',
    'SUBSCRIPTION_RENEWED',
    'SUBSCRIPTION_CANCELLED',
  ])
  expect((await mailsOf(app, seller.tenantId)).slice(3)).toEqual([
    'subscriptionSuspended',
    'subscriptionEnds',
    'invoiceIssued',
  ])
  // The period that does not begin any more is credited; the one that was used stays owed.
  expect(await app.as((ctx) => books(ctx, seller.tenantId))).toMatchObject({
    unbalanced: [],
    receivable: 499n,
  })
})

test.each([
  ['in grace', 0, 'active'],
  ['while the pod is being stopped', 10, 'unsuspending'],
])('a payment %s settles it at once, and the next invoices come as always', async (_, more, expected) => {
  const { seller, id } = await unpaid('2027-01-10')
  await days('2027-02-03', 10)
  if (more > 0) await days('2027-02-13', more)
  await payAll(app, seller, id)
  expect(await stateOf(app, seller, id)).toBe(expected)
  if (more > 0) await obey(app, seller, id)
  expect(await stateOf(app, seller, id)).toBe('active')
  await days('2027-03-03', 2)
  expect(await billsOf(app, id)).toHaveLength(3)
  expect(await stateOf(app, seller, id)).toBe('active')
})

test('a part of the debt, or one of two overdue invoices, does not end a suspension', async () => {
  const { seller, id } = await unpaid('2027-01-10', { terminateAfterDays: null })
  await days('2027-02-03', 20)
  await obey(app, seller, id)
  await days('2027-03-03', 12)
  const [, second, third] = await billsOf(app, id)
  const pay = (invoiceId: string | undefined, amount: bigint) =>
    app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoiceId ?? '', payment(amount)))
  await pay(second?.id, 300n)
  expect(await stateOf(app, seller, id)).toBe('suspended')
  await pay(second?.id, 199n)
  expect(await stateOf(app, seller, id)).toBe('suspended')
  await run(app)
  expect(await stateOf(app, seller, id)).toBe('suspended')
  await pay(third?.id, 499n)
  expect(await stateOf(app, seller, id)).toBe('unsuspending')
})

test('payments and the suspension that meet end suspended and unpaid, or paid and not suspended', async () => {
  const { seller } = await unpaid('2027-01-10')
  const ids = await Promise.all(Array.from({ length: 6 }, () => contractIn(app, seller)))
  await days('2027-02-03', 17)
  travel(app, '2027-02-20T10:00:00Z')
  await Promise.all([run(app), ...ids.map((id) => payAll(app, seller, id)), run(app)])
  for (const id of ids) {
    if ((await stateOf(app, seller, id)) === 'unsuspending') await obey(app, seller, id)
    expect(await stateOf(app, seller, id)).toBe('active')
  }
})

describe('a hold', () => {
  const hold = (seller: Shop, id: string, until: string) =>
    app.as((ctx) => BillingService.hold(ctx, seller.tenantId, id, { until, reason: 'He pays on Friday.' }))

  test('beats the policy, lets the pod run again, and after it everything is told anew first', async () => {
    const { seller, id } = await unpaid('2027-01-10', { terminateAfterDays: null })
    await days('2027-02-03', 18)
    expect(await stateOf(app, seller, id)).toBe('suspending')
    const held = await hold(seller, id, '2027-03-02T12:00:00.000Z')
    expect(held).toMatchObject({
      state: 'unsuspending',
      hold: { until: '2027-03-02T12:00:00.000Z', reason: 'He pays on Friday.', by: 'test' },
    })
    await obey(app, seller, id)
    await days('2027-02-21', 9)
    expect(await stateOf(app, seller, id)).toBe('active')
    await days('2027-03-02', 1)
    expect((await app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))).hold).not.toBeNull()
    travel(app, '2027-03-02T12:01:00Z')
    await run(app)
    expect(await stateOf(app, seller, id)).toBe('grace')
    travel(app, '2027-03-03T11:00:00Z')
    await run(app)
    expect(await stateOf(app, seller, id)).toBe('grace')
    travel(app, '2027-03-03T13:00:00Z')
    await run(app)
    expect(await stateOf(app, seller, id)).toBe('suspending')
    expect((await mailsOf(app, seller.tenantId)).filter((one) => one === 'invoiceOverdue')).toHaveLength(3)
  })

  test('is released by a person with a reason, cannot be placed twice, nor for ever', async () => {
    const { seller, id } = await unpaid('2027-01-10')
    await expect(hold(seller, id, '2027-01-01T00:00:00Z')).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(hold(seller, id, '2029-01-01T00:00:00Z')).rejects.toMatchObject({ code: 'invalid_input' })
    await hold(seller, id, '2027-06-01T00:00:00Z')
    await expect(hold(seller, id, '2027-07-01T00:00:00Z')).rejects.toMatchObject({ code: 'invalid_state' })
    const release = () =>
      app.as((ctx) => BillingService.release(ctx, seller.tenantId, id, { reason: 'He has paid.' }))
    expect(await release()).toMatchObject({ hold: null, state: 'active' })
    await expect(release()).rejects.toMatchObject({ code: 'invalid_state' })
    expect((await eventsOf(app, id)).slice(-2)).toEqual(['SUBSCRIPTION_HELD', 'SUBSCRIPTION_RELEASED'])
  })
})

test('unusually many suspensions wait for a confirmation, and what is paid meanwhile is not suspended', async () => {
  const { seller, id } = await unpaid('2027-01-10')
  await days('2027-02-03', 17)
  await app.as((ctx) => settings.write(ctx.tx, null, 'automation.brakeMinimum', 0, ctx.now()))
  await app.as((ctx) => settings.write(ctx.tx, null, 'automation.brakePercent', 1, ctx.now()))
  try {
    await days('2027-02-20', 2)
    expect(await stateOf(app, seller, id)).toBe('grace')
    const brakes = await app.as(provisioningService.listBrakes)
    expect(brakes).toContainEqual(
      expect.objectContaining({ action: 'subscriptions.suspend', wanted: 1, state: 'waiting' }),
    )
    await payAll(app, seller, id)
    expect(await stateOf(app, seller, id)).toBe('active')
  } finally {
    await app.as((ctx) => settings.remove(ctx.tx, null, 'automation.brakeMinimum'))
    await app.as((ctx) => settings.remove(ctx.tx, null, 'automation.brakePercent'))
  }
})

test('a protected pod is not ended, and what is overdue keeps a deleted pod from being undeleted', async () => {
  const { seller, id } = await unpaid('2027-01-10')
  const podOf = async () => {
    const pod = await app.as((ctx) => pods.ofSubscription(ctx.tx, seller.tenantId, id))
    if (!pod) throw new Error('no pod')
    return pod
  }
  const protect = async (yes: boolean) => {
    const { id: podId } = await podOf()
    await app.as((ctx) => cloudPodService.update(ctx, seller.tenantId, podId, { protected: yes }, undefined))
    await app.as(({ tx }) =>
      sql`update subscriptions set next_step = 'look', next_step_at = '2027-01-01' where id = ${id}`.execute(
        tx,
      ),
    )
  }
  await protect(true)
  await days('2027-02-03', 18)
  await obey(app, seller, id)
  await days('2027-02-25', 12)
  expect(await stateOf(app, seller, id)).toBe('suspended')
  await protect(false)
  await days('2027-03-09', 4)
  expect(await stateOf(app, seller, id)).toBe('terminating')
  await expect(
    app.as(async (ctx) => BillingService.requireRevivable(ctx, await podOf())),
  ).rejects.toMatchObject({
    code: 'invalid_state',
    message: expect.stringContaining('overdue'),
  })
  await payAll(app, seller, id)
  await app.as(async (ctx) => BillingService.requireRevivable(ctx, await podOf()))
  await app.as(async (ctx) => BillingService.podBack(ctx, await podOf()))
  expect(await stateOf(app, seller, id)).toBe('unsuspending')
})

test('the calendar says beforehand what the automation then does, step by step and day by day', async () => {
  const { seller, id } = await unpaid('2027-01-31', { remindAfterDays: [2, 5] })
  const calendar = await app.as((ctx) =>
    BillingService.showCalendar(ctx, seller.tenantId, id, { assume: 'unpaid', days: 90 }),
  )
  expect(calendar.timeZone).toBe('UTC')
  expect(calendar.items[0]).toMatchObject({
    what: 'bill',
    date: '2027-02-21',
    invoice: { from: '2027-02-28', to: '2027-03-30', total: { amount: '499' }, dueDate: '2027-02-28' },
  })
  const NAMES: Record<string, string> = {
    bill: 'SUBSCRIPTION_RENEWED',
    advance: 'SUBSCRIPTION_PERIOD_BEGUN',
    overdue: 'SUBSCRIPTION_OVERDUE',
    remind: 'SUBSCRIPTION_REMINDED',
    suspend: 'SUBSCRIPTION_SUSPENDED',
    warn: 'SUBSCRIPTION_FINAL_WARNING',
    terminate: 'SUBSCRIPTION_CANCELLED',
  }
  const done: string[] = []
  for (let day = 20; day < 55; day++) {
    const before = (await eventsOf(app, id)).length
    await days(new Date(Date.UTC(2027, 0, 31 + day)).toISOString().slice(0, 10), 1)
    if ((await stateOf(app, seller, id)) === 'suspending') await obey(app, seller, id)
    const today = localDate(app.root.now(), 'UTC')
    for (const action of (await eventsOf(app, id)).slice(before))
      if (action !== 'SUBSCRIPTION_SUSPENDING') done.push(`${today} ${action}`)
  }
  expect(done).toEqual(calendar.items.map(({ date, what }) => `${date} ${NAMES[what]}`))
  expect(done.at(-1)).toBe('2027-03-20 SUBSCRIPTION_CANCELLED')
})

test('the calendar of what is paid has no reminders, and uses what the customer has in hand', async () => {
  const { seller, id } = await unpaid('2027-01-10')
  const show = (assume: 'paid' | 'unpaid') =>
    app.as((ctx) => BillingService.showCalendar(ctx, seller.tenantId, id, { assume, days: 70 }))
  expect((await show('paid')).items.map(({ what }) => what)).toEqual(['bill', 'advance', 'bill', 'advance'])
  expect((await show('unpaid')).items.map(({ what }) => what)).toContain('suspend')
  await app.as((ctx) => BillingService.cancel(ctx, seller.tenantId, id, { when: 'now', reason: '' }))
  expect((await show('paid')).items).toEqual([])
})

test('the timeline has events, invoices, payments and jobs in one order, page by page, without gap or repetition', async () => {
  const { seller, id } = await unpaid('2027-01-10')
  await days('2027-02-03', 10)
  await payAll(app, seller, id)
  const all = await app.as((ctx) => BillingService.timeline(ctx, seller.tenantId, id, { limit: 100 }))
  expect(new Set(all.items.map(({ kind }) => kind))).toEqual(new Set(['event', 'invoice', 'payment', 'job']))
  expect(all.nextCursor).toBeNull()
  expect(all.items.find(({ kind }) => kind === 'payment')).toMatchObject({
    amount: { amount: '499' },
    actor: { label: 'test' },
  })
  const paged: SubscriptionTimeline['items'] = []
  for (let cursor: string | undefined; ;) {
    const page = await app.as((ctx) =>
      BillingService.timeline(ctx, seller.tenantId, id, { limit: 3, ...(cursor && { cursor }) }),
    )
    paged.push(...page.items)
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }
  expect(paged).toEqual(all.items)
})

test('a policy is refused that would suspend without reminders before it or end without a warning', async () => {
  const tenantId = await app.tenant()
  const add = (body: object) => app.admin.post<DunningPolicy>(POLICIES, { tenantId, ...body })
  const refused = async (body: object, path: string) =>
    expect(await add(body)).toMatchObject({ status: 422, body: { errors: [{ path }] } })
  await refused({ remindAfterDays: [3, 14], suspendAfterDays: 14 }, 'remindAfterDays')
  await refused({ suspendAfterDays: 14, terminateAfterDays: 16 }, 'terminateAfterDays')
  const made = await add({ remindAfterDays: [7, 3, 7], suspendAfterDays: 14, terminateAfterDays: 17 })
  expect(made).toMatchObject({ status: 201, body: { remindAfterDays: [3, 7], terminateAfterDays: 17 } })
  expect((await add({})).body).toMatchObject({ code: 'already_exists' })
  const path = `${POLICIES}/${made.body.id}`
  const changed = await app.admin.call<DunningPolicy>('PATCH', path, { terminateAfterDays: null })
  expect(changed.body).toMatchObject({ suspendAfterDays: 14, terminateAfterDays: null, version: 2 })
  expect(await app.admin.call('PATCH', path, { suspendAfterDays: 2 }, { 'if-match': '"v2"' })).toMatchObject({
    status: 422,
  })
  expect(await app.admin.call('PATCH', path, { suspendAfterDays: 20 }, { 'if-match': '"v1"' })).toMatchObject(
    { status: 412 },
  )
  expect((await app.admin.call('DELETE', path)).status).toBe(204)
  const { body } = await app.admin.get<{ items: DunningPolicy[] }>(POLICIES)
  const own = body.items.find((policy) => policy.tenantId === null)
  expect(own).toMatchObject({ remindAfterDays: [3, 7], suspendAfterDays: 14, terminateAfterDays: null })
  expect(await app.admin.call('DELETE', `${POLICIES}/${own?.id}`)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
})

test('a policy that becomes stricter counts at once, with its notice', async () => {
  const { seller, id } = await unpaid('2027-01-10', { suspendAfterDays: null, terminateAfterDays: null })
  await days('2027-02-03', 20)
  expect(await stateOf(app, seller, id)).toBe('grace')
  const now = app.clock.offsetMs
  app.clock.offsetMs = 0
  const { body } = await app.admin.get<{ items: DunningPolicy[] }>(`${POLICIES}?tenantId=${seller.tenantId}`)
  const policy = body.items.find(({ tenantId }) => tenantId === seller.tenantId)
  app.clock.offsetMs = now
  await app.as((ctx) =>
    BillingService.updatePolicy(ctx, policy?.id ?? '', { suspendAfterDays: 5 }, undefined),
  )
  await run(app)
  expect(await stateOf(app, seller, id)).toBe('suspending')
})

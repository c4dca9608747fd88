import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ChangePreview } from '../../shared/api/billingChanges.ts'
import type { Plan, Subscription } from '../../shared/api/billing.ts'
import type { Problem } from '../../shared/api/common.ts'
import { listAlerts, watch } from '../../src/services/provisioning/watch.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodQuotas from '../../src/services/cloudPodQuotas.ts'
import {
  delivered,
  jobOf,
  showPod,
  showSubscription,
  SUBSCRIPTIONS,
  type Placed,
} from '../cloudPods/faults.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, rowsOf } from '../support/harnessWorld.ts'
import { billsOf, eventsOf, forget, mailsOf, run, travel } from './contractWorld.ts'
import { books, payment } from './world.ts'

let app: TestApp
let medium: Plan
beforeAll(async () => {
  app = await startApp({ worker: false })
  // Its clock is moved here, so that timers would do what is not due yet.
  await app.startWorker({ timers: [] })
  const { body } = await app.admin.get<{ items: Plan[] }>('/api/admin/billing/plans')
  const found = body.items.find(({ code }) => code === 'medium')
  if (!found) throw new Error('there is no plan medium')
  medium = found
})
afterAll(() => app.close())
beforeEach(() => {
  app.clock.offsetMs = 0
})
afterEach(async () => {
  app.sim.control.clearFaults()
  await forget(app)
})

const DAY_MS = 86_400_000
const LATER = { when: 'period_end' } as const
const account = (placed: Placed) => app.as((ctx) => books(ctx, placed.tenantId))
const shown = ({ tenantId, subscription }: Placed) =>
  app.as((ctx) => BillingService.get(ctx, tenantId, subscription.id))
const quota = (placed: Placed, maxMemoryMb: number) =>
  app.as((ctx) => cloudPodQuotas.update(ctx, placed.tenantId, { maxMemoryMb }))
const previewOf = ({ subscription }: Placed, body: object = {}) =>
  app.admin.post<ChangePreview>(`${SUBSCRIPTIONS}/${subscription.id}/preview`, {
    planId: medium.id,
    ...LATER,
    ...body,
  })

/** Plans the larger plan for the next period. @returns when that begins */
async function planned(placed: Placed): Promise<string> {
  const { body } = await previewOf(placed)
  expect(body.blockers).toEqual([])
  const answer = await app.admin.post<{ subscription: Subscription; job: unknown } & Problem>(
    `${SUBSCRIPTIONS}/${placed.subscription.id}/change`,
    { token: body.token },
  )
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  expect(answer.body).toMatchObject({ job: null, subscription: { change: { state: 'planned' } } })
  return body.effectiveAt
}

const before = (at: string, days: number): string =>
  new Date(Date.parse(at) - days * DAY_MS + 3_600_000).toISOString()

/** Lets the invoice of the next period come a few days before it, and pays it. */
async function billed(placed: Placed, begins: string): Promise<void> {
  travel(app, before(begins, 3))
  await run(app)
  for (const { id, status, total, paid } of await billsOf(app, placed.subscription.id))
    if (status === 'open')
      await app.as((ctx) => BillingService.recordPayment(ctx, placed.tenantId, id, payment(total - paid)))
}

async function heldOf(placed: Placed): Promise<string> {
  const [row] = await rowsOf(
    app,
    sql<{ held: string }>`select concat_ws('/', cores, memory_mb, disk_gb) as held
      from cloud_pod_reservations where pod_id = ${placed.podId}`,
  )
  return row?.held ?? ''
}

const totals = async (placed: Placed) =>
  (await billsOf(app, placed.subscription.id)).map(({ total, status }) => `${total} ${status}`)

const alerted = async (): Promise<string | undefined> => {
  await watch(app.root)
  return (await app.as(listAlerts)).find(({ code }) => code === 'larger_plans_not_begun')?.message
}

/** Nothing was billed but the old plan, twice; what was paid beyond is in hand. */
async function expectOldPlan(placed: Placed): Promise<void> {
  expect(await shown(placed)).toMatchObject({ plan: { code: 'small' }, price: { unit: { amount: '499' } } })
  expect(await totals(placed)).toEqual(['499 paid', '499 paid'])
  expect(await account(placed)).toMatchObject({
    unbalanced: [],
    gaps: [],
    revenue: -998n,
    receivable: 0n,
    credit: -500n,
  })
}

test('a larger plan that is planned is in the calendar, takes no room before its period, and then makes the pod larger', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const { body } = await previewOf(placed)
  expect(body).toMatchObject({
    total: { amount: '999' },
    pod: { resized: true, to: { cores: 2, memoryMb: 4_096, diskGb: 40 } },
    next: { total: { amount: '999' } },
  })
  const begins = await planned(placed)
  expect(await heldOf(placed)).toBe('1/2048/20')
  const { items } = await app.as((ctx) =>
    BillingService.showCalendar(ctx, placed.tenantId, placed.subscription.id, { assume: 'paid', days: 40 }),
  )
  expect(items.slice(0, 2)).toMatchObject([
    { what: 'bill', invoice: { total: { amount: '999' } } },
    { what: 'change', at: begins },
  ])
  await billed(placed, begins)
  expect((await shown(placed)).plan.code).toBe('small')
  travel(app, begins)
  await run(app)
  app.clock.offsetMs = 0
  const job = await jobOf(app, placed.podId, 'cloudPod.resize')
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, placed.podId)).toMatchObject({ cores: 2, memoryMb: 4_096, diskGb: 40 })
  expect(await heldOf(placed)).toBe('2/4096/40')
  expect(await shown(placed)).toMatchObject({ plan: { code: 'medium' }, change: null })
  expect(await totals(placed)).toEqual(['499 paid', '999 paid'])
  await expectNothingLeaked(app, placed.tenantId)
})

test('when there is no room by then, the old plan and price go on, and what was paid for the new one is credit', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const begins = await planned(placed)
  await billed(placed, begins)
  await quota(placed, 3_000)
  travel(app, begins)
  await run(app)
  await expectOldPlan(placed)
  expect((await shown(placed)).change).toMatchObject({
    state: 'undone',
    plan: { code: 'medium' },
    problem: expect.stringContaining('could not be resized') as string,
  })
  expect(await heldOf(placed)).toBe('1/2048/20')
  expect(await mailsOf(app, placed.tenantId)).toContain('planChangeUndone')
  expect(await eventsOf(app, placed.subscription.id)).toContain('SUBSCRIPTION_CHANGE_UNDONE')
  expect(await alerted()).toContain('1 subscription(s) keep their old plan and price')
  await run(app)
  expect(await shown(placed)).toMatchObject({ periodStart: begins })
  // Once there is room it can be planned again, and nobody is told any more.
  app.clock.offsetMs = 0
  expect((await showSubscription(app, placed.subscription.id)).change?.problem).toContain('quota')
  await quota(placed, 30_000)
  await planned(placed)
  expect(await alerted()).toBeUndefined()
})

test('when the pod cannot be made larger then, the old plan counts from that day on as if nothing had been planned', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const begins = await planned(placed)
  await billed(placed, begins)
  app.sim.control.failTask({ type: 'resize', text: 'no space left on device' })
  travel(app, begins)
  await run(app)
  expect((await shown(placed)).change?.state).toBe('working')
  app.clock.offsetMs = 0
  const job = await jobOf(app, placed.podId, 'cloudPod.resize')
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed' })
  travel(app, begins)
  await run(app)
  await expectOldPlan(placed)
  expect(await shown(placed)).toMatchObject({
    periodStart: begins,
    change: { state: 'undone' },
  })
  expect(await heldOf(placed)).toBe('1/2048/20')
})

test('a pod to which something else is being done is waited for a day, and then keeps its plan', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const begins = await planned(placed)
  await billed(placed, begins)
  await rowsOf(app, sql`update cloud_pods set action = 'migrating' where id = ${placed.podId}`)
  travel(app, begins)
  await run(app)
  expect(await shown(placed)).toMatchObject({ plan: { code: 'small' }, change: { state: 'planned' } })
  travel(app, before(begins, -1))
  await run(app)
  await expectOldPlan(placed)
  await rowsOf(app, sql`update cloud_pods set action = null where id = ${placed.podId}`)
})

test('a larger plan that is planned can be taken back, and ends with what ends', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const path = `${SUBSCRIPTIONS}/${placed.subscription.id}`
  const begins = await planned(placed)
  expect((await app.admin.call<Subscription>('DELETE', `${path}/change`)).body.change).toBeNull()
  await planned(placed)
  await billed(placed, begins)
  await quota(placed, 3_000)
  const { tenantId, subscription } = placed
  const cancel = (when: 'now' | 'period_end') =>
    app.as((ctx) => BillingService.cancel(ctx, tenantId, subscription.id, { when, reason: '' }))
  // Its time has come, nobody has noted it, and there is no room: the present period was not billed by the old plan yet.
  travel(app, begins)
  await expect(cancel('period_end')).rejects.toMatchObject({
    code: 'invalid_state',
    message: expect.stringContaining('wait until the present period was billed') as string,
  })
  await run(app)
  await expectOldPlan(placed)
  expect((await cancel('period_end')).subscription.cancelAt).not.toBeNull()
})

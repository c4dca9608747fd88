import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import * as BillingService from '../../src/services/BillingService.ts'
import * as tenantSuspensionService from '../../src/services/tenantSuspensionService.ts'
import { delivered, showPod, type Placed } from '../cloudPods/faults.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { billsOf, mailsOf, run, stateOf, travel } from './contractWorld.ts'
import { payment } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  // Its clock is moved here, so that timers would do what is not due yet.
  await app.startWorker({ timers: [] })
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())
beforeEach(() => {
  app.clock.offsetMs = 0
})

const DAY_MS = 86_400_000
const power = (podId: string) => guestsOf(app, podId).map((guest) => guest.power)
const at = (placed: Placed) => stateOf(app, placed, placed.subscription.id)

/** Lets its next invoice become overdue so long that it is suspended. */
async function suspend(placed: Placed): Promise<void> {
  const start = Date.now()
  for (const days of [24, 40, 60, 62]) {
    travel(app, new Date(start + days * DAY_MS).toISOString())
    await run(app)
  }
  app.clock.offsetMs = 0
  expect(['suspending', 'suspended']).toContain(await at(placed))
}

async function pay(placed: Placed): Promise<void> {
  for (const bill of await billsOf(app, placed.subscription.id))
    if (bill.status === 'open')
      await app.as((ctx) => BillingService.recordPayment(ctx, placed.tenantId, bill.id, payment(bill.total)))
}

const reached = (placed: Placed, state: string) =>
  until(async () => (await at(placed)) === state, `the subscription to be ${state}`)

const restoredOf = (placed: Placed) =>
  until(async () => {
    const { suspension } = await app.as((ctx) => tenantSuspensionService.view(ctx, placed.tenantId))
    return (
      suspension !== null &&
      suspension.counts.restored === suspension.counts.pods &&
      suspension.counts.pods > 0
    )
  }, 'the tenant’s pods to be restored')

const stoppedOf = (placed: Placed) =>
  until(async () => {
    const { suspension } = await app.as((ctx) => tenantSuspensionService.view(ctx, placed.tenantId))
    return (
      suspension !== null &&
      suspension.counts.pods > 0 &&
      suspension.counts.stopped === suspension.counts.pods
    )
  }, 'the tenant’s pods to be stopped')

test('what is overdue stops the pod, which nobody starts until it is paid; then it runs as before', async () => {
  const placed = await delivered(app)
  await suspend(placed)
  await reached(placed, 'suspended')
  expect(power(placed.podId)).toEqual(['stopped'])
  expect((await showPod(app, placed.podId)).powerState).toBe('stopped')
  expect(await app.admin.post(`/api/admin/hosting/cloudpods/${placed.podId}/start`)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('overdue') },
  })
  expect(await mailsOf(app, placed.tenantId)).toContain('subscriptionSuspended')
  await pay(placed)
  await reached(placed, 'active')
  expect(power(placed.podId)).toEqual(['running'])
  expect(await mailsOf(app, placed.tenantId)).toContain('subscriptionRestored')
})

test('a payment before the pod was stopped leaves it running', async () => {
  const placed = await delivered(app)
  app.sim.control.addFault({ path: '.', dropBefore: true, times: 1_000_000 })
  await suspend(placed)
  await pay(placed)
  expect(await at(placed)).toBe('unsuspending')
  app.sim.control.clearFaults()
  await reached(placed, 'active')
  expect(power(placed.podId)).toEqual(['running'])
})

test('paying ends billing’s suspension alone: that of the tenant stays, and its end starts the pod', async () => {
  const placed = await delivered(app)
  await suspend(placed)
  await reached(placed, 'suspended')
  await app.as((ctx) => tenantSuspensionService.suspend(ctx, placed.tenantId, 'abuse'))
  await stoppedOf(placed)
  await pay(placed)
  await reached(placed, 'active')
  expect(power(placed.podId)).toEqual(['stopped'])
  await app.as((ctx) => tenantSuspensionService.restore(ctx, placed.tenantId))
  await restoredOf(placed)
  expect(power(placed.podId)).toEqual(['running'])
})

test('the end of the tenant’s suspension leaves off what is not paid, and the payment starts it', async () => {
  const placed = await delivered(app)
  await suspend(placed)
  await reached(placed, 'suspended')
  await app.as((ctx) => tenantSuspensionService.suspend(ctx, placed.tenantId, 'abuse'))
  await stoppedOf(placed)
  await app.as((ctx) => tenantSuspensionService.restore(ctx, placed.tenantId))
  await restoredOf(placed)
  expect(power(placed.podId)).toEqual(['stopped'])
  expect(await at(placed)).toBe('suspended')
  await pay(placed)
  await reached(placed, 'active')
  expect(power(placed.podId)).toEqual(['running'])
})

test('a pod that was suspended and deleted is undeleted after the payment and runs as before', async () => {
  const placed = await delivered(app)
  const hours = { 'cloudPods.undeleteHours': 48 }
  await app.admin.call('PATCH', `/api/admin/tenants/${placed.tenantId}/settings`, hours)
  await suspend(placed)
  await reached(placed, 'suspended')
  await app.admin.post(`/api/admin/billing/subscriptions/${placed.subscription.id}/cancel`, { when: 'now' })
  await until(async () => (await showPod(app, placed.podId)).state === 'recoverable', 'the pod to be kept')
  await pay(placed)
  expect(await at(placed)).toBe('terminating')
  const answer = await app.admin.post(`/api/admin/hosting/cloudpods/${placed.podId}/undelete`, {})
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  await reached(placed, 'active')
  expect(power(placed.podId)).toEqual(['running'])
  const open = await rowsOf(
    app,
    sql`select id from tenant_suspensions where subscription_id = ${placed.subscription.id} and ended_at is null`,
  )
  expect(open).toEqual([])
})

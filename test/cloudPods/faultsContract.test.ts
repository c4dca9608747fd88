import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Invoice, Subscription } from '../../shared/api/billing.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, pay } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, heldBy, ledgerOf, podRow, rowsOf } from '../support/harnessWorld.ts'
import {
  cancelNow,
  CLONE,
  delivered,
  expectDelivered,
  jobOf,
  lastRequest,
  orderAndPay,
  placeOrder,
  PODS,
  requestArrives,
  showPod,
  showSubscription,
  SUBSCRIPTIONS,
  type Placed,
} from './faults.ts'

const DAY_MS = 86_400_000
const PRICE = 499

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
afterEach(() => {
  app.sim.control.clearFaults()
  app.sim.control.resumeTasks()
})

const endedAs = (placed: Placed, state: Subscription['state']): Promise<Subscription> =>
  until(async () => {
    const now = await showSubscription(app, placed.subscription.id)
    return now.state === state && now
  }, `the subscription to be ${state}`)

async function expectGone(placed: Placed): Promise<void> {
  expect(guestsOf(app, placed.podId)).toEqual([])
  expect(await heldBy(app, placed.podId)).toEqual({ vmids: [], addresses: [], capacity: 0 })
  await expectNothingLeaked(app, placed.tenantId)
}

const timerIsDue = (name: string) =>
  rowsOf(app, sql`update timers set next_run_at = clock_timestamp() where name = ${name}`)

describe('cancelling', () => {
  it('before the payment frees everything at once and takes the invoice back', async () => {
    const placed = await placeOrder(app)
    expect(await cancelNow(app, placed.subscription.id)).toBeNull()
    expect((await showSubscription(app, placed.subscription.id)).state).toBe('expired')
    expect(await ledgerOf(app, placed.tenantId)).toEqual({})
    expect((await pay(app.admin, placed.invoice)).status).toBe(409)
    await expectGone(placed)
    const [rests] = await rowsOf(
      app,
      sql`select count(*)::int as n from ip_addresses where tenant_id = ${placed.tenantId}`,
    )
    expect(rests).toEqual({ n: 0 })
  })

  it.each(['vm', 'ct'] as const)(
    'while the %s is being made ends with nothing left and the whole amount as credit',
    async (kind) => {
      const since = lastRequest(app)
      app.sim.control.pauseTasks(kind === 'vm' ? 'qmclone' : 'vzcreate')
      const placed = await orderAndPay(app, { kind })
      await requestArrives(app, 'POST', kind === 'vm' ? CLONE : '/lxc$', since)
      const job = await cancelNow(app, placed.subscription.id)
      expect((await showSubscription(app, placed.subscription.id)).state).toBe('terminating')
      app.sim.control.resumeTasks()
      expect((await finished(app.admin, job?.id ?? '')).state).toBe('succeeded')
      await endedAs(placed, 'terminated')
      expect(await ledgerOf(app, placed.tenantId)).toEqual({ cash: PRICE, credit: -PRICE })
      await expectGone(placed)
    },
  )

  it('in the moment of the delivery ends with nothing left, whoever was first', async () => {
    const placed = await orderAndPay(app)
    await until(async () => guestsOf(app, placed.podId)[0]?.power === 'running', 'the guest to run')
    const job = await cancelNow(app, placed.subscription.id)
    expect((await finished(app.admin, job?.id ?? '')).state).toBe('succeeded')
    await endedAs(placed, 'terminated')
    await expectGone(placed)
  })

  it('with the period keeps the pod until that day, then destroys it', async () => {
    const placed = await delivered(app)
    const { id } = placed.subscription
    const answer = await app.admin.post<{ subscription: Subscription }>(`${SUBSCRIPTIONS}/${id}/cancel`, {
      when: 'period_end',
    })
    expect(answer.status).toBe(202)
    const { cancelAt, periodEnd } = answer.body.subscription
    expect(cancelAt).toBe(periodEnd)
    const end = Date.parse(periodEnd ?? '') - Date.now()
    try {
      app.clock.offsetMs = end - DAY_MS / 24
      await timerIsDue('billing.endDue')
      await timerHasRun('billing.endDue')
      expect(await podRow(app, placed.podId)).toMatchObject({ state: 'active' })
      app.clock.offsetMs = end + 1_000
      await timerIsDue('billing.endDue')
      await until(
        async () => (await podRow(app, placed.podId)).state === 'deleted',
        'the pod to be destroyed',
      )
    } finally {
      app.clock.offsetMs = 0
    }
    await endedAs(placed, 'terminated')
    expect(await ledgerOf(app, placed.tenantId)).toEqual({ cash: PRICE, revenue: -PRICE })
    await expectGone(placed)
  })

  it('is done for an order that was not paid in time', async () => {
    const placed = await placeOrder(app)
    try {
      app.clock.offsetMs = 15 * DAY_MS
      await timerIsDue('billing.endDue')
      await until(async () => (await podRow(app, placed.podId)).state === 'failed', 'the order to expire')
    } finally {
      app.clock.offsetMs = 0
    }
    await endedAs(placed, 'expired')
    expect(await ledgerOf(app, placed.tenantId)).toEqual({})
    await expectGone(placed)
  })

  const timerHasRun = async (name: string): Promise<void> => {
    await until(async () => {
      const [timer] = await rowsOf(
        app,
        sql<{
          done: boolean
        }>`select next_run_at > clock_timestamp() and last_finished_at >= last_started_at as done
          from timers where name = ${name}`,
      )
      return timer?.done === true
    }, `timer ${name} to run`)
  }
})

describe('a pod that could not be made', () => {
  async function failedOnce(): Promise<Placed> {
    app.sim.control.failTask({ type: 'qmstart', text: 'start failed: no such luck' })
    const placed = await orderAndPay(app)
    expect((await finished(app.admin, placed.jobId)).state).toBe('failed')
    expect(await showSubscription(app, placed.subscription.id)).toMatchObject({
      state: 'provisioning',
      deliveryProblem: 'starting: start failed: no such luck',
    })
    await expectNothingLeaked(app, placed.tenantId)
    return placed
  }

  it('is made by a retry, and the subscription forgets its problem', async () => {
    const placed = await failedOnce()
    const answer = await app.admin.post<{ subscription: Subscription; job: { id: string } }>(
      `${SUBSCRIPTIONS}/${placed.subscription.id}/retry`,
    )
    expect(answer.status).toBe(202)
    expect((await finished(app.admin, answer.body.job.id)).state).toBe('succeeded')
    const podId = answer.body.subscription.pod?.id ?? ''
    expect(podId).not.toBe(placed.podId)
    await expectDelivered(app, { ...placed, podId })
    expect((await showSubscription(app, placed.subscription.id)).deliveryProblem).toBeNull()
    await expectNothingLeaked(app, placed.tenantId)
  })

  it('is retried once by ten parallel retries', async () => {
    const placed = await failedOnce()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        app.admin.post<{ job: { id: string } }>(`${SUBSCRIPTIONS}/${placed.subscription.id}/retry`),
      ),
    )
    const accepted = answers.filter((answer) => answer.status === 202)
    expect(accepted).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(9)
    expect((await finished(app.admin, accepted[0]?.body.job.id ?? '')).state).toBe('succeeded')
    await expectNothingLeaked(app, placed.tenantId)
  })

  it('is credited in full when the customer gives up', async () => {
    const placed = await failedOnce()
    expect(await cancelNow(app, placed.subscription.id)).toBeNull()
    expect((await showSubscription(app, placed.subscription.id)).state).toBe('terminated')
    expect(await ledgerOf(app, placed.tenantId)).toEqual({ cash: PRICE, credit: -PRICE })
    await expectGone(placed)
  })
})

describe('payments', () => {
  const payment = (invoice: Invoice, amountMinor: string, more: object = {}) =>
    app.admin.post<{ code?: string; detail?: string; invoice: Invoice; subscription: Subscription }>(
      `/api/admin/billing/invoices/${invoice.id}/payments`,
      { amountMinor, currency: 'EUR', reference: newId(), ...more },
    )

  it('a part starts nothing; the rest starts the pod', async () => {
    const placed = await placeOrder(app)
    const part = await payment(placed.invoice, '200')
    expect(part.status).toBe(201)
    expect(part.body.subscription.state).toBe('awaiting_payment')
    await expect(jobOf(app, placed.podId, 'cloudPod.create')).rejects.toThrow(/has no job/)
    expect((await payment(placed.invoice, '300')).status).toBe(422)
    const rest = await payment(placed.invoice, '299')
    expect(rest.body.subscription.state).toBe('provisioning')
    const { id } = await jobOf(app, placed.podId, 'cloudPod.create')
    expect((await finished(app.admin, id)).state).toBe('succeeded')
    await expectNothingLeaked(app, placed.tenantId)
  })

  it('a part that was paid for an order that is cancelled becomes credit', async () => {
    const placed = await placeOrder(app)
    expect((await payment(placed.invoice, '200')).status).toBe(201)
    await cancelNow(app, placed.subscription.id)
    expect(await ledgerOf(app, placed.tenantId)).toEqual({ cash: 200, credit: -200 })
    await expectGone(placed)
  })

  it('too much, and another currency, are refused without a trace', async () => {
    const placed = await placeOrder(app)
    const more = await payment(placed.invoice, '500')
    expect({ status: more.status, code: more.body.code }).toEqual({ status: 422, code: 'payment_mismatch' })
    const dollars = await payment(placed.invoice, '499', { currency: 'USD' })
    expect({ status: dollars.status, code: dollars.body.code }).toEqual({
      status: 422,
      code: 'payment_mismatch',
    })
    expect(await ledgerOf(app, placed.tenantId)).toEqual({ receivable: PRICE, revenue: -PRICE })
    await expectNothingLeaked(app, placed.tenantId)
  })

  it('a reference is booked once, also by ten payments in parallel, and starts one pod', async () => {
    const placed = await placeOrder(app)
    const reference = newId()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => payment(placed.invoice, '499', { reference })),
    )
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(9)
    const { id } = await jobOf(app, placed.podId, 'cloudPod.create')
    expect((await finished(app.admin, id)).state).toBe('succeeded')
    expect(await ledgerOf(app, placed.tenantId)).toEqual({ cash: PRICE, revenue: -PRICE })
    await expectNothingLeaked(app, placed.tenantId)
  })

  it('the same reference for another invoice is told to have been booked', async () => {
    const first = await placeOrder(app)
    const second = await placeOrder(app, {}, first.tenantId)
    const reference = newId()
    expect((await payment(first.invoice, '100', { reference })).status).toBe(201)
    const again = await payment(second.invoice, '100', { reference })
    expect({ status: again.status, code: again.body.code }).toEqual({ status: 409, code: 'already_exists' })
    await expectNothingLeaked(app, first.tenantId)
  })
})

describe('power', () => {
  it('a guest that does not react to a shutdown is no longer said to run or not, with the reason; stopping works', async () => {
    const tenantId = await app.tenant()
    const { plan, blueprint } = await catalogue(app.admin)
    const made = await app.admin.post<Accepted>(PODS, {
      tenantId,
      planId: plan.id,
      blueprintId: blueprint.id,
      hostname: 'ignores-shutdown-1',
      sshKeys: null,
    })
    await finished(app.admin, made.body.job.id)
    const { id } = made.body.cloudPod
    const asked = await app.admin.post<Accepted>(`${PODS}/${id}/shutdown`)
    expect(asked.body.cloudPod.action).toBe('shutting_down')
    const job = await finished(app.admin, asked.body.job.id)
    expect(job).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('got timeout') as string },
    })
    expect(await showPod(app, id)).toMatchObject({
      state: 'active',
      powerState: 'unknown',
      action: null,
      problem: expect.stringContaining('got timeout') as string,
    })
    const stopped = await app.admin.post<Accepted>(`${PODS}/${id}/stop`)
    expect((await finished(app.admin, stopped.body.job.id)).state).toBe('succeeded')
    expect(await showPod(app, id)).toMatchObject({ powerState: 'stopped', action: null, problem: null })
    await expectNothingLeaked(app, tenantId)
  })
})

import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Subscription } from '../../shared/api/billing.ts'
import type { SubscriptionCalendar } from '../../shared/api/billingContracts.ts'
import type { Clock, ClockEvents } from '../../shared/api/provisioningClock.ts'
import { createApi, pay, prepareOrder, type Api, type Ordered } from '../support/api.ts'
import { until } from '../support/app.ts'
import { dataFolder, freePort, mpanel, type Run } from './process.ts'

const LOGIN = { email: 'admin@example.com', password: 'correct-horse-battery' }
const CLOCK = '/api/admin/provisioning/clock'
const DAY_MS = 86_400_000
/** What the calendar calls it of which these events tell. */
const STEPS: Record<string, string> = {
  SUBSCRIPTION_RENEWED: 'bill',
  SUBSCRIPTION_PERIOD_BEGUN: 'advance',
  SUBSCRIPTION_OVERDUE: 'overdue',
  SUBSCRIPTION_REMINDED: 'remind',
  SUBSCRIPTION_SUSPENDING: 'suspend',
  SUBSCRIPTION_FINAL_WARNING: 'warn',
  SUBSCRIPTION_CANCELLED: 'terminate',
}

describe('the simulated clock of npm start', { timeout: 600_000 }, () => {
  let dataDir = ''
  let port = 0
  let run: Run
  let api: Api
  let id = ''
  let planned: SubscriptionCalendar['items'] = []

  const start = async (): Promise<void> => {
    run = mpanel(['start'], {
      MPANEL_ADMIN_EMAIL: LOGIN.email,
      MPANEL_ADMIN_PASSWORD: LOGIN.password,
      MPANEL_DATA_DIR: dataDir,
      MPANEL_PORT: String(port),
    })
    await run.says(/mPanel is ready/)
  }
  const clock = async (): Promise<Clock> => (await api.get<Clock>(CLOCK)).body
  const advance = async (to: Date): Promise<void> => {
    const { status, body } = await api.post(`${CLOCK}/advance`, { to: to.toISOString() })
    expect({ status, body }).toMatchObject({ status: 202 })
  }
  const inDays = async (days: number): Promise<Date> =>
    new Date(Date.parse((await clock()).now) + days * DAY_MS)
  const arrived = (withinMs: number): Promise<unknown> =>
    until(async () => (await clock()).run === null, 'time to arrive', withinMs)
  const subscription = async (): Promise<Subscription> =>
    (await api.get<Subscription>(`/api/admin/billing/subscriptions/${id}`)).body
  /** What happened to the subscription by itself, with the day of it, the first first. */
  const happened = async (): Promise<string[]> => {
    const { body } = await api.get<{ items: { at: string; action: string }[] }>(
      `/api/admin/audit/events?targetId=${id}&limit=200`,
    )
    return body.items.toReversed().flatMap(({ at, action }) => {
      const what = STEPS[action]
      return what === undefined ? [] : [`${at.slice(0, 10)} ${what}`]
    })
  }

  beforeAll(async () => {
    dataDir = await dataFolder()
    port = await freePort()
    await start()
    api = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    const { body } = await api.get<{ items: { id: string }[] }>('/api/admin/tenants')
    const tenantId = body.items[0]?.id ?? ''
    const policy = await api.post('/api/admin/billing/dunning-policies', {
      tenantId,
      remindAfterDays: [2],
      suspendAfterDays: 3,
      terminateAfterDays: 6,
    })
    expect(policy.status).toBe(201)
    // Deleted is destroyed at once.
    await api.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'cloudPods.undeleteHours': 0 })
    const ordered = await api.post<Ordered>(
      '/api/admin/billing/subscriptions',
      await prepareOrder(api, tenantId),
    )
    id = ordered.body.subscription.id
    await pay(api, ordered.body.invoice)
    await until(async () => (await subscription()).state === 'active', 'the pod to run', 60_000)
    const calendar = await api.get<SubscriptionCalendar>(
      `/api/admin/billing/subscriptions/${id}/calendar?assume=unpaid&days=90`,
    )
    planned = calendar.body.items
  })
  afterAll(async () => {
    run.child.kill('SIGTERM')
    await run.ended
    await rm(dataDir, { recursive: true, force: true })
  })

  it('shows what will happen on which day, as the page of the subscription does', async () => {
    const { body } = await api.get<ClockEvents>(`${CLOCK}/events?days=90`)
    expect(
      body.items.filter(({ subject }) => subject.id === id).map(({ what, at }) => ({ what, at })),
    ).toEqual(planned.map(({ what, at }) => ({ what, at })))
    expect(planned.map(({ what }) => what)).toContain('terminate')
  })

  it('goes on after it was killed on the way, with the log-in that ordered it', async () => {
    const to = await inDays(12)
    await advance(to)
    await until(async () => (await clock()).aheadMs > 2 * DAY_MS, 'the first days to pass', 60_000)
    run.child.kill('SIGKILL')
    await run.ended
    await start()
    expect((await clock()).aheadMs).toBeGreaterThan(2 * DAY_MS)
    await arrived(120_000)
    expect((await clock()).last).toMatchObject({ to: expect.stringContaining(to.toISOString().slice(0, 10)) })
  })

  it('renews, invoices, suspends and terminates on the days that the calendar has named', async () => {
    const end = planned.findIndex(({ what }) => what === 'terminate')
    await advance(new Date(Date.parse(planned[end]?.at ?? '') + DAY_MS / 2))
    await arrived(400_000)
    expect((await clock()).last).toMatchObject({ ended: 'arrived', failedJobs: 0, notes: [] })
    expect(await happened()).toEqual(
      planned.slice(0, end + 1).map(({ at, what }) => `${at.slice(0, 10)} ${what}`),
    )
    expect((await subscription()).state).toBe('terminated')
    const pods = await api.get<{ items: { state: string }[] }>('/api/admin/hosting/cloudpods')
    expect(pods.body.items.map(({ state }) => state)).toEqual(['deleted'])
  })

  it('is refused together with real systems once it is ahead, each in one sentence', async () => {
    run.child.kill('SIGTERM')
    await run.ended
    const real = mpanel(['start'], {
      MPANEL_DATA_DIR: dataDir,
      MPANEL_PORT: String(port),
      STRIPE_SECRET_KEY: `sk_test_${'0'.repeat(24)}`,
    })
    expect(await real.ended).toBe(1)
    expect(real.output()).toMatch(/nothing real may be connected to it\. Unset STRIPE_SECRET_KEY/)
  })
})

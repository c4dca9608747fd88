import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ChangePreview } from '../../shared/api/billingChanges.ts'
import type { Plan, Subscription } from '../../shared/api/billing.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { listAlerts, watch } from '../../src/services/provisioning/watch.ts'
import * as cloudPodQuotas from '../../src/services/cloudPodQuotas.ts'
import {
  delivered,
  jobOf,
  showPod,
  showSubscription,
  SUBSCRIPTIONS,
  type Placed,
} from '../cloudPods/faults.ts'
import type { Answer } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { eventsOf, mailsOf, run, travel } from './contractWorld.ts'
import { books } from './world.ts'

let app: TestApp
let plans: Record<string, Plan>
beforeAll(async () => {
  app = await startApp({ worker: false })
  // Its clock is moved here, so that timers would do what is not due yet.
  await app.startWorker({ timers: [] })
  const { body } = await app.admin.get<{ items: Plan[] }>('/api/admin/billing/plans')
  plans = Object.fromEntries(body.items.map((plan) => [plan.code, plan]))
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())
beforeEach(() => {
  app.clock.offsetMs = 0
})

type Changed = { subscription: Subscription; job: Job | null }
const previewOf = ({ subscription }: Placed, body: object) =>
  app.admin.post<ChangePreview & Problem>(`${SUBSCRIPTIONS}/${subscription.id}/preview`, body)
const carryOut = ({ subscription }: Placed, token: string | null): Promise<Answer<Changed & Problem>> =>
  app.admin.post(`${SUBSCRIPTIONS}/${subscription.id}/change`, { token: token ?? '' })
const idOf = (code: string): string => plans[code]?.id ?? ''
const account = (placed: Placed) => app.as((ctx) => books(ctx, placed.tenantId))
const sizeOf = async (placed: Placed) => {
  const { cores, memoryMb, diskGb, plan } = await showPod(app, placed.podId)
  const [held] = await rowsOf(
    app,
    sql<{ held: string }>`select concat_ws('/', cores, memory_mb, disk_gb) as held from cloud_pod_reservations
      where pod_id = ${placed.podId}`,
  )
  return { pod: `${cores}/${memoryMb}/${diskGb}`, held: held?.held, plan: plan.name }
}

/** Looks at a change of the plan and makes it, and waits for what becomes of the pod. */
async function changed(placed: Placed, code: string, more: object = {}): Promise<Job> {
  const { body } = await previewOf(placed, { planId: idOf(code), ...more })
  const answer = await carryOut(placed, body.token)
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  return finished(app.admin, answer.body.job?.id ?? '')
}

test('a larger plan takes its room before it is charged, and the pod is read back as large as it', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const { body: shown } = await previewOf(placed, { planId: idOf('medium') })
  expect(shown).toMatchObject({
    blockers: [],
    pod: { resized: true, needsRestart: false, to: { cores: 2, memoryMb: 4096, diskGb: 40 } },
  })
  app.sim.control.pauseTasks('resize')
  const { body } = await carryOut(placed, shown.token)
  expect(body.subscription).toMatchObject({ plan: { code: 'medium' }, change: { state: 'working' } })
  expect(await sizeOf(placed)).toEqual({ pod: '1/2048/20', held: '2/4096/40', plan: 'Medium' })
  const second = await previewOf(placed, { planId: idOf('large') })
  expect(second.body.blockers[0]?.message).toContain('still being carried out')
  app.sim.control.resumeTasks()
  expect(await finished(app.admin, body.job?.id ?? '')).toMatchObject({ state: 'succeeded' })
  expect(await sizeOf(placed)).toEqual({ pod: '2/4096/40', held: '2/4096/40', plan: 'Medium' })
  expect(guestsOf(app, placed.podId)[0]?.config).toMatchObject({ cores: '2', memory: '4096' })
  expect((await showSubscription(app, placed.subscription.id)).change).toBeNull()
  expect(await eventsOf(app, placed.subscription.id)).toEqual(
    expect.arrayContaining(['SUBSCRIPTION_UPDATED', 'SUBSCRIPTION_CHANGED']),
  )
  expect(await account(placed)).toMatchObject({
    unbalanced: [],
    revenue: -999n,
    receivable: 500n,
    open: 500n,
  })
  await expectNothingLeaked(app, placed.tenantId)
})

test('when the pod cannot be made larger, the old plan counts again and what was charged is credited', async () => {
  const placed = await delivered(app)
  const year = plans['medium']?.prices.find((price) => price.interval === 'year')?.id
  app.sim.control.failTask({ type: 'resize', text: 'no space left on device' })
  expect(await changed(placed, 'medium', { priceId: year })).toMatchObject({ state: 'failed' })
  expect(await sizeOf(placed)).toEqual({ pod: '1/2048/20', held: '1/2048/20', plan: 'Small' })
  const before = placed.subscription
  const after = await showSubscription(app, before.id)
  expect(after).toMatchObject({
    plan: { code: 'small' },
    price: { id: before.price.id },
    change: { state: 'undone', problem: expect.stringContaining('no space left') as string },
  })
  expect(await account(placed)).toMatchObject({
    unbalanced: [],
    gaps: [],
    revenue: -499n,
    receivable: 0n,
    open: 0n,
    credit: 0n,
  })
  expect(await eventsOf(app, before.id)).toContain('SUBSCRIPTION_CHANGE_UNDONE')
  expect(await mailsOf(app, placed.tenantId)).toEqual(['planChanged', 'planChangeUndone'])
  // It can be tried again, and is charged once more.
  expect(await changed(placed, 'medium', { priceId: year })).toMatchObject({ state: 'succeeded' })
  expect(await account(placed)).toMatchObject({ unbalanced: [], revenue: -9990n, receivable: 9491n })
  await expectNothingLeaked(app, placed.tenantId)
})

test('what a larger but cheaper plan has left as credit is taken back when the pod could not be made larger', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const { body: cheap } = await app.admin.post<Plan>('/api/admin/billing/plans', {
    tenantId: placed.tenantId,
    code: 'cheap',
    name: 'Cheap',
    cores: 2,
    memoryMb: 4096,
    diskGb: 40,
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '99' }],
  })
  const { body } = await previewOf(placed, { planId: cheap.id })
  expect(body.lines.at(-1)).toMatchObject({ kind: 'carried', amount: { amount: '400' } })
  app.sim.control.failTask({ type: 'resize', text: 'no space left on device' })
  const answer = await carryOut(placed, body.token)
  expect(await account(placed)).toMatchObject({ revenue: -99n, credit: -400n })
  expect(await finished(app.admin, answer.body.job?.id ?? '')).toMatchObject({ state: 'failed' })
  expect(await account(placed)).toMatchObject({
    unbalanced: [],
    gaps: [],
    revenue: -499n,
    credit: 0n,
    receivable: 0n,
  })
  // Nothing of it stands in the way of another one.
  expect(await changed(placed, 'medium')).toMatchObject({ state: 'succeeded' })
  expect(await account(placed)).toMatchObject({ unbalanced: [], revenue: -999n, receivable: 500n })
})

/** A plan of fewer cores and less memory than the smallest one, with a disk of some size. */
async function tinyPlan(placed: Placed, diskGb: number): Promise<Plan> {
  const { body } = await app.admin.post<Plan>('/api/admin/billing/plans', {
    tenantId: placed.tenantId,
    code: `tiny-${diskGb}`,
    name: 'Tiny',
    cores: 1,
    memoryMb: 1024,
    diskGb,
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '199' }],
  })
  return body
}

test('a smaller plan takes cores and memory with the next period; if that fails, its price counts all the same', async () => {
  for (const fails of [false, true]) {
    const placed = await delivered(app, { kind: 'ct' })
    const tiny = await tinyPlan(placed, 20)
    const { body } = await previewOf(placed, { planId: tiny.id, when: 'period_end' })
    expect((await carryOut(placed, body.token)).body.job).toBeNull()
    if (fails) app.sim.control.changeGuest(placed.vmid, { config: { description: 'somebody else' } })
    travel(app, body.effectiveAt)
    await run(app)
    app.clock.offsetMs = 0
    const job = await finished(app.admin, (await jobOf(app, placed.podId, 'cloudPod.resize')).id)
    expect(job.state).toBe(fails ? 'failed' : 'succeeded')
    const size = fails ? '1/2048/20' : '1/1024/20'
    expect(await sizeOf(placed)).toEqual({ pod: size, held: size, plan: 'Tiny' })
    const shown = await showSubscription(app, placed.subscription.id)
    expect(shown).toMatchObject({ plan: { id: tiny.id }, price: { unit: { amount: '199' } } })
    expect(shown.change?.state ?? null).toBe(fails ? 'done' : null)
    await until(async () => {
      await watch(app.root)
      const alerts = await app.as(listAlerts)
      return alerts.some(({ code }) => code === 'pods_larger_than_plan') === fails
    }, 'the alert to be raised, or not')
    expect(await account(placed)).toMatchObject({ unbalanced: [], revenue: -698n })
  }
})

test('what cannot be is said by the preview, which then has no token', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const said = async (body: object) => {
    const answer = await previewOf(placed, body)
    expect(answer.body.token).toBeNull()
    return answer.body.blockers.map(({ message }) => message).join('\n')
  }
  const small = await tinyPlan(placed, 10)
  for (const when of ['now', 'period_end'])
    expect(await said({ planId: small.id, when })).toContain('A disk only grows: the CloudPod has 20 GiB')
  expect(await said({ planId: idOf('small') })).toContain('this plan and price already')
  await app.as((ctx) => cloudPodQuotas.update(ctx, placed.tenantId, { maxMemoryMb: 3_000 }))
  for (const when of ['now', 'period_end'])
    expect(await said({ planId: idOf('medium'), when })).toContain('quota')
  await rowsOf(app, sql`update cloud_pod_plans set node_tags = '{gpu}' where id = ${small.id}`)
  expect(await said({ planId: small.id })).toContain('tags gpu')
  await rowsOf(app, sql`update cloud_pod_plans set state = 'retired' where id = ${small.id}`)
  expect(await said({ planId: small.id })).toContain('not sold any more')
  await rowsOf(app, sql`update prices set state = 'retired' where plan_id = ${small.id}`)
  expect(await said({ priceId: small.prices[0]?.id })).toContain('price of the plan Tiny is not sold')
  const wrong: [object, number, string][] = [
    [{}, 422, 'invalid_input'],
    [{ planId: small.id }, 409, 'conflict'],
    [{ planId: idOf('medium'), priceId: placed.subscription.price.id }, 404, 'not_found'],
    [{ planId: placed.podId }, 404, 'not_found'],
  ]
  for (const [body, status, code] of wrong)
    expect(await previewOf(placed, body)).toMatchObject({ status, body: { code } })
})

test('a token counts for its subscription, for ten minutes, and as long as everything that was shown is so; else nothing is changed', async () => {
  const placed = await delivered(app, { kind: 'ct' })
  const other = await delivered(app, { kind: 'ct' })
  const path = `${SUBSCRIPTIONS}/${placed.subscription.id}`
  const token = async () => (await previewOf(placed, { planId: idOf('medium') })).body.token
  const refused = async (given: string | null, status: number, code: string) => {
    const { version } = await showSubscription(app, placed.subscription.id)
    const answer = await carryOut(placed, given)
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status, body: { code } })
    expect((await showSubscription(app, placed.subscription.id)).version).toBe(version)
    expect((await account(placed)).revenue).toBe(-499n)
  }
  await refused('nonsense', 422, 'invalid_input')
  const foreign = await previewOf(other, { planId: idOf('medium') })
  await refused(foreign.body.token, 422, 'invalid_input')
  const seen = (await token()) ?? ''
  await refused(`${seen.slice(0, -4)}AAAA`, 422, 'invalid_input')
  app.clock.offsetMs = 11 * 60_000
  await refused(seen, 410, 'preview_expired')
  app.clock.offsetMs = 0

  const early = await token()
  const hold = { until: new Date(Date.now() + 86_400_000).toISOString(), reason: 'He thinks.' }
  await app.admin.post(`${path}/hold`, hold)
  await refused(early, 412, 'precondition_failed')
  await app.admin.post(`${path}/release`, { reason: 'He has thought.' })

  const sold = await token()
  await rowsOf(app, sql`update cloud_pod_plans set state = 'retired' where code = 'medium'`)
  await refused(sold, 409, 'invalid_state')
  await rowsOf(app, sql`update cloud_pod_plans set state = 'active' where code = 'medium'`)

  const roomy = await token()
  await app.as((ctx) => cloudPodQuotas.update(ctx, placed.tenantId, { maxMemoryMb: 3_000 }))
  await refused(roomy, 409, 'quota_exceeded')
  await app.as((ctx) => cloudPodQuotas.update(ctx, placed.tenantId, { maxMemoryMb: 300_000 }))

  // The size of the pod was shown, and is another.
  const large = await token()
  await rowsOf(app, sql`update cloud_pods set disk_gb = 30 where id = ${placed.podId}`)
  await refused(large, 412, 'precondition_failed')
  await rowsOf(app, sql`update cloud_pods set disk_gb = 20 where id = ${placed.podId}`)
  expect((await carryOut(placed, await token())).status).toBe(202)
  await until(
    async () => (await showSubscription(app, placed.subscription.id)).change === null,
    'the change to be done',
  )
})

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { SuspensionView } from '../../shared/api/tenants.ts'
import { systemOrigin } from '../../src/context.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as tenantSuspensionService from '../../src/services/tenantSuspensionService.ts'
import * as authService from '../../src/services/authService.ts'
import { delivered, placeOrder, showPod, showSubscription, type Placed } from '../cloudPods/faults.ts'
import { pay, prepareOrder } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { keyOf, PASSWORD, person, session } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())

const pathOf = (tenantId: string) => `/api/admin/tenants/${tenantId}`
const suspend = (tenantId: string) =>
  app.admin.post<SuspensionView>(`${pathOf(tenantId)}/suspend`, { reason: 'unpaid' })
const restore = (tenantId: string) => app.admin.post<SuspensionView>(`${pathOf(tenantId)}/restore`, {})
const view = async (tenantId: string) =>
  (await app.admin.get<SuspensionView>(`${pathOf(tenantId)}/suspension`)).body.suspension
const power = (podId: string) => guestsOf(app, podId).map((guest) => guest.power)
const allStopped = (tenantId: string) =>
  until(async () => {
    const seen = await view(tenantId)
    return seen && seen.counts.pods > 0 && seen.counts.stopped === seen.counts.pods && seen
  }, 'every pod of the tenant to be stopped')
const allRestored = (tenantId: string) =>
  until(async () => {
    const seen = await view(tenantId)
    return seen && seen.counts.restored === seen.counts.pods && seen
  }, 'every pod of the tenant to be restored')

/** Two pods of one tenant: the first runs, the second was stopped by its owner. */
async function twoPods(): Promise<{ tenantId: string; runs: Placed; rests: Placed }> {
  const runs = await delivered(app)
  const rests = await placeOrder(app, {}, runs.tenantId)
  await pay(app.admin, rests.invoice)
  await until(async () => (await showPod(app, rests.podId)).state === 'active', 'the second pod')
  await app.admin.post(`/api/admin/hosting/cloudpods/${rests.podId}/stop`)
  await until(
    async () => (await showPod(app, rests.podId)).powerState === 'stopped',
    'the second pod to stop',
  )
  return { tenantId: runs.tenantId, runs, rests }
}

const startsWithNode = (podId: string) => guestsOf(app, podId).map((guest) => guest.config.onboot)

it('a suspension stops every pod for good, and the restoration starts exactly those that ran', async () => {
  const { tenantId, runs, rests } = await twoPods()
  expect((await suspend(tenantId)).status).toBe(202)
  const stopped = await allStopped(tenantId)
  expect(Object.fromEntries(stopped.pods.map((pod) => [pod.id, pod.ran]))).toEqual({
    [runs.podId]: true,
    [rests.podId]: false,
  })
  expect([power(runs.podId), power(rests.podId)]).toEqual([['stopped'], ['stopped']])
  expect((await showPod(app, runs.podId)).powerState).toBe('stopped')
  expect([startsWithNode(runs.podId), startsWithNode(rests.podId)]).toEqual([['0'], ['0']])
  expect(await app.admin.post(`/api/admin/hosting/cloudpods/${runs.podId}/start`)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('suspended') },
  })
  expect((await restore(tenantId)).status).toBe(202)
  await allRestored(tenantId)
  expect([power(runs.podId), power(rests.podId)]).toEqual([['running'], ['stopped']])
  expect([startsWithNode(runs.podId), startsWithNode(rests.podId)]).toEqual([['1'], ['1']])
  expect((await showPod(app, runs.podId)).powerState).toBe('running')
  expect((await showSubscription(app, runs.subscription.id)).state).toBe('active')
})

it('users and keys of a suspended tenant are refused at once, the platform’s are not, and all of it ends with it', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_OWNER', tenantId)
  const open = (await session(app, user.email)).api
  const own = (await keyOf(app, user.email)).api
  const bound = (await keyOf(app, 'admin@example.com', { tenantId })).api
  const statuses = async () => [
    (await open.get(pathOf(tenantId))).status,
    (await own.get(pathOf(tenantId))).status,
    (await bound.get(pathOf(tenantId))).status,
    (await app.admin.get(pathOf(tenantId))).status,
  ]
  const login = () =>
    authService.login(app.root, systemOrigin('test', 'login'), { email: user.email, password: PASSWORD })
  expect(await statuses()).toEqual([200, 200, 200, 200])
  await suspend(tenantId)
  expect(await statuses()).toEqual([403, 403, 401, 200])
  await expect(login()).rejects.toMatchObject({
    code: 'forbidden',
    message: 'Your access is suspended. Ask your provider.',
  })
  await restore(tenantId)
  expect(await statuses()).toEqual([200, 200, 200, 200])
  await login()
})

it('who also belongs to another tenant still works there', async () => {
  const [shut, open] = [await app.tenant(), await app.tenant()]
  const user = await person(app, 'TENANT_OWNER', shut)
  await app.as(({ tx }) =>
    sql`insert into role_grants (id, user_id, role_id, tenant_id, created_at)
      select gen_random_uuid(), ${user.id}, id, ${open}, now() from roles where key = 'TENANT_ADMIN' and builtin`.execute(
      tx,
    ),
  )
  await suspend(shut)
  const { api } = await session(app, user.email)
  expect([(await api.get(pathOf(shut))).status, (await api.get(pathOf(open))).status]).toEqual([404, 200])
})

it('nothing can be ordered, changed or delivered in a suspended tenant, and no order expires meanwhile', async () => {
  const waiting = await placeOrder(app)
  const { tenantId } = waiting
  const order = await prepareOrder(app.admin, tenantId)
  await suspend(tenantId)
  const refused = async (answer: Promise<{ status: number; body: unknown }>) =>
    expect(await answer).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  await refused(app.admin.post('/api/admin/billing/subscriptions', order))
  await refused(app.admin.post('/api/admin/customers', { tenantId, name: 'Ada', email: 'ada@example.com' }))
  await refused(app.admin.call('PATCH', `/api/admin/customers/${order.customerId}`, { name: 'Grace' }))
  await refused(pay(app.admin, waiting.invoice))
  app.clock.offsetMs = 30 * 86_400_000
  await BillingService.endDue(app.root).finally(() => (app.clock.offsetMs = 0))
  expect((await showSubscription(app, waiting.subscription.id)).state).toBe('awaiting_payment')
  await restore(tenantId)
  expect((await pay(app.admin, waiting.invoice)).status).toBe(201)
})

it('two suspensions at once are one: one row, one event, one job for each pod', async () => {
  const { tenantId, podId } = await delivered(app)
  const answers = await Promise.all([suspend(tenantId), suspend(tenantId), suspend(tenantId)])
  expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202])
  expect(new Set(answers.map((answer) => answer.body.suspension?.id)).size).toBe(1)
  await allStopped(tenantId)
  const count = (query: ReturnType<typeof sql<{ n: number }>>) => rowsOf(app, query)
  expect(
    await count(
      sql`select count(*)::int as n from audit_events where action = 'TENANT_SUSPENDED' and tenant_id = ${tenantId}`,
    ),
  ).toEqual([{ n: 1 }])
  expect(
    await count(
      sql`select count(*)::int as n from provisioning_jobs where kind = 'cloudPod.suspend' and subject_id = ${podId}`,
    ),
  ).toEqual([{ n: 1 }])
})

it('a cluster that cannot be reached is waited for, with the reason in the view, and the pod is stopped when it is back', async () => {
  const { tenantId, podId } = await delivered(app)
  app.sim.control.addFault({ path: '.', dropBefore: true, times: 1_000_000 })
  await suspend(tenantId)
  await until(async () => (await view(tenantId))?.pods[0]?.waitingFor, 'the pod to say what it waits for')
  expect(power(podId)).toEqual(['running'])
  expect((await view(tenantId))?.counts.stopped).toBe(0)
  app.sim.control.clearFaults()
  await allStopped(tenantId)
  expect(power(podId)).toEqual(['stopped'])
  app.sim.control.addFault({ path: '.', dropBefore: true, times: 1_000_000 })
  await restore(tenantId)
  await until(async () => (await view(tenantId))?.pods[0]?.waitingFor, 'the restoration to wait')
  app.sim.control.clearFaults()
  await allRestored(tenantId)
  expect(power(podId)).toEqual(['running'])
})

it('a pod that was ordered before and made after the suspension is stopped as well, and started by the restoration', async () => {
  app.sim.control.pauseTasks('qmclone')
  const placed = await placeOrder(app)
  await pay(app.admin, placed.invoice)
  await suspend(placed.tenantId)
  app.sim.control.resumeTasks()
  await allStopped(placed.tenantId)
  expect(power(placed.podId)).toEqual(['stopped'])
  await restore(placed.tenantId)
  await allRestored(placed.tenantId)
  expect(power(placed.podId)).toEqual(['running'])
})

it('a pod that somebody powers on meanwhile is stopped again by the hourly look, and what ran before stays remembered', async () => {
  const { tenantId, rests } = await twoPods()
  await suspend(tenantId)
  await allStopped(tenantId)
  app.sim.control.changeGuest(rests.vmid, { power: 'running' })
  await app.as((ctx) => tenantSuspensionService.enforceAll(ctx))
  await until(async () => power(rests.podId)[0] === 'stopped', 'the pod to be stopped again')
  await restore(tenantId)
  await allRestored(tenantId)
  expect(power(rests.podId)).toEqual(['stopped'])
})

it.each([
  ['may', true, 'disabled'],
  ['may not', false, 'stopped'],
] as const)(
  'a guest of the high availability is kept off by it where the token %s change it, and is given back to it afterwards',
  async (_what, may, during) => {
    const { control } = app.sim
    control.setRole('MPanel', ['Sys.Console'], may)
    const { tenantId, podId, vmid } = await delivered(app)
    control.setHa(vmid, 'started')
    const asked = () => control.ha()[`vm:${vmid}`]?.state
    await suspend(tenantId)
    await allStopped(tenantId)
    expect([power(podId), asked()]).toEqual([['stopped'], during])
    // Whatever its manager does meanwhile, it stays off.
    await control.idle()
    expect(power(podId)).toEqual(['stopped'])
    await restore(tenantId)
    await allRestored(tenantId)
    expect([power(podId), asked()]).toEqual([['running'], 'started'])
    control.setRole('MPanel', ['Sys.Console'], false)
  },
)

it('a guest of the high availability is started and stopped through it, and the job waits until it was done', async () => {
  const { podId, vmid } = await delivered(app)
  app.sim.control.setHa(vmid, 'started')
  for (const [action, state, ha] of [
    ['stop', 'stopped', 'stopped'],
    ['start', 'running', 'started'],
    ['shutdown', 'stopped', 'stopped'],
  ] as const) {
    const { body } = await app.admin.post<{ job: { id: string } }>(
      `/api/admin/hosting/cloudpods/${podId}/${action}`,
    )
    expect(await finished(app.admin, body.job.id), action).toMatchObject({ state: 'succeeded' })
    expect(power(podId), action).toEqual([state])
    expect(app.sim.control.ha()[`vm:${vmid}`]?.state, action).toBe(ha)
  }
})

it('a guest that does not shut down in time is stopped', async () => {
  const { tenantId, podId } = await delivered(app)
  app.sim.control.failTask({ type: 'qmshutdown', text: 'VM quit/powerdown failed - got timeout' })
  await suspend(tenantId)
  await allStopped(tenantId)
  expect(power(podId)).toEqual(['stopped'])
})

it('a restoration while the pods are still being stopped brings them back as they were', async () => {
  const { tenantId, runs, rests } = await twoPods()
  await suspend(tenantId)
  await restore(tenantId)
  await allRestored(tenantId)
  await until(async () => {
    const jobs = await rowsOf(
      app,
      sql<{ n: number }>`select count(*)::int as n from provisioning_jobs
      where tenant_id = ${tenantId} and state <> 'succeeded'`,
    )
    return jobs[0]?.n === 0
  }, 'all jobs to end')
  expect([power(runs.podId), power(rests.podId)]).toEqual([['running'], ['stopped']])
})

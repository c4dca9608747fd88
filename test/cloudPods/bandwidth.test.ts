import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Plan } from '../../shared/api/billing.ts'
import type { CloudPodTraffic } from '../../shared/api/cloudPodTraffic.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Finding } from '../../shared/api/provisioningFindings.ts'
import { parseNet0 } from '../../src/integrations/proxmox/guestConfig.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import * as cloudPodTrafficService from '../../src/services/cloudPodTrafficService.ts'
import { good } from '../rules/pods.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { guestsOf, podRow, rowsOf } from '../support/harnessWorld.ts'
import { jobOf, PODS } from './faults.ts'

let app: TestApp
let tenantId: string
let small: Plan
let pod: { id: string; vmid: number }
beforeAll(async () => {
  app = await startApp({ worker: false })
  app.sim.control.setStaleness(0)
  await app.startWorker({ timers: [] })
  tenantId = await app.tenant()
  // Raw files have no snapshots, a block storage has.
  await rowsOf(app, sql`update nodes set storage = 'local-lvm'`)
  small = await planOf({ trafficGb: 100, rateMbps: 100, overLimit: 'throttle' })
  pod = await podOf(small)
}, 60_000)
afterAll(() => app.close())
/** Every test begins with the pod as it was made. */
beforeEach(async () => {
  app.clock.offsetMs = 0
  await rowsOf(app, sql`delete from automation_deeds`)
  await rowsOf(app, sql`update cloud_pods set plan_id = ${small.id} where id = ${pod.id}`)
  await useTo(0)
  await settle()
})

const planOf = (network: object): Promise<Plan> =>
  good(
    app.admin.post('/api/admin/billing/plans', {
      tenantId,
      code: `p${newId().slice(-12)}`,
      name: 'Net',
      cores: 1,
      memoryMb: 2048,
      diskGb: 20,
      prices: [{ currency: 'EUR', interval: 'month', unitMinor: '100' }],
      ...network,
    }),
  )

async function podOf(plan: Plan): Promise<{ id: string; vmid: number }> {
  const { blueprintId, hostname } = await prepareOrder(app.admin, tenantId, { kind: 'vm' })
  const order = { tenantId, planId: plan.id, blueprintId, hostname }
  const { cloudPod, job } = await good(app.admin.post<Accepted>(PODS, order))
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  return { id: cloudPod.id, vmid: (await podRow(app, cloudPod.id)).vmid }
}

/** As if so much had been counted in the month that it is, and nobody told of it yet. */
const useTo = async (gb: number, told = 0): Promise<void> => {
  const bytes = gb * 1_000_000_000
  const month = new Date(Date.now() + app.clock.offsetMs).toISOString().slice(0, 7)
  await rowsOf(
    app,
    sql`insert into cloud_pod_traffic values (${pod.id}, ${tenantId}, ${`${month}-01`}, ${bytes}, 0, ${bytes}, 0, 60, now(), ${told})
      on conflict (pod_id, month) do update set bytes_in = excluded.bytes_in, told_percent = excluded.told_percent`,
  )
}
const enforce = () => cloudPodTrafficService.enforceTraffic(app.root)
/** Has all that is due decided and done. */
async function settle(): Promise<void> {
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set idempotency_key = id::text where kind = 'cloudPod.bandwidth'`,
  )
  await enforce()
  const { rate_mbps, throttled_at } = await podRow(app, pod.id)
  if ((throttled_at === null ? 100 : 10) !== rate_mbps) expect(await endOfJob()).toBe('succeeded')
}

/** How the newest job about the speed ended; looked up without a log-in, which another time would end. */
async function endOfJob(): Promise<string> {
  const { id } = await jobOf(app, pod.id, 'cloudPod.bandwidth')
  return until(async () => {
    const [job] = await rowsOf(
      app,
      sql<{ state: string }>`select state from provisioning_jobs where id = ${id}`,
    )
    return /^(succeeded|failed|stuck)$/.test(job?.state ?? '') && job?.state
  }, `job ${id} to end`)
}
const rateOf = (): number | null | undefined => parseNet0(guestsOf(app, pod.id)[0]?.config.net0)?.rateMbs
const events = async (): Promise<string[]> =>
  (
    await rowsOf(
      app,
      sql<{ action: string }>`select action from audit_events where target_id = ${pod.id}
        and action like 'CLOUDPOD_T%' order by id`,
    )
  ).map(({ action }) => action)
/** What is said of the pod from now on. */
async function listen(): Promise<() => Promise<string[]>> {
  const before = (await events()).length
  return async () => (await events()).slice(before)
}
const terms = async (): Promise<CloudPodTraffic> =>
  (await app.admin.get<CloudPodTraffic>(`${PODS}/${pod.id}/traffic`)).body
const compare = async () => {
  const { body } = await app.admin.post<{ job: Job }>(
    `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`,
  )
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
}
const openFindings = async (): Promise<Finding[]> =>
  (await app.admin.get<{ items: Finding[] }>(`/api/admin/provisioning/findings?podId=${pod.id}&state=open`))
    .body.items

it('the card of a pod is as fast as its plan says, and what the plan includes is told with its traffic', async () => {
  expect(rateOf()).toBe(12.5)
  expect(await terms()).toMatchObject({
    includedBytes: 100_000_000_000,
    overLimit: 'throttle',
    rateMbps: 100,
    throttledAt: null,
  })
})

it('a plan that does something when its traffic is used up must say how much is included', async () => {
  const body = { ...small, tenantId, code: 'x1', trafficGb: null, overLimit: 'notify' }
  const { id: _, state: __, createdAt: ___, ...plan } = body
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '100' }]
  expect(await app.admin.post('/api/admin/billing/plans', { ...plan, prices })).toMatchObject({
    status: 422,
    body: { code: 'invalid_input', errors: [{ path: 'trafficGb' }] },
  })
})

it('80 and 100 percent are told once each in a month, and used-up traffic makes the card slow until the next month', async () => {
  const said = await listen()
  await useTo(79)
  await settle()
  expect(await said()).toEqual([])
  await useTo(80)
  await settle()
  await enforce()
  expect(await said()).toEqual(['CLOUDPOD_TRAFFIC_NEARLY_USED_UP'])
  await useTo(100, 80)
  await settle()
  await enforce()
  expect(await said()).toEqual([
    'CLOUDPOD_TRAFFIC_NEARLY_USED_UP',
    'CLOUDPOD_TRAFFIC_USED_UP',
    'CLOUDPOD_THROTTLED',
  ])
  expect(rateOf()).toBe(1.25)
  expect(await terms()).toMatchObject({ rateMbps: 10, throttledAt: expect.any(String) as string })
  await compare()
  expect(await openFindings()).toEqual([])
  app.clock.offsetMs = 32 * 86_400_000
  await settle()
  expect((await said()).at(-1)).toBe('CLOUDPOD_THROTTLE_LIFTED')
  expect(rateOf()).toBe(12.5)
})

it('a plan that includes more lifts it within the month, and one without an action never begins it', async () => {
  await useTo(150)
  await settle()
  expect(rateOf()).toBe(1.25)
  const large = await planOf({ trafficGb: 200, rateMbps: 100, overLimit: 'throttle' })
  await rowsOf(app, sql`update cloud_pods set plan_id = ${large.id} where id = ${pod.id}`)
  await settle()
  expect(rateOf()).toBe(12.5)
  const said = await listen()
  const silent = await planOf({ trafficGb: 100, rateMbps: 100 })
  await rowsOf(app, sql`update cloud_pods set plan_id = ${silent.id} where id = ${pod.id}`)
  await useTo(500)
  await settle()
  expect(await said()).toEqual([])
  expect(rateOf()).toBe(12.5)
})

it('a limit that somebody takes off the card is found, and a repair sets it again', async () => {
  const net0 = guestsOf(app, pod.id)[0]?.config.net0 ?? ''
  app.sim.control.changeGuest(pod.vmid, { config: { net0: net0.replace(/,rate=[^,]*/, '') } })
  await compare()
  const [finding] = await openFindings()
  expect(finding).toMatchObject({
    kind: 'network',
    expected: 'rate MB/s 12.5',
    found: 'rate MB/s none',
  })
  const { body } = await app.admin.post<Finding>(`/api/admin/provisioning/findings/${finding?.id}`, {
    decision: 'repair',
    reason: 'a test',
  })
  expect(await finished(app.admin, body.jobId ?? '')).toMatchObject({ state: 'succeeded' })
  expect(rateOf()).toBe(12.5)
  await compare()
  expect(await openFindings()).toEqual([])
})

it('only the speed of the card is changed, and one that cannot be set is as it was and tried again later', async () => {
  const own = `${guestsOf(app, pod.id)[0]?.config.net0},mtu=1400`
  app.sim.control.changeGuest(pod.vmid, { config: { net0: own } })
  app.sim.control.failTask({ type: 'qmconfig', text: 'hotplug problem - no such device', times: 1 })
  await useTo(100)
  await enforce()
  const first = (await jobOf(app, pod.id, 'cloudPod.bandwidth')).id
  expect(await endOfJob()).toBe('failed')
  expect(rateOf()).toBe(12.5)
  expect(await podRow(app, pod.id)).toMatchObject({ rate_mbps: 100 })
  await enforce()
  expect((await jobOf(app, pod.id, 'cloudPod.bandwidth')).id).toBe(first)
  app.clock.offsetMs = 3_600_000
  // In the last hour of a month this is another one.
  await useTo(100)
  await enforce()
  expect(await endOfJob()).toBe('succeeded')
  expect(guestsOf(app, pod.id)[0]?.config.net0).toBe(own.replace('rate=12.5,mtu=1400', 'mtu=1400,rate=1.25'))
})

it('a rollback to a snapshot of a faster time leaves the card as slow as it is', async () => {
  type Taken = { snapshot: { id: string }; job: Job }
  const path = `${PODS}/${pod.id}/snapshots`
  const taken = await good(app.admin.post<Taken>(path, { name: 'fast' }))
  expect(await finished(app.admin, taken.job.id)).toMatchObject({ state: 'succeeded' })
  await useTo(100)
  await settle()
  expect(rateOf()).toBe(1.25)
  const { hostname } = await podRow(app, pod.id)
  const back = await good(app.admin.post<Taken>(`${path}/${taken.snapshot.id}/rollback`, { hostname }))
  expect(await finished(app.admin, back.job.id)).toMatchObject({ state: 'succeeded' })
  expect(rateOf()).toBe(1.25)
})

it('unusually many at once wait for a confirmation', async () => {
  const settings = { 'automation.brakeMinimum': 0, 'automation.brakePercent': 1 }
  expect((await app.admin.call('PATCH', '/api/admin/tenants/settings', settings)).status).toBe(200)
  await useTo(100)
  await enforce()
  expect(await podRow(app, pod.id)).toMatchObject({ throttled_at: null, rate_mbps: 100 })
  expect(
    await rowsOf(
      app,
      sql`select action, wanted, state from automation_brakes where action = 'traffic.throttle'`,
    ),
  ).toEqual([{ action: 'traffic.throttle', wanted: 1, state: 'waiting' }])
})

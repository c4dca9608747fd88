import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodMetrics } from '../../shared/api/cloudPodMetrics.ts'
import { gridOf } from '../../src/services/cloudPods/metricGrid.ts'
import { podIn } from '../rules/pods.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { delivered, type Placed } from './faults.ts'

let app: TestApp
let pod: Placed
beforeAll(async () => {
  app = await startApp()
  pod = await delivered(app)
}, 60_000)
afterAll(() => app.close())

type Problem = { code: string; detail: string; details?: { reason: string } }
const read = (timeframe = 'hour', api: Api = app.admin, id = pod.podId) =>
  api.get<CloudPodMetrics & Problem>(`/api/admin/hosting/cloudpods/${id}/metrics?timeframe=${timeframe}`)

const NOW_S = Math.floor(Date.now() / 1000)
const startedMinutesAgo = (minutes: number) =>
  app.sim.control.changeGuest(pod.vmid, { startedAt: NOW_S - minutes * 60 })
const madeMinutesAgo = (minutes: number) =>
  rowsOf(
    app,
    sql`update cloud_pods set created_at = now() - make_interval(mins => ${minutes}) where id = ${pod.podId}`,
  )

it('figures of each time frame come in steps without holes, and what was not measured is null', async () => {
  startedMinutesAgo(30)
  await madeMinutesAgo(600)
  const { body } = await read()
  expect(body).toMatchObject({ timeframe: 'hour', stepSeconds: 60 })
  expect(body.points).toHaveLength(60)
  const times = body.points.map(({ at }) => Date.parse(at))
  expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) === 60_000)).toBe(true)
  expect(body.points[0]).toMatchObject({ cpuShare: null, memoryBytes: null, netInBytesPerSecond: null })
  expect(body.points.at(-1)).toMatchObject({
    cpuShare: 0.01,
    memoryBytes: body.memoryTotalBytes / 4,
    diskReadBytesPerSecond: 0,
    netOutBytesPerSecond: 0,
  })
  for (const timeframe of ['day', 'week', 'month', 'year'])
    expect(await read(timeframe)).toMatchObject({ status: 200, body: { timeframe } })
  expect(await read('decade')).toMatchObject({ status: 422 })
})

it('what was measured under the VMID before the pod existed is not shown', async () => {
  startedMinutesAgo(50)
  await madeMinutesAgo(10)
  const measured = (await read()).body.points.filter(({ cpuShare }) => cpuShare !== null)
  expect(measured.length).toBeGreaterThan(5)
  expect(measured.length).toBeLessThan(12)
})

it('a guest that was moved to another node is found there', async () => {
  const guest = () => app.sim.control.guests().find(({ vmid }) => vmid === pod.vmid)
  const home = guest()?.node ?? ''
  app.sim.control.changeGuest(pod.vmid, { node: home === 'pve2' ? 'pve3' : 'pve2' })
  expect(await read()).toMatchObject({ status: 200 })
  app.sim.control.changeGuest(pod.vmid, { node: home })
})

it('a node that does not answer is said so, with its words for those alone who run it', async () => {
  app.sim.control.addFault({ path: `/qemu/${pod.vmid}/rrddata`, status: 595, times: 2 })
  const silent = await read()
  expect(silent).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect(silent.body.detail).toContain('does not answer')
  expect(silent.body.details?.reason).toContain('Connection refused')
  const owner = await app.login('TENANT_OWNER', pod.tenantId)
  const { body } = await read('hour', owner)
  expect(body).toMatchObject({ code: 'unavailable' })
  expect(body.details).toBeUndefined()
  app.sim.control.addFault({ path: `/qemu/${pod.vmid}/rrddata`, status: 403, times: 1 })
  expect((await read('hour', owner)).body.detail).toContain('refuses')
})

it('a guest without figures yet has none, and a stranger under the VMID shows nothing of his', async () => {
  app.sim.control.addFault({
    path: `/qemu/${pod.vmid}/rrddata`,
    status: 500,
    reason: `RRD error: opening '/var/lib/rrdcached/db/pve-vm-9.0/${pod.vmid}': No such file or directory`,
    times: 1,
  })
  expect(await read()).toMatchObject({ status: 200, body: { points: [] } })
  const guest = app.sim.control.guests().find(({ vmid }) => vmid === pod.vmid)
  app.sim.control.changeGuest(pod.vmid, { config: { description: 'of somebody else' } })
  expect(await read()).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  app.sim.control.changeGuest(pod.vmid, { config: { description: guest?.config.description ?? '' } })
})

it('a pod that is not active has no figures', async () => {
  await rowsOf(app, sql`update nodes set state = 'drained' where name = 'pve1'`)
  const { cloudPod } = await podIn(app, pod.tenantId)
  await rowsOf(app, sql`update cloud_pods set state = 'failed' where id = ${cloudPod.id}`)
  expect(await read('hour', app.admin, cloudPod.id)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
})

it('several figures of a step make one, and a gap among them does not pull it down', () => {
  const none = {
    memoryBytes: null,
    diskReadBytesPerSecond: null,
    diskWriteBytesPerSecond: null,
    netInBytesPerSecond: null,
    netOutBytesPerSecond: null,
  }
  const at = (second: number) => new Date(second * 1000)
  const measured = [
    { at: at(1_800), cpuShare: 0.2, ...none },
    { at: at(1_860), cpuShare: null, ...none },
    { at: at(1_920), cpuShare: 0.4, ...none },
    { at: at(3_600), cpuShare: null, ...none },
  ]
  const { points, stepSeconds } = gridOf('day', measured, at(0))
  expect(stepSeconds).toBe(1_800)
  expect(points).toHaveLength(48)
  expect(points.at(-2)?.cpuShare).toBeCloseTo(0.3)
  expect(points.at(-1)?.cpuShare).toBeNull()
  expect(gridOf('day', [], at(0)).points).toEqual([])
})

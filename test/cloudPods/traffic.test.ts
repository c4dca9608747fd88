import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CloudPodTraffic } from '../../shared/api/cloudPodTraffic.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import * as cloudPodTrafficService from '../../src/services/cloudPodTrafficService.ts'
import { activePod } from '../rules/pods.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { delivered } from './faults.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const GB = 1_000_000_000
const HOUR_S = 3_600
const newPod = async (of = tenantId): Promise<string> => (await activePod(app, of, false)).id ?? ''
const clock = () => app.as(cloudPodTrafficService.clock)

type Counters = { in: number; out?: number; uptimeS: number }
const add = async (podId: string, counters: Counters, asked?: Date): Promise<void> => {
  const at = asked ?? (await clock())
  const reading = { podId, netIn: counters.in, netOut: counters.out ?? 0, uptimeS: counters.uptimeS }
  await app.as((ctx) => cloudPodTrafficService.add(ctx, app.clusterId, at, [reading]))
}
const show = async (podId: string, query = ''): Promise<CloudPodTraffic> =>
  (await app.admin.get<CloudPodTraffic>(`/api/admin/hosting/cloudpods/${podId}/traffic${query}`)).body
/** The same without a log-in, which another time would end. */
const readAt = (podId: string, of: string, query: { limit: number; cursor?: string | undefined }) =>
  app.as((ctx) => cloudPodTrafficService.read(ctx, of, podId, query))
const countedOf = async (podId: string): Promise<number> =>
  (await readAt(podId, tenantId, { limit: 1 })).current.bytesIn
const inOf = async (podId: string): Promise<number> => (await show(podId)).current.bytesIn
/** As if the last reading was so many seconds ago. */
const ago = (podId: string, seconds: number) =>
  rowsOf(
    app,
    sql`update cloud_pod_traffic set read_at = read_at - make_interval(secs => ${seconds}) where pod_id = ${podId}`,
  )

/** At noon of a day, for the application's clock. */
async function on<T>(day: string, work: () => Promise<T>): Promise<T> {
  app.clock.offsetMs = Date.parse(`${day}T12:00:00Z`) - Date.now()
  try {
    return await work()
  } finally {
    app.clock.offsetMs = 0
  }
}

describe('counters', () => {
  it('are added up by their differences, both ways', async () => {
    const pod = await newPod()
    await add(pod, { in: 100, out: 7, uptimeS: 60 })
    await add(pod, { in: 350, out: 9, uptimeS: 120 })
    expect((await show(pod)).current).toMatchObject({ bytesIn: 350, bytesOut: 9 })
  })

  it('that begin anew with the guest are counted from 0, whether they are lower already or not', async () => {
    const pod = await newPod()
    await add(pod, { in: 1_000, uptimeS: 60 })
    await ago(pod, 60)
    await add(pod, { in: 40, uptimeS: 30 })
    expect(await inOf(pod)).toBe(1_040)
    await ago(pod, 60)
    await add(pod, { in: 5_000, uptimeS: 20 })
    expect(await inOf(pod)).toBe(6_040)
  })

  it('of a card that was replaced while the guest runs on are counted from 0', async () => {
    const pod = await newPod()
    await on('2027-03-20', async () => {
      await add(pod, { in: 1_000, uptimeS: HOUR_S })
      await add(pod, { in: 10, uptimeS: HOUR_S + 60 })
      expect(await countedOf(pod)).toBe(1_010)
    })
  })

  it('that stood still for a time lose nothing: what came in between is in the next difference', async () => {
    const pod = await newPod()
    await add(pod, { in: 1_000, uptimeS: 60 })
    await ago(pod, 10 * HOUR_S)
    await add(pod, { in: 9_000, uptimeS: 60 + 10 * HOUR_S })
    expect(await inOf(pod)).toBe(9_000)
  })

  it('of an older list than the last one are not taken for a restart', async () => {
    const pod = await newPod()
    await on('2027-03-20', async () => {
      await add(pod, { in: 9_000, uptimeS: 10 * HOUR_S })
      await add(pod, { in: 8_000, uptimeS: 10 * HOUR_S - 20 })
      expect(await countedOf(pod)).toBe(9_000)
      await add(pod, { in: 9_500, uptimeS: 10 * HOUR_S + 60 })
      expect(await countedOf(pod)).toBe(9_500)
    })
  })

  it('of a guest that runs longer than the month are counted from the first reading on', async () => {
    const pod = await newPod()
    await on('2027-03-02', async () => {
      await add(pod, { in: 1_000, uptimeS: 40 * 24 * HOUR_S })
      await add(pod, { in: 1_200, uptimeS: 40 * 24 * HOUR_S + 60 })
      expect(await countedOf(pod)).toBe(200)
    })
  })
})

describe('a reading', () => {
  it('that comes twice counts once, and one that was asked for before another was written counts nothing', async () => {
    const pod = await newPod()
    const early = await clock()
    await add(pod, { in: 500, uptimeS: 60 })
    await add(pod, { in: 500, uptimeS: 60 }, early)
    await add(pod, { in: 700, uptimeS: 60 }, early)
    await add(pod, { in: 300, uptimeS: 60 }, early)
    expect(await inOf(pod)).toBe(500)
    await add(pod, { in: 700, uptimeS: 120 })
    expect(await inOf(pod)).toBe(700)
  })

  it('of many comparisons at the same moment is counted once', async () => {
    const pods = await Promise.all([newPod(), newPod()])
    const asked = await clock()
    for (const bytes of [1_000, 2_500]) {
      const at = bytes === 1_000 ? asked : await clock()
      const readings = pods.map((podId) => ({ podId, netIn: bytes, netOut: 1, uptimeS: bytes }))
      await Promise.all(
        Array.from({ length: 8 }, () =>
          app.as((ctx) => cloudPodTrafficService.add(ctx, app.clusterId, at, readings)),
        ),
      )
    }
    for (const pod of pods) expect(await inOf(pod)).toBe(2_500)
  })

  it('that changes nothing writes nothing', async () => {
    const pod = await newPod()
    await add(pod, { in: 500, uptimeS: 60 })
    const row = () => rowsOf(app, sql`select xmin::text, * from cloud_pod_traffic where pod_id = ${pod}`)
    const before = await row()
    await add(pod, { in: 500, uptimeS: 120 })
    expect(await row()).toEqual(before)
  })
})

describe('a month', () => {
  it('is that of the time zone in which the tenant is billed, and the months are paged from the newest on', async () => {
    const eastern = await app.tenant()
    await rowsOf(app, sql`update tenants set billing_tz = 'Pacific/Auckland' where id = ${eastern}`)
    const pod = await newPod(eastern)
    await on('2027-01-15', () => add(pod, { in: 1 * GB, uptimeS: 60 }))
    // It is the first of February there.
    await on('2027-01-31', () => add(pod, { in: 3 * GB, uptimeS: 120 }))
    await on('2027-03-10', async () => {
      await add(pod, { in: 3.5 * GB, uptimeS: 180 })
      const first = await readAt(pod, eastern, { limit: 2 })
      expect(first.current).toEqual({ month: '2027-03', bytesIn: 0.5 * GB, bytesOut: 0 })
      expect(first.items).toEqual([
        { month: '2027-03', bytesIn: 0.5 * GB, bytesOut: 0 },
        { month: '2027-02', bytesIn: 2 * GB, bytesOut: 0 },
      ])
      expect(await readAt(pod, eastern, { limit: 2, cursor: first.nextCursor ?? undefined })).toMatchObject({
        items: [{ month: '2027-01', bytesIn: 1 * GB, bytesOut: 0 }],
        nextCursor: null,
      })
    })
    await on('2027-04-10', async () =>
      expect((await readAt(pod, eastern, { limit: 1 })).current).toEqual({
        month: '2027-04',
        bytesIn: 0,
        bytesOut: 0,
      }),
    )
    expect((await show(pod, '?limit=1&cursor=2027-02')).items).toEqual([
      { month: '2027-01', bytesIn: 1 * GB, bytesOut: 0 },
    ])
  })

  it('does not begin again when the tenant is billed in another time zone from now on', async () => {
    const other = await app.tenant()
    await rowsOf(app, sql`update tenants set billing_tz = 'Pacific/Auckland' where id = ${other}`)
    const pod = await newPod(other)
    await on('2027-01-31', async () => {
      await add(pod, { in: 100, uptimeS: 60 })
      await rowsOf(app, sql`update tenants set billing_tz = 'UTC' where id = ${other}`)
      await add(pod, { in: 150, uptimeS: 120 })
      await add(pod, { in: 160, uptimeS: 180 })
    })
    const { items } = await show(pod)
    expect(items.reduce((sum, { bytesIn }) => sum + bytesIn, 0)).toBe(160)
  })
})

describe('a comparison of the cluster', () => {
  it('counts what its one list says, also after a move, and nothing of a stranger under the VMID', async () => {
    const worker = await app.startWorker({ timers: [] })
    const placed = await delivered(app)
    const { control } = app.sim
    control.setStaleness(0)
    const change = (to: Parameters<typeof control.changeGuest>[1]) => control.changeGuest(placed.vmid, to)
    const compare = async () => {
      const { body } = await app.admin.post<{ job: Job }>(
        `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`,
      )
      expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
    }
    change({ traffic: { in: 5_000, out: 300 } })
    await compare()
    expect((await show(placed.podId)).current).toMatchObject({ bytesIn: 5_000, bytesOut: 300 })
    const home = control.guests().find(({ vmid }) => vmid === placed.vmid)
    change({ node: home?.node === 'pve2' ? 'pve3' : 'pve2', traffic: { in: 50, out: 3 } })
    await compare()
    expect((await show(placed.podId)).current).toMatchObject({ bytesIn: 5_050, bytesOut: 303 })
    change({ config: { name: 'stranger', description: '', tags: 'other' }, traffic: { in: 9_999, out: 9 } })
    await compare()
    await compare()
    expect((await show(placed.podId)).current).toMatchObject({ bytesIn: 5_050, bytesOut: 303 })
    await worker.stop()
  })
})

import { sql } from 'kysely'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, heldBy, podRow, rowsOf } from './harnessWorld.ts'

type Kind = 'vm' | 'ct'
type MakePod = (app: TestApp, tenantId: string, kind: Kind) => Promise<string>
type Pod = { tenantId: string; podId: string }

/** What row, reservation and guest say of the pod's size, and whether they agree. */
async function sizesOf(app: TestApp, podId: string) {
  const pod = await podRow(app, podId)
  const [held] = await rowsOf(
    app,
    sql<{ size: string }>`select concat_ws('/', cores, memory_mb, disk_gb) as size
      from cloud_pod_reservations where pod_id = ${podId}`,
  )
  const [guest] = guestsOf(app, podId)
  if (!guest) throw new Error(`pod ${podId} has no guest`)
  const will = { ...guest.config, ...guest.pending }
  const diskGb = Number(/size=(\d+)G/.exec(will.scsi0 ?? will.rootfs ?? '')?.[1])
  const row = `${pod.cores}/${pod.memory_mb}/${pod.disk_gb}`
  return {
    diskGb,
    guest: { cores: guest.config.cores, memory: guest.config.memory, power: guest.power },
    row: `${pod.cores}/${pod.memory_mb}`,
    agree: row === held?.size && row === `${will.cores}/${will.memory}/${diskGb}`,
    restartIsTold: pod.pending_restart === Object.keys(guest.pending).length > 0,
  }
}

/** The pods that resize cases work on, one of a kind: cores and memory are set back before the next case. */
const kept = new WeakMap<TestApp, Map<Kind, Pod>>()

async function smallPod(app: TestApp, kind: Kind, make: MakePod): Promise<Pod> {
  const own = kept.get(app) ?? new Map<Kind, Pod>()
  kept.set(app, own)
  let pod = own.get(kind)
  if (!pod) {
    const tenantId = await app.tenant()
    pod = { tenantId, podId: await make(app, tenantId, kind) }
    own.set(kind, pod)
  }
  const { vmid } = await podRow(app, pod.podId)
  app.sim.control.changeGuest(vmid, { power: 'stopped' })
  app.sim.control.changeGuest(vmid, { power: 'running', config: { cores: '1', memory: '2048' } })
  const { diskGb } = await sizesOf(app, pod.podId)
  await rowsOf(
    app,
    sql`with pod as (update cloud_pods set cores = 1, memory_mb = 2048, disk_gb = ${diskGb}, action = null, problem = null,
        pending_restart = false where id = ${pod.podId})
      update cloud_pod_reservations set cores = 1, memory_mb = 2048, disk_gb = ${diskGb} where pod_id = ${pod.podId}`,
  )
  return pod
}

/** A running pod that is to grow in every part, and to restart for it. */
async function arrange(app: TestApp, kind: Kind, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const { tenantId, podId } = await smallPod(app, kind, make)
  const { diskGb } = await sizesOf(app, podId)
  const wanted = { cores: 2, memoryMb: 4096, diskGb: diskGb + 1, reboot: true }
  const path = `/api/admin/hosting/cloudpods/${podId}/resize`
  const { status, body } = await app.admin.post<Accepted>(path, wanted)
  if (status !== 202) throw new Error(JSON.stringify(body))
  const effects = countEffects(app)
  const look = async () => {
    // A machine that restarts is off for a moment after its task has ended.
    await app.sim.control.idle()
    const { state, action } = await podRow(app, podId)
    const { diskGb: nowGb, ...sizes } = await sizesOf(app, podId)
    return { state, action, held: await heldBy(app, podId), grownGb: nowGb - diskGb, ...sizes }
  }
  return {
    jobId: body.job.id,
    world: async () => ({ ...(await look()), effects: effects() }),
    holdings: async () => {
      const { state, action, held, row, agree, restartIsTold } = await look()
      await expectNothingLeaked(app, tenantId)
      return { state, action, held, row, agree, restartIsTold }
    },
    // A disk that has grown stays so: row and reservation say how large it is.
    afterPermanent: {
      state: 'active',
      action: null,
      held: await heldBy(app, podId),
      row: '1/2048',
      agree: true,
      restartIsTold: true,
    },
  }
}

/** @param make a running pod of the smallest plan */
/** A machine needs a restart for its size, a container none: test/cloudPods/resize.test.ts tries both. */
export const resizeCases = (handlerOf: (kind: string) => AnyHandler, make: MakePod): JobCase[] => [
  {
    name: 'cloudPod.resize of a machine, with a restart',
    handler: handlerOf('cloudPod.resize'),
    permanent: 'failed',
    arrange: (app) => arrange(app, 'vm', make),
  },
]

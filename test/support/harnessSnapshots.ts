import { sql } from 'kysely'
import type { CloudPodSnapshots } from '../../shared/api/cloudPodSnapshots.ts'
import type { Accepted } from '../../src/services/cloudPodSnapshotService.ts'
import type { TestApp } from './app.ts'
import { ownPod, type OwnPod, type PodKind, type PodParts } from './harnessPods.ts'
import { toRest, type Arranged, type JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, podRow, podWorld, rowsOf } from './harnessWorld.ts'

type Deed = 'snapshot' | 'snapshotDelete' | 'rollback'

/** One pod for each case; its snapshots are taken away again before the next. */
const podOf = (app: TestApp, { activePod }: PodParts, kind: PodKind, deed: Deed): Promise<OwnPod> =>
  ownPod(app, `${deed} ${kind}`, async (tenantId) => {
    // Raw files have no snapshots, a block storage has.
    const [old] = await rowsOf(app, sql<{ storage: string }>`select storage from nodes limit 1`)
    await rowsOf(app, sql`update nodes set storage = 'local-lvm'`)
    const podId = await activePod(app, tenantId, kind)
    await rowsOf(app, sql`update nodes set storage = ${old?.storage}`)
    return podId
  })

/** No snapshots, and running. */
async function setBack(app: TestApp, { podId }: OwnPod): Promise<void> {
  await app.sim.control.idle()
  const { vmid } = await podRow(app, podId)
  app.sim.control.forgetSnapshots(vmid)
  app.sim.control.changeGuest(vmid, { power: 'running' })
  await rowsOf(
    app,
    sql`update cloud_pod_snapshots set state = 'deleted', problem = null, deleted_at = now()
      where pod_id = ${podId} and state <> 'deleted'`,
  )
  await rowsOf(
    app,
    sql`update cloud_pods set power_state = 'running', power_checked_at = now(), action = null, problem = null
      where id = ${podId}`,
  )
}

async function arrange(app: TestApp, parts: PodParts, kind: PodKind, deed: Deed): Promise<Arranged> {
  const own = await podOf(app, parts, kind, deed)
  await setBack(app, own)
  const path = `/api/admin/hosting/cloudpods/${own.podId}/snapshots`
  const pod = await podRow(app, own.podId)
  const taken = await app.admin.post<Accepted>(path, { name: 'before the update' })
  const before = taken.body.snapshot.id
  if (deed !== 'snapshot') await toRest(app, taken.body.job.id, parts.handlerOf('cloudPod.snapshot'))
  const asked =
    deed === 'snapshotDelete'
      ? await app.admin.call<Accepted>('DELETE', `${path}/${before}`)
      : deed === 'rollback'
        ? await app.admin.post<Accepted>(`${path}/${before}/rollback`, { hostname: pod.hostname })
        : taken
  if (asked.status !== 202) throw new Error(JSON.stringify(asked.body))
  const effects = countEffects(app)
  const shown = async () => {
    const { body } = await app.admin.get<CloudPodSnapshots>(path)
    return body.items.map(({ name, state, takenAt, rolledBackAt }) => ({
      name,
      state,
      taken: takenAt !== null,
      rolledBack: rolledBackAt !== null,
    }))
  }
  const onGuest = () => guestsOf(app, own.podId).map((guest) => guest.snapshots.length)
  return {
    jobId: asked.body.job.id,
    world: async () => ({
      ...((await podWorld(app, own.podId)) as object),
      effects: effects(),
      shown: await shown(),
      onGuest: onGuest(),
    }),
    holdings: async () => {
      await app.sim.control.idle()
      await expectNothingLeaked(app, own.tenantId)
      const after = await podRow(app, own.podId)
      const power = guestsOf(app, own.podId).map((guest) => guest.power)
      const states = (await shown()).map(({ state }) => state)
      return { pod: after.state, action: after.action, power, states: deed === 'rollback' ? states : [] }
    },
    afterPermanent: {
      pod: 'active',
      action: null,
      power: ['running'],
      states: deed === 'rollback' ? ['ready'] : [],
    },
  }
}

const KIND: Record<Deed, 'vm' | 'ct'> = { snapshot: 'vm', snapshotDelete: 'vm', rollback: 'ct' }

export const snapshotCases = (parts: PodParts): JobCase[] =>
  (['snapshot', 'snapshotDelete', 'rollback'] as const).map((deed) => ({
    name: `cloudPod.${deed} of a ${KIND[deed]}`,
    handler: parts.handlerOf(`cloudPod.${deed}`),
    permanent: 'failed' as const,
    arrange: (app: TestApp) => arrange(app, parts, KIND[deed], deed),
  }))

import { sql } from 'kysely'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import type { TestApp } from './app.ts'
import { ownPod, type OwnPod, type PodParts } from './harnessPods.ts'
import type { Arranged, JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, podRow, podWorld, rowsOf } from './harnessWorld.ts'

/** The pod that these cases move about. */
const podOf = (app: TestApp, { activePod }: PodParts): Promise<OwnPod> =>
  ownPod(app, 'migrate', (tenantId) => activePod(app, tenantId, 'vm'))

/** Where row, reservation and guest say that the pod is, and what else is held for it. */
export async function placesOf(app: Pick<TestApp, 'root' | 'sim' | 'config'>, podId: string) {
  const [said] = await rowsOf(
    app,
    sql<{ row: string; held: string; moving: number }>`select n.name as row, h.name as held,
        (select count(*)::int from cloud_pod_migrations where pod_id = p.id and state = 'moving') as moving
      from cloud_pods p join nodes n on n.id = p.node_id
      left join cloud_pod_reservations r on r.pod_id = p.id left join nodes h on h.id = r.node_id
      where p.id = ${podId}`,
  )
  return { guests: guestsOf(app, podId).map(({ node }) => node), ...said }
}

async function arrange(app: TestApp, parts: PodParts): Promise<Arranged> {
  await app.sim.control.idle()
  const own = await podOf(app, parts)
  const { vmid } = await podRow(app, own.podId)
  app.sim.control.changeGuest(vmid, { power: 'running' })
  await rowsOf(
    app,
    sql`update cloud_pods set power_state = 'running', problem = null where id = ${own.podId}`,
  )
  const before = await placesOf(app, own.podId)
  const asked = await app.admin.post<Accepted>(`/api/admin/hosting/cloudpods/${own.podId}/migrate`, {})
  if (asked.status !== 202) throw new Error(JSON.stringify(asked.body))
  const effects = countEffects(app)
  const look = async () => {
    await app.sim.control.idle()
    const { guests, row, held, moving } = await placesOf(app, own.podId)
    const { action, state, power_state: power } = await podRow(app, own.podId)
    const isTrue = guests.length === 1 && guests[0] === row && row === held
    return { isTrue, moved: row !== before.row, moving, action, state, power }
  }
  return {
    jobId: asked.body.job.id,
    world: async () => ({
      ...((await podWorld(app, own.podId)) as object),
      ...(await look()),
      effects: effects(),
    }),
    holdings: async () => {
      const { moved: _, ...rest } = await look()
      await expectNothingLeaked(app, own.tenantId)
      return { ...rest, guest: guestsOf(app, own.podId).map((guest) => guest.power) }
    },
    // Wherever it ended: that is where the pod counts, and nowhere else.
    afterPermanent: {
      isTrue: true,
      moving: 0,
      action: null,
      state: 'active',
      power: 'running',
      guest: ['running'],
    },
  }
}

export const migrateCases = (parts: PodParts): JobCase[] => [
  {
    name: 'cloudPod.migrate of a running machine',
    handler: parts.handlerOf('cloudPod.migrate'),
    permanent: 'failed',
    arrange: (app) => arrange(app, parts),
  },
]

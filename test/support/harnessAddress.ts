import { sql } from 'kysely'
import type { Accepted } from '../../src/services/cloudPodAddressService.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { countEffects, guestsOf, podRow, rowsOf } from './harnessWorld.ts'
import { poolOf6 } from './pools.ts'

type MakePod = (app: TestApp, tenantId: string, kind: 'vm' | 'ct') => Promise<string>

type Own = { podId: string; poolId: string; net0: string }
/** The container that this case works on; it has its one address again before the next one. */
const kept = new WeakMap<TestApp, Promise<Own>>()

async function prepare(app: TestApp, make: MakePod): Promise<Own> {
  const podId = await make(app, await app.tenant(), 'ct')
  const { id } = await poolOf6(app, { name: 'six' })
  return { podId, poolId: id, net0: guestsOf(app, podId)[0]?.config.net0 ?? '' }
}

/** A running container that is to have an IPv6 address as well. Pods of other cases are to have none. */
async function arrange(app: TestApp, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const made = kept.get(app) ?? prepare(app, make)
  kept.set(app, made)
  const { podId, poolId, net0 } = await made
  app.sim.control.changeGuest((await podRow(app, podId)).vmid, { config: { net0 } })
  await rowsOf(app, sql`delete from ip_addresses where pool_id = ${poolId}`)
  await rowsOf(app, sql`update cloud_pod_reservations set addresses = 1 where pod_id = ${podId}`)
  await rowsOf(app, sql`update ip_pools set state = 'active' where id = ${poolId}`)
  const path = `/api/admin/hosting/cloudpods/${podId}/addresses`
  const { status, body } = await app.admin.post<Accepted>(path, { family: 'ipv6' })
  if (status !== 202) throw new Error(JSON.stringify(body))
  await rowsOf(app, sql`update ip_pools set state = 'paused' where id = ${poolId}`)
  const effects = countEffects(app)
  const holds = async () => ({
    state: (await podRow(app, podId)).state,
    cards: guestsOf(app, podId).map(({ config }) => config.net0?.split(',').toSorted()),
    held: await rowsOf(
      app,
      sql`select family(address) as family, state from ip_addresses where pod_id = ${podId} order by 1`,
    ),
    counted: await rowsOf(app, sql`select addresses from cloud_pod_reservations where pod_id = ${podId}`),
  })
  return {
    jobId: body.job.id,
    world: async () => ({ ...(await holds()), effects: effects() }),
    holdings: holds,
    afterPermanent: {
      state: 'active',
      cards: [net0.split(',').toSorted()],
      held: [{ family: 4, state: 'assigned' }],
      counted: [{ addresses: 1 }],
    },
  }
}

export const addressCases = (handlerOf: (kind: string) => AnyHandler, make: MakePod): JobCase[] => [
  {
    name: 'cloudPod.address of a container',
    handler: handlerOf('cloudPod.address'),
    permanent: 'failed',
    arrange: (app) => arrange(app, make),
  },
]

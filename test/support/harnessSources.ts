import { sql } from 'kysely'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import * as queue from '../../src/db/queue.ts'
import { newId } from '../../src/lib/ids.ts'
import * as claimService from '../../src/services/cloudPodClaimService.ts'
import * as provisioningQueues from '../../src/services/provisioningQueues.ts'
import type { TestApp } from './app.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'
import { some } from './some.ts'
import { FIELD, netboxWithField, poolFrom, prefixIn, sourceOf } from './netbox.ts'

type Place = { sim: NetboxSim; poolId: string; sourceId: string }
type HandlerOf = (kind: string) => AnyHandler

/** The NetBox of these cases, with a pool that pods do not take their addresses from. */
const places = new WeakMap<TestApp, Promise<Place>>()
const placeIn = (app: TestApp, handlerOf: HandlerOf): Promise<Place> => {
  const made = places.get(app) ?? makePlace(app, handlerOf)
  places.set(app, made)
  return made
}

async function makePlace(app: TestApp, handlerOf: HandlerOf): Promise<Place> {
  const sim = await netboxWithField()
  const source = await sourceOf(app, sim)
  const pool = await poolFrom(app, source, prefixIn(sim, '10.65.0.0/16'), {
    name: 'zz netbox',
    network: '10.65.0.0/16',
    gateway: '10.65.0.1',
    rangeStart: '10.65.0.10',
    rangeEnd: '10.65.255.250',
  })
  const place = { sim, poolId: pool.id, sourceId: source.id }
  await runAll(app, handlerOf, place)
  await onlyNetbox(app, place, false)
  return place
}

/** Whether pods take their addresses from the NetBox alone, or from all pools but its. */
const onlyNetbox = (app: TestApp, { poolId }: Place, is: boolean) =>
  rowsOf(
    app,
    sql`update ip_pools set state = case when (id = ${poolId}) = ${is} then 'active' else 'paused' end`,
  )

/** The jobs about the pool that wait. */
async function runAll(app: TestApp, handlerOf: HandlerOf, { poolId }: Place): Promise<void> {
  const waiting = await rowsOf(
    app,
    sql<{ id: string; kind: string }>`select id, kind from provisioning_jobs_live where subject_id = ${poolId}
      and state not in ('succeeded', 'failed', 'cancelled') order by id`,
  )
  for (const { id, kind } of waiting) await toRest(app, id, handlerOf(kind))
}

const enqueue = async (
  app: TestApp,
  { poolId }: Place,
  kind: Parameters<typeof provisioningQueues.enqueueForPool>[1],
): Promise<string> =>
  (await app.as((ctx) => provisioningQueues.enqueueForPool(ctx, kind, { id: poolId, name: 'zz netbox' }))).id

/** Nothing is known of any address, here or there; the gateway stays. */
async function clear(app: TestApp, { sim, poolId }: Place): Promise<void> {
  for (const [id, { address }] of sim.world.addresses)
    if (address !== '10.65.0.1') sim.world.addresses.delete(id)
  await rowsOf(app, sql`delete from ip_addresses where pool_id = ${poolId} and pod_id is null`)
  await rowsOf(app, sql`delete from ip_claims where pool_id = ${poolId}`)
  await rowsOf(app, sql`delete from ip_pool_taken where pool_id = ${poolId}`)
  await rowsOf(app, sql`delete from findings where pool_id = ${poolId}`).catch(() => [])
}

const keep = (app: TestApp, { poolId }: Place, address: string, note: string) =>
  rowsOf(
    app,
    sql`insert into ip_addresses (pool_id, address, state, note, created_at)
      values (${poolId}, ${address}::inet, 'kept', ${note}, now())`,
  )

/** What both sides say, without ids; whatever carries our mark must be somebody's. */
async function world(app: TestApp, { sim, poolId }: Place): Promise<unknown> {
  const claims = await rowsOf(
    app,
    sql<{
      id: string
      address: string
      wanted: string
      told: boolean
    }>`select id, host(address) as address, wanted,
      settled = version as told from ip_claims where pool_id = ${poolId} order by address`,
  )
  return {
    claims: claims.map(({ address, wanted, told }) => [address, wanted, told]),
    netbox: [...sim.world.addresses.values()]
      .map(({ address, status, description, custom_fields: { [FIELD]: mark } }) => [
        address,
        status,
        description,
        claims.find(({ id }) => String(mark).endsWith(id))?.address ?? (mark ? 'marked' : 'unmarked'),
      ])
      .toSorted((a, b) => String(a).localeCompare(String(b))),
    taken: await rowsOf(
      app,
      sql`select host(address) as address from ip_pool_taken where pool_id = ${poolId} order by address`,
    ),
    findings: await rowsOf(
      app,
      sql`select kind, host(address) as address, state from findings where pool_id = ${poolId}
        and state <> 'closed' order by address, kind`,
    ),
  }
}

/** An address never stands there twice. */
function twice({ sim }: Place): string[] {
  const all = [...sim.world.addresses.values()].map(({ address }) => address)
  return all.filter((address, at) => all.indexOf(address) !== at)
}

/** One address to be made, one to be changed, one that somebody else has, and one to be let go of. */
async function arrangeClaim(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const place = await placeIn(app, handlerOf)
  await runAll(app, handlerOf, place)
  await clear(app, place)
  await keep(app, place, '10.65.0.20', 'changed')
  await keep(app, place, '10.65.0.21', 'gone')
  await toRest(app, await enqueue(app, place, provisioningQueues.poolClaim), handlerOf('ipPool.claim'))
  await rowsOf(app, sql`update ip_addresses set note = 'other' where address = '10.65.0.20'`)
  await rowsOf(app, sql`delete from ip_addresses where address = '10.65.0.21'`)
  await keep(app, place, '10.65.0.22', 'new')
  await keep(app, place, '10.65.0.23', 'held by others')
  place.sim.put({ address: '10.65.0.23', length: 16, description: 'a printer' })
  return {
    jobId: await enqueue(app, place, provisioningQueues.poolClaim),
    world: () => world(app, place),
    holdings: async () => twice(place),
    afterPermanent: [],
  }
}

/** Others hold one, the gateway is not there, one is left over and one of ours is gone. */
async function arrangeCompare(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const place = await placeIn(app, handlerOf)
  await runAll(app, handlerOf, place)
  await clear(app, place)
  await keep(app, place, '10.65.0.20', 'lost')
  await toRest(app, await enqueue(app, place, provisioningQueues.poolClaim), handlerOf('ipPool.claim'))
  place.sim.world.addresses.clear()
  place.sim.put({ address: '10.65.0.30', length: 16, description: 'a printer' })
  const mark = claimService.markOf(place, newId())
  place.sim.put({ address: '10.65.0.31', length: 16, custom_fields: { [FIELD]: mark } })
  return {
    jobId: await enqueue(app, place, provisioningQueues.poolCompare),
    world: () => world(app, place),
    holdings: async () => twice(place),
    afterPermanent: [],
  }
}

const later = async (app: TestApp, jobId: string, by: string): Promise<void> => {
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'scheduled', run_at = clock_timestamp() + ${by}::interval
      where id = ${jobId}`,
  )
  await app.as(({ tx }) => queue.promoteDue(tx, 1_000))
}

type ArrangeCreate = (app: TestApp, kind: 'vm' | 'ct', paid: boolean) => Promise<Arranged>

/** A pod that takes its address from NetBox. */
async function arrangePod(app: TestApp, handlerOf: HandlerOf, arrange: ArrangeCreate): Promise<Arranged> {
  const place = await placeIn(app, handlerOf)
  await clear(app, place)
  await onlyNetbox(app, place, true)
  const arranged = await arrange(app, 'ct', false)
  await onlyNetbox(app, place, false)
  // Whoever runs the jobs about the pool takes what is ready on the way: its own comes later.
  await later(app, arranged.jobId, '1 hour')
  await app.as((ctx) => claimService.tellAll(ctx))
  await runAll(app, handlerOf, place)
  await later(app, arranged.jobId, '0')
  const statuses = () =>
    [...place.sim.world.addresses.values()]
      .filter(({ address }) => address !== '10.65.0.1')
      .map(({ status }) => status)
  const told = async () => {
    await app.as((ctx) => claimService.tellAll(ctx))
    await runAll(app, handlerOf, place)
    return statuses()
  }
  return {
    ...arranged,
    world: async () => ({ pod: await arranged.world(), netbox: await told() }),
    holdings: async () => ({ ...((await arranged.holdings()) as object), netbox: await told() }),
    afterPermanent: { ...(arranged.afterPermanent as object), netbox: ['deprecated'] },
  }
}

const podCase = (handlerOf: HandlerOf, arrangeCreate: ArrangeCreate): JobCase => ({
  name: 'cloudPod.create with a NetBox',
  handler: handlerOf('cloudPod.create'),
  permanent: 'failed',
  arrange: (app) => arrangePod(app, handlerOf, arrangeCreate),
})

/** The cases of the jobs that speak with NetBox, and of a pod that waits for them. */
export const sourceCases = (handlerOf: HandlerOf, arrangeCreate: ArrangeCreate): JobCase[] => [
  // Making a pod has cases of its own: how it waits for NetBox is tried in each second run.
  ...some([podCase(handlerOf, arrangeCreate), null]).filter((one) => one !== null),
  {
    name: 'ipPool.claim',
    handler: handlerOf('ipPool.claim'),
    permanent: 'failed',
    everyFailure: true,
    arrange: (app) => arrangeClaim(app, handlerOf),
  },
  {
    name: 'ipPool.compare',
    handler: handlerOf('ipPool.compare'),
    permanent: 'failed',
    arrange: (app) => arrangeCompare(app, handlerOf),
  },
]

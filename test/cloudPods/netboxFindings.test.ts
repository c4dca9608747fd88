import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { IpSource } from '../../shared/api/provisioningSources.ts'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { good } from '../rules/pods.ts'
import { finished, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { compare, FIELD, tell } from '../support/netbox.ts'
import { POOLS, startWorld } from './netboxWorld.ts'

let world: Awaited<ReturnType<typeof startWorld>>
let app: TestApp
let sim: NetboxSim
let pool: IpPool
/** A pod with an address of the pool. */
let mine: Awaited<ReturnType<typeof world.made>>
beforeAll(async () => {
  world = await startWorld()
  ;({ app, sim } = world)
  pool = await world.newPool()
  await compare(app, pool)
  mine = await world.made()
}, 60_000)
afterAll(() => world.close())

it('what differs is found and can be repaired: left over, gone, changed', async () => {
  const { address, entry } = mine
  const mark = String(entry.custom_fields[FIELD])
  sim.world.addresses.set(entry.id, { ...entry, status: 'deprecated', description: 'mine now' })
  await compare(app, pool)
  expect((await world.open())[0]?.found).toContain('status deprecated, description mine now')
  await world.repaired(pool, 'address_changed')
  sim.world.addresses.delete(entry.id)
  await compare(app, pool)
  await world.repaired(pool, 'address_lost')
  expect(world.inNetbox(address)).toMatchObject([{ status: 'active' }])
  const left = mark.replace(/[^:]+$/, '0198c0de-0000-7000-8000-000000000001')
  sim.put({ address: '198.51.100.61', length: 26, custom_fields: { [FIELD]: left } })
  await compare(app, pool)
  expect((await world.open())[0]?.found).toContain(left)
  await world.repaired(pool, 'address_leaked')
  expect(world.inNetbox('198.51.100.61')).toEqual([])
  // The mark of another mPanel is not ours.
  const other = mark.replace(world.source.id, app.clusterId)
  const foreign = sim.put({ address: '198.51.100.61', length: 26, custom_fields: { [FIELD]: other } })
  await compare(app, pool)
  expect(await world.open()).toEqual([])
  sim.world.addresses.delete(foreign.id)
  await compare(app, pool)
})

it('a difference that somebody ignores is told again only when it changes, and is over when it is gone', async () => {
  const [entry] = world.inNetbox(mine.address)
  if (!entry) throw new Error('nothing in NetBox')
  const set = (description: string) => sim.world.addresses.set(entry.id, { ...entry, description })
  set('a note')
  await compare(app, pool)
  const [finding] = await world.open()
  expect(await world.decide(finding?.id ?? '', 'adopt')).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
  expect(await world.decide(finding?.id ?? '', 'ignore')).toMatchObject({ body: { state: 'ignored' } })
  await compare(app, pool)
  expect(await world.open()).toEqual([])
  set('another note')
  await compare(app, pool)
  expect(await world.open()).toMatchObject([{ id: finding?.id, found: 'description another note' }])
  sim.world.addresses.set(entry.id, entry)
  await compare(app, pool)
  expect(await world.open()).toEqual([])
})

it('an address of a pod that somebody else has as well is reported, and can be taken over', async () => {
  const { id, address } = mine
  const beside = sim.put({ address, length: 26, description: 'a router' })
  await compare(app, pool)
  const [twice] = await world.open()
  expect(twice).toMatchObject({ kind: 'address_contested', address })
  const refused = await world.decide(twice?.id ?? '', 'repair')
  expect(refused).toMatchObject({ status: 409 })
  expect(refused.body.detail).toContain('twice')
  sim.world.addresses.delete(beside.id)
  await compare(app, pool)
  expect(await world.open()).toEqual([])
  // An adopted guest brings the address that stands in NetBox already.
  const [entry] = world.inNetbox(address)
  if (!entry) throw new Error('nothing in NetBox')
  sim.world.addresses.set(entry.id, { ...entry, custom_fields: {}, description: 'typed by hand' })
  await rowsOf(
    app,
    sql`update ip_claims set netbox_id = null, version = version + 1 where address = ${address}::inet`,
  )
  await tell(app)
  expect(await world.addressOf(id)).toBe(address)
  await compare(app, pool)
  await world.repaired(pool, 'address_contested')
  expect(world.inNetbox(address)).toMatchObject([{ id: entry.id, status: 'active' }])
  // Without the other one it is asked for again by itself.
  sim.world.addresses.set(entry.id, { ...entry, custom_fields: {} })
  await rowsOf(
    app,
    sql`update ip_claims set netbox_id = null, version = version + 1 where address = ${address}::inet`,
  )
  await tell(app)
  sim.world.addresses.delete(entry.id)
  await compare(app, pool)
  await tell(app)
  expect(world.marksOf(address)).toEqual([expect.stringContaining(world.source.id) as string])
})

it('what NetBox refuses of one address is shown and tried again, and the others are told', async () => {
  const [stuck, other] = ['198.51.100.58', '198.51.100.59']
  const each = async (path: string) => {
    for (const address of [stuck, other])
      await good(
        app.admin.post(`${POOLS}/${pool.id}/addresses${path}`, {
          address,
          ...(path === '' && { note: 'a test' }),
        }),
      )
    await tell(app)
  }
  await each('')
  const [entry] = world.inNetbox(stuck)
  if (!entry) throw new Error('nothing in NetBox')
  sim.world.addresses.set(entry.id, { ...entry, protected: true })
  await each('/free')
  expect(world.inNetbox(other)).toEqual([])
  expect((await world.poolNow(pool)).source).toMatchObject({
    untold: 1,
    untoldProblem: expect.stringContaining('Unable to delete') as string,
  })
  await tell(app)
  sim.world.addresses.set(entry.id, { ...entry, protected: false, address: '198.51.100.61' })
  await world.retried()
  await tell(app)
  expect((await world.poolNow(pool)).source?.untoldProblem).toContain('somebody has made 198.51.100.61 of it')
  sim.world.addresses.set(entry.id, entry)
  await world.retried()
  await tell(app)
  expect((await world.poolNow(pool)).source).toMatchObject({ untold: 0, untoldProblem: null })
  expect(world.inNetbox(stuck)).toEqual([])
})

it('without NetBox orders are taken and wait; what cannot be read is told, and nothing is concluded from it', async () => {
  sim.fault({ status: 503, times: 1_000 })
  const { cloudPod, job } = await world.order()
  const compared = (await world.poolNow(pool)).source?.comparedAt
  const running = app.as((ctx) => provisioningService.comparePool(ctx, pool.id))
  await finished(app.admin, (await running).job.id)
  expect(
    (await app.admin.get<IpSource>(`/api/admin/provisioning/ip-sources/${world.source.id}`)).body,
  ).toMatchObject({
    health: 'failing',
    healthMessage: expect.stringContaining('503') as string,
  })
  expect((await world.poolNow(pool)).source).toMatchObject({ comparedAt: compared, problem: null })
  expect(await world.open()).toEqual([])
  sim.clearFaults()
  await tell(app)
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  await tell(app)
  await world.destroy(cloudPod.id)
})

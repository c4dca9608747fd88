import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../shared/api/provisioning.ts'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import type { Accepted as AddressAccepted } from '../../src/services/cloudPodAddressService.ts'
import { good } from '../rules/pods.ts'
import { finished, until, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { compare, FIELD, quiet, tell } from '../support/netbox.ts'
import { PODS } from './faults.ts'
import { POOLS, startWorld, type Problem } from './netboxWorld.ts'

let world: Awaited<ReturnType<typeof startWorld>>
let app: TestApp
let sim: NetboxSim
let pool: IpPool
beforeAll(async () => {
  world = await startWorld()
  ;({ app, sim } = world)
}, 60_000)
afterAll(() => world.close())

it('a pool gives nothing out until it was compared; then others’ addresses and the gateway are left alone', async () => {
  sim.put({ address: '198.51.100.2', length: 26, description: 'a printer' })
  sim.world.ranges.set(50, {
    id: 50,
    first: '198.51.100.3',
    last: '198.51.100.4',
    vrf: null,
    populated: true,
  })
  sim.fault({ path: /prefixes/, status: 503 })
  pool = await world.newPool()
  await quiet(app)
  const kept = { address: '198.51.100.62', note: 'for the switch' }
  await good(app.admin.post(`${POOLS}/${pool.id}/addresses`, kept))
  // The other pool of the cluster is taken instead.
  const early = await world.order()
  expect(await world.addressOf(early.cloudPod.id)).toMatch(/^192\.0\.2\./)
  await finished(app.admin, early.job.id)
  await compare(app, pool)
  expect((await world.poolNow(pool)).source).toMatchObject({ problem: null, taken: 3, untold: 1 })
  expect(world.inNetbox('198.51.100.1')).toMatchObject([{ status: 'reserved', length: 26 }])
  await tell(app)
  expect(world.inNetbox('198.51.100.62')).toMatchObject([
    { status: 'reserved', description: 'mPanel: kept, for the switch', length: 26 },
  ])
  const taken = { address: '198.51.100.2', note: 'mine' }
  expect(await app.admin.post(`${POOLS}/${pool.id}/addresses`, taken)).toMatchObject({ status: 409 })
})

it('an address is marked in NetBox before its pod is made, says whose it is, rests as deprecated, and goes', async () => {
  const { cloudPod, job } = await world.order()
  const address = await world.addressOf(cloudPod.id)
  expect(address).toBe('198.51.100.5')
  await until(async () => {
    const { body } = await app.admin.get<Job>(`/api/admin/provisioning/jobs/${job.id}`)
    return body.waitingFor?.includes('NetBox has not been told yet')
  }, 'the pod to wait for NetBox')
  expect(guestsOf(app, cloudPod.id)).toEqual([])
  await tell(app)
  expect(world.inNetbox(address)).toMatchObject([
    { status: 'reserved', dns_name: cloudPod.hostname, description: `mPanel: pod ${cloudPod.hostname}` },
  ])
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  await tell(app)
  expect(world.inNetbox(address)).toMatchObject([{ status: 'active' }])
  await app.admin.call('PATCH', `${PODS}/${cloudPod.id}/addresses/${address}`, {
    reverseName: 'mail.example.com',
  })
  await tell(app)
  expect(world.inNetbox(address)).toMatchObject([{ dns_name: 'mail.example.com' }])
  await world.destroy(cloudPod.id)
  await tell(app)
  expect(world.inNetbox(address)).toMatchObject([{ status: 'deprecated', dns_name: '' }])
  await world.rested()
  // Nobody gets it before NetBox has let it go.
  const next = await world.order()
  expect(await world.addressOf(next.cloudPod.id)).toBe('198.51.100.6')
  await tell(app)
  expect(world.inNetbox(address)).toEqual([])
  await finished(app.admin, next.job.id)
  await world.destroy(next.cloudPod.id)
  expect((await world.poolNow(pool)).source).toMatchObject({ untold: 1, untoldProblem: null })
})

it('an answer that is lost, before or after it was done, leaves exactly one', async () => {
  for (const [lost, address] of [
    ['after', '198.51.100.58'],
    ['before', '198.51.100.59'],
  ] as const) {
    sim.fault({ method: 'POST', lost })
    await good(app.admin.post(`${POOLS}/${pool.id}/addresses`, { address, note: 'a test' }))
    await tell(app)
    expect(world.inNetbox(address)).toMatchObject([{ status: 'reserved' }])
    sim.fault({ method: 'DELETE', lost })
    await good(app.admin.post(`${POOLS}/${pool.id}/addresses/free`, { address }))
    await tell(app)
    expect(world.inNetbox(address)).toEqual([])
    expect((await world.poolNow(pool)).source?.untold).toBe(0)
  }
  sim.fault({ method: 'POST', lost: 'after' })
  sim.fault({ method: 'PATCH', lost: 'after' })
  sim.fault({ method: 'GET', path: /ip-addresses/, status: 503 })
  const { id, address } = await world.made()
  expect(world.inNetbox(address)).toMatchObject([{ status: 'active' }])
  await compare(app, pool)
  expect(await world.open()).toEqual([])
  await world.destroy(id)
}, 30_000)

it('who has an address in NetBox before us keeps it, and the pod that is not made yet gets another', async () => {
  const { cloudPod, job } = await world.order()
  const address = await world.addressOf(cloudPod.id)
  sim.put({ address, length: 26, description: 'somebody was faster' })
  await tell(app)
  const other = await world.addressOf(cloudPod.id)
  expect(other).not.toBe(address)
  expect(world.marksOf(address)).toEqual([undefined])
  expect(world.inNetbox(other)).toHaveLength(1)
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  expect(guestsOf(app, cloudPod.id)[0]?.config.net0).toContain(`ip=${other}/26`)
  await world.destroy(cloudPod.id)
  for (const one of world.inNetbox(address)) sim.world.addresses.delete(one.id)
  await compare(app, pool)
  expect(await world.open()).toEqual([])
})

it('where NetBox lets two have one address, ours yields', async () => {
  sim.world.enforceGlobalUnique = false
  const { cloudPod, job } = await world.order()
  const address = await world.addressOf(cloudPod.id)
  sim.put({ address, length: 26 })
  await tell(app)
  expect(world.marksOf(address)).toEqual([undefined])
  expect(await world.addressOf(cloudPod.id)).not.toBe(address)
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  await world.destroy(cloudPod.id)
  for (const one of world.inNetbox(address)) sim.world.addresses.delete(one.id)
  sim.world.enforceGlobalUnique = true
  await tell(app)
  await compare(app, pool)
})

it('a further address is put on a pod once NetBox has it, and one that others hold is refused', async () => {
  const { id } = await world.made()
  const path = `${PODS}/${id}/addresses`
  expect(await app.admin.post(path, { address: '198.51.100.2' })).toMatchObject({ status: 409 })
  const accepted = await good(app.admin.post<AddressAccepted>(path, { address: '198.51.100.61' }))
  await tell(app)
  expect(await finished(app.admin, accepted.job.id)).toMatchObject({ state: 'succeeded' })
  await tell(app)
  expect(world.inNetbox('198.51.100.61')).toMatchObject([{ status: 'active' }])
  // Somebody was faster: the pod is not given another one than it was promised.
  const late = await good(app.admin.post<AddressAccepted>(path, { address: '198.51.100.60' }))
  sim.put({ address: '198.51.100.60', length: 26 })
  await tell(app)
  expect(await finished(app.admin, late.job.id)).toMatchObject({
    state: 'failed',
    error: { code: 'ip_pool_exhausted' },
  })
  await world.destroy(id)
})

it('when nothing is left, a pod whose address somebody took fails and gives everything back', async () => {
  await tell(app)
  await rowsOf(
    app,
    sql`update ip_pools set range_end = '198.51.100.55', range_start = '198.51.100.55' where id = ${pool.id}`,
  )
  await rowsOf(app, sql`delete from ip_addresses where pool_id = ${pool.id} and state = 'quarantined'`)
  await tell(app)
  await compare(app, pool)
  const { cloudPod, job } = await world.order()
  const address = await world.addressOf(cloudPod.id)
  expect(address).toBe('198.51.100.55')
  sim.put({ address, length: 26 })
  await tell(app)
  expect(await finished(app.admin, job.id)).toMatchObject({
    state: 'failed',
    error: { code: 'ip_pool_exhausted' },
  })
  expect(guestsOf(app, cloudPod.id)).toEqual([])
  await tell(app)
  expect(world.marksOf(address)).toEqual([undefined])
})

it('a prefix that is gone, or another network, stops the pool, and says so until it is right again', async () => {
  const prefixId = pool.source?.prefixId ?? 0
  const prefix = sim.world.prefixes.get(prefixId)
  if (!prefix) throw new Error('no prefix')
  const problem = async () => (await world.poolNow(pool)).source?.problem
  sim.world.prefixes.delete(prefixId)
  await compare(app, pool)
  expect(await problem()).toContain(`no prefix ${prefixId}`)
  sim.world.prefixes.set(prefixId, { ...prefix, prefix: '198.51.100.0/27' })
  await compare(app, pool)
  expect(await problem()).toContain('is 198.51.100.0/27, and the pool is 198.51.100.0/26')
  const { cloudPod, job } = await world.order()
  expect(await world.addressOf(cloudPod.id)).toMatch(/^192\.0\.2\./)
  await finished(app.admin, job.id)
  sim.world.prefixes.set(prefixId, prefix)
  await compare(app, pool)
  expect(await problem()).toBeNull()
})

it('a pool is removed when NetBox has let go of all that was ours, and its gateway stays there', async () => {
  const path = `${POOLS}/${pool.id}`
  await rowsOf(app, sql`delete from ip_addresses where pool_id = ${pool.id} and state = 'quarantined'`)
  await app.admin.call('PATCH', path, { state: 'paused' })
  const early = await app.admin.call<Problem>('DELETE', path)
  expect(early).toMatchObject({ status: 409 })
  await good(app.admin.post(`${path}/addresses/free`, { address: '198.51.100.62' }))
  await tell(app)
  expect(await app.admin.call('DELETE', path)).toMatchObject({ status: 204 })
  const ours = [...sim.world.addresses.values()].filter((one) =>
    String(one.custom_fields[FIELD]).startsWith('mpanel:'),
  )
  expect(ours.map((one) => one.address)).toEqual(['198.51.100.1'])
})

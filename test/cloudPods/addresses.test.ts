import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodAddress, CloudPodAddresses } from '../../shared/api/cloudPodAddresses.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Finding } from '../../shared/api/provisioningFindings.ts'
import type { Accepted } from '../../src/services/cloudPodAddressService.ts'
import type { Accepted as PodAccepted } from '../../src/services/cloudPodService.ts'
import { good } from '../rules/pods.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { guestsOf, podRow, rowsOf } from '../support/harnessWorld.ts'
import { poolOf6 } from '../support/pools.ts'
import { PODS } from './faults.ts'

let app: TestApp
let tenantId: string
let machine: string
let container: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  app.sim.control.setStaleness(0)
  await app.startWorker({ timers: [] })
  tenantId = await app.tenant()
  // Raw files have no snapshots, a block storage has.
  await rowsOf(app, sql`update nodes set storage = 'local-lvm'`)
  machine = await podOf('vm')
  await poolOf6(app)
  container = await podOf('ct')
}, 60_000)
afterAll(() => app.close())

type Problem = { code: string; detail: string; errors?: { path: string; message: string }[] }

async function podOf(kind: 'vm' | 'ct'): Promise<string> {
  const { planId, blueprintId, hostname } = await prepareOrder(app.admin, tenantId, { kind })
  const { cloudPod, job } = await good(
    app.admin.post<PodAccepted>(PODS, { tenantId, planId, blueprintId, hostname }),
  )
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  return cloudPod.id
}

const pathOf = (id: string, address = '') => `${PODS}/${id}/addresses${address && `/${address}`}`
const addressesOf = async (id: string): Promise<CloudPodAddress[]> =>
  (await app.admin.get<CloudPodAddresses>(pathOf(id))).body.items
const ask = (id: string, body: object) => app.admin.post<Accepted & Problem>(pathOf(id), body)
const release = (id: string, address: string) =>
  app.admin.call<Accepted & Problem>('DELETE', pathOf(id, address))

/** An address that was asked for, once its job has ended. */
async function done(
  answer: Promise<{ status: number; body: Accepted }>,
  state = 'succeeded',
): Promise<string> {
  const { address, job } = await good(answer)
  expect(await finished(app.admin, job.id)).toMatchObject({ state })
  return address.address
}
const told = (id: string): Record<string, string> => {
  const [guest] = guestsOf(app, id)
  const text = guest?.kind === 'lxc' ? guest.config.net0 : guest?.config.ipconfig0
  const pairs = (text ?? '').split(',').map((part) => part.split('=') as [string, string])
  return Object.fromEntries(pairs.filter(([key]) => /^(?:ip|gw)6?$/.test(key)))
}
const restOf = async (address: string): Promise<string | undefined> =>
  (
    await rowsOf(app, sql<{ state: string }>`select state from ip_addresses where address = ${address}::inet`)
  )[0]?.state
async function differences(): Promise<string[]> {
  const { body } = await app.admin.post<{ job: Job }>(
    `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`,
  )
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  const { items } = (await app.admin.get<{ items: Finding[] }>('/api/admin/provisioning/findings?state=open'))
    .body
  return items.map(({ kind, found }) => `${kind}: ${found}`)
}

it('a new guest is told an address of each family, and its card has nothing that its plan has not', async () => {
  const [v4, v6] = await addressesOf(container)
  expect(v4).toMatchObject({ primary: true, delivery: 'card', state: 'assigned' })
  expect(v6).toMatchObject({ primary: false, delivery: 'card', prefix: 64, gateway: 'fe80::1' })
  expect(told(container)).toEqual({
    ip: `${v4?.address}/24`,
    gw: '192.0.2.1',
    ip6: `${v6?.address}/64`,
    gw6: 'fe80::1',
  })
  expect(guestsOf(app, container)[0]?.config.nameserver).toBe('192.0.2.1 2001:db8:1::53')
  expect(await differences()).toEqual([])
})

it('an address of a family that a guest has not is put on its card and taken off again, and its speed stays', async () => {
  const net0 = `${guestsOf(app, machine)[0]?.config.net0},rate=12.5`
  app.sim.control.changeGuest((await podRow(app, machine)).vmid, { config: { net0 } })
  await rowsOf(app, sql`update cloud_pods set rate_mbps = 100 where id = ${machine}`)
  const address = await done(ask(machine, { family: 'ipv6' }))
  expect(told(machine)).toMatchObject({ ip6: `${address}/64`, gw6: 'fe80::1' })
  expect(guestsOf(app, machine)[0]?.config.net0).toBe(net0)
  expect(await differences()).toEqual([])
  await done(release(machine, address))
  expect(told(machine)).not.toHaveProperty('ip6')
  expect(await restOf(address)).toBe('quarantined')
  expect(await differences()).toEqual([])
})

it('a further address of a family is the pod’s without a word to the guest, and a certain one must be free and near', async () => {
  const before = guestsOf(app, machine)[0]?.config
  expect(await done(ask(machine, { address: '192.0.2.77' }))).toBe('192.0.2.77')
  expect((await addressesOf(machine)).at(-1)).toMatchObject({ address: '192.0.2.77', delivery: 'inside' })
  expect(guestsOf(app, machine)[0]?.config).toEqual(before)
  expect(await ask(container, { address: '192.0.2.77' })).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  })
  await poolOf6(app, {
    name: 'far',
    vlan: 12,
    network: '2001:db8:9::/64',
    rangeStart: '2001:db8:9::5',
    rangeEnd: '2001:db8:9::9',
  })
  for (const address of ['203.0.113.9', '192.0.2.1', '2001:db8:9::7']) {
    const refused = await ask(machine, { address })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'address' }] } })
  }
  await rowsOf(app, sql`update ip_pools set state = 'paused' where name = 'v6'`)
  expect(await ask(machine, { family: 'ipv6' })).toMatchObject({
    status: 409,
    body: { code: 'ip_pool_exhausted' },
  })
  expect((await ask(machine, { address: '2001:db8:1::77' })).body.detail).toContain('paused')
  await rowsOf(app, sql`update ip_pools set state = 'active' where name = 'v6'`)
  await done(release(machine, '192.0.2.77'))
})

it('the address a pod was made with stays, one it does not hold is not found, and one job at a time changes them', async () => {
  const [primary] = await addressesOf(machine)
  const refused = await release(machine, primary?.address ?? '')
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(refused.body.detail).toContain('made with')
  expect(await release(machine, '192.0.2.200')).toMatchObject({ status: 404 })
  const first = await good(ask(machine, { family: 'ipv4' }))
  expect((await ask(machine, { family: 'ipv4' })).status).toBe(409)
  expect((await release(machine, first.address.address)).status).toBe(409)
  await finished(app.admin, first.job.id)
  await done(release(machine, first.address.address))
})

it('an address that cannot be put on the guest rests, and one that cannot be taken off stays', async () => {
  const fail = () =>
    app.sim.control.failTask({ type: 'qmconfig', text: 'hotplug problem - no such device', times: 1 })
  fail()
  const lost = await done(ask(machine, { family: 'ipv6' }), 'failed')
  expect(told(machine)).not.toHaveProperty('ip6')
  expect(await addressesOf(machine)).toHaveLength(1)
  expect(await restOf(lost)).toBe('quarantined')
  const kept = await done(ask(machine, { family: 'ipv6' }))
  fail()
  await done(release(machine, kept), 'failed')
  expect(told(machine)).toMatchObject({ ip6: `${kept}/64` })
  expect((await addressesOf(machine)).at(-1)).toMatchObject({ address: kept, state: 'assigned' })
  expect(await differences()).toEqual([])
})

it('an address that somebody takes off a guest is found', async () => {
  const { vmid } = await podRow(app, machine)
  const whole = guestsOf(app, machine)[0]?.config.ipconfig0 ?? ''
  app.sim.control.changeGuest(vmid, { config: { ipconfig0: whole.replace(/,ip6=.*/, '') } })
  expect(await differences()).toEqual(['network: IPv6 address none, IPv6 gateway none'])
  app.sim.control.changeGuest(vmid, { config: { ipconfig0: whole } })
  expect(await differences()).toEqual([])
})

it('a rollback to a snapshot of a time with another address leaves the guest with the addresses of today', async () => {
  type Taken = { snapshot: { id: string }; job: Job }
  const path = `${PODS}/${container}/snapshots`
  const taken = await good(app.admin.post<Taken>(path, { name: 'old' }))
  expect(await finished(app.admin, taken.job.id)).toMatchObject({ state: 'succeeded' })
  const [, v6] = await addressesOf(container)
  await done(release(container, v6?.address ?? ''))
  const { hostname } = await podRow(app, container)
  const back = await good(app.admin.post<Taken>(`${path}/${taken.snapshot.id}/rollback`, { hostname }))
  expect(await finished(app.admin, back.job.id)).toMatchObject({ state: 'succeeded' })
  expect(told(container)).not.toHaveProperty('ip6')
  expect(await differences()).toEqual([])
})

it('a reverse name is a full host name, is shown with its address and goes with it', async () => {
  const address = await done(ask(machine, { address: '192.0.2.88' }))
  const name = (reverseName: unknown) =>
    app.admin.call<CloudPodAddress & Problem>('PATCH', pathOf(machine, address), { reverseName })
  for (const wrong of [
    'localhost',
    'Mail.example.com',
    '-a.example.com',
    'a..example.com',
    `${'a'.repeat(64)}.example.com`,
  ])
    expect(await name(wrong)).toMatchObject({ status: 422, body: { errors: [{ path: 'reverseName' }] } })
  expect(await name('mail.example.com')).toMatchObject({
    status: 200,
    body: { reverseName: 'mail.example.com' },
  })
  expect((await addressesOf(machine)).at(-1)?.reverseName).toBe('mail.example.com')
  const [event] = await rowsOf(
    app,
    sql`select diff, details from audit_events where action = 'CLOUDPOD_REVERSE_NAME_SET'`,
  )
  expect(event).toEqual({ diff: { reverseName: [null, 'mail.example.com'] }, details: { address } })
  await done(release(machine, address))
  expect(
    await rowsOf(app, sql`select state, reverse_name from ip_addresses where address = ${address}::inet`),
  ).toEqual([{ state: 'quarantined', reverse_name: null }])
})

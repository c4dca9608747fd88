import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodAdopt, Stranger, StrangerDetail } from '../../shared/api/cloudPodAdoption.ts'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { poolOf6 } from '../support/pools.ts'
import { adoptionOf, makeStranger } from '../support/strangers.ts'
import { sql } from 'kysely'

const PODS = '/api/admin/hosting/cloudpods'
let app: TestApp
let tenantId: string
let path: string
beforeAll(async () => {
  app = await startApp()
  app.sim.control.setStaleness(0)
  tenantId = await app.tenant()
  path = `/api/admin/provisioning/clusters/${app.clusterId}/strangers`
})
afterAll(() => app.close())

type Refused = { code: string; detail: string; errors?: { path: string }[] }
const send = (body: object) => app.admin.post<Accepted & Refused>(`${PODS}/adopt`, body)
const guestAt = (vmid: number) => app.sim.control.guests().find((guest) => guest.vmid === vmid)
const search = async (q: string) =>
  (await app.admin.get<{ items: Stranger[] }>(`${path}?q=${encodeURIComponent(q)}`)).body.items.map(
    ({ vmid }) => vmid,
  )
const askedFor = async (kind: 'vm' | 'ct' = 'ct'): Promise<CloudPodAdopt> => {
  const { name: _, ...body } = await adoptionOf(app, tenantId, kind)
  return body
}
const findingsOf = (vmid: number) =>
  rowsOf(app, sql<{ kind: string }>`select kind from findings where vmid = ${vmid} and state <> 'closed'`)

async function compare(): Promise<void> {
  const { body } = await app.admin.post<{ job: Job }>(
    `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`,
  )
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
}

it('a guest that no pod owns is found by name, tag, VMID, MAC or address, and a pod’s guest is not', async () => {
  const { vmid, name, mac, address } = makeStranger(app, { config: { tags: 'old-panel' } })
  const other = makeStranger(app)
  for (const q of [name, 'old-panel', String(vmid), mac, address]) expect(await search(q), q).toEqual([vmid])
  expect(await search('')).toEqual(expect.arrayContaining([vmid, other.vmid]))
  expect(await search('nothing is called so')).toEqual([])
})

it.each(['vm', 'ct'] as const)(
  'a running %s becomes a pod with its size, address, VMID and MAC, untouched but for mark, name and tag',
  async (kind) => {
    const wanted = await askedFor(kind)
    app.sim.control.changeGuest(wanted.vmid, { config: { description: 'web shop of Ada', tags: 'shop' } })
    const before = guestAt(wanted.vmid)
    const { status, body } = await send(wanted)
    expect(status, JSON.stringify(body)).toBe(202)
    expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
    const pod = (await app.admin.get<CloudPodDetail>(`${PODS}/${body.cloudPod.id}`)).body
    expect(pod).toMatchObject({
      state: 'active',
      powerState: 'running',
      hostname: wanted.hostname,
      cores: 2,
      memoryMb: 1024,
      diskGb: 4,
      addresses: [wanted.address],
    })
    expect(pod.placement).toMatchObject({ vmid: wanted.vmid, nodeName: 'pve1' })
    const after = guestAt(wanted.vmid)
    expect(after?.config.net0).toBe(before?.config.net0)
    expect(after?.config.description).toMatch(/^mpanel:pod=.*\nweb shop of Ada$/)
    expect(after?.config.tags?.split(';').toSorted()).toEqual(['mpanel', 'shop'])
    expect(
      app.sim.control.tasks().filter(({ id, type }) => id === String(wanted.vmid) && /start|stop/.test(type)),
    ).toEqual([])
    await compare()
    expect(await findingsOf(wanted.vmid)).toEqual([])
    await expectNothingLeaked(app, tenantId, strangers())
    expect(await search(String(wanted.vmid))).toEqual([])
  },
)

it('a container with a fixed address of each family becomes a pod with both, once a pool has them', async () => {
  const wanted = await askedFor()
  const card = guestAt(wanted.vmid)?.config.net0 ?? ''
  const config = { net0: card.replace(',type=veth', ',ip6=2001:db8:1::9/64,gw6=fe80::1,type=veth') }
  app.sim.control.changeGuest(wanted.vmid, { config })
  const body = { ...wanted, guest: { ...wanted.guest, ipv6: '2001:db8:1::9' } }
  expect(await send(body)).toMatchObject({ status: 422, body: { errors: [{ path: 'guest.ipv6' }] } })
  const { id } = await poolOf6(app)
  await app.admin.call('PATCH', `/api/admin/provisioning/ip-pools/${id}`, { state: 'paused' })
  const answer = await send(body)
  expect(await finished(app.admin, answer.body.job.id)).toMatchObject({ state: 'succeeded' })
  expect(answer.body.cloudPod.addresses).toEqual([wanted.address, '2001:db8:1::9'])
  expect(guestAt(wanted.vmid)?.config.net0).toBe(config.net0)
  await compare()
  expect(await findingsOf(wanted.vmid)).toEqual([])
})

/** Guests of these tests that are nobody's. */
const strangers = (): number[] =>
  app.sim.control
    .guests()
    .filter(({ config }) => !config.description?.includes('mpanel:pod='))
    .map(({ vmid }) => vmid)

it('a pod of an adopted guest is stopped and destroyed as any other', async () => {
  const { body } = await send(await askedFor('vm'))
  await finished(app.admin, body.job.id)
  const stopped = await app.admin.post<Accepted>(`${PODS}/${body.cloudPod.id}/stop`)
  expect(await finished(app.admin, stopped.body.job.id)).toMatchObject({ state: 'succeeded' })
  const destroyed = await app.admin.call<Accepted>('DELETE', `${PODS}/${body.cloudPod.id}`)
  expect(await finished(app.admin, destroyed.body.job.id)).toMatchObject({ state: 'succeeded' })
  expect(guestsOf(app, body.cloudPod.id)).toEqual([])
})

it('a guest that was changed after it was looked at is left as it is, with its VMID and address', async () => {
  const wanted = await askedFor()
  app.sim.control.changeGuest(wanted.vmid, { config: { cores: '3' } })
  const before = guestAt(wanted.vmid)
  const { body } = await send(wanted)
  const job = await finished(app.admin, body.job.id)
  expect(job).toMatchObject({ state: 'failed', error: { code: 'guest_changed' } })
  expect(job.error?.message).toContain('cores 3 instead of 2')
  expect(guestAt(wanted.vmid)?.config).toEqual(before?.config)
  const kept = await rowsOf(
    app,
    sql`select state, note from ip_addresses where address = ${wanted.address}::inet`,
  )
  expect(kept).toEqual([{ state: 'kept', note: `the guest ${wanted.vmid}, which did not become a pod` }])
  const again = await send({ ...wanted, guest: { ...wanted.guest, cores: 3 } })
  expect(await finished(app.admin, again.body.job.id)).toMatchObject({ state: 'succeeded' })
})

it('a guest that is gone before it was marked fails the adoption and leaves nothing held', async () => {
  const wanted = await askedFor()
  app.sim.control.removeGuest(wanted.vmid)
  const { body } = await send(wanted)
  expect(await finished(app.admin, body.job.id)).toMatchObject({
    state: 'failed',
    error: { code: 'guest_lost' },
  })
  expect(
    await rowsOf(app, sql`select from cloud_pod_reservations where pod_id = ${body.cloudPod.id}`),
  ).toEqual([])
})

it('what cannot become a pod says why, and what is asked for wrongly is refused with what to do', async () => {
  const problemOf = async (kind: 'vm' | 'ct', config: Record<string, string>) => {
    const { vmid } = makeStranger(app, { kind, config })
    return (await app.admin.get<StrangerDetail>(`${path}/${vmid}`)).body.problem
  }
  expect(await problemOf('vm', { sockets: '2' })).toContain('several sockets')
  expect(await problemOf('vm', { net0: 'e1000=BC:24:11:AA:00:01,bridge=vmbr0' })).toContain('not virtio')
  expect(
    await problemOf('ct', { net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:AA:00:02,ip=dhcp,type=veth' }),
  ).toContain('no fixed address')
  expect(await problemOf('vm', { net0: 'virtio=BC:24:11:AA:00:03,bridge=vmbr0,rate=5' })).toContain(
    'rate limit',
  )
  expect(await problemOf('ct', { lock: 'backup' })).toContain('locked (backup)')
  expect((await app.admin.get(`${path}/99999`)).status).toBe(404)

  const wanted = await askedFor()
  const refused = async (change: object) => {
    const { status, body } = await send({ ...wanted, ...change })
    return [status, body.code, body.errors?.[0]?.path]
  }
  expect(await refused({ address: '198.51.100.7' })).toEqual([422, 'invalid_input', 'address'])
  expect(await refused({ guest: { ...wanted.guest, node: 'gone' } })).toEqual([
    422,
    'invalid_input',
    'guest.node',
  ])
  expect(await refused({ guest: { ...wanted.guest, kind: 'vm' } })).toEqual([
    422,
    'invalid_input',
    'blueprintId',
  ])
  expect((await send(wanted)).status).toBe(202)
  expect((await refused({ hostname: 'another-name' })).slice(0, 2)).toEqual([409, 'conflict'])
  const second = await askedFor()
  const taken = await send({ ...second, address: wanted.address })
  expect([taken.status, taken.body.detail]).toEqual([409, expect.stringContaining('held by another pod')])
  const small = await app.tenant({ maxPods: 0 })
  expect((await send({ ...second, tenantId: small })).body.code).toBe('quota_exceeded')
})

it('a cluster that does not answer is said to be so', async () => {
  app.sim.control.addFault({ method: 'GET', path: '/cluster/resources', status: 595, times: 10 })
  const { status, body } = await app.admin.get<Refused>(path)
  app.sim.control.clearFaults()
  expect([status, body.code]).toEqual([503, 'unavailable'])
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { IpAddresses, IpPool, ReverseZones } from '../../shared/api/provisioningPools.ts'
import { zoneProblems } from '../../src/lib/dns/checks.ts'
import { reversePlace } from '../../src/lib/dns/reverse.ts'
import { readZoneFile } from '../../src/lib/dns/zoneFile.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { addressAfter, rangeSize } from '../../web/src/lib/addresses.ts'
import { podIn } from '../rules/pods.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
let pool: IpPool
beforeAll(async () => {
  app = await startApp({ worker: false })
  const { body } = await app.admin.get<{ items: IpPool[] }>('/api/admin/provisioning/ip-pools')
  pool = body.items[0] as IpPool
})
afterAll(() => app.close())

type Problem = { code: string; errors?: { path: string }[] }
const path = (more = '') => `/api/admin/provisioning/ip-pools/${pool.id}${more}`
const show = async () => (await app.admin.get<IpPool>(path())).body
const change = (body: object, version?: number) =>
  app.admin.call<IpPool & Problem>(
    'PATCH',
    path(),
    body,
    version === undefined ? {} : { 'if-match': `"v${version}"` },
  )
const keep = (address: string) =>
  app.admin.post<IpPool & Problem>(path('/addresses'), { address, note: 'a router' })
const free = (address: string) => app.admin.post<IpPool & Problem>(path('/addresses/free'), { address })
const addresses = async (query = '') => (await app.admin.get<IpAddresses>(path(`/addresses${query}`))).body
const order = async () => (await podIn(app, await app.tenant())).cloudPod

it('a kept address goes to no pod until it is freed, and a held one is not freed', async () => {
  const first = pool.rangeStart === pool.gateway ? addressAfter(pool.rangeStart, 1) : pool.rangeStart
  expect(await keep(first)).toMatchObject({ status: 200, body: { kept: 1 } })
  const one = await order()
  expect(one.addresses).not.toEqual([first])
  expect(await keep(first)).toMatchObject({ status: 409, body: { code: 'conflict' } })
  expect(await keep(one.addresses[0] ?? '')).toMatchObject({ status: 409 })
  expect(await keep('203.0.113.1')).toMatchObject({ status: 422, body: { errors: [{ path: 'address' }] } })
  expect(await free(one.addresses[0] ?? '')).toMatchObject({ status: 409 })
  const listed = await addresses()
  expect(listed.items.find(({ address }) => address === first)).toMatchObject({
    state: 'kept',
    note: 'a router',
  })
  expect(listed.items.find(({ pod }) => pod?.id === one.id)).toMatchObject({ state: 'reserved' })
  expect(await addresses('?limit=1')).toMatchObject({ items: [{ address: listed.items[0]?.address }] })
  const next = await addresses(`?limit=1&after=${listed.items[0]?.address}`)
  expect(next.items[0]?.address).toBe(listed.items[1]?.address)
  expect(await free(first)).toMatchObject({ status: 200, body: { kept: 0 } })
  expect(await free(first)).toMatchObject({ status: 409 })
  expect((await order()).addresses).toEqual([first])
})

it('the reverse names of a pool’s addresses are written as zone files, once it is known who answers for them', async () => {
  const one = await order()
  const [address = ''] = one.addresses
  const pod = `/api/admin/hosting/cloudpods/${one.id}/addresses/${address}`
  expect(await app.admin.call('PATCH', pod, { reverseName: 'mail.example.com' })).toMatchObject({
    status: 200,
  })
  const zones = () => app.admin.get<ReverseZones>(path('/reverse-zones'))
  expect((await zones()).body).toEqual({ items: [], refusal: expect.stringContaining('dns.nameServers') })
  const set = (value: string) =>
    app.admin.call('PATCH', '/api/admin/tenants/settings', {
      'dns.nameServers': value,
      'dns.contact': 'dns.team@example.com',
    })
  expect((await set('ns1.example.com,ns2.example.net')).status).toBe(422)
  expect((await set('NS1.example.com ns2.example.net')).status).toBe(200)
  const { items } = (await zones()).body
  const place = reversePlace(address, Number(pool.network.split('/')[1]))
  expect(items.map(({ zone, names }) => ({ zone, names }))).toEqual([{ zone: place.zone, names: 1 }])
  const { records, faults } = readZoneFile(items[0]?.file ?? '', place.zone, 60)
  expect(faults).toEqual([])
  expect(zoneProblems(place.zone, records)).toEqual([])
  expect(records.map(({ name, type, content }) => `${name} ${type} ${content}`)).toEqual([
    `${place.zone} NS ns1.example.com.`,
    `${place.zone} NS ns2.example.net.`,
    `${place.name} PTR mail.example.com.`,
  ])
  expect(items[0]?.file).toContain('SOA\tns1.example.com. dns\\.team.example.com. ')
})

it('a paused pool gives nothing out, a changed range only what is in it, and a stale change is refused', async () => {
  const { version } = await show()
  expect(await change({ name: 'x' }, version + 3)).toMatchObject({ status: 412 })
  expect(await change({ rangeStart: '203.0.113.9' })).toMatchObject({ status: 422 })
  expect(await change({ state: 'paused' }, version)).toMatchObject({ status: 200, body: { state: 'paused' } })
  await expect(order()).rejects.toThrow('ip_pool_exhausted')
  const start = addressAfter(pool.rangeStart, 40)
  await change({ state: 'active', rangeStart: start, rangeEnd: addressAfter(start, 1) })
  expect((await order()).addresses).toEqual([start])
  expect(await app.as(provisioningService.listAlerts)).toEqual([])
  expect((await order()).addresses).toEqual([addressAfter(start, 1)])
  await provisioningService.watch(app.root)
  const alerts = await app.as(provisioningService.listAlerts)
  expect(alerts.find(({ code }) => code === 'ip_pool_low')).toMatchObject({
    ref: pool.name,
    message: expect.stringContaining('2 of 2'),
  })
})

it('a pool goes when it is paused and nothing of it is held, and what was kept back goes with it', async () => {
  expect(await app.admin.call('DELETE', path())).toMatchObject({ status: 409 })
  await change({ state: 'paused' })
  expect(await app.admin.call('DELETE', path())).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('held by pods (') },
  })
  const other = { ...pool, name: 'short-lived', network: '10.88.0.0/24', gateway: '10.88.0.1' }
  const { clusterId, name, network, gateway } = other
  const range = { rangeStart: '10.88.0.10', rangeEnd: '10.88.0.20' }
  const made = await app.admin.post<IpPool>('/api/admin/provisioning/ip-pools', {
    clusterId,
    name,
    network,
    gateway,
    ...range,
  })
  pool = made.body
  expect(await keep('10.88.0.12')).toMatchObject({ status: 200 })
  await change({ state: 'paused' })
  expect(await app.admin.call('DELETE', path())).toMatchObject({ status: 204 })
  expect(await app.admin.get(path())).toMatchObject({ status: 404 })
})

it.each([
  ['192.0.2.254', 3, '192.0.3.1'],
  ['2001:db8::', 1, '2001:db8::1'],
  ['2001:db8::ffff', 1, '2001:db8::1:0'],
  ['2001:db8:0:0:1:0:0:1', 0, '2001:db8::1:0:0:1'],
])('the address behind %s by %i is %s', (first, offset, wanted) => {
  expect(addressAfter(first, offset)).toBe(wanted)
  expect(rangeSize(first, wanted)).toBe(offset + 1)
})

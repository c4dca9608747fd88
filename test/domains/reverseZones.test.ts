import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodAddress, CloudPodAddresses } from '../../shared/api/cloudPodAddresses.ts'
import type { KeptReverseZones } from '../../shared/api/dnsReverse.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { DnsServer } from '../../shared/api/dnsServers.ts'
import { reversePlace, reverseZonesOf } from '../../src/lib/dns/reverse.ts'
import * as dnsReverseService from '../../src/services/dnsReverseService.ts'
import type { Accepted as PodAccepted } from '../../src/services/cloudPodService.ts'
import { PODS } from '../cloudPods/faults.ts'
import { good } from '../rules/pods.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { servedBy, serverOf } from '../support/dnsZones.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { poolOf6 } from '../support/pools.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'

let app: TestApp
let pdns: PowerDns
let server: DnsServer
let pod: string
let v4: CloudPodAddress
let v6: CloudPodAddress
let pools: { v4: string; v6: string }
beforeAll(async () => {
  pdns = await startPowerDns()
  app = await startApp({ env: { ...LOOPBACK, MPANEL_DNS_SERVERS: pdns.address } })
  server = await serverOf(app, pdns)
  const tenantId = await app.tenant()
  await poolOf6(app)
  const { planId, blueprintId, hostname } = await prepareOrder(app.admin, tenantId, { kind: 'vm' })
  const made = await good(app.admin.post<PodAccepted>(PODS, { tenantId, planId, blueprintId, hostname }))
  await finished(app.admin, made.job.id)
  pod = made.cloudPod.id
  const { items } = (await app.admin.get<CloudPodAddresses>(`${PODS}/${pod}/addresses`)).body
  v4 = items.find(({ address }) => !address.includes(':')) as CloudPodAddress
  v6 = items.find(({ address }) => address.includes(':')) as CloudPodAddress
  pools = { v4: v4.pool?.id ?? '', v6: v6.pool?.id ?? '' }
}, 60_000)
afterAll(async () => {
  await app.close()
  await pdns.close()
})

const kept = (pool: string) => `/api/admin/provisioning/ip-pools/${pool}/reverse-zones/kept`
const name = (address: string, reverseName: string | null) =>
  app.admin.call<CloudPodAddress & Problem>('PATCH', `${PODS}/${pod}/addresses/${address}`, { reverseName })
const follow = () => app.as((ctx) => dnsReverseService.follow(ctx))
const now = async (pool: string) => (await app.admin.get<KeptReverseZones>(kept(pool))).body
/** The first zone of a pool, once all that was asked for is served. */
const rested = (pool: string) =>
  until(async () => {
    const [zone] = (await now(pool)).zones
    return zone?.state === 'applied' && zone.revision === zone.appliedRevision && zone
  }, 'the reverse zone to be served')
const look = async () => {
  await rowsOf(app, sql`update ip_addresses set reverse_look_at = null`)
  await dnsReverseService.lookDue(app.root)
}
/** A zone that others run, in which names lead to addresses. */
const forward = (records: Record<string, string>) =>
  pdns.call('PATCH', '/zones/example.org.', {
    rrsets: Object.entries(records).map(([label, content]) => ({
      name: `${label}.example.org.`,
      type: content.includes(':') ? 'AAAA' : 'A',
      ttl: 60,
      changetype: 'REPLACE',
      records: [{ content, disabled: false }],
    })),
  })

it('the zones of a network end at the borders of its labels, and hold all of its addresses', () => {
  expect(reverseZonesOf('192.0.2.0/24')).toEqual([{ zone: '2.0.192.in-addr.arpa.', network: '192.0.2.0/24' }])
  expect(reverseZonesOf('198.51.100.0/22').map(({ zone }) => zone)).toEqual(
    [100, 101, 102, 103].map((octet) => `${octet}.51.198.in-addr.arpa.`),
  )
  expect(reverseZonesOf('192.0.2.64/26')).toEqual([
    { zone: '64/26.2.0.192.in-addr.arpa.', network: '192.0.2.64/26' },
  ])
  expect(reverseZonesOf('192.0.2.9/32')).toEqual([{ zone: '2.0.192.in-addr.arpa.', network: '192.0.2.0/24' }])
  expect(reverseZonesOf('2001:db8::/46').map(({ network }) => network)).toHaveLength(4)
  for (const network of ['10.0.0.0/17', '192.0.2.128/25', '2001:db8::/32', '2001:db8:0:4::/62']) {
    const [address = '', prefix] = network.split('/')
    expect(reverseZonesOf(network)[0]?.zone).toBe(reversePlace(address, Number(prefix)).zone)
  }
})

it('names of addresses are served in the reverse zones of their pools, and go with the addresses', async () => {
  await good(name(v4.address, 'mail.example.org'))
  const asked = await app.admin.call<KeptReverseZones>('PUT', kept(pools.v4), { serverId: server.id })
  expect(asked.status).toBe(200)
  expect(asked.body.server).toEqual({ id: server.id, name: server.name })
  await good(app.admin.call('PUT', kept(pools.v6), {}))
  await good(name(v6.address, 'mail.example.org'))
  await follow()
  for (const [pool, { address, prefix }] of [
    [pools.v4, v4],
    [pools.v6, v6],
  ] as const) {
    const zone = await rested(pool)
    const at = reversePlace(address, Number(zone.network.split('/')[1] ?? prefix))
    expect(at.zone).toBe(zone.name)
    expect(await servedBy(pdns, zone.name.replaceAll('/', '=2F'))).toMatchObject({
      [`${at.name} PTR`]: ['mail.example.org.'],
      [`${zone.name} NS`]: server.nameServers,
    })
  }
  // Another name replaces it; none takes it away.
  await good(name(v6.address, 'mx.example.org'))
  await follow()
  const zone6 = await rested(pools.v6)
  expect(JSON.stringify(await servedBy(pdns, zone6.name))).toContain('mx.example.org.')
  await good(name(v6.address, null))
  await follow()
  await rested(pools.v6)
  expect(JSON.stringify(await servedBy(pdns, zone6.name))).not.toContain('PTR')
})

it('a name is confirmed when it leads back to its address; else it says what is wrong', async () => {
  const [zone] = (await now(pools.v4)).zones
  await pdns.call('POST', '/zones', { name: 'example.org.', kind: 'Native', nameservers: [] })
  const seen = async () => (await now(pools.v4)).names.find(({ address }) => address === v4.address)
  expect(await seen()).toMatchObject({ state: 'unseen', message: null })
  await look()
  expect(await seen()).toMatchObject({
    state: 'no_address',
    message: expect.stringContaining('has no address'),
  })
  await forward({ mail: '192.0.2.250' })
  await look()
  expect(await seen()).toMatchObject({ state: 'elsewhere', message: expect.stringContaining('192.0.2.250') })
  await forward({ mail: v4.address })
  await look()
  expect(await seen()).toMatchObject({ state: 'confirmed', message: null })
  const { items } = (await app.admin.get<CloudPodAddresses>(`${PODS}/${pod}/addresses`)).body
  expect(items.find(({ address }) => address === v4.address)?.reverse).toEqual({
    state: 'confirmed',
    message: null,
  })
  await pdns.stop()
  await look()
  expect(await seen()).toMatchObject({ state: 'unknown', message: expect.stringContaining('did not answer') })
  await pdns.start()
  expect(zone?.state).toBe('applied')
})

it('what others change in a reverse zone is changed back when asked, and a released address has no name', async () => {
  const { name: zone } = await rested(pools.v4)
  const at = reversePlace(v4.address, Number((await rested(pools.v4)).network.split('/')[1])).name
  await pdns.call('PATCH', `/zones/${zone}`, {
    rrsets: [{ name: at, type: 'PTR', changetype: 'DELETE' }],
  })
  await good(app.admin.post(`${kept(pools.v4)}/apply`, {}))
  await rested(pools.v4)
  expect(await servedBy(pdns, zone)).toMatchObject({ [`${at} PTR`]: ['mail.example.org.'] })
  await rowsOf(
    app,
    sql`update ip_addresses set state = 'quarantined', pod_id = null, reverse_name = null, is_primary = false,
      until = now() where host(address) = ${v4.address}`,
  )
  await follow()
  await rested(pools.v4)
  expect(await servedBy(pdns, zone)).not.toHaveProperty([`${at} PTR`])
})

it('zones that no pool needs any more are taken off their server; what is not kept cannot be let go', async () => {
  expect(await app.admin.call('PUT', kept(pools.v4), {})).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
  const { name: zone } = await rested(pools.v4)
  const gone = await app.admin.call<KeptReverseZones>('DELETE', kept(pools.v4))
  expect(gone).toMatchObject({ status: 200, body: { server: null, zones: [] } })
  await until(async () => Object.keys(await servedBy(pdns, zone)).length === 0, 'the zone to be gone')
  for (const [method, path] of [
    ['DELETE', kept(pools.v4)],
    ['POST', `${kept(pools.v4)}/apply`],
  ] as const)
    expect(await app.admin.call(method, path, {})).toMatchObject({ status: 409 })
  // The zone of the other pool stands.
  expect((await rested(pools.v6)).state).toBe('applied')
})

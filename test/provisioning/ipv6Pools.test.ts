import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodAddresses } from '../../shared/api/cloudPodAddresses.ts'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { QuotaView } from '../../shared/api/tenants.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { podIn } from '../rules/pods.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { poolOf6 } from '../support/pools.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

type Problem = { code: string; detail: string; errors?: { path: string }[] }
const POOLS = '/api/admin/provisioning/ip-pools'
const pauseAll = () => rowsOf(app, sql`update ip_pools set state = 'paused' where family(network) = 6`)
const addressesOf = async (tenant = tenantId): Promise<string[]> =>
  (await podIn(app, tenant)).cloudPod.addresses

it('a pod gets an IPv6 address beside its IPv4 one where a pool is on the same bridge and VLAN, whatever pools are named', async () => {
  await poolOf6(app, {
    name: 'a-first',
    vlan: 12,
    network: '2001:db8:9::/64',
    rangeStart: '2001:db8:9::5',
    rangeEnd: '2001:db8:9::9',
  })
  expect(await addressesOf()).toEqual([expect.stringMatching(/^192\.0\.2\./)])
  const pool = await poolOf6(app, { name: 'a-second' })
  expect(pool).toMatchObject({ size: null, podPrefix: null })
  // The first address of a network is that of its routers.
  expect(await addressesOf()).toEqual([expect.stringMatching(/^192\.0\.2\./), '2001:db8:1::1'])
  expect(await addressesOf()).toEqual([expect.stringMatching(/^192\.0\.2\./), '2001:db8:1::2'])
  await pauseAll()
  expect(await addressesOf()).toHaveLength(1)
})

it('a pool of /64s gives each pod the first address of the next one, and is used up with its last', async () => {
  const range = { network: '2001:db8:2::/48', rangeStart: '2001:db8:2:a::7', rangeEnd: '2001:db8:2:b::' }
  const pool = await poolOf6(app, { name: 'whole', podPrefix: 64, ...range })
  expect(pool).toMatchObject({ rangeStart: '2001:db8:2:a::1', rangeEnd: '2001:db8:2:b::1', size: 2 })
  const { cloudPod } = await podIn(app, tenantId)
  const path = `/api/admin/hosting/cloudpods/${cloudPod.id}/addresses`
  const { items } = (await app.admin.get<CloudPodAddresses>(path)).body
  expect(items[1]).toMatchObject({ address: '2001:db8:2:a::1', prefix: 64, gateway: 'fe80::1' })
  const keep = (address: string) =>
    app.admin.post<Problem>(`${POOLS}/${pool.id}/addresses`, { address, note: 'a router' })
  expect(await keep('2001:db8:2:b::2')).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'address' }] },
  })
  expect((await addressesOf())[1]).toBe('2001:db8:2:b::1')
  expect(await addressesOf()).toHaveLength(1)
  await provisioningService.watch(app.root)
  const alerts = await app.as(provisioningService.listAlerts)
  expect(alerts.filter(({ code }) => code === 'ip_pool_low').map(({ ref }) => ref)).toEqual(['whole'])
  await pauseAll()
})

it.each([
  [
    'network',
    { network: '192.0.2.0/25', gateway: '192.0.2.1', rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' },
  ],
  ['network', { network: '2001:db8:3::/64' }],
  ['gateway', { network: '2001:db8:3::/48', gateway: '2001:db8:3::1' }],
  ['rangeEnd', { network: '2001:db8:3::/48', rangeEnd: '192.0.2.9' }],
])('a pool of /64s must be one: its %s is refused otherwise', async (path, wrong) => {
  const body = {
    clusterId: app.clusterId,
    name: 'wrong',
    podPrefix: 64,
    gateway: 'fe80::1',
    rangeStart: '2001:db8:3:1::1',
    rangeEnd: '2001:db8:3:2::1',
    ...wrong,
  }
  expect(await app.admin.post<Problem>(POOLS, body)).toMatchObject({
    status: 422,
    body: { code: 'invalid_input', errors: [{ path }] },
  })
})

it('a pool of a cluster with IPv6 alone gives pods their only address', async () => {
  const { items } = (await app.admin.get<{ items: IpPool[] }>(POOLS)).body
  const v4 = items.filter(({ network }) => !network.includes(':')).map(({ id }) => id)
  await rowsOf(app, sql`update ip_pools set state = 'paused' where id = any (${v4}::uuid[])`)
  await poolOf6(app, {
    name: 'alone',
    network: '2001:db8:4::/64',
    rangeStart: '2001:db8:4::a',
    rangeEnd: '2001:db8:4::ff',
  })
  expect(await addressesOf()).toEqual(['2001:db8:4::a'])
  await rowsOf(app, sql`update ip_pools set state = 'active' where id = any (${v4}::uuid[])`)
})

it('of twenty pods with two addresses each ordered at once, a quota of five addresses lets exactly two through', async () => {
  const tenant = await app.tenant()
  const path = `/api/admin/tenants/${tenant}/quotas`
  expect((await app.admin.get<QuotaView>(path)).body.limits?.maxAddresses).toEqual({
    limit: null,
    used: 0,
    origin: 'default',
  })
  expect((await app.admin.call('PATCH', path, { maxAddresses: 5 })).status).toBe(200)
  const orders = await Promise.allSettled(Array.from({ length: 20 }, () => podIn(app, tenant)))
  const reasons = orders.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  expect(reasons).toHaveLength(18)
  for (const reason of reasons) expect(reason).toMatch(/quota_exceeded.*addresses [45] \+ 1 > 5/)
  const { limits, miscounted } = (await app.admin.get<QuotaView>(path)).body
  expect(limits?.maxAddresses).toEqual({ limit: 5, used: 4, origin: 'platform' })
  expect(miscounted).toEqual([])
  await rowsOf(
    app,
    sql`delete from ip_addresses where tenant_id = ${tenant} and not is_primary
      and pod_id = (select min(pod_id::text)::uuid from ip_addresses where tenant_id = ${tenant})`,
  )
  const { body } = await app.admin.get<QuotaView>(path)
  expect(body.miscounted).toMatchObject([{ problem: 'counted_otherwise' }])
})

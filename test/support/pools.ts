import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { TestApp } from './app.ts'

/** An IPv6 pool on the bridge of the pods, or what is said of it. */
export async function poolOf6(app: TestApp, more: Record<string, unknown> = {}): Promise<IpPool> {
  const { status, body } = await app.admin.post<IpPool>('/api/admin/provisioning/ip-pools', {
    clusterId: app.clusterId,
    name: 'v6',
    network: '2001:db8:1::/64',
    gateway: 'fe80::1',
    rangeStart: '2001:db8:1::',
    rangeEnd: '2001:db8:1:0:ffff:ffff:ffff:ffff',
    dnsServers: ['2001:db8:1::53'],
    ...more,
  })
  if (status !== 201) throw new Error(`no pool: ${JSON.stringify(body)}`)
  return body
}

import type { ZoneAccepted } from '../../shared/api/dnsZones.ts'
import { finished, startApp, type TestApp } from './app.ts'
import { serverOf, zoneNow, type BegunZone } from './dnsZones.ts'
import { startPowerDns, type PowerDns } from './powerdns.ts'

type Rrset = { name: string; type: string; contents: string[]; ttl?: number }

/** Two real PowerDNS at one port: ours, and another that is the world above it: parent, resolver, and others' name server. */
export type WorldDns = {
  app: TestApp
  ours: PowerDns
  above: PowerDns
  /** Where ours and the other one answer. */
  OURS: string
  ABOVE: string
  /** What stands above, from now on; no contents: nothing. */
  publish(zone: string, ...rrsets: Rrset[]): Promise<void>
  /** Where ns1 and ns2.example.net are. */
  hosts(ns1: string, ns2: string): Promise<void>
  close(): Promise<void>
}

const [OURS, ABOVE] = ['127.0.0.1', '127.0.0.2']

export async function startWorldDns(): Promise<WorldDns> {
  const ours = await startPowerDns()
  const port = Number(ours.address.split(':')[1])
  const above = await startPowerDns({ host: ABOVE, dnsPort: port })
  const app = await startApp({
    env: {
      MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8',
      MPANEL_DNS_SERVERS: above.address,
      MPANEL_DNS_PORT: String(port),
    },
  })
  await serverOf(app, ours)
  for (const zone of ['example.', 'example.com.', 'example.net.'])
    await made(above.call('POST', '/zones', { name: zone, kind: 'Native', nameservers: ['a.example.net.'] }))
  const publish: WorldDns['publish'] = (zone, ...rrsets) =>
    made(
      above.call('PATCH', `/zones/${zone}`, {
        rrsets: rrsets.map(({ contents, ttl = 3_600, ...one }) => ({
          ...one,
          ttl,
          changetype: contents.length > 0 ? 'REPLACE' : 'DELETE',
          records: contents.map((content) => ({ content, disabled: false })),
        })),
      }),
    )
  const hosts: WorldDns['hosts'] = (ns1, ns2) =>
    publish(
      'example.net.',
      { name: 'a.example.net.', type: 'A', contents: [ABOVE] },
      { name: 'ns1.example.net.', type: 'A', contents: [ns1] },
      { name: 'ns2.example.net.', type: 'A', contents: [ns2] },
    )
  await hosts(OURS, OURS)
  const close = async (): Promise<void> => {
    await app.close()
    await Promise.all([ours.close(), above.close()])
  }
  return { app, ours, above, OURS, ABOVE, publish, hosts, close }
}

async function made(call: ReturnType<PowerDns['call']>): Promise<void> {
  const { status, body } = await call
  if (status >= 300) throw new Error(JSON.stringify(body))
}

/** The zone after a look that was asked for. */
export async function looked(app: TestApp, zone: BegunZone) {
  const { status, body } = await app.admin.post<ZoneAccepted>(`${zone.path}/zone/look`, {})
  if (status !== 202) throw new Error(JSON.stringify(body))
  await finished(app.admin, body.job?.id ?? '')
  return zoneNow(app, zone)
}

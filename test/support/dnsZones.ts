import type { DnsServer } from '../../shared/api/dnsServers.ts'
import type { Domain } from '../../shared/api/domains.ts'
import type { Zone, ZoneAccepted } from '../../shared/api/dnsZones.ts'
import { newId } from '../../src/lib/ids.ts'
import { finished, until, type TestApp } from './app.ts'
import type { PowerDns } from './powerdns.ts'

const DOMAINS = '/api/admin/domains'
export const NAME_SERVERS = ['ns1.example.net.', 'ns2.example.net.']

/** Makes a PowerDNS the one that zones are begun on. The app must be allowed to reach the loopback. */
export async function serverOf(app: TestApp, pdns: PowerDns): Promise<DnsServer> {
  const { status, body } = await app.admin.post<DnsServer>(`${DOMAINS}/dns-servers`, {
    name: `PowerDNS ${newId().slice(-12)}`,
    url: pdns.url,
    apiKey: pdns.apiKey,
    nameServers: NAME_SERVERS,
    queryAddresses: [pdns.address],
    hostmaster: 'hostmaster@example.net',
    isDefault: true,
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body
}

export type BegunZone = { domainId: string; tenantId: string; zoneId: string; name: string; path: string }

/** A domain that is known to be a tenant's, with a zone that waits for a worker. */
export async function zoneIn(app: TestApp, tenantId: string): Promise<BegunZone & { jobId: string }> {
  const name = `z${newId().slice(-12)}.example.com`
  const { id } = (await app.admin.post<Domain>(DOMAINS, { tenantId, name })).body
  const path = `${DOMAINS}/${id}`
  await app.admin.post(`${path}/trust`, { reason: 'Known from before' })
  const { status, body } = await app.admin.post<ZoneAccepted>(`${path}/zone`, {})
  if (status !== 202) throw new Error(JSON.stringify(body))
  return { domainId: id, tenantId, zoneId: body.zone.id, name: `${name}.`, path, jobId: body.job?.id ?? '' }
}

/** The same, served. */
export async function servedZone(app: TestApp, tenantId: string): Promise<BegunZone> {
  const { jobId, ...zone } = await zoneIn(app, tenantId)
  await finished(app.admin, jobId)
  return zone
}

export const zoneNow = async (app: TestApp, { path }: BegunZone): Promise<Zone> =>
  (await app.admin.get<Zone>(`${path}/zone`)).body

/** The zone once all that was asked for is served, or it is in the state named. */
export const resting = (app: TestApp, zone: BegunZone, state: Zone['state'] = 'applied'): Promise<Zone> =>
  until(async () => {
    const now = await zoneNow(app, zone)
    return now.state === state && (state !== 'applied' || now.appliedRevision === now.revision) && now
  }, `the zone ${zone.name} to be ${state}`)

type Served = { name: string; type: string; ttl: number; records: { content: string }[] }

/** What PowerDNS has: contents by name and type. */
export async function servedBy(pdns: PowerDns, name: string): Promise<Record<string, string[]>> {
  const { status, body } = await pdns.call('GET', `/zones/${name}`)
  if (status !== 200) return {}
  const { rrsets } = body as { rrsets: Served[] }
  return Object.fromEntries(
    rrsets.map((one) => [`${one.name} ${one.type}`, one.records.map(({ content }) => content).toSorted()]),
  )
}

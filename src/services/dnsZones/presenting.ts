import type { Zone } from '../../../shared/api/dnsZones.ts'
import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import type { DomainZoneRow, ZoneRow } from '../../db/dnsZones.ts'
import type { DelegationSeen } from '../../integrations/dns/types.ts'
import { dsSetOf, type DnsKey } from '../../lib/dns/dnssec.ts'

/** A zone as it is answered. Which server it is on is told to those who run it; to others, its name servers. */
export async function present(ctx: Ctx, zone: DomainZoneRow): Promise<Zone> {
  const server = await servers.find(ctx.tx, zone.server_id)
  return {
    id: zone.id,
    domainId: zone.domain_id,
    name: zone.name,
    state: zone.state,
    policy: zone.policy,
    defaultTtl: zone.default_ttl,
    revision: zone.desired_revision,
    appliedRevision: zone.applied_revision,
    appliedAt: zone.applied_at?.toISOString() ?? null,
    serial: zone.remote_serial?.toString() ?? null,
    checkedAt: zone.checked_at?.toISOString() ?? null,
    error: shownError(ctx, zone.error as Zone['error']),
    drift: zone.drift as Zone['drift'],
    nameServers: server?.name_servers ?? [],
    delegation: delegationOf(zone),
    spfLookups: zone.spf_lookups as Zone['spfLookups'],
    dnssec: {
      state: zone.dnssec,
      signs: server?.kind === 'powerdns',
      since: zone.dnssec_since?.toISOString() ?? null,
      until: zone.dnssec_until?.toISOString() ?? null,
      words: zone.dnssec_words,
      ds: dsSetOf(zone.name, zone.dnssec_keys as DnsKey[]),
    },
    server: ctx.seesInfrastructure ? (server?.name ?? '') : '',
    createdAt: zone.created_at.toISOString(),
  }
}

/** What a server says of records is for whoever has written them; why it cannot be reached is not. */
const shownError = (ctx: Ctx, error: Zone['error']): Zone['error'] =>
  error?.code === 'unreachable' && !ctx.seesInfrastructure
    ? { ...error, message: 'The DNS server does not answer at the moment. It is tried again.' }
    : error

/** As it was seen last. */
function delegationOf(zone: ZoneRow): Zone['delegation'] {
  const seen = zone.delegation_seen as (DelegationSeen & Pick<Zone['delegation'], 'findings'>) | null
  return {
    state: zone.delegation,
    checkedAt: zone.watched_at?.toISOString() ?? null,
    parent: seen?.parent ?? null,
    nameServers: [...new Set((seen?.parents ?? []).flatMap(({ nameServers }) => nameServers))],
    servers: (seen?.servers ?? []).map(({ host, addresses, serial, fault, lame, signed }) => ({
      host,
      addresses,
      serial,
      ok: fault === null && !lame,
      signed,
    })),
    findings: seen?.findings ?? [],
  }
}

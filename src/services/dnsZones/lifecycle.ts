import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import type { DnsServerRow } from '../../db/dnsServers.ts'
import * as db from '../../db/dnsZones.ts'
import type { DomainZoneRow, ZoneRow } from '../../db/dnsZones.ts'
import { violatedConstraint } from '../../db/index.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { canZone } from '../../../shared/states/domainZone.ts'
import * as auditService from '../auditService.ts'
import * as dnsQueues from '../dnsQueues.ts'
import { edit, lockZone, targetOf, type Edited } from './editing.ts'

/** The name servers of a zone are its server's business. */
const NAME_SERVERS = { managedBy: 'system', owner: 'nameservers' } as const

/** The zone of a domain. @throws AppError not_found */
export async function zoneOf(ctx: Ctx, tenantId: string, domainId: string): Promise<DomainZoneRow> {
  const zone = await db.ofDomain(ctx.tx, tenantId, domainId)
  if (!zone) throw notFound('zone: the domain has none here')
  return zone
}

/** The same, which nobody else changes until the transaction ends. @throws AppError not_found */
export async function lockZoneOf(ctx: Ctx, tenantId: string, domainId: string): Promise<DomainZoneRow> {
  const { id } = await zoneOf(ctx, tenantId, domainId)
  const zone = await db.lock(ctx.tx, id)
  if (!zone || !db.isOfDomain(zone) || zone.ended_at !== null)
    throw notFound('zone: the domain has none here')
  return zone
}

/** The server named, or the one that zones are begun on. @throws AppError not_found, invalid_state */
export async function serverFor(ctx: Ctx, id: string | null): Promise<DnsServerRow> {
  // Who may not see the servers does not choose one.
  const isSeen = id !== null && ctx.seesInfrastructure === true
  const found =
    id === null ? await servers.findDefault(ctx.tx) : isSeen ? await servers.share(ctx.tx, id) : null
  if (!found && id !== null) throw notFound('DNS server')
  if (!found)
    throw new AppError(
      'invalid_state',
      'There is no DNS server for zones yet: the operator of the platform adds one.',
    )
  if (found.name_servers.length === 0)
    throw new AppError(
      'invalid_state',
      `${found.name} has no name servers yet that customers can delegate to.`,
    )
  return found
}

/**
 * Begins the zone of a domain whose ownership is proven: with the name servers of its server, and nothing else.
 * @throws AppError not_found, invalid_state, already_exists
 */
export async function begin(
  ctx: Ctx,
  tenantId: string,
  domainId: string,
  { serverId }: { serverId: string | null },
): Promise<{ zone: DomainZoneRow; edited: Edited }> {
  const domain = await db.shareDomain(ctx.tx, tenantId, domainId)
  if (!domain || domain.ended_at !== null) throw notFound('domain')
  requireAllowed(canZone.begin({ verified: domain.verified_at !== null }))
  const server = await serverFor(ctx, serverId)
  const about = { tenant_id: tenantId, domain_id: domainId, name: `${domain.name}.` }
  const edited = await beginOn(ctx, server, about)
  return { zone: await zoneOf(ctx, tenantId, domainId), edited }
}

/** Of a domain, or of a network. */
type About =
  | { name: string; tenant_id: string; domain_id: string }
  | { name: string; network: string; policy: 'enforce' }

/** A zone with the name servers of its server. @throws AppError already_exists */
export async function beginOn(ctx: Ctx, server: DnsServerRow, about: About): Promise<Edited> {
  const id = newId()
  const zone = { ...about, id, server_id: server.id, desired_revision: 0, created_at: ctx.now() }
  await db.insert(ctx.tx, zone).catch((error: unknown) => {
    const constraint = violatedConstraint(error)
    if (constraint === 'dns_zones_domain' || constraint === 'dns_zones_once')
      throw new AppError(
        'already_exists',
        `There is a zone ${about.name.slice(0, -1)} already, or it is still being removed.`,
      )
    throw error
  })
  const row = await lockZone(ctx, id)
  return edit(ctx, row, [nameServersEdit(row, server)], { cause: 'begun' })
}

const nameServersEdit = (zone: ZoneRow, server: DnsServerRow) => ({
  name: zone.name,
  type: 'NS',
  ...NAME_SERVERS,
  after: { ttl: zone.default_ttl, contents: server.name_servers, comment: '', expiresAt: null },
})

/** Ends a zone: it is taken off its server, and what it held is forgotten once that is proven. */
export async function end(ctx: Ctx, tenantId: string, domainId: string): Promise<{ jobId: string }> {
  return endZone(ctx, await lockZoneOf(ctx, tenantId, domainId))
}

/** The same, of a zone whose row is locked. @throws AppError invalid_state */
export async function endZone(ctx: Ctx, zone: ZoneRow): Promise<{ jobId: string }> {
  requireAllowed(canZone.end({ state: zone.state }))
  await db.update(ctx.tx, zone.id, { state: 'ending', error: null })
  await auditService.record(ctx, {
    action: 'DNS_ZONE_ENDED',
    tenantId: zone.tenant_id,
    target: targetOf(zone),
    details: { domainId: zone.domain_id },
  })
  const { id: jobId } = await dnsQueues.enqueueRemove(ctx, zone)
  return { jobId }
}

/** Has a zone served again that nobody has edited. @returns the job */
export async function applyAgain(ctx: Ctx, zone: ZoneRow, everything: boolean): Promise<string> {
  await db.update(ctx.tx, zone.id, { state: 'pending', error: null })
  const { id } = await dnsQueues.enqueueApply(ctx, zone, { revision: zone.desired_revision, everything })
  return id
}

const AT_ONCE = 200

/** Zones follow when the name servers of their server change. */
export async function followNameServers(ctx: Ctx): Promise<void> {
  for (const { id } of await db.withOtherNameServers(ctx.tx, AT_ONCE)) {
    const zone = await db.lock(ctx.tx, id)
    const server = zone && (await servers.find(ctx.tx, zone.server_id))
    if (zone && server && canZone.edit({ state: zone.state }).allowed)
      await edit(ctx, zone, [nameServersEdit(zone, server)], { cause: 'nameServers' })
  }
}

import type { z } from 'zod'
import type { Zone, ZoneAccepted, zoneUpdate } from '../../../shared/api/dnsZones.ts'
import { canDnssec } from '../../../shared/states/domainDnssec.ts'
import { canZone } from '../../../shared/states/domainZone.ts'
import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import * as db from '../../db/dnsZones.ts'
import { requireAllowed } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as dnsQueues from '../dnsQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { targetOf } from './editing.ts'
import * as lifecycle from './lifecycle.ts'
import { lockZoneOf, zoneOf } from './lifecycle.ts'
import { present } from './presenting.ts'

/** What a user does with a zone as a whole. */
type Of = { tenantId: string; domainId: string }

/** @throws AppError not_found */
export const getZone = async (ctx: Ctx, { tenantId, domainId }: Of): Promise<Zone> =>
  present(ctx, await zoneOf(ctx, tenantId, domainId))

/** The same; null where there is none. */
export async function findZone(ctx: Ctx, { tenantId, domainId }: Of): Promise<Zone | null> {
  const zone = await db.ofDomain(ctx.tx, tenantId, domainId)
  return zone ? present(ctx, zone) : null
}

/** @throws AppError as `begin` */
export async function beginZone(ctx: Ctx, of: Of, body: { serverId: string | null }): Promise<ZoneAccepted> {
  const { zone, edited } = await lifecycle.begin(ctx, of.tenantId, of.domainId, body)
  return accepted(ctx, zone.id, edited.jobId)
}

/**
 * Whether a domain may leave its zone: not while its keys are looked for.
 * @param hosts what it is to be delegated to instead; the zone's own name servers are no leaving
 * @throws AppError invalid_state
 */
export async function requireLeaving(
  ctx: Ctx,
  { tenantId, domainId }: Of,
  hosts: readonly string[] = [],
): Promise<void> {
  const zone = await db.ofDomain(ctx.tx, tenantId, domainId)
  if (!zone) return
  const server = await servers.find(ctx.tx, zone.server_id)
  const isOurs = hosts.length > 0 && hosts.every((host) => server?.name_servers.includes(host))
  if (!isOurs) requireAllowed(canDnssec.leave({ state: zone.dnssec }))
}

/** @throws AppError not_found, invalid_state */
export async function endZone(ctx: Ctx, of: Of): Promise<ZoneAccepted> {
  const zone = await zoneOf(ctx, of.tenantId, of.domainId)
  requireAllowed(canDnssec.leave({ state: zone.dnssec }))
  const { jobId } = await lifecycle.end(ctx, of.tenantId, of.domainId)
  return accepted(ctx, zone.id, jobId)
}

/** Of a domain that goes: its zone goes with it. */
export async function endZoneIfAny(ctx: Ctx, { tenantId, domainId }: Of): Promise<void> {
  const zone = await db.ofDomain(ctx.tx, tenantId, domainId)
  if (zone && canZone.end({ state: zone.state }).allowed) await lifecycle.end(ctx, tenantId, domainId)
}

/** All that a tenant has, when it is closed. */
export async function endZonesOf(ctx: Ctx, tenantId: string): Promise<void> {
  for (const { domain_id: domainId } of await db.standingOf(ctx.tx, tenantId))
    await lifecycle.end(ctx, tenantId, domainId)
}

async function accepted(ctx: Ctx, zoneId: string, jobId: string | null): Promise<ZoneAccepted> {
  const zone = await db.find(ctx.tx, zoneId)
  if (!zone || !db.isOfDomain(zone)) throw new Error('the zone was there a moment ago')
  return {
    zone: await present(ctx, zone),
    job: jobId === null ? null : await provisioningService.getJob(ctx, jobId),
  }
}

/** @throws AppError not_found, invalid_state */
export async function updateZone(ctx: Ctx, of: Of, body: z.infer<typeof zoneUpdate>): Promise<Zone> {
  const zone = await lockZoneOf(ctx, of.tenantId, of.domainId)
  requireAllowed(canZone.edit({ state: zone.state }))
  await db.update(ctx.tx, zone.id, {
    policy: body.policy ?? zone.policy,
    default_ttl: body.defaultTtl ?? zone.default_ttl,
  })
  await auditService.record(ctx, {
    action: 'DNS_ZONE_SETTINGS_CHANGED',
    tenantId: of.tenantId,
    target: targetOf(zone),
    diff: auditService.diffOf({ policy: zone.policy, defaultTtl: zone.default_ttl }, body),
    details: { domainId: of.domainId },
  })
  return getZone(ctx, of)
}

/** Has the zone served again; with everything, others' changes on the server are overwritten. */
export async function applyZone(
  ctx: Ctx,
  of: Of,
  { everything }: { everything: boolean },
): Promise<ZoneAccepted> {
  const zone = await lockZoneOf(ctx, of.tenantId, of.domainId)
  requireAllowed(canZone.apply({ state: zone.state }))
  await asked(ctx, of, zone, { everything })
  return accepted(ctx, zone.id, await lifecycle.applyAgain(ctx, zone, everything))
}

/** Takes over what others have changed on the server. @throws AppError not_found, invalid_state */
export async function adoptZone(ctx: Ctx, of: Of): Promise<ZoneAccepted> {
  const zone = await lockZoneOf(ctx, of.tenantId, of.domainId)
  requireAllowed(canZone.adopt({ state: zone.state }))
  await asked(ctx, of, zone, { adopt: true })
  const { id } = await dnsQueues.enqueueCompare(ctx, zone, true)
  return accepted(ctx, zone.id, id)
}

const asked = (
  ctx: Ctx,
  of: Of,
  zone: { id: string; name: string },
  details: Record<string, unknown>,
): Promise<void> =>
  auditService.record(ctx, {
    action: 'DNS_ZONE_APPLY_REQUESTED',
    tenantId: of.tenantId,
    target: targetOf(zone),
    details: { domainId: of.domainId, ...details },
  })

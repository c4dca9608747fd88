import type { ZoneAccepted } from '../../shared/api/dnsZones.ts'
import { canDnssec } from '../../shared/states/domainDnssec.ts'
import { canZone } from '../../shared/states/domainZone.ts'
import type { Ctx } from '../context.ts'
import * as servers from '../db/dnsServers.ts'
import * as db from '../db/dnsZones.ts'
import type { ZoneRow } from '../db/dnsZones.ts'
import * as operations from '../db/domainOperations.ts'
import { notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as dnsQueues from './dnsQueues.ts'
import * as dnsZoneService from './dnsZoneService.ts'
import * as domainService from './domainService.ts'
import * as provisioningService from './provisioningService.ts'

/** What the world sees of zones, and how they come to be signed. See docs/modules/dns.md. */
export { noteHindrance, noteKeys, signingOf } from './dnsWatch/keys.ts'
export { countLookups } from './dnsWatch/spf.ts'
export { noteSeen, subjectOf, watchDue } from './dnsWatch/watching.ts'

type Of = { tenantId: string; domainId: string }

/** The domain first: whoever orders something about it does so as well. @throws AppError not_found */
async function lockZone(ctx: Ctx, { tenantId, domainId }: Of): Promise<ZoneRow> {
  await domainService.lockDomain(ctx, tenantId, domainId)
  const found = await db.ofDomain(ctx.tx, tenantId, domainId)
  const zone = found && (await db.lock(ctx.tx, found.id))
  if (!zone) throw notFound('zone: the domain has none here')
  return zone
}

const accepted = async (ctx: Ctx, of: Of, jobId: string): Promise<ZoneAccepted> => ({
  zone: await dnsZoneService.getZone(ctx, of),
  job: await provisioningService.getJob(ctx, jobId),
})

const say = (ctx: Ctx, zone: ZoneRow, action: string, diff: Record<string, [unknown, unknown]> = {}) =>
  auditService.record(ctx, {
    action,
    tenantId: zone.tenant_id,
    target: { type: 'dnsZone', id: zone.id, label: zone.name.slice(0, -1) },
    diff,
    details: { domainId: zone.domain_id },
  })

/**
 * Has a zone signed, or its signing ended, in the order that keeps the domain found all the time.
 * @throws AppError not_found, invalid_state
 */
export async function switchDnssec(ctx: Ctx, of: Of, on: boolean): Promise<ZoneAccepted> {
  const zone = await lockZone(ctx, of)
  const server = await servers.find(ctx.tx, zone.server_id)
  const going = zone.state === 'ending'
  const subject = { state: zone.dnssec, signs: server?.kind === 'powerdns', going }
  requireAllowed(on ? canDnssec.switchOn(subject) : canDnssec.switchOff(subject))
  const to = on ? 'signing' : 'removing_ds'
  await db.update(ctx.tx, zone.id, {
    dnssec: to,
    dnssec_since: ctx.now(),
    dnssec_until: null,
    dnssec_operation_id: null,
    dnssec_words: null,
  })
  await say(ctx, zone, 'DNSSEC_CHANGED', { dnssec: [zone.dnssec, to] })
  const { id } = on
    ? await dnsQueues.enqueueSign(ctx, zone, newId())
    : await dnsQueues.enqueueWatch(ctx, zone)
  return accepted(ctx, of, id)
}

/** Looks now instead of later; what a registry has refused is asked anew. @throws AppError not_found, invalid_state */
export async function lookNow(ctx: Ctx, of: Of): Promise<ZoneAccepted> {
  const zone = await lockZone(ctx, of)
  requireAllowed(canZone.apply({ state: zone.state }))
  const operation =
    zone.dnssec_operation_id === null
      ? undefined
      : await operations.find(ctx.tx, of.tenantId, zone.dnssec_operation_id)
  if (operation?.state === 'rejected') await db.update(ctx.tx, zone.id, { dnssec_operation_id: null })
  await say(ctx, zone, 'DNS_LOOK_REQUESTED')
  const { id } = await dnsQueues.enqueueWatch(ctx, zone)
  return accepted(ctx, of, id)
}

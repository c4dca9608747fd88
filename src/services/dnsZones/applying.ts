import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import type { DnsServerRow } from '../../db/dnsServers.ts'
import * as db from '../../db/dnsZones.ts'
import type { ZoneRow } from '../../db/dnsZones.ts'
import { notFound } from '../../errors.ts'
import type { DnsServerConnection, NewZone, Rrset } from '../../integrations/dnsServers/types.ts'
import { mailboxOf } from '../../lib/dns/reverse.ts'
import * as auditService from '../auditService.ts'
import { targetOf } from './editing.ts'
import { keyOf, rrsetsOf, type PlannedChange } from './planning.ts'

/** How jobs see a zone, and what they write down of what came of it. */

export const sealedFor = (id: string): string => `dnsServer:${id}`

/** How to reach a server, its key opened. Never for an answer. */
export function connectionOf(ctx: Ctx, row: DnsServerRow): DnsServerConnection {
  if (row.kind === 'zonefiles' || row.url === null || row.api_key_sealed === null)
    return { kind: 'zonefiles' }
  return {
    kind: 'powerdns',
    url: row.url,
    apiKey: ctx.sealer.open(row.api_key_sealed, sealedFor(row.id)),
    serverId: row.server_id,
    ...(row.ca_pem === null ? {} : { ca: row.ca_pem }),
  }
}

export type Desired = {
  zone: ZoneRow
  connection: DnsServerConnection
  /** All that the zone is to hold. */
  rrsets: Rrset[]
  /** What was asked for since the server was last proven to serve the zone, by name and type. */
  asked: ReadonlySet<string>
  /** The zone as it is made where it is not there. */
  created: NewZone
}

/** What a zone is to hold now. @returns null for one that is being removed, or gone */
export async function desired(ctx: Ctx, zoneId: string): Promise<Desired | null> {
  const zone = await db.find(ctx.tx, zoneId)
  if (!zone || zone.state === 'ending' || zone.state === 'ended') return null
  const server = await servers.find(ctx.tx, zone.server_id)
  if (!server) throw notFound('DNS server')
  const rrsets = rrsetsOf(await db.servedRecords(ctx.tx, zoneId))
  const since = await db.changedAfter(ctx.tx, zoneId, zone.applied_revision)
  return {
    zone,
    connection: connectionOf(ctx, server),
    rrsets,
    asked: new Set(since.map(keyOf)),
    created: {
      name: zone.name,
      owner: zone.id,
      primary: server.name_servers[0] ?? zone.name,
      contact: mailboxOf(server.hostmaster),
      rrsets,
    },
  }
}

/** A difference that is shown, not mended; of a long list the beginning. */
export type Drift = { total: number; missing: boolean; changes: PlannedChange[]; reason: string | null }
const SHOWN = 200

export const driftOf = (
  changes: readonly PlannedChange[],
  more: { missing?: boolean; reason?: string | null } = {},
): Drift | null =>
  changes.length === 0 && more.missing !== true
    ? null
    : {
        total: changes.length,
        missing: more.missing ?? false,
        changes: changes.slice(0, SHOWN),
        reason: more.reason ?? null,
      }

export type Applied = {
  revision: number
  serial: number
  written: number
  /** It was not there before: of what was set about it there nothing is left. */
  made: boolean
  drift: Drift | null
}

/** What was read back is what is wanted. A revision that came meanwhile has a job of its own. */
export async function noteApplied(ctx: Ctx, zoneId: string, applied: Applied): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.state === 'ending' || zone.state === 'ended') return
  const { revision, serial, written, made, drift } = applied
  const isNew = revision > zone.applied_revision
  const isLatest = revision >= zone.desired_revision
  await db.update(ctx.tx, zoneId, {
    applied_revision: Math.max(revision, zone.applied_revision),
    ...(isNew ? { applied_at: ctx.now() } : {}),
    remote_serial: BigInt(serial),
    checked_at: ctx.now(),
    compared_at: ctx.now(),
    drift: drift === null ? null : JSON.stringify(drift),
    ...(isLatest ? { state: drift === null ? 'applied' : 'drift', error: null } : {}),
    // Neither keys nor secondaries: both are looked after next.
    ...(made ? { transfers_revision: 0, watch_at: ctx.now() } : {}),
  })
  if (!isNew && written === 0) return
  await auditService.record(ctx, {
    action: 'DNS_ZONE_APPLIED',
    tenantId: zone.tenant_id,
    target: targetOf(zone),
    details: { domainId: zone.domain_id, revision, serial, written, drift: drift?.total ?? 0 },
  })
}

export type ZoneError = { code: string; message: string; name: string | null; type: string | null }

/** Why a zone is not served as it is wanted; what it holds stays as it is. */
export async function noteFailure(
  ctx: Ctx,
  zoneId: string,
  state: 'held' | 'rejected',
  error: ZoneError,
  drift: Drift | null = null,
): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.state === 'ending' || zone.state === 'ended') return
  await db.update(ctx.tx, zoneId, {
    state,
    error: JSON.stringify(error),
    drift: drift === null ? null : JSON.stringify(drift),
  })
  await auditService.record(ctx, {
    action: state === 'held' ? 'DNS_ZONE_HELD' : 'DNS_ZONE_REJECTED',
    tenantId: zone.tenant_id,
    target: targetOf(zone),
    outcome: 'error',
    details: { domainId: zone.domain_id, revision: zone.desired_revision, ...error },
  })
}

/** A server that does not answer: the job waits and tries again, and the zone says why. */
export async function noteWaiting(ctx: Ctx, zoneId: string, message: string): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.state !== 'pending') return
  const error: ZoneError = { code: 'unreachable', message, name: null, type: null }
  await db.update(ctx.tx, zoneId, { error: JSON.stringify(error) })
}

/** It is proven to be gone from its server. */
export async function noteRemoved(ctx: Ctx, zoneId: string): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.state !== 'ending') return
  await db.removeRecords(ctx.tx, zoneId, 'all')
  await db.update(ctx.tx, zoneId, { state: 'ended', ended_at: ctx.now(), error: null, drift: null })
  await auditService.record(ctx, {
    action: 'DNS_ZONE_REMOVED',
    tenantId: zone.tenant_id,
    target: targetOf(zone),
    details: { domainId: zone.domain_id },
  })
}

/** A zone that is to be removed, with the way to its server. @returns null when that is done */
export async function removal(
  ctx: Ctx,
  zoneId: string,
): Promise<{ zone: ZoneRow; connection: DnsServerConnection } | null> {
  const zone = await db.find(ctx.tx, zoneId)
  if (zone?.state !== 'ending') return null
  const server = await servers.find(ctx.tx, zone.server_id)
  if (!server) throw notFound('DNS server')
  return { zone, connection: connectionOf(ctx, server) }
}

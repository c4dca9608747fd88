import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import * as db from '../../db/dnsZones.ts'
import type { DnsServerConnection } from '../../integrations/dnsServers/types.ts'
import type { DnsKey } from '../../lib/dns/dnssec.ts'
import * as auditService from '../auditService.ts'
import * as dnsQueues from '../dnsQueues.ts'
import * as dnsZoneService from '../dnsZoneService.ts'

/** What the server of a zone is to do about its keys. */
export type Signing = {
  zoneId: string
  name: string
  connection: DnsServerConnection
  signed: boolean
}

/** Null: nothing. */
export async function signingOf(ctx: Ctx, zoneId: string): Promise<Signing | null> {
  const zone = await db.find(ctx.tx, zoneId)
  if (!zone || zone.ended_at !== null || zone.state === 'ending' || zone.dnssec === 'off') return null
  const server = await servers.find(ctx.tx, zone.server_id)
  if (!server) return null
  return {
    zoneId,
    name: zone.name,
    connection: dnsZoneService.connectionOf(ctx, server),
    signed: zone.dnssec !== 'unsigning',
  }
}

/** These keys were read from the server, and are looked for on all name servers next. */
export async function noteKeys(ctx: Ctx, zoneId: string, keys: readonly DnsKey[]): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.dnssec === 'off') return
  if (keys.length > 0) {
    await db.update(ctx.tx, zoneId, { dnssec_keys: JSON.stringify(keys), watch_at: ctx.now() })
    // What follows waits for no timer.
    if (JSON.stringify(zone.dnssec_keys) !== JSON.stringify(keys)) await dnsQueues.enqueueWatch(ctx, zone)
    return
  }
  if (zone.dnssec !== 'unsigning') return
  await db.update(ctx.tx, zoneId, {
    dnssec: 'off',
    dnssec_since: null,
    dnssec_keys: '[]',
    dnssec_ds_ttl: null,
    dnssec_operation_id: null,
    dnssec_words: null,
    watch_at: ctx.now(),
  })
  await auditService.record(ctx, {
    action: 'DNSSEC_CHANGED',
    tenantId: zone.tenant_id,
    target: { type: 'dnsZone', id: zone.id, label: zone.name.slice(0, -1) },
    diff: { dnssec: ['unsigning', 'off'] },
    details: { domainId: zone.domain_id },
  })
}

/** Why the server has not done it: it is tried again, and people see the reason. */
export async function noteHindrance(ctx: Ctx, zoneId: string, words: string): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (zone && zone.dnssec !== 'off') await db.update(ctx.tx, zoneId, { dnssec_words: words })
}

import { isDnssecMoving, type DnssecState } from '../../../shared/states/domainDnssec.ts'
import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import * as watch from '../../db/dnsWatch.ts'
import * as db from '../../db/dnsZones.ts'
import { isOfDomain, type DomainZoneRow, type ZoneRow } from '../../db/dnsZones.ts'
import * as domains from '../../db/domains.ts'
import type { DelegationSeen } from '../../integrations/dns/types.ts'
import { dsSetOf, type DnsKey } from '../../lib/dns/dnssec.ts'
import * as auditService from '../auditService.ts'
import * as dnsQueues from '../dnsQueues.ts'
import { judge, type Judged } from './findings.ts'
import { tellRegistry } from './registry.ts'
import { advance, type Move } from './signing.ts'
import { referencesIn } from './spf.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const BATCH = 100
/** So long a DS may be remembered that nobody has seen: registries often say an hour, few say more than a day. */
const DS_TTL = 3_600

/** Orders looks at the zones whose time has come. */
export async function watchDue(ctx: Ctx): Promise<void> {
  for (const zone of await watch.due(ctx.tx, ctx.now(), BATCH)) await dnsQueues.enqueueWatch(ctx, zone)
}

/** `hosts`: the name servers that are ours. `spf`: what its SPF record refers to. */
export type Subject = { name: string; hosts: string[]; spf: string[] }

/** What a look is about. Null: there is nothing to look at any more. */
export async function subjectOf(ctx: Ctx, zoneId: string): Promise<Subject | null> {
  const zone = await db.find(ctx.tx, zoneId)
  if (!zone || zone.ended_at !== null || zone.state === 'ending') return null
  const server = await servers.find(ctx.tx, zone.server_id)
  const texts = await db.recordsAt(ctx.tx, zoneId, [{ name: zone.name, type: 'TXT' }])
  return {
    name: zone.name,
    hosts: server?.name_servers ?? [],
    spf: referencesIn(texts.map(({ content }) => content)),
  }
}

/** Writes down what was seen, and takes the signing of the zone one step further. */
export async function noteSeen(
  ctx: Ctx,
  zoneId: string,
  { seen, spf }: { seen: DelegationSeen; spf: Record<string, number | null> },
): Promise<void> {
  const found = await db.find(ctx.tx, zoneId)
  // Whoever orders something about a domain locks that first.
  if (found && found.dnssec !== 'off' && isOfDomain(found))
    await domains.lock(ctx.tx, found.tenant_id, found.domain_id)
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.ended_at !== null || zone.state === 'ending') return
  const server = await servers.find(ctx.tx, zone.server_id)
  const judged = judge(zone.name, server?.name_servers ?? [], seen)
  const now = ctx.now()
  const since = judged.state === zone.delegation ? (zone.delegation_since ?? now) : now
  await db.update(ctx.tx, zoneId, {
    delegation: judged.state,
    delegation_since: since,
    spf_lookups: JSON.stringify(spf),
    delegation_seen: JSON.stringify({ ...seen, findings: judged.findings }),
    watched_at: now,
  })
  if (judged.state !== zone.delegation)
    await record(ctx, zone, 'DNS_DELEGATION_CHANGED', { delegation: [zone.delegation, judged.state] }, judged)
  const state = zone.dnssec === 'off' || !isOfDomain(zone) ? 'off' : await followSigning(ctx, zone, seen)
  const fresh = await db.find(ctx.tx, zoneId)
  const { dnssec_since: signedSince = null, dnssec_until: until = null } = fresh ?? {}
  const wait = waitOf({ judged, state, since, signedSince, until, now })
  await db.update(ctx.tx, zoneId, { watch_at: new Date(now.getTime() + wait) })
}

const record = (
  ctx: Ctx,
  zone: ZoneRow,
  action: string,
  diff: Record<string, [unknown, unknown]>,
  { findings = [] }: Partial<Judged> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: zone.tenant_id,
    target: { type: 'dnsZone', id: zone.id, label: zone.name.slice(0, -1) },
    diff,
    details: { domainId: zone.domain_id, ...(findings.length > 0 && { findings }) },
  })

/** How long until the next look: what moves or is wrong is looked at often in the beginning, and less with time. */
function waitOf(at: {
  judged: Judged
  state: DnssecState
  since: Date
  signedSince: Date | null
  until: Date | null
  now: Date
}): number {
  const { judged, state, since, signedSince, until, now } = at
  if (state === 'ds_expiring' && until !== null)
    return Math.min(10 * MINUTE_MS, Math.max(0, until.getTime() - now.getTime()))
  const lasts = now.getTime() - (signedSince ?? now).getTime()
  if (isDnssecMoving(state))
    return lasts < 10 * MINUTE_MS ? 15 * SECOND_MS : lasts < HOUR_MS ? 2 * MINUTE_MS : 10 * MINUTE_MS
  if (judged.state === 'delegated') return 6 * HOUR_MS
  const age = now.getTime() - since.getTime()
  return age < HOUR_MS ? 5 * MINUTE_MS : age < 24 * HOUR_MS ? HOUR_MS : 6 * HOUR_MS
}

/** The longest that resolvers may remember a DS of this zone. */
const ttlOf = (zone: ZoneRow, { parents }: DelegationSeen): number | null => {
  const seen = parents.flatMap(({ dsTtl }) => (dsTtl === null ? [] : [dsTtl]))
  const all = [...seen, ...(zone.dnssec_ds_ttl === null ? [] : [zone.dnssec_ds_ttl])]
  return all.length === 0 ? null : Math.max(...all)
}

/** As often is a server told again that was told before. */
const roundOf = (now: Date): number => Math.floor(now.getTime() / (10 * MINUTE_MS))

async function followSigning(ctx: Ctx, zone: DomainZoneRow, seen: DelegationSeen): Promise<DnssecState> {
  const keys = zone.dnssec_keys as DnsKey[]
  const now = ctx.now()
  const ttl = ttlOf(zone, seen)
  let move: Move = advance({ zone: zone.name, state: zone.dnssec, keys, until: zone.dnssec_until, now }, seen)
  let operationId = move.to === zone.dnssec ? zone.dnssec_operation_id : null
  // What not every name server serves is not told to the registry.
  const asks =
    (move.to === 'ds_pending' && move.notServed === undefined) ||
    zone.dnssec === 'removing_ds' ||
    move.to === 'removing_ds'
  if (asks) {
    const wanted = move.to === 'ds_pending' ? dsSetOf(zone.name, keys) : []
    const before = zone.dnssec === move.to || zone.dnssec === 'removing_ds' ? zone.dnssec_operation_id : null
    const told = await tellRegistry(ctx, { ...zone, dnssec_operation_id: before }, wanted)
    // What the registry still has, or is only being asked to take away, comes back to its name servers.
    if (move.to === 'ds_expiring' && !told.clear) move = { to: zone.dnssec, words: null }
    operationId = told.operationId
    const isOver = move.to === 'ds_expiring'
    move = { ...move, words: isOver ? null : [move.words, told.words].filter(Boolean).join(' ') }
  }
  const isNew = move.to !== zone.dnssec
  await db.update(ctx.tx, zone.id, {
    dnssec: move.to,
    dnssec_words: move.words,
    dnssec_operation_id: operationId,
    dnssec_ds_ttl: move.to === 'ds_pending' ? Math.max(ttl ?? 0, DS_TTL) : ttl,
    ...(isNew && {
      dnssec_since: now,
      dnssec_until: move.to === 'ds_expiring' ? new Date(now.getTime() + (ttl ?? 0) * SECOND_MS) : null,
    }),
  })
  if (isNew) await record(ctx, zone, 'DNSSEC_CHANGED', { dnssec: [zone.dnssec, move.to] })
  if (move.server) await dnsQueues.enqueueSign(ctx, zone, `${move.to} ${roundOf(now)}`)
  return move.to
}

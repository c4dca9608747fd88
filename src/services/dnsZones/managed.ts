import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import * as db from '../../db/dnsZones.ts'
import type { RecordRow, ZoneRow } from '../../db/dnsZones.ts'
import { canonicalName } from '../../lib/dns/names.ts'
import { canonicalContent, type RecordType } from '../../lib/dns/records.ts'
import { edit, lockZone, type Edit, type ManagedBy } from './editing.ts'

/** Records that parts of mPanel keep in zones, beside what users have there. */

/** How long a challenge may be remembered, in seconds. */
const CHALLENGE_TTL = 60
const MAX_HOPS = 4

const inFull = (name: string): string => canonicalName(name, '.', 'full')

/** The zone of ours that a name is in, as far as the transaction sees it; the longest, where they are nested. */
export async function zoneHolding(ctx: Ctx, name: string): Promise<ZoneRow | null> {
  const labels = inFull(name).slice(0, -1).split('.')
  const names = labels.map((_, at) => `${labels.slice(at).join('.')}.`)
  return (await db.withName(ctx.tx, names)) ?? null
}

/** Where a text at a name has to stand: its zone, and the name that CNAMEs in zones of ours lead to. */
async function placeOf(ctx: Ctx, name: string): Promise<{ zone: ZoneRow; name: string } | null> {
  let at = inFull(name)
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const zone = await zoneHolding(ctx, at)
    if (!zone) return null
    const alias = (await db.typesAt(ctx.tx, zone.id, at)).find(({ type }) => type === 'CNAME')
    if (!alias) return { zone, name: at }
    at = alias.content
  }
  return null
}

/** The zone and the name at which a text for a name stands, without last dots; null when no zone of ours holds it. */
export async function placeOfTxt(ctx: Ctx, name: string): Promise<{ zone: string; name: string } | null> {
  const place = await placeOf(ctx, name)
  return place && { zone: place.zone.name.slice(0, -1), name: place.name.slice(0, -1) }
}

export type Presented = { zoneId: string; revision: number }

/**
 * Has a text served at a name until it is removed or has expired, beside whatever else is there.
 * @param name in full; owner: whose it is, such as `acme:<order>`, by which it is removed
 * @returns null when no zone of ours holds the name
 */
export async function presentTxt(
  ctx: Ctx,
  { name, value, owner, expiresAt }: { name: string; value: string; owner: string; expiresAt: Date },
): Promise<Presented | null> {
  const place = await placeOf(ctx, name)
  if (!place) return null
  const zone = await lockZone(ctx, place.zone.id)
  const mine = { name: place.name, type: 'TXT', managedBy: 'acme', owner } as const
  const there = (await db.recordsAt(ctx.tx, zone.id, [mine])).filter((row) => row.owner === owner)
  const contents = [...there.map(({ content }) => content), canonicalContent('TXT', value, zone.name)]
  const after = { ttl: CHALLENGE_TTL, contents, comment: '', expiresAt: expiresAt.toISOString() }
  const { revision } = await edit(ctx, zone, [{ ...mine, after }], { cause: 'challenge' })
  return { zoneId: zone.id, revision }
}

/** Takes away all texts of an owner. Safe to call again. */
export const removeTxt = (ctx: Ctx, owner: string): Promise<Presented[]> => dropManaged(ctx, owner)

/** Whether the servers of a zone have been proven to serve a revision of it. */
export async function isServed(ctx: Ctx, zoneId: string, revision: number): Promise<boolean> {
  const zone = await db.find(ctx.tx, zoneId)
  return zone !== undefined && zone.ended_at === null && zone.applied_revision >= revision
}

/** Where a zone's servers can be asked, as `host:port`; none where that is not known. */
export async function nameServersOf(ctx: Ctx, zoneId: string): Promise<string[]> {
  const zone = await db.find(ctx.tx, zoneId)
  const server = zone && (await servers.find(ctx.tx, zone.server_id))
  return server?.query_addresses ?? []
}

type ManagedRrset = { name: string; type: RecordType; ttl?: number; contents: string[] }

/**
 * Makes these the records of an owner in a zone; those it had there besides go. Names and contents as people write them.
 * @throws DnsError, AppError not_found, invalid_state
 */
export async function putManaged(
  ctx: Ctx,
  zoneId: string,
  owner: string,
  rrsets: readonly ManagedRrset[],
  managedBy: Exclude<ManagedBy, 'user' | 'acme'> = 'pod',
): Promise<Presented> {
  const zone = await lockZone(ctx, zoneId)
  const there = (await db.ofOwner(ctx.tx, owner)).filter((row) => row.zone_id === zoneId)
  const edits = new Map<string, Edit>()
  const put = (one: Edit): void => void edits.set(`${one.name} ${one.type}`, one)
  for (const { name, type } of there) put({ name, type, managedBy, owner, after: null })
  for (const { name: given, type, ttl = zone.default_ttl, contents: texts } of rrsets) {
    const name = canonicalName(given, zone.name, 'full')
    const contents = texts.map((text) => canonicalContent(type, text, zone.name))
    put({ name, type, managedBy, owner, after: { ttl, contents, comment: '', expiresAt: null } })
  }
  const { revision } = await edit(ctx, zone, [...edits.values()], { cause: managedBy })
  return { zoneId, revision }
}

/** Takes away what an owner has in zones, wherever it is. Safe to call again. */
export async function dropManaged(ctx: Ctx, owner: string): Promise<Presented[]> {
  return drop(ctx, await db.ofOwner(ctx.tx, owner), 'removed')
}

async function drop(ctx: Ctx, rows: readonly RecordRow[], cause: string): Promise<Presented[]> {
  const gone: Presented[] = []
  for (const [zoneId, own] of Map.groupBy(rows, ({ zone_id: id }) => id)) {
    const zone = await db.lock(ctx.tx, zoneId)
    // What is being removed goes as a whole.
    if (!zone || zone.state === 'ending' || zone.state === 'ended') continue
    const edits = own.map(({ name, type, owner, managed_by: managedBy }) => ({
      name,
      type,
      managedBy,
      owner,
      after: null,
    }))
    const { revision } = await edit(ctx, zone, edits, { cause })
    gone.push({ zoneId, revision })
  }
  return gone
}

const AT_ONCE = 500

/** Takes away what has expired: a challenge whose order nobody ended. */
export async function dropExpired(ctx: Ctx): Promise<void> {
  const rows = await db.expired(ctx.tx, ctx.now(), AT_ONCE)
  await drop(
    ctx,
    rows.toSorted((a, b) => (a.zone_id < b.zone_id ? -1 : 1)),
    'expired',
  )
}

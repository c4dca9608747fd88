import type { Ctx } from '../../context.ts'
import * as db from '../../db/dnsZones.ts'
import type { RecordRow, ZoneRow } from '../../db/dnsZones.ts'
import { isRecordType } from '../../lib/dns/records.ts'
import * as auditService from '../auditService.ts'
import * as dnsQueues from '../dnsQueues.ts'
import { driftOf, type Drift } from './applying.ts'
import { edit, targetOf, USERS, type Edit } from './editing.ts'
import { keyOf, type PlannedChange } from './planning.ts'

/** What somebody else has changed on a server, and what follows. */

export type Compared = {
  /** Of the zone when it was compared: an edit since then makes the comparison void. */
  revision: number
  serial: number | null
  /** What would make the server's into ours. */
  plan: PlannedChange[]
  missing: boolean
  /** Why there is nothing to compare, for a zone that is not ours there. */
  reason: string | null
}

/** @param adopt a person wants what is there, whatever the zone's policy */
export async function noteCompared(ctx: Ctx, zoneId: string, found: Compared, adopt: boolean): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone || zone.desired_revision !== found.revision) return
  const isResting = zone.state === 'applied' || zone.state === 'drift' || (adopt && zone.state === 'held')
  if (!isResting) return
  await db.update(ctx.tx, zoneId, {
    checked_at: ctx.now(),
    compared_at: ctx.now(),
    ...(found.serial === null ? {} : { remote_serial: BigInt(found.serial) }),
  })
  const drift = driftOf(found.plan, { missing: found.missing || found.reason !== null, reason: found.reason })
  if (drift === null) {
    await db.update(ctx.tx, zoneId, { state: 'applied', drift: null, error: null })
    return
  }
  await say(ctx, zone, drift)
  if (found.reason === null && (await follow(ctx, zone, found, adopt))) return
  await db.update(ctx.tx, zoneId, { state: 'drift', drift: JSON.stringify(drift) })
}

/** Once for each difference, not at each look. */
async function say(ctx: Ctx, zone: ZoneRow, drift: Drift): Promise<void> {
  if (JSON.stringify(zone.drift) === JSON.stringify(drift)) return
  await auditService.record(ctx, {
    action: 'DNS_DRIFT_FOUND',
    tenantId: zone.tenant_id,
    target: targetOf(zone),
    details: {
      domainId: zone.domain_id,
      policy: zone.policy,
      total: drift.total,
      missing: drift.missing,
      changed: drift.changes.slice(0, 20).map(({ name, type }) => `${name} ${type}`),
    },
  })
}

/** Does what the zone's policy says. @returns whether a job takes it from here */
async function follow(
  ctx: Ctx,
  zone: ZoneRow,
  { plan, missing }: Compared,
  adopt: boolean,
): Promise<boolean> {
  if (zone.policy === 'enforce' && !adopt) {
    await db.update(ctx.tx, zone.id, { state: 'pending', error: null })
    await dnsQueues.enqueueApply(ctx, zone, { revision: zone.desired_revision })
    return true
  }
  if ((zone.policy !== 'adopt' && !adopt) || missing) return false
  const rows = await db.recordsAt(ctx.tx, zone.id, plan)
  const { jobId } = await edit(ctx, zone, adoptions(zone.name, plan, rows), { cause: 'adopted' })
  return jobId !== null
}

/** The user's records as they are on the server; what mPanel keeps there itself, and types it cannot keep, are not taken over. */
function adoptions(zone: string, plan: readonly PlannedChange[], rows: readonly RecordRow[]): Edit[] {
  const others = Map.groupBy(
    rows.filter((row) => row.managed_by !== 'user'),
    keyOf,
  )
  return plan
    .filter(({ name, type }) => isRecordType(type) && !(name === zone && type === 'NS'))
    .map(({ name, type, before }): Edit => {
      const managed = new Set((others.get(`${name} ${type}`) ?? []).map(({ content }) => content))
      const contents = (before?.contents ?? []).filter((content) => !managed.has(content))
      const after = before && { ttl: before.ttl, contents, comment: '', expiresAt: null }
      return { name, type, ...USERS, after }
    })
}

export type Seen = { serial: number; owner: string }
const AT_ONCE = 500
const FULL_LOOK_MS = 24 * 3_600_000

/**
 * Enqueues a comparison of each zone of a server that is not as it was seen last, and of those that nobody has read as a whole for
 * a day.
 */
export async function compareSeen(
  ctx: Ctx,
  serverId: string,
  heads: ReadonlyMap<string, Seen>,
): Promise<number> {
  const zones = await db.restingOn(ctx.tx, serverId)
  const staleBefore = ctx.now().getTime() - FULL_LOOK_MS
  const suspects = zones.filter((zone) => {
    const there = heads.get(zone.name)
    const isAsSeen = there?.owner === zone.id && BigInt(there.serial) === zone.remote_serial
    const isStale = (zone.compared_at?.getTime() ?? 0) < staleBefore
    // One that is known to be missing is looked for once a day.
    return isStale || (!isAsSeen && (there !== undefined || zone.state !== 'drift'))
  })
  await db.noteChecked(ctx.tx, serverId, ctx.now())
  for (const zone of suspects.slice(0, AT_ONCE)) await dnsQueues.enqueueCompare(ctx, zone, false)
  return suspects.length
}

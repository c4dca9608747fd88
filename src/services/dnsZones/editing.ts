import type { Ctx } from '../../context.ts'
import * as db from '../../db/dnsZones.ts'
import type { RecordRow, ZoneRow } from '../../db/dnsZones.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as dnsQueues from '../dnsQueues.ts'

export type ManagedBy = RecordRow['managed_by']

/** The records of one owner at one name and type; those of others there are not touched. */
export type OwnRrset = { ttl: number; contents: string[]; comment: string; expiresAt: string | null }
export type Edit = { name: string; type: string; managedBy: ManagedBy; owner: string; after: OwnRrset | null }
export type RecordedChange = Edit & { before: OwnRrset | null }

export const USERS = { managedBy: 'user', owner: '' } as const
const MAX_RECORDS = 50_000
/** So many changed names are told in the audit event; the revision has all of them. */
const TOLD = 20

const keyOf = (of: { name: string; type: string; managedBy: string; owner: string }): string =>
  `${of.name} ${of.type} ${of.managedBy} ${of.owner}`

const rowKey = ({ name, type, managed_by: managedBy, owner }: RecordRow): string =>
  keyOf({ name, type, managedBy, owner })

export const ownRrset = (rows: readonly RecordRow[]): OwnRrset | null => {
  const [first] = rows
  if (!first) return null
  return {
    ttl: first.ttl,
    contents: rows.map(({ content }) => content).toSorted(),
    comment: first.comment,
    expiresAt: first.expires_at === null ? null : new Date(first.expires_at).toISOString(),
  }
}

const isSame = (a: OwnRrset | null, b: OwnRrset | null): boolean =>
  a === null || b === null
    ? a === b
    : a.ttl === b.ttl &&
      a.comment === b.comment &&
      a.expiresAt === b.expiresAt &&
      a.contents.length === b.contents.length &&
      a.contents.every((one, at) => one === b.contents[at])

const normal = (set: OwnRrset | null): OwnRrset | null =>
  set === null || set.contents.length === 0
    ? null
    : {
        ttl: set.ttl,
        contents: [...new Set(set.contents)].toSorted(),
        comment: set.comment,
        expiresAt: set.expiresAt === null ? null : new Date(set.expiresAt).toISOString(),
      }

/** A zone whose row is locked until the transaction ends. @throws AppError not_found, invalid_state */
export async function lockZone(ctx: Ctx, zoneId: string): Promise<ZoneRow> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (!zone) throw new AppError('not_found', 'No such zone.')
  if (zone.state === 'ending' || zone.state === 'ended')
    throw new AppError('invalid_state', 'The zone is being removed.')
  return zone
}

export type Edited = { revision: number; changes: RecordedChange[]; jobId: string | null }

/**
 * Changes what a zone is to hold: a revision, an audit event and the job that has it served, or nothing at all where everything
 * is so already. The zone's row must be locked, and the edits in canonical form.
 * @param known all records of the zone, where the caller has read them since it is locked
 * @throws AppError invalid_state for a zone that would hold too much
 */
export async function edit(
  ctx: Ctx,
  zone: ZoneRow,
  edits: readonly Edit[],
  why: { cause: string; comment?: string },
  known?: readonly RecordRow[],
): Promise<Edited> {
  const rows = known ?? (await db.recordsAt(ctx.tx, zone.id, edits))
  const present = Map.groupBy(rows, rowKey)
  const wanted = new Map(edits.map((one) => [keyOf(one), { ...one, after: normal(one.after) }]))
  const changes = [...wanted].flatMap(([key, one]): RecordedChange[] => {
    const before = ownRrset(present.get(key) ?? [])
    return isSame(before, one.after) ? [] : [{ ...one, before }]
  })
  if (changes.length === 0) return { revision: zone.desired_revision, changes, jobId: null }
  await write(ctx, zone, changes, present)
  const revision = zone.desired_revision + 1
  const { id: jobId } = await note(ctx, zone, revision, changes, why)
  return { revision, changes, jobId }
}

async function write(
  ctx: Ctx,
  zone: ZoneRow,
  changes: readonly RecordedChange[],
  present: ReadonlyMap<string, readonly RecordRow[]>,
): Promise<void> {
  const gone = changes.flatMap((one) => present.get(keyOf(one)) ?? [])
  await db.removeRecords(
    ctx.tx,
    zone.id,
    gone.map(({ id }) => id),
  )
  const added = changes.flatMap(({ name, type, managedBy, owner, after }): RecordRow[] =>
    (after?.contents ?? []).map((content) => ({
      id: newId(),
      tenant_id: zone.tenant_id,
      zone_id: zone.id,
      name,
      type,
      ttl: after?.ttl ?? zone.default_ttl,
      content,
      comment: after?.comment ?? '',
      managed_by: managedBy,
      owner,
      expires_at: after?.expiresAt ? new Date(after.expiresAt) : null,
    })),
  )
  await db.insertRecords(ctx.tx, zone, added)
  if (added.length > gone.length && (await db.countRecords(ctx.tx, zone.id)) > MAX_RECORDS)
    throw new AppError('invalid_state', `A zone holds at most ${MAX_RECORDS} records.`)
}

/** The revision, the audit event and the job. */
async function note(
  ctx: Ctx,
  zone: ZoneRow,
  revision: number,
  changes: readonly RecordedChange[],
  { cause, comment = '' }: { cause: string; comment?: string },
): Promise<{ id: string }> {
  await db.insertRevision(ctx.tx, {
    id: newId(),
    tenant_id: zone.tenant_id,
    zone_id: zone.id,
    revision,
    cause,
    comment,
    changes: JSON.stringify(changes),
    actor: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  await db.update(ctx.tx, zone.id, { desired_revision: revision, state: 'pending', error: null })
  await auditService.record(ctx, {
    action: 'DNS_ZONE_CHANGED',
    tenantId: zone.tenant_id,
    target: targetOf(zone),
    details: {
      domainId: zone.domain_id,
      revision,
      cause,
      records: changes.length,
      changed: changes.slice(0, TOLD).map(({ name, type, after }) => `${after ? '' : '-'}${name} ${type}`),
    },
  })
  return dnsQueues.enqueueApply(ctx, zone, { revision })
}

export const targetOf = (zone: { id: string; name: string }) => ({
  type: 'dnsZone',
  id: zone.id,
  label: zone.name.slice(0, -1),
})

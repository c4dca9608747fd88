import type { z } from 'zod'
import type {
  zoneImport,
  ZoneImported,
  zoneRollback,
  ZoneEdited,
  ZoneRevision,
  ZoneRevisionDetail,
} from '../../../shared/api/dnsZones.ts'
import type { Ctx } from '../../context.ts'
import * as servers from '../../db/dnsServers.ts'
import * as db from '../../db/dnsZones.ts'
import type { RecordRow } from '../../db/dnsZones.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Download } from '../../lib/download.ts'
import { mailboxOf } from '../../lib/dns/reverse.ts'
import { isRecordType } from '../../lib/dns/records.ts'
import { readZoneFile, writeZoneFile, type ZoneFile } from '../../lib/dns/zoneFile.ts'
import { USERS, type Edit, type OwnRrset, type RecordedChange } from './editing.ts'
import { zoneOf } from './lifecycle.ts'
import { rrsetsOf } from './planning.ts'
import { change } from './userEdits.ts'

/** Zone files in and out, and the way back to an earlier revision. */

const TIMERS = { refresh: 10_800, retry: 3_600, expire: 1_209_600, minimum: 3_600 }
const key = (of: { name: string; type: string }): string => `${of.name} ${of.type}`
type Of = { tenantId: string; domainId: string }

/** @throws AppError as `change` */
export async function importZone(
  ctx: Ctx,
  of: Of,
  { text, mode, preview }: z.infer<typeof zoneImport>,
): Promise<ZoneImported> {
  let faults: ZoneFile['faults'] = []
  const edited = await change(
    ctx,
    of,
    (zone, rows) => {
      const file = readZoneFile(text, zone.name, zone.default_ttl)
      // Which servers a zone has is not for the file to say.
      const records = file.records.filter(({ name, type }) => name !== zone.name || type !== 'NS')
      ;({ faults } = file)
      const sets = Map.groupBy(records, key)
      const wanted = [...sets.values()].flatMap((set): Edit[] => {
        const [first] = set
        if (!first) return []
        const { name, type, ttl } = first
        const contents = set.map(({ content }) => content)
        return [{ name, type, ...USERS, after: { ttl, contents, comment: '', expiresAt: null } }]
      })
      return mode === 'merge' ? wanted : [...wanted, ...leftOver(rows, new Set(sets.keys()))]
    },
    { cause: 'import', preview },
  )
  return { ...edited, faults }
}

/** The user's sets that are not among these, as deletions. */
function leftOver(rows: readonly RecordRow[], wanted: ReadonlySet<string>): Edit[] {
  const users = new Map(rows.filter((row) => row.managed_by === 'user').map((row) => [key(row), row]))
  return [...users]
    .filter(([one]) => !wanted.has(one))
    .map(([, { name, type }]) => ({ name, type, ...USERS, after: null }))
}

/** The zone as a file that other servers read. @throws AppError not_found */
export async function exportZone(ctx: Ctx, { tenantId, domainId }: Of): Promise<Download> {
  const zone = await zoneOf(ctx, tenantId, domainId)
  const server = await servers.find(ctx.tx, zone.server_id)
  const records = rrsetsOf(await db.servedRecords(ctx.tx, zone.id)).flatMap(({ name, type, ttl, contents }) =>
    isRecordType(type) ? contents.map((content) => ({ name, type, ttl, content })) : [],
  )
  const soa = {
    primary: server?.name_servers[0] ?? zone.name,
    contact: mailboxOf(server?.hostmaster ?? `hostmaster@${zone.name.slice(0, -1)}`),
    serial: Number(zone.remote_serial ?? 1n),
    ...TIMERS,
  }
  const text = writeZoneFile(zone.name, soa, records, zone.default_ttl)
  return { name: `${zone.name}zone`, type: 'text/dns; charset=utf-8', content: pieces([text]) }
}

async function* pieces(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts
}

export async function listRevisions(
  ctx: Ctx,
  { tenantId, domainId }: Of,
  options: ListOptions,
): Promise<{ items: ZoneRevision[]; nextCursor: string | null }> {
  const zone = await zoneOf(ctx, tenantId, domainId)
  const page = await db.listRevisions(ctx.tx, zone.id, options)
  const items = page.items.map((row) => ({
    id: row.id,
    revision: row.revision,
    cause: row.cause,
    comment: row.comment,
    actor: (row.actor as { label: string }).label,
    size: row.size,
    createdAt: row.created_at.toISOString(),
  }))
  return { items, nextCursor: page.nextCursor }
}

/** What a revision has changed. @throws AppError not_found */
export async function getRevision(
  ctx: Ctx,
  { tenantId, domainId }: Of,
  number: number,
): Promise<ZoneRevisionDetail> {
  const zone = await zoneOf(ctx, tenantId, domainId)
  const row = await db.revision(ctx.tx, zone.id, number)
  if (!row) throw notFound('revision')
  return { revision: row.revision, changes: row.changes as RecordedChange[] }
}

/**
 * Makes the user's records what they were after a revision. What mPanel itself keeps in the zone stays as it is.
 * @throws AppError as `change`
 */
export async function rollBack(
  ctx: Ctx,
  of: Of,
  { revision, preview }: z.infer<typeof zoneRollback>,
  ifMatch: number | undefined,
): Promise<ZoneEdited> {
  const zone = await zoneOf(ctx, of.tenantId, of.domainId)
  if (revision >= zone.desired_revision)
    throw new AppError(
      'invalid_state',
      `The zone is at revision ${zone.desired_revision}: name an earlier one.`,
    )
  const since = await db.revisionsAfter(ctx.tx, zone.id, revision)
  const before = new Map<string, { name: string; type: string; after: OwnRrset | null }>()
  // The newest first: what stands there in the end is from the oldest of them.
  for (const { changes } of since)
    for (const one of changes as RecordedChange[])
      if (one.managedBy === 'user')
        before.set(key(one), { name: one.name, type: one.type, after: one.before })
  const edits = [...before.values()].map((one): Edit => ({ ...one, ...USERS }))
  return change(ctx, of, () => edits, {
    cause: 'rollback',
    comment: `to revision ${revision}`,
    preview,
    ifMatch,
  })
}

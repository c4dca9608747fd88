import type { TypedChange, ZoneEdited, ZoneRecords, ZoneRrset } from '../../../shared/api/dnsZones.ts'
import { mailFindings, type KnownLookups } from '../../../shared/mailPolicy.ts'
import { canZone } from '../../../shared/states/domainZone.ts'
import type { Ctx } from '../../context.ts'
import * as db from '../../db/dnsZones.ts'
import type { RecordRow, ZoneRow } from '../../db/dnsZones.ts'
import { AppError, requireAllowed, type FieldError } from '../../errors.ts'
import { zoneProblems, type ZoneProblem } from '../../lib/dns/checks.ts'
import { DnsError } from '../../lib/dns/errors.ts'
import { canonicalName, isWithin } from '../../lib/dns/names.ts'
import { canonicalContent, isRecordType } from '../../lib/dns/records.ts'
import * as provisioningService from '../provisioningService.ts'
import { edit, ownRrset, USERS, type Edit, type RecordedChange } from './editing.ts'
import { lockZoneOf, zoneOf } from './lifecycle.ts'
import { rrsetsOf } from './planning.ts'

/** What a user may write into a zone, and what comes of it. */

/** Every record of a zone, by name, type and owner. */
export async function recordsOf(ctx: Ctx, { tenantId, domainId }: Of): Promise<ZoneRecords> {
  const zone = await zoneOf(ctx, tenantId, domainId)
  const rows = await db.records(ctx.tx, zone.id)
  return {
    revision: zone.desired_revision,
    rrsets: shownSets(rows),
    warnings: problemsOf(zone.name, rows),
    mail: mailFindings(zone.name, rows, zone.spf_lookups as KnownLookups),
  }
}

const shownSets = (rows: readonly RecordRow[]): ZoneRrset[] =>
  [...Map.groupBy(rows, (row) => `${row.name} ${row.type} ${row.managed_by} ${row.owner}`).values()].flatMap(
    (set) => {
      const [first] = set
      const value = ownRrset(set)
      if (!first || !value) return []
      const { name, type, managed_by: managedBy, owner } = first
      return [{ name, type, managedBy, owner, value }]
    },
  )

/** Of what a server would be given, so that a set of several owners counts once. */
const problemsOf = (zone: string, rows: readonly RecordRow[]): ZoneProblem[] =>
  zoneProblems(
    zone,
    rrsetsOf(rows).flatMap(({ name, type, ttl, contents }) =>
      isRecordType(type) ? contents.map((content) => ({ name, type, ttl, content })) : [],
    ),
  )

/** A name as people write it into a form: `@`, below the zone, or in full. @throws DnsError */
function nameIn(zone: string, text: string): string {
  const full =
    text.endsWith('.') || `${text.toLowerCase()}.`.endsWith(`.${zone}`) || `${text.toLowerCase()}.` === zone
  const name = canonicalName(text, zone, full && text !== '@' ? 'full' : 'relative')
  if (!isWithin(name, zone)) throw new DnsError(`${text} lies outside of the zone ${zone.slice(0, -1)}.`)
  return name
}

/** @throws DnsError */
function editOf(zone: string, { name: typedName, type, value }: TypedChange): Edit {
  const name = nameIn(zone, typedName)
  if (!isRecordType(type)) throw new DnsError(`Records of the type ${type} cannot be kept.`)
  if (name === zone && type === 'NS')
    throw new DnsError('The name servers of the zone itself are those of its DNS server.')
  const after = value && {
    ttl: value.ttl,
    contents: value.contents.map((content) => canonicalContent(type, content, zone)),
    comment: value.comment,
    expiresAt: null,
  }
  return { name, type, ...USERS, after }
}

/** Says of all that cannot be taken what is wrong with it. @throws AppError invalid_input */
export function editsOf(zone: string, changes: readonly TypedChange[]): Edit[] {
  const errors: FieldError[] = []
  const edits = changes.flatMap((typed, at): Edit[] => {
    try {
      return [editOf(zone, typed)]
    } catch (error) {
      if (!(error instanceof DnsError)) throw error
      errors.push({ path: `changes.${at}`, message: `${typed.name} ${typed.type}: ${error.message}` })
      return []
    }
  })
  const [first] = errors
  if (first) throw new AppError('invalid_input', first.message, { errors })
  return edits
}

type Of = { tenantId: string; domainId: string }
export type Why = { cause: string; comment?: string; preview?: boolean; ifMatch?: number | undefined }

/**
 * Carries out a user's edits of a zone. What would break it is refused, what is doubtful is answered.
 * @throws AppError not_found, invalid_state, invalid_input, precondition_failed when another user has edited it since
 */
export async function change(
  ctx: Ctx,
  { tenantId, domainId }: Of,
  editsIn: (zone: ZoneRow, rows: readonly RecordRow[]) => readonly Edit[],
  why: Why,
): Promise<ZoneEdited> {
  const zone = await lockZoneOf(ctx, tenantId, domainId)
  requireAllowed(canZone.edit({ state: zone.state }))
  await requireUnedited(ctx, zone, why.ifMatch)
  const rows = await db.records(ctx.tx, zone.id)
  const edits = editsIn(zone, rows)
  const after = applied(zone, rows, edits)
  const warnings = requireSound(zone.name, rows, after)
  if (why.preview) {
    const changes = previewed(rows, edits)
    return { revision: zone.desired_revision, changes, warnings, job: null }
  }
  const { revision, changes, jobId } = await edit(ctx, zone, edits, why, rows)
  const job = jobId === null ? null : await provisioningService.getJob(ctx, jobId)
  return { revision, changes: shownChanges(changes), warnings, job }
}

const isUsers = ({ changes }: db.RevisionRow): boolean =>
  (changes as RecordedChange[]).some(({ managedBy }) => managedBy === 'user')

/** Records that mPanel itself keeps come and go at any time: they are not what a user's edit is in conflict with. */
async function requireUnedited(ctx: Ctx, zone: ZoneRow, seen: number | undefined): Promise<void> {
  if (seen === undefined || seen === zone.desired_revision) return
  const since = seen > zone.desired_revision ? [] : await db.revisionsAfter(ctx.tx, zone.id, seen)
  if (seen > zone.desired_revision || since.some(isUsers))
    throw new AppError(
      'precondition_failed',
      'The zone was edited meanwhile. Load it again and repeat your change.',
    )
}

const key = (of: { name: string; type: string }): string => `${of.name} ${of.type}`

/** The records as they would be. */
function applied(zone: ZoneRow, rows: readonly RecordRow[], edits: readonly Edit[]): RecordRow[] {
  const edited = new Map(edits.map((one) => [key(one), one]))
  const kept = rows.filter((row) => row.managed_by !== 'user' || !edited.has(key(row)))
  const added = [...edited.values()].flatMap(({ name, type, after }) =>
    (after?.contents ?? []).map((content): RecordRow => ({
      id: '',
      tenant_id: zone.tenant_id,
      zone_id: zone.id,
      name,
      type,
      ttl: after?.ttl ?? zone.default_ttl,
      content,
      comment: after?.comment ?? '',
      managed_by: 'user',
      owner: '',
      expires_at: null,
    })),
  )
  return [...kept, ...added]
}

/** What was wrong before is not held against an edit. @throws AppError invalid_input */
function requireSound(
  zone: string,
  before: readonly RecordRow[],
  after: readonly RecordRow[],
): ZoneProblem[] {
  const problems = problemsOf(zone, after)
  const wrong = problems.filter(({ level }) => level === 'error')
  if (wrong.length === 0) return problems
  const known = new Set(problemsOf(zone, before).map((one) => JSON.stringify(one)))
  const errors = wrong.filter((one) => !known.has(JSON.stringify(one)))
  const [first] = errors
  if (first)
    throw new AppError('invalid_input', first.message, {
      errors: errors.map(({ name, type, message }) => ({ path: `${name} ${type}`, message })),
    })
  return problems
}

const shownChanges = (changes: readonly RecordedChange[]): ZoneEdited['changes'] =>
  changes.map(({ name, type, managedBy, owner, before, after }) => ({
    name,
    type,
    managedBy,
    owner,
    before,
    after,
  }))

function previewed(rows: readonly RecordRow[], edits: readonly Edit[]): ZoneEdited['changes'] {
  const users = Map.groupBy(
    rows.filter((row) => row.managed_by === 'user'),
    key,
  )
  return edits.flatMap((one) => {
    const before = ownRrset(users.get(key(one)) ?? [])
    const after = one.after && { ...one.after, contents: [...new Set(one.after.contents)].toSorted() }
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ ...one, before, after }]
  })
}

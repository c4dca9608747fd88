import type { z } from 'zod'
import type {
  DnsTemplate,
  dnsTemplateCreate,
  dnsTemplateUpdate,
  TemplateRecord,
} from '../../shared/api/dnsTemplates.ts'
import type { zoneTemplateApply, ZoneEdited } from '../../shared/api/dnsZones.ts'
import type { Ctx } from '../context.ts'
import * as db from '../db/dnsTemplates.ts'
import type { TemplateRow } from '../db/dnsTemplates.ts'
import { violatedConstraint } from '../db/index.ts'
import type { ListOptions } from '../db/list.ts'
import { AppError, notFound, requireVersion } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as dnsZoneService from './dnsZoneService.ts'

/** Records that are put into many zones, with variables in double curly brackets. */

const VARIABLE = /\{\{\s*(\w{1,30})\s*\}\}/g
/** Of the zone itself: it is not asked for. */
const ZONE = 'domain'
/** What these stand for is known before somebody says it, so what they are in can be checked. */
const SAMPLES: Record<string, string> = { [ZONE]: 'example.com', ip: '192.0.2.1', ipv6: '2001:db8::1' }

const variablesIn = (text: string): string[] => [...text.matchAll(VARIABLE)].map(([, name]) => name ?? '')
const variablesOf = (records: readonly TemplateRecord[]): string[] =>
  [...new Set(records.flatMap(({ name, content }) => variablesIn(`${name} ${content}`)))]
    .filter((name) => name !== ZONE)
    .toSorted()

const filled = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(VARIABLE, (_, name: string) => values[name] ?? '')

const present = (row: TemplateRow): DnsTemplate => {
  const records = row.records as TemplateRecord[]
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    description: row.description,
    records,
    variables: variablesOf(records),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Records of one name and type become one set; the TTL of the first counts. */
function changesOf(records: readonly TemplateRecord[], values: Readonly<Record<string, string>>) {
  const all = records.map((record) => ({
    ...record,
    name: filled(record.name, values),
    content: filled(record.content, values),
  }))
  return [...Map.groupBy(all, ({ name, type }) => `${name.toLowerCase()} ${type}`).values()].flatMap(
    (set) => {
      const [first] = set
      if (!first) return []
      const contents = set.map(({ content }) => content)
      return [{ name: first.name, type: first.type, value: { ttl: first.ttl, contents, comment: '' } }]
    },
  )
}

/** What can be known to be wrong without the values that are asked for. @throws AppError invalid_input */
function requireSound(records: readonly TemplateRecord[]): void {
  const known = records.filter(({ name, content }) =>
    variablesIn(`${name} ${content}`).every((one) => one in SAMPLES),
  )
  dnsZoneService.editsOf(`${SAMPLES[ZONE]}.`, changesOf(known, SAMPLES))
}

export async function list(ctx: Ctx, options: ListOptions) {
  const page = await db.list(ctx.tx, ctx.scope, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, id: string): Promise<DnsTemplate> {
  const row = await db.find(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('DNS template')
  return present(row)
}

const nameTaken = (error: unknown): never => {
  if (violatedConstraint(error) !== 'dns_templates_name') throw error
  throw new AppError('already_exists', 'There is already a template of this name.')
}

const say = (
  ctx: Ctx,
  action: string,
  row: Pick<TemplateRow, 'id' | 'tenant_id' | 'name'>,
  diff: Record<string, [unknown, unknown]> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'dnsTemplate', id: row.id, label: row.name },
    diff,
  })

/** @throws AppError already_exists, invalid_input */
export async function create(ctx: Ctx, body: z.infer<typeof dnsTemplateCreate>): Promise<DnsTemplate> {
  requireSound(body.records)
  const row = {
    id: newId(),
    tenant_id: body.tenantId,
    name: body.name,
    description: body.description,
    records: JSON.stringify(body.records),
    created_at: ctx.now(),
    updated_at: ctx.now(),
  }
  await db.insert(ctx.tx, row).catch(nameTaken)
  await say(ctx, 'DNS_TEMPLATE_CREATED', row)
  return get(ctx, row.id)
}

/** @throws AppError not_found, precondition_failed, already_exists, invalid_input */
export async function update(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof dnsTemplateUpdate>,
  version: number | undefined,
): Promise<DnsTemplate> {
  const before = await db.lock(ctx.tx, id)
  if (!before) throw notFound('DNS template')
  requireVersion(before.version, version)
  if (change.records) requireSound(change.records)
  await db
    .update(ctx.tx, id, {
      name: change.name,
      description: change.description,
      records: change.records && JSON.stringify(change.records),
      version: before.version + 1,
      updated_at: ctx.now(),
    })
    .catch(nameTaken)
  const { name, description } = before
  const diff = auditService.diffOf<Record<string, unknown>>(
    { name, description, records: (before.records as unknown[]).length },
    { name: change.name, description: change.description, records: change.records?.length },
  )
  await say(ctx, 'DNS_TEMPLATE_UPDATED', before, diff)
  return get(ctx, id)
}

/** Zones that it was applied to keep their records. @throws AppError not_found */
export async function remove(ctx: Ctx, id: string): Promise<void> {
  const before = await db.lock(ctx.tx, id)
  if (!before) throw notFound('DNS template')
  await db.remove(ctx.tx, id)
  await say(ctx, 'DNS_TEMPLATE_REMOVED', before)
}

/**
 * Puts a template's records into a zone, in the place of the user's records of these names and types.
 * @throws AppError not_found, invalid_input when a value is missing, and as edits of zones
 */
export async function apply(
  ctx: Ctx,
  of: { tenantId: string; domainId: string },
  { templateId, values, preview }: z.infer<typeof zoneTemplateApply>,
): Promise<ZoneEdited> {
  const template = await get(ctx, templateId)
  const missing = template.variables.filter((name) => (values[name] ?? '') === '')
  const errors = missing.map((name) => ({ path: `values.${name}`, message: `Say what {{${name}}} is.` }))
  const [first] = errors
  if (first) throw new AppError('invalid_input', first.message, { errors })
  return dnsZoneService.change(
    ctx,
    of,
    (zone) =>
      dnsZoneService.editsOf(
        zone.name,
        changesOf(template.records, { ...values, [ZONE]: zone.name.slice(0, -1) }),
      ),
    { cause: 'template', comment: template.name, preview },
  )
}

import type { z } from 'zod'
import type { IpSource, ipSourceCreate, ipSourceUpdate } from '../../../shared/api/provisioningSources.ts'
import type { Ctx } from '../../context.ts'
import { isForeignKeyViolation, violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as sources from '../../db/provisioningSources.ts'
import type { SourceRow, SourceView } from '../../db/provisioningSources.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import type { NetboxConnection } from '../../integrations/netbox/types.ts'
import { newId } from '../../lib/ids.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'
import * as auditService from '../auditService.ts'

const present = (row: SourceView): IpSource => ({
  id: row.id,
  name: row.name,
  url: row.url,
  caPem: row.ca_pem,
  field: row.field,
  health: row.health,
  healthMessage: row.health_message,
  checkedAt: row.checked_at?.toISOString() ?? null,
  pools: row.pools,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const purposeOf = (id: string): string => `ipSource:${id}`
/** Of an address that was typed, with or without what follows from it. */
export const baseOf = (url: string): string => withoutTrailingSlashes(url).replace(/\/api$/, '')

export async function listSources(ctx: Ctx, options: ListOptions) {
  const page = await sources.list(ctx.tx, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getSource(ctx: Ctx, id: string): Promise<IpSource> {
  const row = await sources.find(ctx.tx, id)
  if (!row) throw notFound('IP source')
  return present(row)
}

/** Adds a NetBox; its token is sealed and never shown again. @throws AppError already_exists */
export async function addSource(ctx: Ctx, body: z.infer<typeof ipSourceCreate>): Promise<IpSource> {
  const id = newId()
  const url = baseOf(body.url)
  await sources
    .insert(ctx.tx, {
      id,
      name: body.name,
      url,
      token_sealed: ctx.sealer.seal(body.token, purposeOf(id)),
      ca_pem: body.caPem,
      field: body.field,
      created_at: ctx.now(),
    })
    .catch(nameTaken(body.name))
  await say(ctx, { id, name: body.name }, 'IP_SOURCE_CREATED', { details: { url, field: body.field } })
  return getSource(ctx, id)
}

const nameTaken = (name: string | undefined) => (error: unknown) => {
  if (violatedConstraint(error) !== 'ip_sources_name') throw error
  throw new AppError('already_exists', `There is already an IP source named ${name}.`)
}

const say = (
  ctx: Ctx,
  { id, name }: { id: string; name: string },
  action: string,
  more: { diff?: Record<string, [unknown, unknown]>; details?: Record<string, unknown> } = {},
): Promise<void> =>
  auditService.record(ctx, { action, tenantId: null, target: { type: 'ipSource', id, label: name }, ...more })

const shown = ({ name, url, ca_pem: caPem, field }: SourceRow): Record<string, unknown> => ({
  name,
  url,
  caPem,
  field,
})

/** Otherwise whoever may change the address could have the token sent to a server of their own. */
function requireToken(before: SourceRow, change: z.infer<typeof ipSourceUpdate>): void {
  if (change.token !== undefined) return
  const moved = change.url !== undefined && baseOf(change.url) !== before.url
  const trusts = change.caPem !== undefined && change.caPem !== before.ca_pem
  if (!moved && !trusts) return
  const message = `Say the token as well when you change the ${moved ? 'address' : 'trust'}: it is sent there.`
  throw new AppError('invalid_input', message, { errors: [{ path: 'token', message }] })
}

/**
 * Changes how a NetBox is reached. The field stays while pools use it: the marks stand in it.
 * @throws AppError not_found, precondition_failed, already_exists, invalid_input, invalid_state
 */
export async function updateSource(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof ipSourceUpdate>,
  version: number | undefined,
): Promise<IpSource> {
  const before = await sources.lock(ctx.tx, id)
  if (!before) throw notFound('IP source')
  requireVersion(before.version, version)
  requireToken(before, change)
  const { pools } = await getSource(ctx, id)
  if (change.field !== undefined && change.field !== before.field && pools > 0)
    throw new AppError(
      'invalid_state',
      `${pools} pool(s) have their marks in ${before.field}: another field would lose them.`,
    )
  await sources
    .update(ctx.tx, id, {
      name: change.name,
      url: change.url === undefined ? undefined : baseOf(change.url),
      token_sealed: change.token === undefined ? undefined : ctx.sealer.seal(change.token, purposeOf(id)),
      // What was wrong was wrong with the token before.
      ...(change.token !== undefined && { health: 'unknown', health_message: null }),
      ca_pem: change.caPem,
      field: change.field,
      version: before.version + 1,
    })
    .catch(nameTaken(change.name))
  const after = await sources.lock(ctx.tx, id)
  await say(ctx, { id, name: after?.name ?? before.name }, 'IP_SOURCE_UPDATED', {
    diff: auditService.diffOf<Record<string, unknown>>(shown(before), shown(after ?? before)),
    details: { newToken: change.token !== undefined },
  })
  return getSource(ctx, id)
}

/** Takes a NetBox out, and forgets its token. @throws AppError not_found; conflict while pools are of it */
export async function removeSource(ctx: Ctx, id: string): Promise<void> {
  const before = await sources.lock(ctx.tx, id)
  if (!before) throw notFound('IP source')
  await sources.remove(ctx.tx, id).catch((error: unknown) => {
    if (!isForeignKeyViolation(error)) throw error
    throw new AppError('conflict', 'Pools take their addresses from it: remove them first.')
  })
  await say(ctx, before, 'IP_SOURCE_REMOVED')
}

/** How to reach a NetBox, its token opened. Never for an answer. @throws AppError not_found */
export async function sourceConnection(ctx: Ctx, id: string): Promise<NetboxConnection & { name: string }> {
  const row = await sources.find(ctx.tx, id)
  if (!row) throw notFound('IP source')
  return {
    name: row.name,
    url: row.url,
    token: ctx.sealer.open(row.token_sealed, purposeOf(id)),
    field: row.field,
    ...(row.ca_pem === null ? {} : { ca: row.ca_pem }),
  }
}

/** Writes down whether a NetBox can be asked. */
export async function noteSourceHealth(ctx: Ctx, id: string, problem: string | null): Promise<void> {
  await sources.update(ctx.tx, id, {
    health: problem === null ? 'ok' : 'failing',
    health_message: problem,
    checked_at: ctx.now(),
  })
}

import type { z } from 'zod'
import type { DnsServer, dnsServerCreate, dnsServerUpdate } from '../../shared/api/dnsServers.ts'
import type { Ctx } from '../context.ts'
import * as db from '../db/dnsServers.ts'
import type { DnsServerRow, DnsServerView } from '../db/dnsServers.ts'
import { isForeignKeyViolation, violatedConstraint } from '../db/index.ts'
import type { ListOptions } from '../db/list.ts'
import * as controls from '../db/provisioningControls.ts'
import { AppError, notFound, requireVersion } from '../errors.ts'
import type { DnsServerConnection } from '../integrations/dnsServers/types.ts'
import { DnsError } from '../lib/dns/errors.ts'
import { canonicalName, requireHost } from '../lib/dns/names.ts'
import { newId } from '../lib/ids.ts'
import { withoutTrailingSlashes } from '../lib/slashes.ts'
import * as auditService from './auditService.ts'
import * as dnsQueues from './dnsQueues.ts'
import * as dnsZoneService from './dnsZoneService.ts'

/** The servers that zones are kept on. They are the platform's. */

/** Of the key that secondaries show. */
export const transferKeyName = (id: string): string => `mpanel-${id.slice(-12)}`

const present = (row: DnsServerView): DnsServer => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  url: row.url,
  serverId: row.server_id,
  caPem: row.ca_pem,
  nameServers: row.name_servers,
  queryAddresses: row.query_addresses,
  hostmaster: row.hostmaster,
  isDefault: row.is_default,
  parallel: row.parallel,
  health: row.health,
  healthMessage: row.health_message,
  checkedAt: row.checked_at?.toISOString() ?? null,
  zones: row.zones,
  transferKey: row.transfer_key_sealed === null ? null : transferKeyName(row.id),
  secondaries: row.secondaries,
  catalog: row.catalog,
  untoldZones: row.untold_zones,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

/** Of an address that was typed, with or without what follows from it. */
export function baseOf(url: string): string {
  const typed = withoutTrailingSlashes(url)
  const at = typed.search(/\/api(?:$|\/v1(?:$|\/servers))/)
  return at === -1 ? typed : typed.slice(0, at)
}

export async function listServers(ctx: Ctx, options: ListOptions) {
  const page = await db.list(ctx.tx, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getServer(ctx: Ctx, id: string): Promise<DnsServer> {
  const row = await db.findView(ctx.tx, id)
  if (!row) throw notFound('DNS server')
  return present(row)
}

/** In canonical form, in the order given. @throws AppError invalid_input */
function hostsOf(names: readonly string[]): string[] {
  return [
    ...new Set(
      names.map((name, at) => {
        try {
          return requireHost(canonicalName(name, '.', 'full'))
        } catch (error) {
          if (!(error instanceof DnsError)) throw error
          throw new AppError('invalid_input', error.message, {
            errors: [{ path: `nameServers.${at}`, message: error.message }],
          })
        }
      }),
    ),
  ]
}

const nameTaken = (error: unknown): never => {
  if (violatedConstraint(error) !== 'dns_servers_name') throw error
  throw new AppError('already_exists', 'There is already a DNS server of this name.')
}

const say = (
  ctx: Ctx,
  { id, name }: { id: string; name: string },
  action: string,
  more: { diff?: Record<string, [unknown, unknown]>; details?: Record<string, unknown> } = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'dnsServer', id, label: name },
    ...more,
  })

const limitOf = (id: string): string => `dns:${id}`

/** Adds a PowerDNS; its key is sealed and never shown again. @throws AppError already_exists, invalid_input */
export async function addServer(ctx: Ctx, body: z.infer<typeof dnsServerCreate>): Promise<DnsServer> {
  const id = newId()
  const url = baseOf(body.url)
  if (body.isDefault) await db.noDefault(ctx.tx)
  await db
    .insert(ctx.tx, {
      id,
      name: body.name,
      kind: 'powerdns',
      url,
      api_key_sealed: ctx.sealer.seal(body.apiKey, dnsZoneService.sealedFor(id)),
      server_id: body.serverId,
      ca_pem: body.caPem,
      name_servers: hostsOf(body.nameServers),
      query_addresses: body.queryAddresses,
      hostmaster: body.hostmaster,
      is_default: body.isDefault,
      parallel: body.parallel,
      created_at: ctx.now(),
    })
    .catch(nameTaken)
  await controls.setLimit(ctx.tx, limitOf(id), body.parallel)
  await say(ctx, { id, name: body.name }, 'DNS_SERVER_CREATED', {
    details: { url, nameServers: body.nameServers },
  })
  return getServer(ctx, id)
}

/** Adds the PowerDNS of the configuration as the one that zones are begun on, unless one at this address is known. */
export async function seedPowerDns(
  ctx: Ctx,
  { url, apiKey, nameServers }: { url: string; apiKey: string; nameServers: string[] },
  hostmaster: string,
): Promise<void> {
  if ((await db.all(ctx.tx)).some((row) => row.url === baseOf(url))) return
  const body = {
    url,
    apiKey,
    nameServers,
    hostmaster,
    serverId: 'localhost',
    caPem: null,
    queryAddresses: [],
  }
  await addServer(ctx, { ...body, name: new URL(url).host, parallel: 1, isDefault: true })
}

/** Says which name servers serve the zone files, as long as nobody has said so. @throws AppError invalid_input */
export async function nameZoneFiles(
  ctx: Ctx,
  { nameServers, hostmaster }: { nameServers: string[]; hostmaster: string },
): Promise<void> {
  const files = (await db.all(ctx.tx)).find(({ kind }) => kind === 'zonefiles')
  if (!files || files.name_servers.length > 0) return
  await db.update(ctx.tx, files.id, { name_servers: hostsOf(nameServers), hostmaster })
}

/** The name servers of the server that zones are begun on. */
export const nameServersForNew = async (ctx: Ctx): Promise<string[]> =>
  (await db.findDefault(ctx.tx))?.name_servers ?? []

const shown = (row: DnsServerRow): Record<string, unknown> => ({
  name: row.name,
  url: row.url,
  serverId: row.server_id,
  caPem: row.ca_pem,
  nameServers: row.name_servers.join(' '),
  queryAddresses: row.query_addresses.join(' '),
  hostmaster: row.hostmaster,
  isDefault: row.is_default,
  parallel: row.parallel,
})

const refuse = (path: string, message: string): never => {
  throw new AppError('invalid_input', message, { errors: [{ path, message }] })
}

/** Otherwise whoever may change the address could have the key sent to a server of their own. */
function requireKey(before: DnsServerRow, change: z.infer<typeof dnsServerUpdate>): void {
  if (before.kind === 'zonefiles') {
    const given = (['url', 'apiKey', 'serverId', 'caPem'] as const).find((key) => change[key] !== undefined)
    if (given) refuse(given, 'Zone files have no connection.')
  }
  if (change.apiKey !== undefined) return
  const moved = change.url !== undefined && baseOf(change.url) !== before.url
  const trusts = change.caPem !== undefined && change.caPem !== before.ca_pem
  if (moved || trusts)
    refuse(
      'apiKey',
      `Say the key as well when you change the ${moved ? 'address' : 'trust'}: it is sent there.`,
    )
}

/**
 * Changes a server. Its zones follow when its name servers change.
 * @throws AppError not_found, precondition_failed, already_exists, invalid_input
 */
export async function updateServer(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof dnsServerUpdate>,
  version: number | undefined,
): Promise<DnsServer> {
  const before = await db.lock(ctx.tx, id)
  if (!before) throw notFound('DNS server')
  requireVersion(before.version, version)
  requireKey(before, change)
  if (change.nameServers?.length === 0 && before.name_servers.length > 0)
    refuse('nameServers', 'Zones need a name server: name the new ones.')
  if (change.isDefault) await db.noDefault(ctx.tx)
  await db
    .update(ctx.tx, id, {
      name: change.name,
      url: change.url === undefined ? undefined : baseOf(change.url),
      api_key_sealed:
        change.apiKey === undefined
          ? undefined
          : ctx.sealer.seal(change.apiKey, dnsZoneService.sealedFor(id)),
      // What was wrong was wrong with the key before.
      ...(change.apiKey !== undefined && { health: 'unknown', health_message: null }),
      server_id: change.serverId,
      ca_pem: change.caPem,
      name_servers: change.nameServers && hostsOf(change.nameServers),
      query_addresses: change.queryAddresses,
      hostmaster: change.hostmaster,
      is_default: change.isDefault,
      parallel: change.parallel,
      version: before.version + 1,
    })
    .catch(nameTaken)
  if (change.parallel !== undefined) await controls.setLimit(ctx.tx, limitOf(id), change.parallel)
  const after = (await db.lock(ctx.tx, id)) ?? before
  await say(ctx, after, 'DNS_SERVER_UPDATED', {
    diff: auditService.diffOf(shown(before), shown(after)),
    details: { newKey: change.apiKey !== undefined },
  })
  return getServer(ctx, id)
}

/** Takes a server out that has no zones, and forgets its key. @throws AppError not_found, invalid_state, conflict */
export async function removeServer(ctx: Ctx, id: string): Promise<void> {
  const before = await db.lock(ctx.tx, id)
  if (!before) throw notFound('DNS server')
  if (before.kind === 'zonefiles')
    throw new AppError('invalid_state', 'Zone files are part of mPanel: make another server the default.')
  await db.remove(ctx.tx, id).catch((error: unknown) => {
    if (!isForeignKeyViolation(error)) throw error
    throw new AppError('conflict', 'It has zones, or had some whose history is kept.')
  })
  await controls.setLimit(ctx.tx, limitOf(id), null)
  await say(ctx, before, 'DNS_SERVER_REMOVED')
}

/** How to reach a server, its key opened. Never for an answer. @throws AppError not_found */
export async function connectionFor(
  ctx: Ctx,
  id: string,
): Promise<{ name: string; connection: DnsServerConnection }> {
  const row = await db.find(ctx.tx, id)
  if (!row) throw notFound('DNS server')
  return { name: row.name, connection: dnsZoneService.connectionOf(ctx, row) }
}

/** Writes down whether a server can be asked. */
export async function noteHealth(ctx: Ctx, id: string, problem: string | null): Promise<void> {
  await db.update(ctx.tx, id, {
    health: problem === null ? 'ok' : 'failing',
    health_message: problem,
    checked_at: ctx.now(),
  })
}

export { faultOf as problemOf } from '../lib/outcome.ts'

const ROUND_MS = 5 * 60_000

/** Enqueues a look at each server: whether it answers, and whether its zones are as they were left. */
export async function compareAll(ctx: Ctx): Promise<void> {
  const round = String(Math.floor(ctx.now().getTime() / ROUND_MS))
  for (const server of await db.inUse(ctx.tx)) await dnsQueues.enqueueServerCompare(ctx, server, round)
}

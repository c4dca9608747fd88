import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import type { DnsServer, DnsTransferKey, dnsTransfersPut } from '../../shared/api/dnsServers.ts'
import type { Ctx } from '../context.ts'
import * as servers from '../db/dnsServers.ts'
import type { DnsServerRow } from '../db/dnsServers.ts'
import * as watch from '../db/dnsWatch.ts'
import * as db from '../db/dnsZones.ts'
import { AppError, notFound, requireVersion } from '../errors.ts'
import type { DnsServerConnection, Transfers } from '../integrations/dnsServers/types.ts'
import { DnsError } from '../lib/dns/errors.ts'
import { canonicalName, requireHost } from '../lib/dns/names.ts'
import { mailboxOf } from '../lib/dns/reverse.ts'
import * as auditService from './auditService.ts'
import * as dnsQueues from './dnsQueues.ts'
import * as dnsServerService from './dnsServerService.ts'
import * as dnsZoneService from './dnsZoneService.ts'

/** Secondaries of DNS servers: who may copy their zones, and is told of changes. They are the platform's. */

const ALGORITHM = 'hmac-sha256'
const purposeOf = (id: string): string => `dnsTransferKey:${id}`

/** @throws AppError not_found, invalid_state */
async function lockServer(ctx: Ctx, id: string): Promise<DnsServerRow> {
  const row = await servers.lock(ctx.tx, id)
  if (!row) throw notFound('DNS server')
  if (row.kind === 'zonefiles')
    throw new AppError(
      'invalid_state',
      'Zone files are copied by the program that serves them: name the secondaries in its configuration.',
    )
  return row
}

const change = (row: DnsServerRow) => ({
  transfers_revision: row.transfers_revision + 1,
  version: row.version + 1,
})

const say = (
  ctx: Ctx,
  { id, name }: DnsServerRow,
  action: string,
  diff: Record<string, [unknown, unknown]> = {},
): Promise<void> =>
  auditService.record(ctx, { action, tenantId: null, target: { type: 'dnsServer', id, label: name }, diff })

/** Makes the key that secondaries show, a new one where there was one. It is answered once. @throws AppError not_found, invalid_state */
export async function makeKey(ctx: Ctx, id: string): Promise<DnsTransferKey> {
  const row = await lockServer(ctx, id)
  const secret = randomBytes(32).toString('base64')
  await servers.update(ctx.tx, id, {
    ...change(row),
    transfer_key_sealed: ctx.sealer.seal(secret, purposeOf(id)),
  })
  await say(ctx, row, 'DNS_TRANSFER_KEY_MADE')
  return { name: dnsServerService.transferKeyName(id), algorithm: ALGORITHM, secret }
}

/** @throws AppError invalid_input */
function catalogOf(name: string): string {
  try {
    return requireHost(canonicalName(name, '.', 'full'))
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    throw new AppError('invalid_input', error.message, {
      errors: [{ path: 'catalog', message: error.message }],
    })
  }
}

/**
 * Says who copies the zones of a server. Its zones follow one after another.
 * @throws AppError not_found, invalid_state, invalid_input, already_exists, precondition_failed
 */
export async function setTransfers(
  ctx: Ctx,
  id: string,
  body: z.infer<typeof dnsTransfersPut>,
  version: number | undefined,
): Promise<DnsServer> {
  const row = await lockServer(ctx, id)
  requireVersion(row.version, version)
  if (row.transfer_key_sealed === null && (body.secondaries.length > 0 || body.catalog !== null))
    throw new AppError('invalid_state', 'Make the key first: without one anybody could copy the zones.')
  const catalog = body.catalog === null ? null : catalogOf(body.catalog)
  const taken = catalog === null ? undefined : await db.withName(ctx.tx, [catalog])
  if (taken) throw new AppError('already_exists', 'There is a zone of this name: the catalog needs its own.')
  await servers.update(ctx.tx, id, { ...change(row), secondaries: body.secondaries, catalog })
  await say(
    ctx,
    row,
    'DNS_SECONDARIES_CHANGED',
    auditService.diffOf(
      { secondaries: row.secondaries.join(' '), catalog: row.catalog },
      { secondaries: body.secondaries.join(' '), catalog },
    ),
  )
  return dnsServerService.getServer(ctx, id)
}

/** What a zone's server is to do for its secondaries. */
export type Wanted = {
  name: string
  connection: DnsServerConnection
  revision: number
  transfers: Transfers | null
}

/** Null: the zone is gone, or its server does not copy yet. @throws AppError not_found */
export async function wantedOf(ctx: Ctx, zoneId: string): Promise<Wanted | null> {
  const zone = await db.find(ctx.tx, zoneId)
  const server = zone && (await servers.find(ctx.tx, zone.server_id))
  if (!server || zone.ended_at !== null || zone.state === 'ending') return null
  const { id, secondaries, catalog, transfer_key_sealed: sealed } = server
  const isOff = sealed === null || (secondaries.length === 0 && catalog === null)
  const transfers = isOff
    ? null
    : {
        key: { name: dnsServerService.transferKeyName(id), secret: ctx.sealer.open(sealed, purposeOf(id)) },
        secondaries,
        catalog:
          catalog === null
            ? null
            : {
                name: catalog,
                owner: id,
                primary: server.name_servers[0] ?? catalog,
                contact: mailboxOf(server.hostmaster),
              },
      }
  return {
    name: zone.name,
    connection: dnsZoneService.connectionOf(ctx, server),
    revision: server.transfers_revision,
    transfers,
  }
}

/** It was read back that the server does so. */
export async function noteTransfers(ctx: Ctx, zoneId: string, revision: number): Promise<void> {
  const zone = await db.lock(ctx.tx, zoneId)
  if (zone) await db.update(ctx.tx, zoneId, { transfers_revision: revision })
}

const BATCH = 200

/** Orders that servers are told for zones of which they were not yet. */
export async function followSecondaries(ctx: Ctx): Promise<void> {
  for (const zone of await watch.withOtherTransfers(ctx.tx, BATCH))
    await dnsQueues.enqueueTransfers(ctx, zone)
}

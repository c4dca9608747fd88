import type { z } from 'zod'
import type { DnsServerCheck, dnsServerCheckRequest } from '../../shared/api/dnsServers.ts'
import { transaction, type Origin, type Root } from '../context.ts'
import type { DnsServerConnection } from '../integrations/dnsServers/types.ts'
import { faultOf } from '../lib/outcome.ts'
import * as auditService from './auditService.ts'
import * as dnsServerService from './dnsServerService.ts'

const TIMEOUT_MS = 5_000

/** Tries a connection that was typed. A request waits for these calls: the person who typed it waits for the answer. */
export async function checkConnection(
  root: Root,
  origin: Origin,
  { url, apiKey, serverId, caPem }: z.infer<typeof dnsServerCheckRequest>,
): Promise<DnsServerCheck> {
  const base = dnsServerService.baseOf(url)
  const connection: DnsServerConnection = {
    kind: 'powerdns',
    url: base,
    apiKey,
    serverId,
    ...(caPem === null ? {} : { ca: caPem }),
  }
  return check(root, origin, { id: base, label: base }, connection)
}

/** Tries the connection of a server that is known. @throws AppError not_found */
export async function checkServer(root: Root, origin: Origin, id: string): Promise<DnsServerCheck> {
  const { name, connection } = await transaction(root, origin, 'platform', (ctx) =>
    dnsServerService.connectionFor(ctx, id),
  )
  const found = await check(root, origin, { id, label: name }, connection)
  await transaction(root, origin, 'platform', (ctx) =>
    dnsServerService.noteHealth(ctx, id, found.problems[0] ?? null),
  )
  return found
}

async function check(
  root: Root,
  origin: Origin,
  target: { id: string; label: string },
  connection: DnsServerConnection,
): Promise<DnsServerCheck> {
  const found = await ask(root, connection)
  await transaction(root, origin, 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'DNS_SERVER_CHECKED',
      tenantId: null,
      target: { type: 'dnsServer', ...target },
      outcome: found.problems.length === 0 ? 'success' : 'error',
      details: { problems: found.problems },
    }),
  )
  return found
}

async function ask(root: Root, connection: DnsServerConnection): Promise<DnsServerCheck> {
  const server = root.vendors.dnsServer(
    connection.kind === 'powerdns' ? { ...connection, timeoutMs: TIMEOUT_MS } : connection,
  )
  const version = await server.version()
  if (version.outcome !== 'ok') {
    const isMissing = version.outcome === 'rejected' && version.code === 'missing'
    const problem = isMissing
      ? 'There is no PowerDNS at this address, or it has no server of this name: "localhost" is the ordinary one.'
      : faultOf(version)
    return { problems: [problem], version: null, zones: null }
  }
  const zones = await server.heads()
  return zones.outcome === 'ok'
    ? { problems: [], version: version.value, zones: zones.value.size }
    : { problems: [faultOf(zones)], version: version.value, zones: null }
}

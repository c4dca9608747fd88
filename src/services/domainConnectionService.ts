import { isIPv6 } from 'node:net'
import type { z } from 'zod'
import type { DomainConnection, domainConnect, domainConnected } from '../../shared/api/domainConnections.ts'
import { canDomain } from '../../shared/states/domain.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../context.ts'
import * as connections from '../db/domainConnections.ts'
import type { ConnectionRow } from '../db/domainConnections.ts'
import type { DomainRow } from '../db/domains.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { DnsError } from '../lib/dns/errors.ts'
import { canonicalName, isWithin, requireHost } from '../lib/dns/names.ts'
import { newId } from '../lib/ids.ts'
import { withoutWildcard } from '../lib/x509/names.ts'
import * as cloudPodService from './cloudPodService.ts'
import * as dnsZoneService from './dnsZoneService.ts'
import * as domainService from './domainService.ts'
import * as provisioningService from './provisioningService.ts'
import * as sslService from './sslService.ts'
import type { Identity } from './userService.ts'

/** Domains that lead to pods: their records follow the pod's addresses, and a certificate is asked for. */

type Connect = z.infer<typeof domainConnect>
type Connected = z.infer<typeof domainConnected>
type Of = { tenantId: string; domainId: string }

/** What cannot stand beside the address of a name. */
const IN_THE_WAY = new Set(['A', 'AAAA', 'CNAME'])
const ownerOf = (domainId: string): string => `connection:${domainId}`

/** @returns names in full, without a last dot @throws AppError invalid_input */
function hostsOf(domain: string, typed: readonly string[]): string[] {
  const hosts = typed.map((text, at) => {
    try {
      const name = canonicalName(text, `${domain}.`, 'relative')
      requireHost(withoutWildcard(name))
      if (!isWithin(name, `${domain}.`)) throw new DnsError(`${text} lies outside of ${domain}.`)
      return name.slice(0, -1)
    } catch (error) {
      if (!(error instanceof DnsError)) throw error
      throw new AppError('invalid_input', error.message, {
        errors: [{ path: `hosts.${at}`, message: error.message }],
      })
    }
  })
  return [...new Set(hosts)]
}

/** @throws AppError not_found, invalid_state */
async function addressesOf(ctx: Ctx, tenantId: string, podId: string): Promise<string[]> {
  const { hostname } = await cloudPodService.get(ctx, tenantId, podId)
  const addresses = await connections.addressesOf(ctx.tx, podId)
  if (addresses.length === 0)
    throw new AppError('invalid_state', `${hostname} has no address that a name could lead to.`)
  return addresses
}

/** The zone of a domain, which begins now where there is none. */
async function zoneOf(ctx: Ctx, of: Of): Promise<string> {
  const zone = await dnsZoneService.findZone(ctx, of)
  return zone?.id ?? (await dnsZoneService.beginZone(ctx, of, { serverId: null })).zone.id
}

/** Takes away, or refuses to stand beside, what users have written at these names. @throws AppError invalid_state */
async function makeWay(ctx: Ctx, of: Of, hosts: readonly string[], replace: boolean): Promise<void> {
  const names = new Set(hosts.map((host) => `${host}.`))
  const { rrsets } = await dnsZoneService.recordsOf(ctx, of)
  const standing = rrsets.filter(
    ({ name, type, managedBy }) => managedBy === 'user' && names.has(name) && IN_THE_WAY.has(type),
  )
  const [first] = standing
  if (!first) return
  if (!replace)
    throw new AppError(
      'invalid_state',
      `${first.name.slice(0, -1)} has records of its own already (${first.type} ${first.value.contents.join(', ')}): ` +
        'say that they may be replaced, or leave this name out.',
    )
  const changes = standing.map(({ name, type }) => ({ name, type, value: null }))
  await dnsZoneService.change(ctx, of, (zone) => dnsZoneService.editsOf(zone.name, changes), {
    cause: 'connected',
  })
}

type Rrsets = Parameters<typeof dnsZoneService.putManaged>[3]

const recordsFor = (hosts: readonly string[], addresses: readonly string[]): Rrsets[number][] => {
  const [v6, v4] = [addresses.filter((one) => isIPv6(one)), addresses.filter((one) => !isIPv6(one))]
  return hosts.flatMap((host) => [
    ...(v4.length > 0 ? [{ name: `${host}.`, type: 'A' as const, contents: v4 }] : []),
    ...(v6.length > 0 ? [{ name: `${host}.`, type: 'AAAA' as const, contents: v6 }] : []),
  ])
}

/**
 * Leads names of a domain to a pod: its zone, which begins where there is none, has their records, and a certificate is
 * asked for and, where that is asked for, brought into the pod. What the domain led to before is replaced; a pod that it led to gets
 * no more certificates of it.
 * @throws AppError not_found, invalid_input, forbidden, invalid_state with the reason
 */
export async function connect(ctx: Ctx, identity: Identity, of: Of, asked: Connect): Promise<Connected> {
  if (asked.delivery !== null && !asked.certificate) {
    const message = 'Without a certificate there is nothing to deliver.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'delivery', message }] })
  }
  const domain = await domainService.lockDomain(ctx, of.tenantId, of.domainId)
  requireAllowed(canDomain.use(domainService.subjectOf(domain)))
  const hosts = hostsOf(domain.name, asked.hosts)
  const addresses = await addressesOf(ctx, of.tenantId, asked.podId)
  const zoneId = await zoneOf(ctx, of)
  await makeWay(ctx, of, hosts, asked.replace)
  await dnsZoneService.putManaged(ctx, zoneId, ownerOf(of.domainId), recordsFor(hosts, addresses))
  const certificate = asked.certificate ? await sslService.ensure(ctx, of.tenantId, hosts) : null
  const before = await connections.ofDomain(ctx.tx, of.tenantId, of.domainId)
  await bring(ctx, identity, before, certificate?.id ?? null, asked)
  const row = {
    pod_id: asked.podId,
    zone_id: zoneId,
    hosts,
    addresses,
    certificate_id: certificate?.id ?? null,
    updated_at: ctx.now(),
  }
  if (before) await connections.update(ctx.tx, before.id, row)
  else
    await connections.insert(ctx.tx, {
      id: newId(),
      tenant_id: of.tenantId,
      domain_id: of.domainId,
      created_at: ctx.now(),
      ...row,
    })
  await domainService.emit(ctx, domain, 'DOMAIN_UPDATED', {
    connection: [shownIn(before), { podId: asked.podId, hosts, addresses }],
  })
  const connection = await get(ctx, of)
  if (!connection) throw new Error('the connection was there a moment ago')
  const jobId = certificate?.jobId ?? null
  return { connection, job: jobId === null ? null : await provisioningService.getJob(ctx, jobId) }
}

/** The pod that the names lead to now gets their certificate as it was asked for, and no other pod does any more. */
async function bring(
  ctx: Ctx,
  identity: Identity,
  before: ConnectionRow | undefined,
  certificateId: string | null,
  { podId, delivery }: Connect,
): Promise<void> {
  const old = before?.certificate_id ?? null
  if (before && old !== null && (before.pod_id !== podId || old !== certificateId)) {
    const stays = before.pod_id === podId && certificateId !== null && delivery === null
    if (stays) await sslService.takeOverDelivery(ctx, identity, old, { certificateId, podId })
    else await sslService.leavePod(ctx, old, before.pod_id)
  }
  if (certificateId !== null && delivery !== null)
    await sslService.deliverToPod(ctx, identity, certificateId, { ...delivery, podId })
}

const shownIn = (row: ConnectionRow | undefined) =>
  row ? { podId: row.pod_id, hosts: row.hosts, addresses: row.addresses } : null

/** What a domain leads to; null: nothing of ours. @throws AppError not_found */
export async function get(ctx: Ctx, { tenantId, domainId }: Of): Promise<DomainConnection | null> {
  const row = await connections.ofDomain(ctx.tx, tenantId, domainId)
  if (!row) return null
  const { hostname } = await cloudPodService.get(ctx, tenantId, row.pod_id)
  const zone = await dnsZoneService.getZone(ctx, { tenantId, domainId })
  const state = row.certificate_id === null ? null : await sslService.stateOf(ctx, row.certificate_id)
  return {
    pod: { id: row.pod_id, hostname },
    hosts: row.hosts,
    addresses: row.addresses,
    served: zone.revision === zone.appliedRevision,
    delivery:
      row.certificate_id === null
        ? null
        : await sslService.deliveryTo(ctx, tenantId, row.certificate_id, row.pod_id),
    certificate: row.certificate_id === null || state === null ? null : { id: row.certificate_id, state },
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Takes the records away that lead to a pod; the certificate stays. @throws AppError not_found */
export async function disconnect(ctx: Ctx, of: Of): Promise<void> {
  const domain = await domainService.lockDomain(ctx, of.tenantId, of.domainId)
  if (!(await end(ctx, domain))) throw notFound('connection')
}

/** @returns whether there was one */
async function end(ctx: Ctx, domain: DomainRow): Promise<boolean> {
  const row = await connections.ofDomain(ctx.tx, domain.tenant_id, domain.id)
  if (!row) return false
  await dnsZoneService.dropManaged(ctx, ownerOf(domain.id))
  await connections.update(ctx.tx, row.id, { ended_at: ctx.now(), updated_at: ctx.now() })
  await domainService.emit(ctx, domain, 'DOMAIN_UPDATED', { connection: [shownIn(row), null] })
  return true
}

const BATCH = 200

/** Records follow the addresses of their pods, and go with them. */
export async function followPods(root: Root): Promise<void> {
  const found = await asSystem(root, 'domains', 'platform', (ctx) => connections.stale(ctx.tx, BATCH))
  await eachAsSystem(root, {
    label: 'domains',
    rows: found,
    fault: 'a domain could not follow its pod',
    work: (ctx, row) => follow(ctx, { tenantId: row.tenant_id, domainId: row.domain_id }),
  })
}

async function follow(ctx: Ctx, of: Of): Promise<void> {
  const domain = await domainService.lockDomain(ctx, of.tenantId, of.domainId)
  const row = await connections.ofDomain(ctx.tx, of.tenantId, of.domainId)
  if (!row) return
  const addresses = await connections.addressesOf(ctx.tx, row.pod_id)
  if (addresses.length === 0 || !(await hasZone(ctx, of))) return void (await end(ctx, domain))
  await dnsZoneService.putManaged(ctx, row.zone_id, ownerOf(of.domainId), recordsFor(row.hosts, addresses))
  await connections.update(ctx.tx, row.id, { addresses, updated_at: ctx.now() })
  await domainService.emit(ctx, domain, 'DOMAIN_UPDATED', {
    connection: [shownIn(row), { ...shownIn(row), addresses }],
  })
}

async function hasZone(ctx: Ctx, of: Of): Promise<boolean> {
  const zone = await dnsZoneService.findZone(ctx, of)
  return zone !== null && zone.state !== 'ending' && zone.state !== 'ended'
}

import type { KeptReverseZones, reverseKeep } from '../../shared/api/dnsReverse.ts'
import { reverseJudged, type ReverseSeen } from '../../shared/states/reverseName.ts'
import { canZone } from '../../shared/states/domainZone.ts'
import type { z } from 'zod'
import { asSystem, type Ctx, type Root } from '../context.ts'
import * as db from '../db/dnsReverse.ts'
import type { Mismatch, Named } from '../db/dnsReverse.ts'
import * as servers from '../db/dnsServers.ts'
import * as zones from '../db/dnsZones.ts'
import * as pools from '../db/provisioningPools.ts'
import { AppError, notFound } from '../errors.ts'
import { inLanes } from '../lib/lanes.ts'
import { reversePlace, reverseZonesOf } from '../lib/dns/reverse.ts'
import * as auditService from './auditService.ts'
import * as dnsZoneService from './dnsZoneService.ts'

/** Reverse zones of address pools: what stands in them follows the names of the addresses. See docs/modules/dns.md. */

/** The pool, whose row is locked. @throws AppError not_found */
async function lockPool(ctx: Ctx, id: string) {
  const pool = await pools.lockPool(ctx.tx, id)
  if (!pool) throw notFound('IP pool')
  return pool
}

const say = (
  ctx: Ctx,
  pool: { id: string; name: string },
  action: string,
  details: Record<string, unknown> = {},
) =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'ipPool', id: pool.id, label: pool.name },
    details,
  })

/** The reverse zones of a pool as they are kept here. @throws AppError not_found */
export async function get(ctx: Ctx, poolId: string): Promise<KeptReverseZones> {
  const pool = await pools.findPool(ctx.tx, poolId)
  if (!pool) throw notFound('IP pool')
  const server =
    pool.reverse_server_id === null ? undefined : await servers.find(ctx.tx, pool.reverse_server_id)
  const found = server ? await db.zonesOfPool(ctx.tx, poolId) : []
  return {
    server: server ? { id: server.id, name: server.name } : null,
    nameServers: server?.name_servers ?? [],
    zones: found.map((zone) => ({
      id: zone.id,
      name: zone.name,
      network: zone.network ?? '',
      state: zone.state,
      revision: zone.desired_revision,
      appliedRevision: zone.applied_revision,
      appliedAt: zone.applied_at?.toISOString() ?? null,
      delegation: zone.delegation,
      error: (zone.error as { message: string } | null)?.message ?? null,
      differing: (zone.drift as { total: number } | null)?.total ?? 0,
    })),
    names: (await db.namesOf(ctx.tx, poolId)).map(({ address, name, seen, podId }) => ({
      address,
      name,
      podId,
      ...reverseJudged(address, name, seen as ReverseSeen | null),
    })),
  }
}

/**
 * Has the reverse zones of a pool kept on a DNS server from now on: zones of the same network that are there already stay on theirs.
 * @throws AppError not_found, invalid_state, already_exists
 */
export async function keep(
  ctx: Ctx,
  poolId: string,
  { serverId }: z.infer<typeof reverseKeep>,
): Promise<KeptReverseZones> {
  const pool = await lockPool(ctx, poolId)
  if (pool.reverse_server_id !== null)
    throw new AppError('invalid_state', `The reverse zones of ${pool.name} are kept here already.`)
  const server = await dnsZoneService.serverFor(ctx, serverId)
  const there = await db.zonesOfPool(ctx.tx, poolId)
  await db.setServer(ctx.tx, poolId, server.id)
  for (const { zone: name, network } of reverseZonesOf(pool.network))
    if (!there.some((zone) => zone.name === name && canZone.edit({ state: zone.state }).allowed))
      await dnsZoneService.beginOn(ctx, server, { name, network, policy: 'enforce' })
  await say(ctx, pool, 'IP_POOL_REVERSE_KEPT', { serverId: server.id })
  await follow(ctx)
  return get(ctx, poolId)
}

/** Keeps them no longer: zones that no other pool needs are taken off their server. @throws AppError not_found, invalid_state */
export async function letGo(ctx: Ctx, poolId: string): Promise<KeptReverseZones> {
  const pool = await lockPool(ctx, poolId)
  if (pool.reverse_server_id === null)
    throw new AppError('invalid_state', `The reverse zones of ${pool.name} are not kept here.`)
  await db.setServer(ctx.tx, poolId, null)
  await say(ctx, pool, 'IP_POOL_REVERSE_LET_GO')
  await follow(ctx)
  return get(ctx, poolId)
}

/** Has its zones served again as they are wanted, whatever others have changed there. @throws AppError not_found, invalid_state */
export async function apply(ctx: Ctx, poolId: string): Promise<KeptReverseZones> {
  const pool = await lockPool(ctx, poolId)
  if (pool.reverse_server_id === null)
    throw new AppError('invalid_state', `The reverse zones of ${pool.name} are not kept here.`)
  await follow(ctx)
  for (const { id } of await db.zonesOfPool(ctx.tx, poolId)) {
    const zone = await zones.lock(ctx.tx, id)
    if (zone && canZone.apply({ state: zone.state }).allowed) await dnsZoneService.applyAgain(ctx, zone, true)
  }
  await say(ctx, pool, 'IP_POOL_REVERSE_APPLY_REQUESTED')
  return get(ctx, poolId)
}

const AT_ONCE = 5_000

/** Lets the reverse zones say what the addresses are called, and ends those that no pool needs any more. */
export async function follow(ctx: Ctx): Promise<void> {
  for (const { id } of await db.orphans(ctx.tx)) {
    const zone = await zones.lock(ctx.tx, id)
    if (zone && canZone.end({ state: zone.state }).allowed) await dnsZoneService.endLocked(ctx, zone)
  }
  const wrong = await db.mismatches(ctx.tx, AT_ONCE)
  for (const [zoneId, own] of Map.groupBy(wrong, (one) => one.zoneId)) {
    const zone = await dnsZoneService.lockZone(ctx, zoneId)
    const edits = own.map((one) => pointerAt(one, zone.default_ttl))
    await dnsZoneService.edit(ctx, zone, edits, { cause: 'addresses' })
  }
}

function pointerAt({ network, address, name }: Mismatch, ttl: number): dnsZoneService.Edit {
  const place = reversePlace(address, Number(network.split('/')[1]))
  const after = name === null ? null : { ttl, contents: [`${name}.`], comment: '', expiresAt: null }
  return { name: place.name, type: 'PTR', managedBy: 'pod', owner: `address:${address}`, after }
}

const LOOKS = 100
const SIDE_BY_SIDE = 8
const MINUTE_MS = 60_000
/** What is confirmed is looked at twice a day, what is not, more often. */
const AGAIN_MS = { confirmed: 12 * 60 * MINUTE_MS, other: 15 * MINUTE_MS }

/** Looks whether names of addresses are found, and lead back to them. */
export async function lookDue(root: Root): Promise<void> {
  const now = root.now()
  const due = await asSystem(root, 'dns.reverseLook', 'platform', (ctx) =>
    db.takeForLook(ctx.tx, now, new Date(now.getTime() + AGAIN_MS.other), LOOKS),
  )
  await inLanes(due, SIDE_BY_SIDE, (one) => lookAt(root, one))
}

async function lookAt(root: Root, named: Named): Promise<void> {
  const answer = await root.vendors.reverse(named.address, named.name)
  const now = root.now()
  const seen: ReverseSeen = {
    name: named.name,
    at: now.toISOString(),
    ...(answer.ok
      ? { names: answer.names, addresses: answer.addresses, fault: null }
      : { names: [], addresses: [], fault: answer.fault }),
  }
  const { state } = reverseJudged(named.address, named.name, seen)
  const wait = state === 'confirmed' ? AGAIN_MS.confirmed : AGAIN_MS.other
  await asSystem(root, 'dns.reverseLook', 'platform', (ctx) =>
    db.noteSeen(ctx.tx, named, seen, new Date(now.getTime() + wait)),
  )
}

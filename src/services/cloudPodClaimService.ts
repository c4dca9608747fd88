import type { Ctx } from '../context.ts'
import * as claims from '../db/cloudPodClaims.ts'
import type { Claim } from '../db/cloudPodClaims.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as jobs from '../db/provisioningJobs.ts'
import * as sources from '../db/provisioningSources.ts'
import type { SourcedPool } from '../db/provisioningSources.ts'
import { notFound } from '../errors.ts'
import type { NetboxConnection } from '../integrations/netbox/types.ts'
import { recordView, suspectsIn, type AddressView } from './cloudPods/addressView.ts'
import { emit } from './cloudPods/changes.ts'
import * as provisioningQueues from './provisioningQueues.ts'
import * as provisioningService from './provisioningService.ts'

export type { Claim }
export { recordView, suspectsIn, type AddressView }
export { differsFrom, markOf, saidOf } from './cloudPods/addressSaid.ts'

/** A pool with its NetBox, for the jobs that speak with it. @throws AppError not_found */
export async function open(
  ctx: Ctx,
  poolId: string,
): Promise<{ pool: SourcedPool; connection: NetboxConnection }> {
  const pool = await sources.findPool(ctx.tx, poolId)
  if (!pool) throw notFound('IP pool')
  return { pool, connection: await provisioningService.sourceConnection(ctx, pool.sourceId) }
}

/** Enqueues a word with NetBox for each pool about which it was not told something. */
export async function tellAll(ctx: Ctx): Promise<void> {
  const kind = provisioningQueues.poolClaim
  for (const pool of await sources.poolsWithout(ctx.tx, kind.kind, { untoldAt: ctx.now() }))
    await provisioningQueues.enqueueForPool(ctx, kind, pool)
}

/** Enqueues a comparison of each pool that has a NetBox. */
export async function compareAll(ctx: Ctx): Promise<void> {
  const kind = provisioningQueues.poolCompare
  for (const pool of await sources.poolsWithout(ctx.tx, kind.kind, 'all'))
    await provisioningQueues.enqueueForPool(ctx, kind, pool)
}

const AT_ONCE = 100

export const untold = (ctx: Ctx, poolId: string): Promise<Claim[]> =>
  claims.untold(ctx.tx, poolId, ctx.now(), AT_ONCE)

/** NetBox says what is wanted, or somebody else has the address and nothing is to be said. */
export const settle = (ctx: Ctx, claim: Claim, netboxId: number | null, refused = false): Promise<void> =>
  claims.settle(ctx.tx, claim, { netboxId, refused })

export const forget = (ctx: Ctx, claim: Claim): Promise<void> => claims.forget(ctx.tx, claim)

const RETRY_MS = 60_000

/** NetBox does not take it, and would not take it again at once: the others are not held up by it. */
export const postpone = (ctx: Ctx, claim: Claim, problem: string): Promise<void> =>
  claims.postpone(ctx.tx, claim.id, problem, new Date(ctx.now().getTime() + RETRY_MS))

/**
 * Somebody else has an address that was to be ours. A pod that is not made yet gets another one of the same pool; any other
 * keeps it here, and a comparison reports it.
 * @returns the other address
 */
export async function yieldTo(ctx: Ctx, { clusterId }: SourcedPool, before: Claim): Promise<string | null> {
  // In the order of an order: cluster, pod, address.
  await reservations.lockCluster(ctx.tx, clusterId)
  const pod =
    before.podId === null || before.tenantId === null
      ? undefined
      : await pods.lock(ctx.tx, before.tenantId, before.podId)
  const claim = await claims.lock(ctx.tx, before.id)
  if (!claim || claim.version !== before.version) return null
  await sources.addTaken(ctx.tx, claim.poolId, claim.address)
  const address =
    pod && (await isUnmade(ctx, pod)) ? await claims.exchange(ctx.tx, claim.poolId, claim.address) : null
  if (!pod || address === null) {
    await claims.settle(ctx.tx, claim, { netboxId: null, refused: true })
    return null
  }
  const diff: Record<string, [unknown, unknown]> = { address: [claim.address, address] }
  await emit(ctx, pod, 'CLOUDPOD_ADDRESS_EXCHANGED', diff)
  return address
}

/** Nobody was told its addresses yet. The guest of an adoption has them already. */
const isUnmade = async (ctx: Ctx, pod: PodRow): Promise<boolean> =>
  pod.state === 'reserved' || (pod.state === 'creating' && (await jobs.isBeingMade(ctx.tx, pod.id)))

/** What NetBox has to say before a pod may use what was reserved for it. */
export const openOf = (ctx: Ctx, podId: string): Promise<{ address: string; refused: boolean }[]> =>
  claims.openOf(ctx.tx, podId)

/** NetBox has not what the pool is said to be there: nothing is given out until it has. */
export async function noteUnusable(ctx: Ctx, pool: SourcedPool, problem: string): Promise<void> {
  await sources.noteCompared(ctx.tx, pool.id, { problem, vrf: pool.sourceVrf, at: pool.comparedAt })
}

/** More than this of a pool in one full range is a mistake of whoever chose the range. */
const MAX_FULL = 65_536

/** Why a range that NetBox counts as full cannot be taken from a pool, null when it can. */
export async function tooFull(ctx: Ctx, poolId: string, full: AddressView['full']): Promise<string | null> {
  const most = await sources.largestOverlap(ctx.tx, poolId, full)
  return most !== null && most > MAX_FULL
    ? 'NetBox counts a large part of it as full (mark populated): choose a range for the pool without that part.'
    : null
}

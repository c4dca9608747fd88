import { isIPv6 } from 'node:net'
import type { CloudPodAddress, CloudPodAddressAdd } from '../../shared/api/cloudPodAddresses.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { reverseJudged, type ReverseSeen } from '../../shared/states/reverseName.ts'
import { canAddress } from '../../shared/states/cloudPodAddress.ts'
import type { Ctx } from '../context.ts'
import * as addresses from '../db/cloudPodAddresses.ts'
import type { AddressOf, Family, HeldAddress, PoolRow } from '../db/cloudPodAddresses.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import * as jobs from '../db/provisioningJobs.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import type { AddressPayload } from './cloudPodQueues.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'
import * as provisioningService from './provisioningService.ts'

const present = (ctx: Ctx, held: HeldAddress): CloudPodAddress => ({
  address: held.address,
  prefix: held.prefix,
  gateway: held.gateway,
  pool: ctx.seesInfrastructure ? { id: held.poolId, name: held.poolName } : null,
  primary: held.isPrimary,
  delivery: held.onCard ? 'card' : 'inside',
  state: held.state,
  reverseName: held.reverseName,
  reverse:
    held.reverseName === null
      ? null
      : reverseJudged(held.address, held.reverseName, held.reverseSeen as ReverseSeen | null),
})

/** The addresses of a pod that is seen in the scope; none for another one. */
export const list = async (ctx: Ctx, podId: string): Promise<CloudPodAddress[]> =>
  (await addresses.held(ctx.tx, podId)).map((held) => present(ctx, held))

/** What a pod holds of an address, which is compared as the database writes it. @throws AppError not_found */
async function heldOf(ctx: Ctx, podId: string, address: string): Promise<HeldAddress> {
  const text = await addresses.canonical(ctx.tx, address)
  const held = (await addresses.held(ctx.tx, podId)).find((one) => one.address === text)
  if (!held) throw notFound('address')
  return held
}

export type Accepted = { address: CloudPodAddress; job: Job }

async function start(
  ctx: Ctx,
  pod: PodRow,
  address: string,
  change: AddressPayload['change'],
): Promise<Accepted> {
  const job = await cloudPodQueues.enqueueAddress(ctx, pod, { address, change })
  return {
    address: present(ctx, await heldOf(ctx, pod.id, address)),
    job: await provisioningService.getJob(ctx, job.id),
  }
}

async function requireQuiet(ctx: Ctx, pod: PodRow): Promise<void> {
  if (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
    throw new AppError('invalid_state', 'Another job of the pod has not ended: wait for its end.')
}

/**
 * Gives a pod a further address, and has its guest told where the card has a place for it: one address of each family.
 * @throws AppError not_found, invalid_state, invalid_input, quota_exceeded, ip_pool_exhausted; conflict for an address
 *   that is not free
 */
export async function add(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  wanted: CloudPodAddressAdd,
): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, podId)
  const held = await addresses.held(ctx.tx, podId)
  requireAllowed(canAddress.add(pod, held.length))
  await requireQuiet(ctx, pod)
  await cloudPodQuotas.requireRoom(ctx, tenantId, { addresses: 1 })
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  const address = await take(ctx, pod, held, wanted)
  await addresses.countAddresses(ctx.tx, podId)
  await emit(ctx, pod, 'CLOUDPOD_ADDRESS_REQUESTED', { state: [null, 'reserved'] }, { address })
  return start(ctx, pod, address, 'add')
}

const familyOf = (address: string): Family => (isIPv6(address) ? 6 : 4)

async function take(
  ctx: Ctx,
  pod: PodRow,
  held: readonly HeldAddress[],
  wanted: CloudPodAddressAdd,
): Promise<string> {
  const family = 'address' in wanted ? familyOf(wanted.address) : wanted.family === 'ipv6' ? 6 : 4
  const of: AddressOf = {
    podId: pod.id,
    tenantId: pod.tenant_id,
    at: ctx.now(),
    isPrimary: false,
    onCard: !held.some((one) => one.onCard && familyOf(one.address) === family),
  }
  const [primary] = held
  const isNear = ({ bridge, vlan }: PoolRow): boolean => bridge === primary?.bridge && vlan === primary.vlan
  const network = primary?.vlan == null ? primary?.bridge : `${primary.bridge}, VLAN ${primary.vlan}`
  if ('address' in wanted) return takeGiven(ctx, pod, of, wanted.address, { isNear, network })
  for (const pool of (await addresses.activePools(ctx.tx, pod.cluster_id, family)).filter(isNear)) {
    const address = await addresses.reserveAddress(ctx.tx, pool.id, of)
    if (address !== null) return address
  }
  throw new AppError(
    'ip_pool_exhausted',
    `No active IPv${family} pool of the cluster on the pod's network (${network}) has a free address. Add or widen one.`,
  )
}

async function takeGiven(
  ctx: Ctx,
  pod: PodRow,
  of: AddressOf,
  address: string,
  { isNear, network }: { isNear: (pool: PoolRow) => boolean; network: string | undefined },
): Promise<string> {
  const pool = await addresses.poolOf(ctx.tx, pod.cluster_id, address)
  const wrong = !pool
    ? `No address pool of the cluster gives out ${address}.`
    : pool.state === 'paused'
      ? `Its pool ${pool.name} is paused.`
      : pool.source_id !== null && (pool.compared_at === null || pool.source_problem !== null)
        ? `Its pool ${pool.name} does not agree with NetBox yet.`
        : isNear(pool)
          ? null
          : `Its pool ${pool.name} is not on the pod's network (${network}).`
  if (!pool || wrong !== null)
    throw new AppError('invalid_input', wrong ?? '', { errors: [{ path: 'address', message: wrong ?? '' }] })
  const isFree =
    !(await addresses.isTaken(ctx.tx, pool.id, address)) &&
    (await addresses.reserveGiven(ctx.tx, pool.id, address, of))
  if (!isFree) throw new AppError('conflict', `${address} is not free.`)
  return addresses.canonical(ctx.tx, address)
}

/**
 * Takes an address off a pod. It stays the pod's until its guest was read back without it, and rests then.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function release(ctx: Ctx, tenantId: string, podId: string, given: string): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, podId)
  const { address, state, isPrimary } = await heldOf(ctx, podId, given)
  requireAllowed(canAddress.release(pod, { state, primary: isPrimary }))
  await requireQuiet(ctx, pod)
  await addresses.setState(ctx.tx, podId, address, 'releasing')
  const diff: Record<string, [unknown, unknown]> = { state: [state, 'releasing'] }
  await emit(ctx, pod, 'CLOUDPOD_ADDRESS_RELEASE_REQUESTED', diff, { address })
  return start(ctx, pod, address, 'release')
}

/**
 * Writes down which name an address is to have. Its reverse zone follows, where it is kept here.
 * @throws AppError not_found, invalid_state
 */
export async function rename(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  { address: given, reverseName }: { address: string; reverseName: string | null },
): Promise<CloudPodAddress> {
  const pod = await lockPod(ctx, tenantId, podId)
  requireAllowed(canAddress.name(pod))
  const { address, reverseName: before } = await heldOf(ctx, podId, given)
  await addresses.setReverseName(ctx.tx, podId, address, reverseName)
  const diff: Record<string, [unknown, unknown]> = { reverseName: [before, reverseName] }
  await emit(ctx, pod, 'CLOUDPOD_REVERSE_NAME_SET', diff, { address })
  return present(ctx, await heldOf(ctx, podId, address))
}

/** The guest was read back with the address, or without it. */
export async function markChanged(
  ctx: Ctx,
  { tenantId, podId, address, change }: AddressPayload,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  if (change === 'add') {
    await addresses.setState(ctx.tx, podId, address, 'assigned')
    return emit(ctx, pod, 'CLOUDPOD_ADDRESS_ADDED', { state: ['reserved', 'assigned'] }, { address })
  }
  await giveBack(ctx, podId, address)
  await emit(ctx, pod, 'CLOUDPOD_ADDRESS_RELEASED', { state: ['releasing', null] }, { address })
}

/** The guest is as it was: what was to be added rests, what was to go stays. */
export async function markChangeFailed(
  ctx: Ctx,
  { tenantId, podId, address, change }: AddressPayload,
  problem: string,
): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  if (change === 'add') await giveBack(ctx, podId, address)
  else await addresses.setState(ctx.tx, podId, address, 'assigned')
  await emit(ctx, pod, 'CLOUDPOD_ADDRESS_FAILED', {}, { address, change, problem })
}

async function giveBack(ctx: Ctx, podId: string, address: string): Promise<void> {
  await addresses.restAddresses(ctx.tx, podId, address, ctx.now())
  await addresses.countAddresses(ctx.tx, podId)
}

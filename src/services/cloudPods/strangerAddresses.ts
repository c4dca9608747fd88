import type { Ctx } from '../../context.ts'
import * as adoption from '../../db/cloudPodAdoption.ts'
import * as claims from '../../db/cloudPodClaims.ts'
import * as pods from '../../db/cloudPods.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import * as pools from '../../db/provisioningPools.ts'
import * as auditService from '../auditService.ts'
import * as provisioningService from '../provisioningService.ts'
import { emit } from './changes.ts'
import type { Stranger } from './findings.ts'

const noteOf = (vmid: number): string => `guest ${vmid}, which no pod owns: `

/**
 * Keeps the addresses of a guest that no pod owns from pods: after a database was brought back from a backup, it may be the
 * pod of a customer who uses them. A pod that is not made yet and was given one of them gets another. The cluster's row is locked.
 * @returns those that another pod has been given already
 */
export async function keep(
  ctx: Ctx,
  clusterId: string,
  { vmid, label, addresses }: Pick<Stranger, 'vmid' | 'label' | 'addresses'>,
): Promise<string[]> {
  const contested: string[] = []
  for (const address of addresses) {
    const pool = await adoption.poolWith(ctx.tx, clusterId, address)
    if (!pool) continue
    const kept = { poolId: pool.id, address, note: noteOf(vmid) + label, at: ctx.now() }
    const holder = await adoption.holderOf(ctx.tx, pool.id, address)
    if (holder && !(await exchange(ctx, clusterId, pool.id, address, holder))) contested.push(address)
    else if (await pools.keepAddress(ctx.tx, kept))
      await say(ctx, 'IP_ADDRESS_KEPT', pool, address, kept.note)
  }
  return contested
}

/** False: its guest may have the address already, or the pool has no other one. */
async function exchange(
  ctx: Ctx,
  clusterId: string,
  poolId: string,
  before: string,
  { podId, tenantId }: { podId: string; tenantId: string },
): Promise<boolean> {
  const pod = await pods.lock(ctx.tx, tenantId, podId)
  const isUnmade =
    pod?.state === 'reserved' ||
    (pod?.state === 'creating' &&
      (await provisioningService.isUncompared(ctx, clusterId)) &&
      (await jobs.isUnasked(ctx.tx, podId)))
  if (!pod || !isUnmade) return false
  const address = await claims.exchange(ctx.tx, poolId, before)
  if (address !== null) await emit(ctx, pod, 'CLOUDPOD_ADDRESS_EXCHANGED', { address: [before, address] })
  return address !== null
}

/** Gives back what was kept for a guest that is not there any more. */
export async function giveBack(ctx: Ctx, clusterId: string, vmid: number): Promise<void> {
  for (const { address, note, ...pool } of await adoption.freeWithNote(ctx.tx, clusterId, noteOf(vmid)))
    await say(ctx, 'IP_ADDRESS_FREED', pool, address, note)
}

const say = (
  ctx: Ctx,
  action: string,
  pool: { id: string; name: string },
  address: string,
  note: string,
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'ipPool', id: pool.id, label: pool.name },
    details: { address, note },
  })

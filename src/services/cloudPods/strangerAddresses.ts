import type { Ctx } from '../../context.ts'
import * as adoption from '../../db/cloudPodAdoption.ts'
import * as pools from '../../db/provisioningPools.ts'
import * as auditService from '../auditService.ts'
import type { Stranger } from './findings.ts'

const noteOf = (vmid: number): string => `guest ${vmid}, which no pod owns: `

/**
 * Keeps the addresses of a guest that no pod owns from pods: after a database was brought back from a backup, it may be the
 * pod of a customer who uses them.
 * @returns those that a pod has been given already
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
    if (await pools.keepAddress(ctx.tx, kept)) await say(ctx, 'IP_ADDRESS_KEPT', pool, address, kept.note)
    else if (await adoption.isGivenOut(ctx.tx, pool.id, address)) contested.push(address)
  }
  return contested
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

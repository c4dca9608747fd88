import type { z } from 'zod'
import type {
  IpAddresses,
  IpPool,
  ipAddressKeep,
  ipPoolUpdate,
} from '../../../shared/api/provisioningPools.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { Ctx } from '../../context.ts'
import { isForeignKeyViolation, violatedConstraint } from '../../db/index.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import * as pools from '../../db/provisioningPools.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as provisioningQueues from '../provisioningQueues.ts'
import { getPool, invalidPool, POOL_CHECKS } from './ipPools.ts'
import { presentJob } from './presentJob.ts'

async function lock(ctx: Ctx, id: string): Promise<IpPool> {
  if (!(await pools.lockPool(ctx.tx, id))) throw notFound('IP pool')
  return getPool(ctx, id)
}

/**
 * Changes a pool for what is given out from now on. Addresses outside of a narrower range stay with their pods.
 * @throws AppError not_found, precondition_failed, already_exists, invalid_input
 */
export async function updatePool(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof ipPoolUpdate>,
  version: number | undefined,
): Promise<IpPool> {
  const before = await lock(ctx, id)
  requireVersion(before.version, version)
  await pools
    .updatePool(ctx.tx, before, {
      name: change.name,
      range_start: change.rangeStart,
      range_end: change.rangeEnd,
      dns_servers: change.dnsServers,
      quarantine_hours: change.quarantineHours,
      state: change.state,
      version: before.version + 1,
    })
    .catch((error: unknown) => {
      const known = POOL_CHECKS[violatedConstraint(error) ?? '']
      if (known !== undefined) throw new AppError('already_exists', known)
      throw invalidPool(error)
    })
  const after = await getPool(ctx, id)
  const { version: _, ...told } = before
  const { version: __, ...now } = after
  await auditService.record(ctx, {
    action: 'IP_POOL_UPDATED',
    tenantId: null,
    target: { type: 'ipPool', id, label: after.name },
    diff: auditService.diffOf<Record<string, unknown>>(told, now),
  })
  return after
}

/**
 * Removes a paused pool, with what was kept back in it.
 * @throws AppError not_found; conflict when it is not paused, or addresses of it are held by pods or rest
 */
export async function removePool(ctx: Ctx, id: string): Promise<void> {
  const { name, state, used, quarantined } = await lock(ctx, id)
  const held = new AppError(
    'conflict',
    `Addresses of ${name} are held by pods (${used}) or rest (${quarantined}): it can be removed when none does.`,
  )
  if (state !== 'paused')
    throw new AppError('conflict', `${name} is in use: pause it first, so that nothing more is given out.`)
  if (used + quarantined > 0) throw held
  if (await pools.hasClaims(ctx.tx, id))
    throw new AppError(
      'conflict',
      `NetBox still has addresses of ${name} that are ours: free what is kept back, and wait until NetBox was told.`,
    )
  // Somebody may have been given one while it was paused.
  await pools.deletePool(ctx.tx, id).catch((error: unknown) => {
    throw isForeignKeyViolation(error) ? held : error
  })
  await auditService.record(ctx, {
    action: 'IP_POOL_REMOVED',
    tenantId: null,
    target: { type: 'ipPool', id, label: name },
  })
}

/** Compares a pool with its NetBox now. @throws AppError not_found; invalid_state for one without a NetBox */
export async function comparePool(ctx: Ctx, id: string): Promise<{ job: Job }> {
  const pool = await getPool(ctx, id)
  if (pool.source === null)
    throw new AppError('invalid_state', `${pool.name} has no NetBox: its addresses are kept here alone.`)
  const { id: jobId } = await provisioningQueues.enqueueForPool(ctx, provisioningQueues.poolCompare, pool)
  await say(ctx, pool, 'IP_POOL_COMPARISON_REQUESTED', { jobId })
  const row = await jobs.find(ctx.tx, jobId)
  if (!row) throw notFound('job')
  return { job: presentJob(ctx, row) }
}

/** The addresses of a pool that are not free, in their order. @throws AppError not_found */
export async function listAddresses(
  ctx: Ctx,
  id: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<IpAddresses> {
  await getPool(ctx, id)
  const rows = await pools.addressesIn(ctx.tx, id, after, limit + 1)
  const items = rows.slice(0, limit).map(({ address, state, podId, tenantId, hostname, until, note }) => ({
    address,
    state,
    pod: podId === null || tenantId === null || hostname === null ? null : { id: podId, tenantId, hostname },
    until: until?.toISOString() ?? null,
    note,
  }))
  return { items, next: rows.length > limit ? (items.at(-1)?.address ?? null) : null }
}

const notIn = (message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path: 'address', message }] })

/**
 * Keeps a free address back: no pod gets it.
 * @throws AppError not_found; invalid_input for one of another network; conflict for one that is not free
 */
export async function keepAddress(
  ctx: Ctx,
  id: string,
  { address, note }: z.infer<typeof ipAddressKeep>,
): Promise<IpPool> {
  const pool = await lock(ctx, id)
  if (!(await pools.isInPool(ctx.tx, id, address)))
    throw notIn(
      pool.podPrefix === null
        ? `It is not in ${pool.network}.`
        : `It is not the first address of a /${pool.podPrefix} in ${pool.network}, such as ${pool.rangeStart}.`,
    )
  if (!(await pools.keepAddress(ctx.tx, { poolId: id, address, note, at: ctx.now() })))
    throw new AppError('conflict', `${address} is not free: see who holds it.`)
  return say(ctx, pool, 'IP_ADDRESS_KEPT', { address, note })
}

/**
 * Gives back what was kept, or ends the rest of an address early.
 * @throws AppError not_found; conflict for one that is free or that a pod holds
 */
export async function freeAddress(ctx: Ctx, id: string, address: string): Promise<IpPool> {
  const pool = await lock(ctx, id)
  const state = await pools.addressIn(ctx.tx, id, address)
  if (state === null) throw new AppError('conflict', `${address} is free already.`)
  if (state !== 'kept' && state !== 'quarantined')
    throw new AppError('conflict', `${address} is held by a pod: it is free when the pod is gone.`)
  await pools.freeAddress(ctx.tx, id, address)
  return say(ctx, pool, 'IP_ADDRESS_FREED', { address, was: state })
}

async function say(
  ctx: Ctx,
  pool: IpPool,
  action: string,
  details: Record<string, unknown>,
): Promise<IpPool> {
  await auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'ipPool', id: pool.id, label: pool.name },
    details,
  })
  return getPool(ctx, pool.id)
}

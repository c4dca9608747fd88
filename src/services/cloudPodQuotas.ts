import type { QuotaView } from '../../shared/api/tenants.ts'
import type { Ctx } from '../context.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import type { QuotaUse } from '../db/cloudPodReservations.ts'
import * as tenants from '../db/tenants.ts'
import { AppError } from '../errors.ts'
import * as auditService from './auditService.ts'
import { miscountedOf } from './cloudPods/recount.ts'

export { recountQuotas, stillMiscounted } from './cloudPods/recount.ts'

/** Null: without a limit; left out: as it is. */
export type Quota = {
  maxPods: number
  maxCores: number
  maxMemoryMb: number
  maxDiskGb: number
  maxAddresses?: number | null | undefined
  maxSnapshots?: number | null | undefined
  maxBackups?: number | null | undefined
}

/** What a new tenant may use until somebody decides otherwise. */
const DEFAULT_QUOTA: Required<Quota> = {
  maxPods: 20,
  maxCores: 80,
  maxMemoryMb: 163_840,
  maxDiskGb: 2_000,
  maxAddresses: null,
  maxSnapshots: null,
  maxBackups: null,
}

export async function setQuota(ctx: Ctx, tenantId: string, quota: Quota = DEFAULT_QUOTA): Promise<void> {
  await tenants.setQuota(ctx.tx, {
    tenant_id: tenantId,
    max_pods: quota.maxPods,
    max_cores: quota.maxCores,
    max_memory_mb: quota.maxMemoryMb,
    max_disk_gb: quota.maxDiskGb,
    ...(quota.maxAddresses === undefined ? {} : { max_addresses: quota.maxAddresses }),
    ...(quota.maxSnapshots === undefined ? {} : { max_snapshots: quota.maxSnapshots }),
    ...(quota.maxBackups === undefined ? {} : { max_backups: quota.maxBackups }),
    updated_at: ctx.now(),
  })
}

/**
 * Checks that so much more stays within the tenant's quota. The quota's row stays locked until the caller's
 * transaction ends, so parallel orders cannot pass together what only one may pass. A limit of which nothing more is
 * wanted refuses nothing, even if more is in use than it allows.
 * @throws AppError quota_exceeded, naming each limit with its use
 */
export async function requireRoom(ctx: Ctx, tenantId: string, wanted: Partial<QuotaUse>): Promise<void> {
  const state = await reservations.lockQuota(ctx.tx, tenantId)
  if (!state) throw new AppError('quota_exceeded', 'The tenant has no quota: set one before ordering pods.')
  const { quota, used } = state
  const exceeded = LIMITS.flatMap(([, column, key, words]) => {
    const [more, limit] = [wanted[key] ?? 0, quota[column]]
    return limit !== null && more > 0 && used[key] + more > limit ? [{ key, words, more, limit }] : []
  })
  if (exceeded.length === 0) return
  const text = exceeded
    .map(({ words, key, more, limit }) => `${words} ${used[key]} + ${more} > ${limit}`)
    .join(', ')
  throw new AppError(
    'quota_exceeded',
    `The tenant's quota does not allow this: ${text}. Raise the quota or remove something.`,
    {
      details: Object.fromEntries(
        exceeded.map(({ key, more, limit }) => [key, { used: used[key], wanted: more, limit }]),
      ),
    },
  )
}

const LIMITS = [
  ['maxPods', 'max_pods', 'pods', 'pods'],
  ['maxCores', 'max_cores', 'cores', 'cores'],
  ['maxMemoryMb', 'max_memory_mb', 'memoryMb', 'memory MiB'],
  ['maxDiskGb', 'max_disk_gb', 'diskGb', 'disk GiB'],
  ['maxAddresses', 'max_addresses', 'addresses', 'addresses'],
  ['maxSnapshots', 'max_snapshots', 'snapshots', 'snapshots'],
  ['maxBackups', 'max_backups', 'backups', 'backups'],
] as const

/** One limit with its use; null: without a limit. */
export async function limitOf(
  ctx: Ctx,
  tenantId: string,
  key: 'snapshots' | 'backups',
): Promise<{ limit: number; used: number } | null> {
  const state = await reservations.readQuota(ctx.tx, tenantId)
  const limit = state?.quota[key === 'snapshots' ? 'max_snapshots' : 'max_backups'] ?? null
  return state === undefined || limit === null ? null : { limit, used: state.used[key] }
}

/** Each limit of a tenant with its use and where it comes from. */
export async function view(ctx: Ctx, tenantId: string): Promise<QuotaView> {
  const state = await reservations.readQuota(ctx.tx, tenantId)
  const miscounted = await miscountedOf(ctx, tenantId)
  if (!state) return { limits: null, exceeded: false, miscounted }
  const { quota, used } = state
  const limits = Object.fromEntries(
    LIMITS.map(([name, column, key]) => [
      name,
      {
        limit: quota[column],
        used: used[key],
        origin: quota[column] === DEFAULT_QUOTA[name] ? 'default' : 'platform',
      },
    ]),
  ) as NonNullable<QuotaView['limits']>
  return {
    limits,
    exceeded: Object.values(limits).some((one) => one.limit !== null && one.used > one.limit),
    miscounted,
  }
}

/**
 * Changes limits; null gives one its default again. A limit below what is in use is allowed: what exists stays, and
 * new orders are refused until there is room.
 */
export async function update(
  ctx: Ctx,
  tenantId: string,
  change: { [name in keyof Quota]?: number | null | undefined },
): Promise<QuotaView> {
  const locked = await reservations.lockQuota(ctx.tx, tenantId)
  const before = locked
    ? Object.fromEntries(LIMITS.map(([name, column]) => [name, locked.quota[column]]))
    : {}
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  const named = Object.fromEntries(
    given.map(([name, value]) => [name, value ?? DEFAULT_QUOTA[name as keyof Quota]]),
  )
  await setQuota(ctx, tenantId, { ...DEFAULT_QUOTA, ...before, ...named })
  await auditService.record(ctx, {
    action: 'QUOTA_UPDATED',
    tenantId,
    target: { type: 'tenant', id: tenantId },
    diff: auditService.diffOf<Record<string, unknown>>(before, named),
  })
  return view(ctx, tenantId)
}

import { z } from 'zod'
import type { QueueName } from '../../shared/states/provisioningJob.ts'
import type { Ctx } from '../context.ts'
import * as queue from '../db/queue.ts'
import { newId } from '../lib/ids.ts'
import type { Originator } from './userRights.ts'
import * as auditService from './auditService.ts'

export type JobRequest = {
  queue: QueueName
  kind: string
  tenantId: string | null
  subject: { type: string; id: string | null; label: string }
  payload: Record<string, unknown>
  /**
   * Jobs of one key run one at a time, in the order in which they were enqueued. A key is one tenant's or the platform's: the end of
   * a job lets those go on that its tenant sees.
   */
  serialKey?: string
  /** The hypervisor it works on: one of its slots is taken while the job runs. */
  nodeId?: string
  /** Further limits it takes part in, such as `clones:<cluster>`: see the table job_limits. */
  limits?: readonly string[]
  /** Enqueueing the same key again finds the same job. Default: a key of its own. */
  idempotencyKey?: string
  /** Lower runs first; 100 is ordinary. */
  priority?: number
  maxAttempts?: number
  deadlineMs?: number
  runAt?: Date
}

const laneOf = ({ nodeId, limits = [] }: JobRequest): string =>
  [...limits, ...(nodeId === undefined ? [] : [`node:${nodeId}`])].toSorted().join(' ')

/** Who wants the jobs of this request, as they keep it. */
export const originator = ({ actor, permission }: Ctx): Originator =>
  permission === undefined ? actor : { ...actor, permission }

/** Adds a job in the caller's transaction: it exists exactly when the change that wanted it does. */
export async function enqueue(ctx: Ctx, request: JobRequest): Promise<{ id: string }> {
  const id = newId()
  const job = await queue.enqueue(ctx.tx, {
    id,
    queue: request.queue,
    kind: request.kind,
    tenantId: request.tenantId,
    subject: request.subject,
    serialKey: request.serialKey ?? null,
    nodeId: request.nodeId ?? null,
    lane: laneOf(request),
    priority: request.priority ?? 100,
    payload: request.payload,
    idempotencyKey: request.idempotencyKey ?? id,
    correlationId: ctx.correlationId,
    actor: originator(ctx),
    maxAttempts: request.maxAttempts ?? 8,
    runAt: request.runAt ?? null,
    deadlineAt: request.deadlineMs === undefined ? null : new Date(ctx.now().getTime() + request.deadlineMs),
  })
  ctx.enqueued.any = true
  if (job.id === id && isAudited(request.kind)) {
    await auditService.record(ctx, {
      action: 'JOB_CREATED',
      tenantId: request.tenantId,
      target: { type: 'job', id, label: request.kind },
      details: { subject: request.subject },
    })
  }
  return { id: job.id }
}

/** Jobs that only look (a periodic sync) change nothing anyone must account for. */
const QUIET = new Set([
  'cluster.sync',
  'cluster.reconcile',
  'domain.zoneWatch',
  'ipPool.compare',
  'registrar.poll',
])
export const isAudited = (kind: string): boolean => !QUIET.has(kind)

export const clusterSync = { kind: 'cluster.sync', payload: z.object({ clusterId: z.string() }) } as const

const MINUTE_MS = 60_000

/** Reads a cluster's nodes, storages and templates. @param round the same one finds the same job; default: one a minute */
export function enqueueClusterSync(
  ctx: Ctx,
  cluster: { id: string; name: string },
  round = String(Math.floor(ctx.now().getTime() / MINUTE_MS)),
): Promise<{ id: string }> {
  return enqueue(ctx, {
    queue: 'system',
    kind: clusterSync.kind,
    tenantId: null,
    subject: { type: 'cluster', id: cluster.id, label: cluster.name },
    payload: { clusterId: cluster.id },
    serialKey: `cluster:${cluster.id}`,
    idempotencyKey: `sync:${cluster.id}:${round}`,
    maxAttempts: 3,
  })
}

const poolPayload = z.object({ poolId: z.string() })
/** NetBox is told what was decided about the addresses of a pool. */
export const poolClaim = { kind: 'ipPool.claim', payload: poolPayload } as const
/** A pool is compared with its NetBox. */
export const poolCompare = { kind: 'ipPool.compare', payload: poolPayload } as const

/** Whatever speaks with NetBox about a pool does so alone. */
export const enqueueForPool = (
  ctx: Ctx,
  { kind }: typeof poolClaim | typeof poolCompare,
  pool: { id: string; name: string },
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind,
    tenantId: null,
    subject: { type: 'ipPool', id: pool.id, label: pool.name },
    payload: { poolId: pool.id },
    serialKey: `ipPool:${pool.id}`,
    maxAttempts: 3,
  })

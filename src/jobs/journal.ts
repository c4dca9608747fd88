import type { Ctx, Origin, Root } from '../context.ts'
import * as queue from '../db/queue.ts'
import type { JobRow } from '../db/queue.ts'
import type { Tx } from '../db/index.ts'
import { batched } from '../lib/batch.ts'
import * as auditService from '../services/auditService.ts'
import { isAudited } from '../services/provisioningQueues.ts'
import { LeaseLost } from './errors.ts'

export const leaseOf = (job: JobRow): queue.Lease => ({ queue: job.queue, id: job.id, fence: job.fence })

export const originOf = (job: JobRow): Origin => ({
  actor: { type: 'job', id: job.id, label: job.kind },
  requestId: job.id,
  correlationId: job.correlation_id,
  jobId: job.id,
})

export type Reached = { job: JobRow; step: queue.Advance['step']; ends: boolean; slots?: Slots | undefined }

/** The slots of a worker: those of jobs that end are filled by the transaction that ends them. */
export type Slots = {
  /** Claims up to `free` jobs. It may be called again when the transaction is. */
  claim(tx: Tx, free: number): Promise<JobRow[]>
  /** Begins to run what was claimed, once that is committed. */
  start(claimed: readonly JobRow[]): void
}

/**
 * Writes that a job has begun or done a step, and with its last one that it succeeded. Jobs of one process that get
 * somewhere at the same time share a transaction, since most of its cost is the commit; what the worker runs next is claimed
 * in it.
 * @throws LeaseLost when another worker has taken the job over; nothing was written then
 */
export async function advance(root: Root, reached: Reached): Promise<void> {
  let write = writers.get(root.db)
  if (!write) {
    write = batched((all) => advanceAll(root, all))
    writers.set(root.db, write)
  }
  if (!(await write(reached))) throw new LeaseLost()
  root.wake()
}

const writers = new WeakMap<Root['db'], (reached: Reached) => Promise<boolean>>()

async function advanceAll(root: Root, all: readonly Reached[]): Promise<boolean[]> {
  const freed = new Map<Slots, number>()
  for (const { ends, slots } of all) if (ends && slots) freed.set(slots, (freed.get(slots) ?? 0) + 1)
  const written = await root.db.transaction('platform', async (tx) => {
    const held = await advanceIn({ tx, now: root.now }, all)
    const claimed: [Slots, JobRow[]][] = []
    // After everything that others could hold up: claims take turns, and this one's turn ends with the transaction.
    for (const [slots, free] of freed) claimed.push([slots, await slots.claim(tx, free)])
    return { held, claimed }
  })
  for (const [slots, jobs] of written.claimed) slots.start(jobs)
  return all.map(({ job }) => written.held.has(queue.leaseKey(job)))
}

/** The same inside a running transaction. @returns the keys of the leases that held */
export async function advanceIn(
  ctx: Pick<Ctx, 'tx' | 'now'>,
  all: readonly Reached[],
): Promise<ReadonlySet<string>> {
  const held = await queue.advance(
    ctx.tx,
    all.map(({ job, step, ends }) => ({ lease: leaseOf(job), tenantId: job.tenant_id, step, ends })),
  )
  const ended = all.filter(({ job, ends }) => ends && held.has(queue.leaseKey(job)) && isAudited(job.kind))
  await auditService.recordAll(
    ctx,
    ended.map(({ job }) => ({ origin: originOf(job), event: endOf(job, 'succeeded', null) })),
  )
  return held
}

/** What the audit log says when a job's run ends. */
export const endOf = (
  job: JobRow,
  state: 'succeeded' | 'failed' | 'cancelled' | 'stuck',
  error: { code: string; message: string } | null,
): auditService.Event => ({
  action: `JOB_${state.toUpperCase()}`,
  tenantId: job.tenant_id,
  target: { type: 'job', id: job.id, label: job.kind },
  outcome:
    state === 'succeeded' || state === 'cancelled'
      ? 'success'
      : error?.code === 'forbidden'
        ? 'denied'
        : 'error',
  details: error === null ? undefined : { error },
})

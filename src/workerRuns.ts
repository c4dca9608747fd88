import { SpanKind } from '@opentelemetry/api'
import { systemOrigin, transaction, type Root } from './context.ts'
import * as queue from './db/queue.ts'
import type { JobRow } from './db/queue.ts'
import { CancelRequested, LeaseLost, Stopped } from './jobs/errors.ts'
import { endOf } from './jobs/journal.ts'
import { runJob, type EngineOptions, type JobHandler } from './jobs/steps.ts'
import { placeOfJob, traced, type TraceOptions } from './lib/traces.ts'
import * as auditService from './services/auditService.ts'
import { VERSION } from './version.ts'

/** A job that took this many workers with it goes to a person instead of to the next worker. */
const MAX_LOST_WORKERS = 5

type Options = EngineOptions & { handlers: ReadonlyMap<string, JobHandler<never>> }

/** Runs a claimed job to its next rest, whatever happens to it, to this worker or to the database. */
export async function runClaimed(
  root: Root,
  job: JobRow,
  signal: AbortSignal,
  options: Options,
): Promise<void> {
  try {
    const handler = options.handlers.get(job.kind)
    if (!handler) return await leaveToOthers(root, job)
    await traced(`job ${job.kind}`, traceOf(job), () => runJob(root, handler, job, signal, options))
  } catch (error) {
    const { reason } = signal as { reason: unknown }
    if (reason instanceof CancelRequested || reason instanceof Stopped)
      return giveBack(root, job, (tx, lease) =>
        queue.putBack(tx, lease, { delayMs: 0, waitingFor: reason.message, countAttempt: false }),
      )
    if (error instanceof LeaseLost || signal.aborted) return
    root.log.error({ err: error, jobId: job.id, kind: job.kind }, 'a job could not be run')
    const message = error instanceof Error ? error.message : String(error)
    // What broke lies outside the steps (the database, a payload of another version): wait and see.
    await giveBack(root, job, (tx, lease) =>
      job.attempts + 1 >= job.max_attempts
        ? queue.finish(tx, lease, 'stuck', { code: 'internal', message })
        : queue.putBack(tx, lease, { delayMs: options.minWaitMs, waitingFor: message, countAttempt: true }),
    )
  }
}

const traceOf = (job: JobRow): TraceOptions => ({
  kind: SpanKind.CONSUMER,
  attributes: {
    'mpanel.job.id': job.id,
    'mpanel.job.phase': job.phase,
    'mpanel.job.attempts': job.attempts,
    ...(job.tenant_id === null ? {} : { 'mpanel.tenant.id': job.tenant_id }),
  },
  place: placeOfJob(job.correlation_id, (job.actor as { type: string }).type),
})

const ELSEWHERE_MS = 10_000

/**
 * During an upgrade new servers order what this worker does not know yet: it waits for one that does. When none comes, the
 * watch sees how long it waits, and behind its deadline it is for a person.
 */
function leaveToOthers(root: Root, job: JobRow): Promise<void> {
  const message = `${VERSION} of mPanel does not know ${job.kind}: it waits for a worker of another version`
  root.log.warn({ jobId: job.id }, message)
  const isOverdue = job.deadline_at !== null && root.now() > job.deadline_at
  return giveBack(root, job, (tx, lease) =>
    isOverdue
      ? queue.finish(tx, lease, 'stuck', { code: 'unknown_kind', message })
      : queue.putBack(tx, lease, { delayMs: ELSEWHERE_MS, waitingFor: message, countAttempt: false }),
  )
}

/** Whoever claims it next goes on with it, or undoes it. Not even that can be written: then its lease runs out. */
async function giveBack(
  root: Root,
  job: JobRow,
  write: (tx: Parameters<typeof queue.finish>[0], lease: queue.Lease) => Promise<unknown>,
): Promise<void> {
  const lease = { queue: job.queue, id: job.id, fence: job.fence }
  try {
    await root.db.transaction('platform', (tx) => write(tx, lease))
    root.wake()
  } catch (error) {
    root.log.error({ err: error, jobId: job.id }, 'a job could not be put back')
  }
}

/** Takes jobs from workers that went silent. @returns them as they are now */
export const reapLost = (root: Root, worker: string): Promise<JobRow[]> =>
  transaction(root, systemOrigin('worker', worker), 'platform', async (ctx) => {
    const jobs = await queue.reap(ctx.tx, MAX_LOST_WORKERS)
    for (const job of jobs)
      if (job.state === 'stuck')
        await auditService.record(ctx, endOf(job, 'stuck', job.error as { code: string; message: string }))
    return jobs
  })

import type { Job, JobDetail } from '../../shared/api/provisioning.ts'
import { told, type Ctx } from '../context.ts'
import type { ListOptions } from '../db/list.ts'
import * as jobs from '../db/provisioningJobs.ts'
import type { JobFilter, Snapshot } from '../db/provisioningJobs.ts'
import { readArchive } from '../db/provisioningHistory.ts'
import * as queue from '../db/queue.ts'
import { notFound } from '../errors.ts'
import { FAILED, presentJob } from './provisioning/presentJob.ts'

export * from './provisioning/health.ts'
export * from './provisioning/blueprints.ts'
export * from './provisioning/brakes.ts'
export * from './provisioning/clusterChanges.ts'
export * from './provisioning/clusterCheck.ts'
export * from './provisioning/clusters.ts'
export * from './provisioning/controls.ts'
export * from './provisioning/fleet.ts'
export * from './provisioning/jobActions.ts'
export * from './provisioning/ipPoolChanges.ts'
export * from './provisioning/ipPools.ts'
export * from './provisioning/reverseZones.ts'
export * from './provisioning/ipSourceCheck.ts'
export * from './provisioning/ipSources.ts'
export * from './provisioning/maintenance.ts'
export {
  countSealed,
  isAuditKeyLost,
  isProven,
  opensProof,
  requireSecretKey,
  sealAnew,
  takeKey,
} from './provisioning/secretKey.ts'
export { counted, lostSecrets, noteLoss, wordsOf } from './provisioning/lostSecrets.ts'
export { waitsFor } from './provisioning/presentJob.ts'
export { planJob } from './provisioning/plan.ts'
export { metrics, observeRefusal, observeRequest } from './provisioning/metrics.ts'
export { guardRestored, isNewlyConfirmed, isUncompared } from './provisioning/restored.ts'
export * from './provisioning/watch.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

export async function listJobs(ctx: Ctx, filter: JobFilter, options: ListOptions) {
  const page = await jobs.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map((row) => presentJob(ctx, row)), nextCursor: page.nextCursor }
}

/** @throws AppError not_found, also for a job outside the caller's scope */
export async function getJob(ctx: Ctx, id: string): Promise<Job> {
  const row = await jobs.find(ctx.tx, id)
  if (!row) throw notFound('job')
  return presentJob(ctx, row)
}

const LOG_LINES = 200

/** A job with its steps and the last lines of its log. @throws AppError not_found */
export async function getJobDetail(ctx: Ctx, id: string): Promise<JobDetail> {
  const row = await jobs.find(ctx.tx, id)
  if (!row) throw notFound('job')
  const past = row.archive === null ? undefined : readArchive(row.archive)
  const steps = past?.steps ?? (await queue.steps(ctx.tx, row.queue, id))
  // The log names nodes, VMIDs and tasks: it is for those who run them.
  const log = ctx.seesInfrastructure
    ? (past?.log.slice(-LOG_LINES) ?? (await jobs.log(ctx.tx, id, LOG_LINES)))
    : []
  return {
    ...presentJob(ctx, row),
    steps: steps.map((step) => ({
      name: step.name,
      title: step.title,
      state: step.state,
      attempts: step.attempts,
      error: told(ctx, step.error, FAILED),
      startedAt: iso(step.started_at),
      finishedAt: iso(step.finished_at),
    })),
    log: log.map((line) => ({
      id: line.id.toString(),
      at: line.at.toISOString(),
      step: line.step,
      level: line.level,
      line: line.line,
    })),
  }
}

/** A place in the stream of job changes: what has been told, and how far into the page after it. */
export type StreamPlace = { seen: Snapshot; page?: { now: Snapshot; after: { changed: string; id: string } } }

/** Where a listener begins: at the place it names, or at the present. */
export const streamStart = async (ctx: Ctx, place: Snapshot | undefined): Promise<StreamPlace> => ({
  seen: await jobs.streamStart(ctx.tx, place),
})

/** The next changes from `place` on within the caller's scope, and where that ends. */
export async function jobsChangedSince(
  ctx: Ctx,
  { seen, page }: StreamPlace,
  limit: number,
): Promise<{ jobs: Job[]; place: StreamPlace }> {
  const { changes, now } = await jobs.changedSince(ctx.tx, ctx.scope, seen, page?.after, limit)
  const last = changes.length === limit ? changes.at(-1) : undefined
  // What commits while a long answer is read in pages is new to its first page: that one's snapshot is the place.
  const first = page?.now ?? now
  return {
    jobs: changes.map((row) => presentJob(ctx, row)),
    place: last
      ? { seen, page: { now: first, after: { changed: last.changed, id: last.id } } }
      : { seen: first },
  }
}

import type { Job } from '../../../shared/api/provisioning.ts'
import { canJob, type JobAction } from '../../../shared/states/provisioningJob.ts'
import type { Ctx } from '../../context.ts'
import * as actions from '../../db/provisioningJobActions.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import * as queue from '../../db/queue.ts'
import { AppError, notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import { originator } from '../provisioningQueues.ts'
import { presentJob } from './presentJob.ts'

/** The job, if `action` is allowed in its state. @throws AppError not_found, invalid_state with the reason */
export async function allowing(ctx: Ctx, id: string, action: JobAction): Promise<Job> {
  const job = await find(ctx, id)
  const verdict = canJob[action](job)
  if (!verdict.allowed) throw new AppError('invalid_state', verdict.reason)
  return job
}

async function find(ctx: Ctx, id: string): Promise<Job> {
  const row = await jobs.find(ctx.tx, id)
  if (!row) throw notFound('job')
  return presentJob(ctx, row)
}

/** Another has been faster between the look and the deed. @throws AppError invalid_state */
function requireDone(done: boolean): void {
  if (!done) throw new AppError('invalid_state', 'The job has just moved on. Look again.')
}

async function acted(
  ctx: Ctx,
  job: Job,
  action: string,
  more: Pick<auditService.Event, 'diff' | 'details'>,
): Promise<Job> {
  ctx.enqueued.any = true
  const target = { type: 'job', id: job.id, label: job.kind }
  await auditService.record(ctx, { action, tenantId: job.tenantId, target, ...more })
  return find(ctx, job.id)
}

/**
 * Lets a job that is stuck or waits go on now, from the step at which it stopped, forward or undoing.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function retryJob(ctx: Ctx, id: string): Promise<Job> {
  const job = await allowing(ctx, id, 'retry')
  requireDone(await actions.goOn(ctx.tx, id, originator(ctx)))
  return acted(ctx, job, 'JOB_RETRIED', { diff: { state: [job.state, 'ready'] } })
}

/**
 * Asks for a job to be undone: what it began is taken back by its worker, and it ends `cancelled`.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function cancelJob(ctx: Ctx, id: string, reason: string): Promise<Job> {
  const job = await allowing(ctx, id, 'cancel')
  requireDone(await actions.requestCancel(ctx.tx, id, reason, ctx.now()))
  return acted(ctx, job, 'JOB_CANCEL_REQUESTED', { details: { reason, state: job.state } })
}

/**
 * Takes a person's word for the step at which a stuck job stopped, and lets the job go on behind it. What follows still
 * reads the facts back, so a wrong word is found out.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function settleStep(
  ctx: Ctx,
  id: string,
  how: 'done' | 'skipped',
  reason: string,
): Promise<Job> {
  const job = await allowing(ctx, id, 'settle')
  const step = await actions.stoppedStep(ctx.tx, id)
  if (!step)
    throw new AppError('invalid_state', 'No step of this job has failed. Let it go on from where it stopped.')
  const said = `${how === 'done' ? 'marked as done' : 'skipped'} by ${ctx.actor.label}: ${reason}`
  await actions.settleStep(ctx.tx, id, step.name, how, said, ctx.now())
  const { queue: name, tenantId } = job
  const owner = { queue: name, id, tenantId }
  await queue.addLog(ctx.tx, owner, { at: ctx.now(), step: step.name, level: 'warning', line: said })
  requireDone(await actions.goOn(ctx.tx, id, originator(ctx)))
  const action = how === 'done' ? 'JOB_STEP_MARKED_DONE' : 'JOB_STEP_SKIPPED'
  return acted(ctx, job, action, { details: { step: step.name, reason, phase: job.phase } })
}

/** @throws AppError not_found, invalid_state with the reason */
export async function setJobPriority(ctx: Ctx, id: string, priority: number): Promise<Job> {
  const job = await allowing(ctx, id, 'setPriority')
  requireDone(await actions.setPriority(ctx.tx, id, priority))
  return acted(ctx, job, 'JOB_PRIORITY_CHANGED', { diff: { priority: [job.priority, priority] } })
}

import type { Root } from '../context.ts'
import * as queue from '../db/queue.ts'
import type { JobRow } from '../db/queue.ts'
import { traced } from '../lib/traces.ts'
import { isStillPermitted, type Originator } from '../services/userRights.ts'
import { LeaseLost } from './errors.ts'
import {
  delayOf,
  describe,
  fenced,
  finish,
  owner,
  runOf,
  stepsOf,
  type EngineOptions,
  type Execution,
  type JobHandler,
  type Step,
} from './execution.ts'
import { advance, advanceIn, leaseOf, type Reached } from './journal.ts'
import { undoAll } from './undo.ts'

export type { EngineOptions, Found, JobHandler, Run, Step } from './execution.ts'

/** The first steps whose beginning may be written with the claim: those with an outside effect. */
export function firstSteps(handlers: ReadonlyMap<string, JobHandler<never>>): queue.FirstSteps {
  const found: queue.FirstSteps = {}
  for (const { kind, steps } of handlers.values()) {
    const [first] = steps
    if (first && !('commit' in first)) found[kind] = { name: first.name, title: first.title }
  }
  return found
}

/**
 * Runs a claimed job to its next rest: succeeded, failed after undo, put back, or stuck. Finished steps are skipped.
 * @throws LeaseLost when another worker took it over; nothing was written then
 */
export async function runJob<P>(
  root: Root,
  handler: JobHandler<P>,
  job: JobRow,
  signal: AbortSignal,
  options: EngineOptions,
): Promise<void> {
  // A job that nobody has had before has begun no step.
  const rows = job.fence === 1n ? [] : await stepsOf(root, job)
  const x: Execution<P> = {
    root,
    handler,
    job,
    payload: handler.parse(job.payload),
    rows: new Map(rows.map((row) => [row.name, row])),
    outputs: new Map(rows.map((row) => [row.name, row.output])),
    signal,
    options,
    probing: false,
  }
  if (job.phase === 'undo') return undoAll(x)
  if (job.cancel_requested_at !== null) return cancel(x)
  const subject = { type: job.subject_type, id: job.subject_id }
  if (rows.length === 0 && !(await isStillPermitted(root, job.actor as Originator, job.tenant_id, subject)))
    return refuse(x)
  const isDone = (step: Step<P>): boolean => SETTLED.has(x.rows.get(step.name)?.state ?? '')
  for (const [position, step] of handler.steps.entries()) {
    if (isDone(step)) continue
    signal.throwIfAborted()
    const isLast = handler.steps.slice(position + 1).every((later) => isDone(later))
    try {
      const output = await traced(`step ${step.name}`, {}, () => runStep(x, step, position, isLast))
      x.outputs.set(step.name, output)
      if (isLast) return
    } catch (error) {
      if (error instanceof LeaseLost || signal.aborted) throw error
      return afterFailure(x, step, position, error)
    }
  }
  await fenced(x, (ctx) => finish(ctx, x, 'succeeded', null))
}

const SETTLED = new Set(['done', 'skipped'])

/** Somebody asked for it: what has begun is undone, and the job ends `cancelled`. */
async function cancel<P>(x: Execution<P>): Promise<void> {
  const error = { code: 'cancelled', message: `It was cancelled: ${x.job.cancel_reason ?? ''}` }
  await fenced(x, (ctx) => queue.setPhase(ctx.tx, leaseOf(x.job), 'undo', error))
  await undoAll({ ...x, job: { ...x.job, phase: 'undo', error, attempts: 0 } })
}

/** Whoever wanted the job may no longer do it. Nothing has begun, so nothing is undone; a person may take it over. */
async function refuse<P>(x: Execution<P>): Promise<void> {
  const { label, permission } = x.job.actor as Originator
  const message = `${label} no longer has the permission ${permission}, under which this was asked for.`
  const error = { code: 'forbidden', message }
  await fenced(x, async (ctx) => {
    const isLasting = x.handler.onPermanent === 'stuck'
    if (!isLasting) await x.handler.failed?.(ctx, x.payload, error)
    await finish(ctx, x, isLasting ? 'stuck' : 'failed', error)
  })
}

async function runStep<P>(
  x: Execution<P>,
  step: Step<P>,
  position: number,
  isLast: boolean,
): Promise<unknown> {
  const { name, title } = step
  const reached = (state: 'running' | 'done', output?: unknown): Reached => ({
    job: x.job,
    step: { name, position, title, state, output, at: x.root.now() },
    ends: isLast && state === 'done',
    slots: x.options.slots,
  })
  const run = runOf(x, step, position)
  if ('commit' in step) {
    return fenced(x, async (ctx) => {
      const output = await step.commit(ctx, run)
      await advanceIn(ctx, [reached('done', output)])
      return output
    })
  }
  const inDoubt = x.rows.get(name)?.state === 'running'
  if (inDoubt && 'probe' in step) {
    x.probing = true
    const found = await step.probe(run)
    x.probing = false
    if (found.done) {
      await advance(x.root, reached('done', found.output))
      return found.output
    }
  }
  if (position > 0 || !queue.hasBegun(x.job)) await advance(x.root, reached('running'))
  const output = await step.run(run)
  await advance(x.root, reached('done', output))
  return output
}

async function afterFailure<P>(
  x: Execution<P>,
  step: Step<P>,
  position: number,
  thrown: unknown,
): Promise<void> {
  const { kind, code, message, inDoubt } = describe(thrown)
  const error = { code, message, step: step.name }
  if (kind === 'crash')
    x.root.log.error({ err: thrown, jobId: x.job.id, step: step.name }, 'a job step failed')
  const exhausted = x.job.attempts + 1 >= x.job.max_attempts
  const overdue = x.job.deadline_at !== null && x.root.now() > x.job.deadline_at
  const final = kind === 'permanent' || (kind === 'retry' && exhausted)
  const undoNow = final && x.handler.onPermanent !== 'stuck'
  // What may have happened is not undone on a guess: a person looks at it.
  const stuck = (final && !undoNow) || overdue || ((kind === 'unknown' || kind === 'crash') && exhausted)
  await fenced(x, async (ctx) => {
    await queue.addLog(ctx.tx, owner(x.job), {
      at: x.root.now(),
      step: step.name,
      level: undoNow || stuck ? 'error' : 'warning',
      line: message,
    })
    await queue.writeStep(ctx.tx, owner(x.job), {
      name: step.name,
      position,
      title: step.title,
      state: (inDoubt || x.probing) && !('commit' in step) ? 'running' : 'failed',
      error: message,
      at: x.root.now(),
    })
    if (undoNow) await queue.setPhase(ctx.tx, leaseOf(x.job), 'undo', error)
    else if (stuck) await finish(ctx, x, 'stuck', error)
    else {
      await queue.putBack(ctx.tx, leaseOf(x.job), {
        delayMs: delayOf(x, kind),
        waitingFor: message,
        countAttempt: kind !== 'wait',
        error: kind === 'wait' ? undefined : error,
      })
    }
  })
  if (undoNow) {
    const rows = await stepsOf(x.root, x.job)
    await undoAll({
      ...x,
      job: { ...x.job, phase: 'undo', error, attempts: 0 },
      rows: new Map(rows.map((row) => [row.name, row])),
    })
  }
}

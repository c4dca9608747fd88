import { transaction, type Ctx, type Root } from '../context.ts'
import * as queue from '../db/queue.ts'
import type { JobRow, StepRow } from '../db/queue.ts'
import { AppError } from '../errors.ts'
import { backoffMs } from '../lib/backoff.ts'
import * as auditService from '../services/auditService.ts'
import { isAudited } from '../services/provisioningQueues.ts'
import { JobError, LeaseLost } from './errors.ts'
import { advance, advanceIn, endOf, leaseOf, originOf, type Reached } from './journal.ts'

/** What a step works with. `tx` is fenced: it fails with LeaseLost when another worker has taken the job over. */
export type Run<P> = {
  root: Root
  job: JobRow
  payload: P
  signal: AbortSignal
  options: EngineOptions
  /** Output of an earlier step. */
  output(step: string): unknown
  /** What this step saved in an earlier attempt, null if nothing. */
  saved(): unknown
  /** Writes down what is needed to find this step's effect again, before or while it happens; with a line of log. */
  save(value: unknown, line?: string): Promise<void>
  progress(percent: number | null, doing: string): Promise<void>
  log(line: string, level?: 'info' | 'warning' | 'error'): Promise<void>
  tx<T>(work: (ctx: Ctx) => Promise<T>): Promise<T>
  /** A look at the database. Nothing may be written: the lease is not held, so the commit has nothing to wait for. */
  read<T>(work: (ctx: Ctx) => Promise<T>): Promise<T>
}

export type Found = { done: true; output?: unknown } | { done: false }

/**
 * A step is one of:
 * `commit`  only the database: its writes and the step's end are one transaction, so it happens exactly once
 * `run` with `probe`: an outside effect; after a crash or a lost answer the probe looks whether it happened
 * `run` with `idempotent`: an outside effect that may be repeated without harm, or mere reading
 * `undo` is called for every step that began, in reverse, also for the one that failed: it must be safe on "nothing happened".
 */
export type Step<P> = { name: string; title: string; undo?(run: Run<P>): Promise<void> } & (
  | { commit(ctx: Ctx, run: Run<P>): Promise<unknown> }
  | { run(run: Run<P>): Promise<unknown>; probe(run: Run<P>): Promise<Found> }
  | { run(run: Run<P>): Promise<unknown>; idempotent: true }
)

export type JobHandler<P> = {
  kind: string
  /** @throws when the stored payload is not of this job's form */
  parse(payload: unknown): P
  steps: readonly Step<P>[]
  /** What a permanent error leads to: undoing everything (the default), or a person, where nothing can be undone. */
  onPermanent?: 'undo' | 'stuck'
  /** Called in the transaction that ends the job, after everything was undone. */
  failed?(ctx: Ctx, payload: P, error: { code: string; message: string }): Promise<void>
}

export type EngineOptions = { minWaitMs: number; retryBaseMs: number; pollTaskMs: number }

type Execution<P> = {
  root: Root
  handler: JobHandler<P>
  job: JobRow
  payload: P
  rows: Map<string, StepRow>
  outputs: Map<string, unknown>
  signal: AbortSignal
  options: EngineOptions
  /** The running step's effect is not known yet: a failure now leaves it in doubt. */
  probing: boolean
}

const owner = (job: JobRow) => ({ queue: job.queue, id: job.id, tenantId: job.tenant_id })

/** A transaction of the job: limited to its tenant, refused when the lease is lost, shown to live views after commit. */
async function fenced<P, T>(x: Execution<P>, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  const result = await within(x, async (ctx) => {
    if (!(await queue.holdLease(ctx.tx, leaseOf(x.job)))) throw new LeaseLost()
    return work(ctx)
  })
  x.root.wake()
  return result
}

const within = <P, T>({ root, job }: Execution<P>, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, originOf(job), job.tenant_id === null ? 'platform' : [job.tenant_id], work)

const stepsOf = (root: Root, job: JobRow): Promise<StepRow[]> =>
  root.db.transaction('platform', (tx) => queue.steps(tx, job.queue, job.id))

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
  const isDone = (step: Step<P>): boolean => x.rows.get(step.name)?.state === 'done'
  for (const [position, step] of handler.steps.entries()) {
    if (isDone(step)) continue
    signal.throwIfAborted()
    const isLast = handler.steps.slice(position + 1).every((later) => isDone(later))
    try {
      x.outputs.set(step.name, await runStep(x, step, position, isLast))
      if (isLast) return
    } catch (error) {
      if (error instanceof LeaseLost || signal.aborted) throw error
      return afterFailure(x, step, position, error)
    }
  }
  await fenced(x, (ctx) => finish(ctx, x, 'succeeded', null))
}

/** Ends the job's run and says so in the audit log, in one transaction. */
async function finish<P>(
  ctx: Ctx,
  x: Execution<P>,
  state: 'succeeded' | 'failed' | 'stuck',
  error: { code: string; message: string } | null,
): Promise<void> {
  await queue.finish(ctx.tx, leaseOf(x.job), state, error)
  if (isAudited(x.job.kind)) await auditService.record(ctx, endOf(x.job, state, error))
}

/** @param isLast the job succeeds together with this step */
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
  await advance(x.root, reached('running'))
  const output = await step.run(run)
  await advance(x.root, reached('done', output))
  return output
}

const PROGRESS_EVERY_MS = 400

function runOf<P>(x: Execution<P>, step: Step<P>, position: number): Run<P> {
  let saved: unknown = x.rows.get(step.name)?.saved ?? null
  let lastProgress = 0
  const addLog = (ctx: Ctx, level: 'info' | 'warning' | 'error', line: string): Promise<void> =>
    queue.addLog(ctx.tx, owner(x.job), { at: x.root.now(), step: step.name, level, line })
  return {
    root: x.root,
    job: x.job,
    payload: x.payload,
    signal: x.signal,
    options: x.options,
    output: (name) => x.outputs.get(name),
    saved: () => saved,
    tx: (work) => fenced(x, work),
    read: (work) => within(x, work),
    save: async (value, line) => {
      saved = value
      await fenced(x, async (ctx) => {
        await queue.writeStep(ctx.tx, owner(x.job), {
          name: step.name,
          position,
          title: step.title,
          state: x.job.phase === 'undo' ? 'undoing' : 'running',
          saved: value,
          at: x.root.now(),
        })
        if (line !== undefined) await addLog(ctx, 'info', line)
      })
    },
    progress: async (percent, doing) => {
      if (Date.now() - lastProgress < PROGRESS_EVERY_MS) return
      lastProgress = Date.now()
      await fenced(x, (ctx) => queue.setProgress(ctx.tx, leaseOf(x.job), percent, doing))
    },
    log: (line, level = 'info') => fenced(x, (ctx) => addLog(ctx, level, line)),
  }
}

/** Sorts what a step threw. Anything but a JobError (a bug, a broken database) leaves the step in doubt. */
function describe(error: unknown): {
  kind: JobError['kind'] | 'crash'
  code: string
  message: string
  inDoubt: boolean
} {
  if (error instanceof JobError) return error
  // A service refused: its reason is final.
  if (error instanceof AppError)
    return { kind: 'permanent', code: error.code, message: error.message, inDoubt: false }
  return {
    inDoubt: true,
    kind: 'crash',
    code: 'internal',
    message: error instanceof Error ? error.message : String(error),
  }
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

/** Waiting costs no attempt, so its pace follows the job's age; retries back off by their number. */
function delayOf<P>(x: Execution<P>, kind: string): number {
  if (kind !== 'wait') return backoffMs(x.job.attempts, { baseMs: x.options.retryBaseMs })
  const ageMs = x.job.started_at === null ? 0 : Date.now() - x.job.started_at.getTime()
  return Math.max(x.options.minWaitMs, Math.min(60_000, ageMs / 4))
}

async function undoAll<P>(x: Execution<P>): Promise<void> {
  const cause = x.job.error as { code: string; message: string }
  for (const [position, step] of [...x.handler.steps.entries()].toReversed()) {
    const row = x.rows.get(step.name)
    if (!row || row.state === 'undone') continue
    x.signal.throwIfAborted()
    try {
      await undoStep(x, step, position)
    } catch (error) {
      if (error instanceof LeaseLost || x.signal.aborted) throw error
      return afterUndoFailure(x, step, position, error, cause)
    }
  }
  await fenced(x, async (ctx) => {
    await x.handler.failed?.(ctx, x.payload, cause)
    await finish(ctx, x, 'failed', cause)
  })
}

async function undoStep<P>(x: Execution<P>, step: Step<P>, position: number): Promise<void> {
  const write = (state: 'undoing' | 'undone') =>
    fenced(x, (ctx) =>
      queue.writeStep(ctx.tx, owner(x.job), {
        name: step.name,
        position,
        title: step.title,
        state,
        at: x.root.now(),
      }),
    )
  if (step.undo) {
    await write('undoing')
    await step.undo(runOf(x, step, position))
  }
  await write('undone')
}

async function afterUndoFailure<P>(
  x: Execution<P>,
  step: Step<P>,
  position: number,
  thrown: unknown,
  cause: { code: string; message: string },
): Promise<void> {
  const { kind, code, message } = describe(thrown)
  const giveUp = kind === 'permanent' || (kind !== 'wait' && x.job.attempts + 1 >= x.job.max_attempts)
  await fenced(x, async (ctx) => {
    await queue.addLog(ctx.tx, owner(x.job), {
      at: x.root.now(),
      step: step.name,
      level: 'error',
      line: `undo: ${message}`,
    })
    if (!giveUp) {
      await queue.putBack(ctx.tx, leaseOf(x.job), {
        delayMs: delayOf(x, kind),
        waitingFor: `undoing ${step.title}: ${message}`,
        countAttempt: kind !== 'wait',
      })
      return
    }
    await queue.writeStep(ctx.tx, owner(x.job), {
      name: step.name,
      position,
      title: step.title,
      state: 'undo_failed',
      error: message,
      at: x.root.now(),
    })
    const error = {
      code: 'undo_failed',
      message: `${cause.message} Undoing "${step.title}" failed: ${message}`,
      cause: code,
    }
    await finish(ctx, x, 'stuck', error)
  })
}

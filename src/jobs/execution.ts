import { stampedNow, transaction, type Ctx, type Root } from '../context.ts'
import * as queue from '../db/queue.ts'
import type { JobRow, StepRow } from '../db/queue.ts'
import { AppError } from '../errors.ts'
import { backoffMs } from '../lib/backoff.ts'
import { SecretLost } from '../lib/crypto.ts'
import * as auditService from '../services/auditService.ts'
import { isAudited } from '../services/provisioningQueues.ts'
import { JobError, LeaseLost } from './errors.ts'
import { endOf, leaseOf, originOf, type Slots } from './journal.ts'

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

export type EngineOptions = { minWaitMs: number; retryBaseMs: number; pollTaskMs: number; slots?: Slots }

export type Execution<P> = {
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

export const owner = (job: JobRow) => ({ queue: job.queue, id: job.id, tenantId: job.tenant_id })

/** A transaction of the job: limited to its tenant, refused when the lease is lost, shown to live views after commit. */
export async function fenced<P, T>(x: Execution<P>, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  const result = await within(x, async (ctx) => {
    if (!(await queue.holdLease(ctx.tx, leaseOf(x.job)))) throw new LeaseLost()
    return work(ctx)
  })
  x.root.wake()
  return result
}

const within = <P, T>({ root, job }: Execution<P>, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, originOf(job), job.tenant_id === null ? 'platform' : [job.tenant_id], work)

export const stepsOf = (root: Root, job: JobRow): Promise<StepRow[]> =>
  root.db.transaction('platform', (tx) => queue.steps(tx, job.queue, job.id))

/** Ends the job's run and says so in the audit log, in one transaction. */
export async function finish<P>(
  ctx: Ctx,
  x: Execution<P>,
  state: 'succeeded' | 'failed' | 'cancelled' | 'stuck',
  error: { code: string; message: string } | null,
): Promise<void> {
  await queue.finish(ctx.tx, leaseOf(x.job), state, error)
  if (isAudited(x.job.kind)) await auditService.record(ctx, endOf(x.job, state, error))
}

const PROGRESS_EVERY_MS = 400

export function runOf<P>(x: Execution<P>, step: Step<P>, position: number): Run<P> {
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
export function describe(error: unknown): {
  kind: JobError['kind'] | 'crash'
  code: string
  message: string
  inDoubt: boolean
} {
  if (error instanceof JobError) return error
  // Whatever it was about to do, it cannot have been asked: it waits for the person who enters the secret again.
  if (error instanceof SecretLost)
    return { kind: 'wait', code: 'secret_lost', message: error.message, inDoubt: false }
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

/** Waiting costs no attempt, so its pace follows the job's age; retries back off by their number. */
export function delayOf<P>(x: Execution<P>, kind: string): number {
  if (kind !== 'wait') return backoffMs(x.job.attempts, { baseMs: x.options.retryBaseMs })
  const ageMs = x.job.started_at === null ? 0 : stampedNow(x.root) - x.job.started_at.getTime()
  return Math.max(x.options.minWaitMs, Math.min(60_000, ageMs / 4))
}

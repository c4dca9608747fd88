import type { Outcome, Rejected } from '../lib/outcome.ts'

/**
 * How a step says that it could not go on:
 * `retry`      proven not done; try again, counts an attempt
 * `wait`       proven not done, and it is not the job's fault (unreachable, locked, no room yet); uses no attempt
 * `unknown`    may have happened: the step's probe looks before anything is repeated
 * `permanent`  will never work: the job is undone
 */
export type FailureKind = 'retry' | 'wait' | 'unknown' | 'permanent'

export class JobError extends Error {
  readonly kind: FailureKind
  readonly code: string
  /** The step's effect may exist although the failure itself is harmless: the next run probes before it repeats. */
  readonly inDoubt: boolean

  constructor(kind: FailureKind, code: string, message: string, inDoubt = kind === 'unknown') {
    super(message)
    this.name = 'JobError'
    this.kind = kind
    this.code = code
    this.inDoubt = inDoubt
  }
}

export const permanent = (code: string, message: string): JobError => new JobError('permanent', code, message)
export const waitFor = (code: string, message: string): JobError => new JobError('wait', code, message)

/** The lease went to another worker: this run must stop without writing anything. */
export class LeaseLost extends Error {
  constructor() {
    super('the lease of this job was lost')
    this.name = 'LeaseLost'
  }
}

/** Somebody has to renew a token or grant a right: the job waits for it and says so. */
const WAITS = new Set(['unauthorized', 'forbidden'])
/** The guest is not what it was when we looked: the step looks again and decides anew. */
const LOOK_AGAIN = new Set(['conflict', 'missing', 'exists'])

/** What a refusal, or a task's failure, means for the step. */
export const kindOf = (failed: { code: string; retryable: boolean }): FailureKind => {
  if (failed.retryable || WAITS.has(failed.code)) return 'wait'
  return LOOK_AGAIN.has(failed.code) ? 'retry' : 'permanent'
}

function failure(rejected: Rejected): JobError {
  const fields = Object.entries(rejected.errors ?? {}).map(([field, text]) => `${field}: ${text.trim()}`)
  const message = [rejected.message.trim(), ...fields].join('; ')
  return new JobError(kindOf(rejected), rejected.code, message)
}

/** The value that was read. A lost answer to a question is harmless: it is asked again. @throws JobError */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.outcome === 'ok') return outcome.value
  if (outcome.outcome === 'rejected') throw failure(outcome)
  throw waitFor(
    'no_answer',
    outcome.outcome === 'unknown' ? outcome.message : `task ${outcome.ref} is running`,
  )
}

/** The task that a write started, or null when it was done at once. @throws JobError, `unknown` for a lost answer */
export function taskOf(outcome: Outcome<unknown>): string | null {
  if (outcome.outcome === 'pending') return outcome.ref
  if (outcome.outcome === 'ok') return null
  if (outcome.outcome === 'rejected') throw failure(outcome)
  throw new JobError('unknown', 'answer_lost', outcome.message)
}

/** Somebody asked for the job to be undone while it ran. */
export class CancelRequested extends Error {
  constructor() {
    super('somebody asked to cancel this job')
    this.name = 'CancelRequested'
  }
}

/** An operator has stopped everything: the job is put back as it is. */
export class Stopped extends Error {
  constructor() {
    super('everything was stopped')
    this.name = 'Stopped'
  }
}

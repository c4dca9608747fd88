import * as queue from '../db/queue.ts'
import { LeaseLost } from './errors.ts'
import { delayOf, describe, fenced, finish, owner, runOf, type Execution, type Step } from './execution.ts'
import { leaseOf } from './journal.ts'

/** Undoes every step that began, in reverse, and ends the job: failed (or cancelled) when nothing is left, else stuck. */
export async function undoAll<P>(x: Execution<P>): Promise<void> {
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
    await finish(ctx, x, cause.code === 'cancelled' ? 'cancelled' : 'failed', cause)
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

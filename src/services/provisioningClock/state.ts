import type { Clock } from '../../../shared/api/provisioningClock.ts'
import type { Ctx } from '../../context.ts'
import * as installation from '../../db/installation.ts'
import * as rows from '../../db/provisioningClock.ts'

type Shown = NonNullable<Clock['run']>

export type AdvancingRun = Shown & {
  /**
   * After each jump the timers are run, and those that are run every minute again as long as that leads to anything. `at` is
   * when by our time, `sinceMs` when by the machine's.
   */
  pass: { number: number; at: string; sinceMs: number }
}

export type State = { aheadMs: number; run: AdvancingRun | null; last: Clock['last'] }

/** Kept in the database whose time it is, so that both come back together. */
export async function readState(ctx: Ctx, { lock = false } = {}): Promise<State> {
  if (lock) await rows.lock(ctx.tx)
  const kept = await installation.read(ctx.tx, rows.KEY)
  return { aheadMs: 0, run: null, last: null, ...(kept as Partial<State> | undefined) }
}

export const writeState = (ctx: Ctx, state: State): Promise<void> =>
  installation.write(ctx.tx, rows.KEY, state, ctx.now())

/** The state once a run has come to an end. */
export async function endOf(
  ctx: Ctx,
  state: State,
  ended: NonNullable<Clock['last']>['ended'],
): Promise<State> {
  if (!state.run) return state
  const { from, by, notes } = state.run
  const failedJobs = await rows.failedSince(ctx.tx, new Date(from))
  return { ...state, run: null, last: { from, to: ctx.now().toISOString(), by, ended, failedJobs, notes } }
}

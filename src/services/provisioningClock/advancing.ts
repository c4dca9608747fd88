import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as audit from '../../db/audit.ts'
import * as history from '../../db/provisioningHistory.ts'
import * as rows from '../../db/provisioningClock.ts'
import * as BillingService from '../BillingService.ts'
import * as provisioningService from '../provisioningService.ts'
import { refusal } from './refusal.ts'
import { endOf, readState, writeState, type AdvancingRun, type State } from './state.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Timers that are run at least so often are run again before the next jump. */
const OFTEN_MS = MINUTE_MS
const MOST_PASSES = 4
/** So long the work of a day is waited for. */
const PATIENCE_MS = 90_000
const NOTES = 20

/**
 * Does the next bit of what was ordered: waits until the work of the time it is has been done, and then jumps to when
 * something happens next, at most a day ahead. It is run again and again, and goes on where it was after a restart.
 * @param timers the names of all there are
 */
export async function advanceDue(root: Root, timers: readonly string[]): Promise<void> {
  const { clock } = root
  if (!clock) return
  const aheadMs = await asSystem(root, 'clock', 'platform', async (ctx) => {
    // Looked at without a lock first: nearly always there is nothing.
    if ((await readState(ctx)).run === null) return null
    const state = await readState(ctx, { lock: true })
    if (!state.run) return null
    const next = await nextState(ctx, { ...state, run: state.run }, timers)
    if (next !== state) await writeState(ctx, next)
    return next.aheadMs
  })
  if (aheadMs === null || aheadMs === clock.aheadMs) return
  // After the commit: a request between the two is an hour late by its own clock, and by no other.
  clock.aheadMs = aheadMs
  root.wake()
}

type Running = State & { run: AdvancingRun }

async function nextState(ctx: Ctx, state: Running, timers: readonly string[]): Promise<State> {
  const { run } = state
  if (await refusal(ctx)) return endOf(ctx, state, 'refused')
  const decision = await decisionOf(ctx)
  if (decision) return waiting(ctx, state, decision, null)
  const work = await rows.atWork(ctx.tx, new Date(run.pass.at), timers)
  const isAtWork = work.timers + work.jobs > 0
  if (isAtWork && ctx.machineNow().getTime() - run.pass.sinceMs < PATIENCE_MS)
    return waiting(ctx, state, 'work', work.example)
  const done = isAtWork ? { ...state, run: noted(ctx, run, work) } : state
  const at = ctx.now()
  if (!isAtWork && run.pass.number < MOST_PASSES && (await rows.hasHappened(ctx.tx, new Date(run.pass.at)))) {
    await rows.runAgain(ctx.tx, OFTEN_MS, at)
    return { ...state, run: { ...freed(run), pass: passOf(ctx, run.pass.number + 1, at) } }
  }
  if (at >= new Date(run.to)) return endOf(ctx, done, 'arrived')
  return jump(ctx, done)
}

/** What only a person can decide. Time waits for it: else days would pass in which nothing happens. */
async function decisionOf(ctx: Ctx): Promise<'stopped' | 'brake' | null> {
  if (await provisioningService.isStopped(ctx)) return 'stopped'
  const brakes = await provisioningService.listBrakes(ctx)
  return brakes.some(({ state }) => state === 'waiting') ? 'brake' : null
}

/** Patience is counted from when nobody has to decide anything. */
function waiting(
  ctx: Ctx,
  state: Running,
  waitsFor: NonNullable<AdvancingRun['waitsFor']>,
  detail: string | null,
): State {
  const { run } = state
  const isForPeople = waitsFor !== 'work'
  if (run.waitsFor === waitsFor && run.detail === detail && !isForPeople) return state
  const pass = isForPeople ? { ...run.pass, sinceMs: ctx.machineNow().getTime() } : run.pass
  return { ...state, run: { ...run, waitsFor, detail, pass } }
}

const freed = (run: AdvancingRun): AdvancingRun => ({ ...run, waitsFor: null, detail: null })

const passOf = (ctx: Ctx, number: number, at: Date): AdvancingRun['pass'] => ({
  number,
  at: at.toISOString(),
  sinceMs: ctx.machineNow().getTime(),
})

/** A day whose work does not end is left: it goes on in the days after it, and is told of. */
function noted(ctx: Ctx, run: AdvancingRun, { timers, jobs, example }: rows.AtWork): AdvancingRun {
  const what = example === null ? `${timers} timer(s)` : `${jobs} job(s), such as ${example}`
  const message = `Not waited for any longer: ${what}.`
  return { ...run, notes: [...run.notes, { at: ctx.now().toISOString(), message }].slice(-NOTES) }
}

/** To when something happens next, so that it happens at its time; but not in steps of less than an hour. */
async function jump(ctx: Ctx, state: Running): Promise<State> {
  const { run } = state
  const now = ctx.now().getTime()
  const event = (await BillingService.nextAt(ctx))?.getTime() ?? Infinity
  const to = Math.min(now + DAY_MS, Date.parse(run.to), Math.max(event, now + HOUR_MS))
  const aheadMs = state.aheadMs + (to - now)
  await audit.ensurePartitions(ctx.tx, aheadMs)
  await history.ensureMonths(ctx.tx, aheadMs)
  await rows.moveAlong(ctx.tx, to - now, new Date(to))
  return { ...state, aheadMs, run: { ...freed(run), pass: passOf(ctx, 1, new Date(to)) } }
}

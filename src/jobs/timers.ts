import type { Root } from '../context.ts'
import * as timerRows from '../db/timers.ts'

/** A periodic task. It takes no input, is idempotent and short: long work is enqueued as a job. */
export type Timer = {
  name: string
  everyMs: number
  /** It changes nothing for customers and outside systems, so an emergency stop does not stop it. */
  harmless?: true
  run(root: Root): Promise<void>
}

/** Runs what is due. Exactly one worker of the fleet runs a timer at a time. */
export async function runDueTimers(root: Root, timers: readonly Timer[]): Promise<void> {
  const due = new Set(await root.db.transaction('platform', (tx) => timerRows.due(tx, timers)))
  for (const timer of timers) if (due.has(timer.name)) await runOne(root, timer)
}

async function runOne(root: Root, timer: Timer): Promise<void> {
  if (!(await root.db.transaction('platform', (tx) => timerRows.claim(tx, timer.name, timer.everyMs)))) return
  let failure: string | null = null
  try {
    await timer.run(root)
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
    root.log.error({ err: error, timer: timer.name }, 'a timer failed')
  }
  await root.db.transaction('platform', (tx) => timerRows.finish(tx, timer.name, failure))
}

import { listen } from './db/listen.ts'
import { NOTIFY_CHANNEL } from './db/queue.ts'
import type { Root } from './context.ts'

/** A burst of changes is one look at the database. */
const SETTLE_MS = 100

/** Lets everybody who waits for changes of jobs share one listening connection. */
export async function startLive(
  root: Root,
  databaseUrl: string,
): Promise<{ live: Root['live']; stop: () => Promise<void> }> {
  const waiting = new Set<() => void>()
  let stopped = false
  const wakeAll = (): void => {
    const all = [...waiting]
    waiting.clear()
    for (const wake of all) wake()
  }
  const stopListening = await listen(
    databaseUrl,
    NOTIFY_CHANNEL,
    () => setTimeout(wakeAll, SETTLE_MS),
    root.log,
  )
  return {
    live: {
      changed: (withinMs) =>
        new Promise((resolve) => {
          if (stopped) return resolve()
          const timer = setTimeout(done, withinMs)
          waiting.add(done)
          function done(): void {
            clearTimeout(timer)
            waiting.delete(done)
            resolve()
          }
        }),
    },
    stop: async () => {
      stopped = true
      wakeAll()
      await stopListening()
    },
  }
}

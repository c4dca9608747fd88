export type Loop = { wake: () => void; stop: () => Promise<void> }

/**
 * Runs `task` again and again, one run at a time, `everyMs` between the runs; `wake` starts the next one at once.
 * An error is reported and does not end the loop. `stop` waits for the run that is under way.
 */
export function startLoop(
  task: () => Promise<unknown>,
  everyMs: number,
  onError: (error: unknown) => void,
): Loop {
  const stopping = new AbortController()
  let woken = false
  let interrupt: (() => void) | undefined

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(done, everyMs)
      interrupt = done
      function done(): void {
        clearTimeout(timer)
        interrupt = undefined
        resolve()
      }
    })

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false
      await task().catch(onError)
      if (!woken && !stopping.signal.aborted) await pause()
    }
  }

  const ended = run()
  return {
    wake: () => {
      woken = true
      interrupt?.()
    },
    stop: async () => {
      stopping.abort()
      interrupt?.()
      await ended
    },
  }
}

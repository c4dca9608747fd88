import { setImmediate } from 'node:timers/promises'

/** One job of the bench: the n-th of its key, counted from 0. */
export type BenchJob = { key: string; n: number }

export type Engine = {
  name: string
  /** What is switched on, in words. */
  mode: string
  /** Adds jobs in one transaction. Jobs of one key must run in the order of this list. */
  enqueue(jobs: readonly BenchJob[]): Promise<void>
  /** Starts one worker that runs at most `concurrency` jobs at a time, each by calling `handle`. */
  work(concurrency: number, handle: (job: BenchJob) => Promise<void>): Promise<{ stop: () => Promise<void> }>
  /** Removes what is left of a round that was not drained in time. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Watches the order in which jobs run: a start before the predecessor's end and a skipped number are counted. */
export function watch() {
  const nextOf = new Map<string, number>()
  const running = new Set<string>()
  const seen = { done: 0, overlaps: 0, outOfOrder: 0 }
  const startedAt = new Map<string, number>()
  return {
    seen,
    startedAt,
    handle: async ({ key, n }: BenchJob): Promise<void> => {
      startedAt.set(`${key} ${n}`, performance.now())
      if (running.has(key)) seen.overlaps++
      if ((nextOf.get(key) ?? 0) !== n) seen.outOfOrder++
      running.add(key)
      nextOf.set(key, n + 1)
      // Long enough for a second job of the key to begin, if the engine lets it.
      await setImmediate()
      running.delete(key)
      seen.done++
    },
  }
}

/** `count` jobs spread over `keys` resources by a fixed pseudo-random sequence: neighbours may be of one resource. */
export function makeJobs(count: number, keys: number, prefix: string): BenchJob[] {
  let state = 42
  const counts = new Map<string, number>()
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    const key = `${prefix}-${(state >> 8) % keys}`
    const n = counts.get(key) ?? 0
    counts.set(key, n + 1)
    return { key, n }
  })
}

type Waiting<I, O> = { item: I; resolve: (answer: O) => void; reject: (error: unknown) => void }

/**
 * Gathers calls into batches: while as many as allowed are under way, the next gathers. Nobody waits longer than for
 * one of the batches before. When a batch fails, each of its items is tried alone, so that one that cannot be done
 * harms no other.
 * @param work answers for each item, in their order
 */
export function batched<I, O>(
  work: (items: readonly I[]) => Promise<readonly O[]>,
  atOnce = 2,
): (item: I) => Promise<O> {
  let waiting: Waiting<I, O>[] = []
  let running = 0

  async function attempt(batch: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const answers = await work(batch.map((entry) => entry.item))
      for (const [i, entry] of batch.entries()) entry.resolve(answers[i] as O)
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error)
      else for (const entry of batch) await attempt([entry])
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await attempt(batch)
    }
    running--
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (running === atOnce) return
      running++
      // What is called in the same turn goes together.
      setImmediate(() => void run())
    })
}

/**
 * Exponential back-off with full jitter on the upper half: between 50 and 100 % of base × 2^attempt, at most `capMs`.
 * @param attempt 0 for the first wait
 * @returns milliseconds
 */
export function backoffMs(attempt: number, options: { baseMs?: number; capMs?: number } = {}): number {
  const { baseMs = 1000, capMs = 300_000 } = options
  const full = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(full * (0.5 + Math.random() / 2))
}

/** Waits, or rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', abort, { once: true })

    function done(): void {
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    function abort(): void {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
  })
}

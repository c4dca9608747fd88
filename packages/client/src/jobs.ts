import { authorization, pause, urlOf, type Connection } from './http.ts'
import type { JobDetail } from './operations.ts'

const RESTING = new Set<JobDetail['state']>(['succeeded', 'failed', 'cancelled', 'stuck'])
/** With the live view open a look now and then is enough; without it, that is all there is. */
const LOOK_MS = { live: 10_000, polling: 1_000 }

export type WaitOptions = {
  /** Called with the job whenever it has changed. */
  onProgress?: (job: JobDetail) => void
  signal?: AbortSignal
}

/**
 * Waits until a job has come to rest: `succeeded`, `failed`, `cancelled`, or `stuck`, which needs a person. Told by the
 * live view; where that cannot be had, by looking every second.
 */
export async function waitForJob(
  connection: Connection,
  look: (signal: AbortSignal | undefined) => Promise<JobDetail>,
  id: string,
  { onProgress, signal }: WaitOptions,
): Promise<JobDetail> {
  const live = await listen(connection, id, signal)
  try {
    let seen = ''
    for (;;) {
      const job = await look(signal)
      const now = JSON.stringify(job)
      if (now !== seen) onProgress?.(job)
      seen = now
      if (RESTING.has(job.state)) return job
      // What was waited for in vain must keep no program from ending.
      const over = new AbortController()
      const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal
      await Promise.race([live.changed(), pause(live.isOpen() ? LOOK_MS.live : LOOK_MS.polling, either)])
      over.abort()
    }
  } finally {
    live.close()
  }
}

type Live = { changed(): Promise<void>; isOpen(): boolean; close(): void }

/** Opens the live view and remembers whether the job has changed since somebody asked. */
async function listen(connection: Connection, id: string, signal: AbortSignal | undefined): Promise<Live> {
  const ended = new AbortController()
  let isOpen = false
  let news = false
  let tell: (() => void) | undefined
  const heard = (): void => {
    news = true
    tell?.()
  }
  const response = await (connection.fetch ?? fetch)(urlOf(connection, '/api/admin/provisioning/events'), {
    headers: { ...authorization(connection), accept: 'text/event-stream' },
    signal: signal ? AbortSignal.any([signal, ended.signal]) : ended.signal,
  }).catch(() => undefined)
  if (response?.ok && response.body) {
    isOpen = true
    void follow(response.body, id, heard)
      .catch(() => undefined)
      .finally(() => {
        isOpen = false
        heard()
      })
  } else await response?.body?.cancel().catch(() => undefined)
  return {
    isOpen: () => isOpen,
    close: () => ended.abort(),
    changed: () =>
      new Promise((resolve) => {
        tell = () => {
          news = false
          resolve()
        }
        if (news) tell()
      }),
  }
}

/** Reads server-sent events and tells those of one job. */
async function follow(body: ReadableStream<Uint8Array>, id: string, heard: () => void): Promise<void> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    text += decoder.decode(value, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    if (events.some((event) => event.includes('event: job\n') && event.includes(`"id":"${id}"`))) heard()
  }
}

import { Client, escapeIdentifier } from 'pg'
import type { Logger } from '../lib/log.ts'

/**
 * Calls `onNotify` for every NOTIFY on a channel, over a connection of its own that is opened again when it breaks.
 * A missed notification must only cost time: listeners poll as well.
 * @returns a function that stops listening
 */
export async function listen(
  url: string,
  channel: string,
  onNotify: () => void,
  log: Logger,
): Promise<() => Promise<void>> {
  let stopped = false
  let client: Client | undefined
  let retry: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    const next = new Client({ connectionString: url, application_name: 'mpanel listen' })
    next.on('notification', onNotify)
    next.on('error', () => undefined)
    next.on('end', () => reconnect())
    await next.connect()
    await next.query(`listen ${escapeIdentifier(channel)}`)
    client = next
    onNotify()
  }

  function reconnect(): void {
    if (stopped) return
    clearTimeout(retry)
    retry = setTimeout(() => {
      connect().catch((error: unknown) => {
        log.warn({ err: error }, 'listening for jobs failed; trying again')
        reconnect()
      })
    }, 1_000)
  }

  await connect()
  return async () => {
    stopped = true
    clearTimeout(retry)
    await client?.end().catch(() => undefined)
  }
}

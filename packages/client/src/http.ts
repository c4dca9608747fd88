import { MPanelError, MPanelUnreachable, type Problem } from './errors.ts'

export type Connection = {
  /** Where mPanel is, such as `https://panel.example.com`. */
  url: string
  /** An API key (`mp_…`), or the cookie of a session. */
  credential: { apiKey: string } | { cookie: string } | null
  /** How often a call is repeated that can be; 4 unless said. */
  retries?: number
  /** How long an answer may take; 30 seconds unless said. */
  timeoutMs?: number
  /** Instead of the global one. */
  fetch?: typeof fetch
}

export type Outgoing = {
  method: string
  path: string
  /** Repeating it does no harm: it reads, or it carries an Idempotency-Key that the operation honours. */
  repeatable: boolean
  headers: Record<string, string>
  body?: unknown
  signal?: AbortSignal | undefined
}

/** Nobody waits longer for a turn: the error is told instead. */
const LONGEST_WAIT_MS = 60_000
const FIRST_WAIT_MS = 250
/** The server or what stands before it could not do it now. */
const LATER = new Set([502, 503, 504])

/**
 * Sends a call and repeats it while that is safe. After 429 nothing was done, so every call is repeated; after another
 * fault only what may be done twice.
 * @throws MPanelError, MPanelUnreachable
 */
export async function send(connection: Connection, call: Outgoing): Promise<Response> {
  const retries = connection.retries ?? 4
  for (let attempt = 0; ; attempt++) {
    const outcome = await once(connection, call).catch((error: unknown) => {
      // Whoever asked to stop is told just that.
      if (call.signal?.aborted) throw error
      return new MPanelUnreachable(connection.url, error)
    })
    if (outcome instanceof Response && outcome.ok) return outcome
    const wait = waitMs(outcome, call.repeatable, attempt)
    if (attempt >= retries || wait === undefined)
      throw outcome instanceof Response ? await errorOf(outcome) : outcome
    // Its connection is free again only once it was read.
    if (outcome instanceof Response) await outcome.body?.cancel()
    await pause(wait, call.signal)
  }
}

/** @returns how long to wait before the next attempt; undefined when there must be none */
function waitMs(outcome: Response | Error, repeatable: boolean, attempt: number): number | undefined {
  const later = outcome instanceof Error || LATER.has(outcome.status)
  if (!(later && repeatable) && !(outcome instanceof Response && outcome.status === 429)) return undefined
  const asked = outcome instanceof Response ? retryAfterMs(outcome.headers.get('retry-after')) : undefined
  if (asked !== undefined) return asked <= LONGEST_WAIT_MS ? asked : undefined
  // Between a half and the whole of it, so that many clients do not come back at once.
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt)
  const [part = 0] = crypto.getRandomValues(new Uint8Array(1))
  return whole / 2 + (whole / 2) * (part / 255)
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function once(connection: Connection, call: Outgoing): Promise<Response> {
  const timeout = AbortSignal.timeout(connection.timeoutMs ?? 30_000)
  return (connection.fetch ?? fetch)(urlOf(connection, call.path), {
    method: call.method,
    headers: { ...authorization(connection), ...call.headers },
    ...(call.body === undefined
      ? {}
      : { body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body) }),
    redirect: 'manual',
    signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
  })
}

export const urlOf = ({ url }: Connection, path: string): string => url.replace(/\/+$/, '') + path

/** A session counts only for calls from its own pages, so the address of mPanel is named as where the call is from. */
export function authorization({ credential, url }: Connection): Record<string, string> {
  const own = { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' }
  if (credential === null) return own
  return 'apiKey' in credential
    ? { authorization: `Bearer ${credential.apiKey}` }
    : { ...own, cookie: credential.cookie }
}

async function errorOf(response: Response): Promise<MPanelError> {
  const text = await response.text().catch(() => '')
  let problem: Partial<Problem> = {}
  if (/[/+]json/.test(response.headers.get('content-type') ?? '')) {
    try {
      problem = JSON.parse(text) as Partial<Problem>
    } catch {
      // Something between us and mPanel has answered; the status says what there is to say.
    }
  }
  return new MPanelError(response.status, problem, response.headers.get('x-request-id'))
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    if (signal?.aborted) return reject(signal.reason as Error)
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }, ms)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

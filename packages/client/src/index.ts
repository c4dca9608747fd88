import { send, type Connection } from './http.ts'
import { waitForJob, type WaitOptions } from './jobs.ts'
import { OPERATIONS, type JobDetail, type Operations } from './operations.ts'

export { MPanelError, MPanelUnreachable, type Problem } from './errors.ts'
export type { Connection } from './http.ts'
export type { WaitOptions } from './jobs.ts'
export { verifyWebhook, WebhookInvalid, type VerifyOptions, type WebhookEvent } from './webhooks.ts'
export * from './operations.ts'

export type Operation = keyof Operations

/** What goes with any call. */
export type CallOptions = {
  /** The version that the change is made on: refused with `precondition_failed` if somebody was faster. */
  ifMatch?: number
  /** Names this very call: whoever repeats it gets the answer of the first. A POST gets one by itself. */
  idempotencyKey?: string
  signal?: AbortSignal
}

/** What an operation takes: `path`, `query` and `body` as the document says, and the options of any call. */
export type Input<O extends Operation> = Omit<Operations[O], 'result'> & CallOptions
export type Result<O extends Operation> = Operations[O]['result']

/** The answer with what its headers say. */
export type Answer<T> = {
  status: number
  data: T
  headers: Headers
  requestId: string
  /** Of the thing that was answered, for `ifMatch`; null when it has none. */
  version: number | null
  /** Where what was made or begun can be looked at. */
  location: string | null
}

// Nothing is needed of a call that takes neither path nor query nor body.
type Given<O extends Operation> =
  Record<string, never> extends Omit<Operations[O], 'result'> ? [input?: Input<O>] : [input: Input<O>]
type Pages = {
  [O in Operation]: Result<O> extends { items: unknown[]; nextCursor: string | null } ? O : never
}[Operation]
type Item<O extends Pages> = Result<O> extends { items: (infer T)[] } ? T : never

export type MPanel = { [O in Operation]: (...given: Given<O>) => Promise<Result<O>> } & {
  /** The same operations, answering with status and headers. */
  answer: { [O in Operation]: (...given: Given<O>) => Promise<Answer<Result<O>>> }
  /** Every list, item by item over all its pages. */
  all: { [O in Pages]: (...given: Given<O>) => AsyncGenerator<Item<O>, void, undefined> }
  jobs: {
    /** Waits until a job has come to rest. A job that failed is an answer, not an error. */
    wait(id: string, options?: WaitOptions): Promise<JobDetail>
  }
}

type Loose = CallOptions & {
  path?: Record<string, string | number>
  query?: Record<string, unknown>
  body?: unknown
}

/** The operations of mPanel at an address, for whoever the credential belongs to. */
export function createClient(connection: Connection): MPanel {
  const answerOf = (name: string, input: Loose = {}) => call(connection, name as Operation, input)
  const operations = Object.keys(OPERATIONS)
  const each = <T>(make: (name: string) => T): Record<string, T> =>
    Object.fromEntries(operations.map((name) => [name, make(name)]))
  const client = {
    ...each((name) => async (input?: Loose) => (await answerOf(name, input)).data),
    answer: each((name) => (input?: Loose) => answerOf(name, input)),
    all: each((name) => (input?: Loose) => pages((given) => answerOf(name, given), input)),
    jobs: {
      wait: (id: string, options: WaitOptions = {}) =>
        waitForJob(
          connection,
          async (signal) =>
            (await answerOf('getJob', { path: { id }, ...(signal && { signal }) })).data as JobDetail,
          id,
          options,
        ),
    },
  }
  return client as unknown as MPanel
}

async function* pages(
  read: (input: Loose) => Promise<Answer<unknown>>,
  input: Loose = {},
): AsyncGenerator<unknown, void, undefined> {
  let cursor: string | null | undefined = input.query?.['cursor'] as string | undefined
  do {
    const { data } = await read({ ...input, query: { ...input.query, ...(cursor ? { cursor } : {}) } })
    const page = data as { items: unknown[]; nextCursor: string | null }
    yield* page.items
    cursor = page.nextCursor
  } while (cursor)
}

async function call(connection: Connection, name: Operation, input: Loose): Promise<Answer<unknown>> {
  const [method, template, honoursKey] = OPERATIONS[name]
  const key = honoursKey ? (input.idempotencyKey ?? crypto.randomUUID()) : undefined
  const response = await send(connection, {
    method,
    path: pathOf(template, input),
    repeatable: method === 'GET' || key !== undefined,
    headers: {
      accept: 'application/json, */*;q=0.5',
      ...(input.body === undefined
        ? {}
        : { 'content-type': typeof input.body === 'string' ? 'text/csv' : 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(input.ifMatch === undefined ? {} : { 'if-match': `"v${input.ifMatch}"` }),
    },
    body: input.body,
    signal: input.signal,
  })
  const version = /"v(\d+)"/.exec(response.headers.get('etag') ?? '')?.[1]
  return {
    status: response.status,
    data: await contentOf(response),
    headers: response.headers,
    requestId: response.headers.get('x-request-id') ?? '',
    version: version === undefined ? null : Number(version),
    location: response.headers.get('location'),
  }
}

function pathOf(template: string, { path = {}, query = {} }: Loose): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = path[name]
    if (value === undefined || value === '') throw new TypeError(`path.${name} is missing`)
    return encodeURIComponent(value)
  })
  const asked = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null) asked.append(name, String(one))
  return asked.size > 0 ? `${filled}?${asked.toString()}` : filled
}

/** JSON as what it says, text as text, and any other file as its bytes. */
async function contentOf(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 204) return null
  if (/[/+]json/.test(type)) return response.json()
  return /^(text\/|application\/(xml|pem))/.test(type)
    ? response.text()
    : new Uint8Array(await response.arrayBuffer())
}

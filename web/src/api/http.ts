import type { Problem } from '../../../shared/api/common.ts'
import { language } from '../lib/language.ts'
import { ApiError, unreachable } from './ApiError.ts'
import { askForProof } from './proof.ts'

type Query = Record<string, string | number | undefined>
type Options = {
  query?: Query
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** A file that is sent as it is. */
  upload?: { file: Blob; type: string }
  /** The answer is a file, not JSON. */
  file?: true
  /** The type of the file, where the same address answers several. */
  accept?: string
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  request('GET', path, { ...(query && { query }), ...(signal && { signal }) })

const ifMatch = (version: number | undefined): Record<string, string> =>
  version === undefined ? {} : { 'If-Match': `"v${version}"` }

/**
 * `key` marks one intention of the user: the server does a repeated request with the same key only once. Refused when somebody
 * else has changed the thing since `version` was read.
 */
export const post = <T>(path: string, body: unknown, key: string, version?: number): Promise<T> =>
  request('POST', path, { body, headers: { 'Idempotency-Key': key, ...ifMatch(version) } })

/** Sends a file under its name; the browser reads it while it sends it. */
export const upload = <T>(path: string, file: File, type: string): Promise<T> =>
  request('POST', path, { query: { name: file.name.slice(0, 200) }, upload: { file, type } })

/** Refused when somebody else has changed the thing since `version` was read. */
export const patch = <T>(path: string, body: unknown, version?: number): Promise<T> =>
  request('PATCH', path, { body, headers: ifMatch(version) })

/** Says all of a thing anew: doing it twice is the same. Refused like `patch`. */
export const put = <T>(path: string, body: unknown, version?: number): Promise<T> =>
  request('PUT', path, { body, headers: ifMatch(version) })

export const remove = <T>(path: string, body?: unknown): Promise<T> => request('DELETE', path, { body })

/** Brings a file and saves it under this name. */
export async function download(path: string, name: string, query: Query = {}): Promise<void> {
  save(await request<Blob>('GET', path, { query, file: true }), name)
}

/** Brings all pages of a list as one CSV file and saves it. */
export async function downloadCsv(path: string, name: string, query: Query): Promise<void> {
  save(await request<Blob>('GET', path, { query, file: true, accept: 'text/csv' }), `${name}.csv`)
}

/** Lets the browser save what the page holds. */
export function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

async function request<T>(method: string, path: string, options: Options, repeated = false): Promise<T> {
  const hasBody = options.body !== undefined
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: {
      Accept: options.accept ?? 'application/json',
      ...(hasBody && { 'Content-Type': 'application/json' }),
      ...(options.upload && { 'Content-Type': options.upload.type }),
      ...options.headers,
    },
    ...(hasBody && { body: JSON.stringify(options.body) }),
    ...(options.upload && { body: options.upload.file }),
    ...(options.signal && { signal: options.signal }),
  }
  let response: Response
  try {
    response = await fetch(path + queryString(options.query), init)
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw unreachable()
  }
  if (response.status === 204) return undefined as T
  if (options.file && response.ok) return (await response.blob()) as T
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) {
    const error = new ApiError(response.status, await inWords(answer ?? {}))
    if (error.code === 'step_up_required' && !repeated && (await askForProof()))
      return request(method, path, options, true)
    throw error
  }
  return answer as T
}

/** The API speaks English. What that is in the language of the page is loaded with the first refusal. */
async function inWords(problem: Partial<Problem>): Promise<Partial<Problem>> {
  if (language === 'en') return problem
  try {
    return (await import('../lib/problemWords.ts')).problemIn(problem)
  } catch {
    return problem
  }
}

function queryString(query: Query = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`
}

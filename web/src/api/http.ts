import { ApiError, unreachable } from './ApiError.ts'
import { askForProof } from './proof.ts'

type Query = Record<string, string | number | undefined>
type Options = { query?: Query; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal }

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  request('GET', path, { ...(query && { query }), ...(signal && { signal }) })

/** `key` marks one intention of the user: the server does a repeated request with the same key only once. */
export const post = <T>(path: string, body: unknown, key: string): Promise<T> =>
  request('POST', path, { body, headers: { 'Idempotency-Key': key } })

/** Refused when somebody else has changed the thing since `version` was read. */
export const patch = <T>(path: string, body: unknown, version?: number): Promise<T> =>
  request('PATCH', path, { body, ...(version !== undefined && { headers: { 'If-Match': `"v${version}"` } }) })

export const remove = <T>(path: string, body?: unknown): Promise<T> => request('DELETE', path, { body })

/** Saves an answer as a file. @throws ApiError */
export async function download(path: string, query: Query, name: string, repeated = false): Promise<void> {
  const response = await fetch(path + queryString(query), { credentials: 'same-origin' }).catch(() => {
    throw unreachable()
  })
  if (!response.ok) {
    const error = new ApiError(response.status, (await response.json().catch(() => null)) ?? {})
    if (error.code === 'step_up_required' && !repeated && (await askForProof()))
      return download(path, query, name, true)
    throw error
  }
  save(await response.blob(), name)
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
      Accept: 'application/json',
      ...(hasBody && { 'Content-Type': 'application/json' }),
      ...options.headers,
    },
    ...(hasBody && { body: JSON.stringify(options.body) }),
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
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) {
    const error = new ApiError(response.status, answer ?? {})
    if (error.code === 'step_up_required' && !repeated && (await askForProof()))
      return request(method, path, options, true)
    throw error
  }
  return answer as T
}

function queryString(query: Query = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`
}

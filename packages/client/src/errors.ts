/** RFC 9457 problem details, as mPanel answers every error. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  code: string
  requestId: string
  errors?: { path: string; message: string }[]
  details?: Record<string, unknown>
}

/** An answer that is no success. `code` is stable (docs/errors.md lists the codes); `message` says what to do. */
export class MPanelError extends Error {
  readonly status: number
  readonly code: string
  /** Helpers find the request in the logs by it. */
  readonly requestId: string | null
  /** Which fields of the input are wrong, and why. */
  readonly errors: readonly { path: string; message: string }[]
  readonly details: Record<string, unknown>

  constructor(status: number, problem: Partial<Problem>, requestId: string | null) {
    super(problem.detail ?? `The server answered ${status}.`)
    this.name = 'MPanelError'
    this.status = status
    this.code = problem.code ?? 'unexpected_answer'
    this.requestId = problem.requestId ?? requestId
    this.errors = problem.errors ?? []
    this.details = problem.details ?? {}
  }
}

/** No answer came: the server cannot be reached, or the connection broke. Whether the call was done is not known. */
export class MPanelUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`${new URL(url).origin} does not answer: ${reasonOf(cause)}`, { cause })
    this.name = 'MPanelUnreachable'
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, message } = (error.cause ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code === 'string') return code
  return typeof message === 'string' ? message : error.message
}

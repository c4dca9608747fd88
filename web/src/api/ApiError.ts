import type { Problem } from '../../../shared/api/common.ts'
import { t } from '../../../shared/text.ts'

/** The server's refusal, or why no answer came. `detail` is a sentence for the person in front of the page. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly requestId: string | undefined
  readonly errors: { path: string; message: string }[]

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? t`The server answered ${status}.`)
    this.name = 'ApiError'
    this.status = status
    this.code = problem.code ?? 'unexpected_answer'
    this.requestId = problem.requestId
    this.errors = problem.errors ?? []
  }

  /** It is not known whether the request took effect: it may be repeated with the same idempotency key. */
  get unknownOutcome(): boolean {
    return this.status === 0 || this.status >= 500
  }
}

export const unreachable = (): ApiError =>
  new ApiError(0, {
    code: 'unreachable',
    detail: t`The server could not be reached. Check the connection and try again.`,
  })

/**
 * The one error that routes and the command line know: a stable code, a sentence for the person who can act on it,
 * and an HTTP status by code. docs/errors.md lists the codes with what to do.
 */
const STATUS = {
  invalid_input: 422,
  malformed_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  step_up_required: 403,
  mfa_enrolment_required: 403,
  not_found: 404,
  csrf_refused: 403,
  conflict: 409,
  idempotency_key_reused: 409,
  link_expired: 410,
  preview_expired: 410,
  ticket_refused: 403,
  invalid_state: 409,
  hostname_taken: 409,
  already_exists: 409,
  secret_lost: 409,
  precondition_failed: 412,
  unsupported_media_type: 415,
  payload_too_large: 413,
  request_timeout: 408,
  headers_too_large: 431,
  too_many_requests: 429,
  quota_exceeded: 409,
  ip_pool_exhausted: 409,
  vmid_range_exhausted: 409,
  no_node_fits: 409,
  plan_not_allowed: 422,
  payment_mismatch: 422,
  price_changed: 409,
  internal: 500,
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof STATUS
export const ERROR_CODES = Object.keys(STATUS) as ErrorCode[]
export type FieldError = { path: string; message: string }

export class AppError extends Error {
  readonly code: ErrorCode
  readonly errors: FieldError[] | undefined
  readonly details: Record<string, unknown> | undefined
  /** In which tenant somebody was refused something, null for the platform. Not part of the answer. */
  readonly tenantId: string | null | undefined

  /** `message` is public and says what to do; `cause` stays in the logs. */
  constructor(
    code: ErrorCode,
    message: string,
    more: {
      errors?: FieldError[]
      details?: Record<string, unknown>
      cause?: unknown
      tenantId?: string | null
    } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'AppError'
    this.code = code
    this.errors = more.errors
    this.details = more.details
    this.tenantId = more.tenantId
  }

  get status(): number {
    return STATUS[this.code]
  }
}

export const notFound = (what: string): AppError => new AppError('not_found', `No such ${what}.`)

/** What `shared/states` says of something that is asked for. @throws AppError invalid_state with the reason */
export function requireAllowed(verdict: { allowed: true } | { allowed: false; reason: string }): void {
  if (!verdict.allowed) throw new AppError('invalid_state', verdict.reason)
}

/** The If-Match of an update. @throws AppError precondition_failed */
export function requireVersion(current: number, expected: number | undefined): void {
  if (expected !== undefined && expected !== current) {
    throw new AppError(
      'precondition_failed',
      'It was changed meanwhile. Load it again and repeat your change.',
    )
  }
}

/** A fault of set-up that a person must mend: printed as one sentence, never with a stack. */
export class StartupError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StartupError'
  }
}

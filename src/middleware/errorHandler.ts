import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { Problem } from '../../shared/api/common.ts'
import { AppError, type ErrorCode, type FieldError } from '../errors.ts'
import { SecretLost } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { isNoneFree } from '../lib/preparing.ts'

const TITLES: Partial<Record<ErrorCode, string>> = {
  invalid_input: 'The input is not valid',
  unauthenticated: 'Not logged in',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  internal: 'Internal error',
}

/** What protects an answer that is refused before any hook has seen its request. */
const PROTECTION = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}
const PROTECTION_LINES = Object.entries(PROTECTION)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')

/** There is no route of this address and method. */
export const nothingAt = ({ method, url }: Pick<FastifyRequest, 'method' | 'url'>): AppError =>
  new AppError('not_found', `There is nothing at ${method} ${url.split('?', 1)[0]}.`)

/** The body is read before it is known whether there is anybody to read it: where there is nobody, it is not to blame. */
const isOfBody = (error: Error & { code?: string }): boolean =>
  error.code?.startsWith('FST_ERR_CTP_') === true

/** Answers every error as RFC 9457 problem details. What is not ours to tell goes to the log only. */
export function errorHandler(
  error: FastifyError | AppError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const known = request.is404 && isOfBody(error) ? nothingAt(request) : translate(error)
  if (known.status >= 500) request.log.error({ err: error }, 'request failed')
  for (const [name, value] of Object.entries(PROTECTION))
    // A route may have said before it failed that its answer may be kept.
    if (name === 'cache-control' || !reply.hasHeader(name)) void reply.header(name, value)
  void reply
    .code(known.status)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(known, request.id)))
}

const problemOf = (error: AppError, requestId: string): Problem => ({
  type: `urn:mpanel:error:${error.code}`,
  title: TITLES[error.code] ?? error.code.replaceAll('_', ' '),
  status: error.status,
  detail: error.message,
  code: error.code,
  requestId,
  ...(error.errors ? { errors: error.errors } : {}),
  ...(error.details ? { details: error.details } : {}),
})

const BY_PARSER_CODE: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The address and the headers are larger than 16 KiB together.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive whole in time.'],
}

/** Answers what Node's parser refuses before there is a request, in the same form, and closes the connection. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const [code, message] = BY_PARSER_CODE[error.code ?? ''] ?? [
      'malformed_request',
      'This is no valid HTTP.',
    ]
    const known = new AppError(code, message)
    const body = JSON.stringify(problemOf(known, newId()))
    socket.write(
      `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status]}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
        `content-type: application/problem+json\r\n${PROTECTION_LINES}connection: close\r\n\r\n${body}`,
    )
  }
  socket.destroy(error)
}

const BY_FASTIFY_CODE: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send the body as application/json.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than this operation takes.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_request', 'The body is empty; send a JSON object.'],
  FST_ERR_BAD_URL: ['malformed_request', 'The address is not valid percent-encoding.'],
  FST_ERR_MAX_PARAM_LENGTH: ['malformed_request', 'A part of the address is too long.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed_request', 'The body is no valid JSON.'],
}

/** Socket errors, and PostgreSQL's classes 08 (connection), 53 (resources) and 57P (shutdown, start-up). */
const DATABASE_AWAY = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|08\w{3}|53\w{3}|57P0\d)$/

function translate(error: FastifyError | AppError | Error): AppError {
  if (error instanceof AppError) return error
  if (error instanceof SecretLost) return new AppError('secret_lost', error.message)
  if (hasZodFastifySchemaValidationErrors(error)) return invalidInput(error.validation)
  const { code, statusCode } = error as FastifyError
  if (DATABASE_AWAY.test(code))
    return new AppError('unavailable', 'The database cannot be reached. Try again in a moment.', {
      cause: error,
    })
  if (isNoneFree(error))
    return new AppError('unavailable', 'mPanel has more to do than it can at once. Try again in a moment.', {
      cause: error,
    })
  const known = BY_FASTIFY_CODE[code]
  if (known) return new AppError(known[0], known[1])
  if (statusCode === 400)
    return new AppError('malformed_request', 'The request could not be read. Check its syntax.')
  return new AppError(
    'internal',
    'Something went wrong on our side. Try again; if it stays, tell us the request id.',
    { cause: error },
  )
}

function invalidInput(
  issues: { instancePath: string; message?: string | undefined; params?: unknown }[],
): AppError {
  const errors: FieldError[] = issues.map((issue) => ({
    path: issue.instancePath.replace(/^\//, '').replaceAll('/', '.'),
    message: issue.message ?? 'is not valid',
  }))
  const first = errors[0]
  return new AppError(
    'invalid_input',
    first ? `${first.path || 'input'}: ${first.message}` : 'The input is not valid.',
    { errors },
  )
}

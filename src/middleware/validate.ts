import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'

const typeOf = (request: FastifyRequest): string | undefined =>
  request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()

/**
 * Browsers send the types of forms across origins without asking first, so a change takes JSON, or the one other type
 * that its route names.
 * @throws AppError unsupported_media_type
 */
export function requireType(request: FastifyRequest, takes = 'application/json'): void {
  const type = typeOf(request)
  if (type !== undefined && type !== takes) throw unsupported(takes)
}

const unsupported = (takes: string): AppError =>
  new AppError('unsupported_media_type', `Send the body as ${takes}.`)

/**
 * The body of a route that takes a file, as it comes; the limit on its size is its reader's.
 * @throws AppError unsupported_media_type without a type, malformed_request when it breaks off
 */
export async function* fileOf(request: FastifyRequest, reply: FastifyReply): AsyncGenerator<Buffer> {
  if (typeOf(request) === undefined) throw unsupported('text/csv')
  const { raw } = request
  try {
    for await (const part of raw.iterator({ destroyOnReturn: false })) yield part as Buffer
  } catch (error) {
    if (!raw.errored) throw error
    throw new AppError('malformed_request', 'The upload broke off before its end.', { cause: error })
  } finally {
    if (!raw.readableEnded) {
      // Nobody reads the rest, but the answer must find its way: the caller gets it, and then the end of the connection.
      void reply.header('connection', 'close')
      raw.resume()
    }
  }
}

/**
 * PostgreSQL stores neither NUL nor half a surrogate pair: refused here by name, not there as a fault of ours.
 * @throws AppError invalid_input
 */
export function requireStorable(value: unknown, path: readonly string[] = []): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    const message = 'contains a character that is no text'
    const where = path.join('.')
    throw new AppError('invalid_input', `${where || 'input'}: ${message}`, {
      errors: [{ path: where, message }],
    })
  }
  if (value === null || typeof value !== 'object') return
  for (const [key, inner] of Object.entries(value)) requireStorable(inner, [...path, key])
}

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
 * The body of a route that takes a file, as it comes.
 * @throws AppError unsupported_media_type without a type, payload_too_large, malformed_request when it breaks off
 */
export async function* fileOf(
  request: FastifyRequest,
  reply: FastifyReply,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  if (typeOf(request) === undefined) throw unsupported('text/csv')
  const tooLarge = (): AppError =>
    new AppError('payload_too_large', `The file is larger than ${maxBytes / 1e6} MB: divide it.`)
  const { raw } = request
  let bytes = 0
  try {
    if (Number(request.headers['content-length']) > maxBytes) throw tooLarge()
    for await (const part of raw.iterator({ destroyOnReturn: false })) {
      bytes += (part as Buffer).length
      if (bytes > maxBytes) throw tooLarge()
      yield part as Buffer
    }
  } catch (error) {
    if (!raw.errored) throw error
    throw new AppError('malformed_request', 'The upload broke off before its end.', { cause: error })
  } finally {
    if (!raw.readableEnded) {
      // The rest is thrown away, so that the answer finds its way; the connection ends with it.
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

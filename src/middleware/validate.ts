import type { FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'

/** Browsers send other types across origins without asking first, so a change is JSON only. @throws AppError unsupported_media_type */
export function requireJson(request: FastifyRequest): void {
  const type = request.headers['content-type']
  if (type === undefined || /^application\/json\s*(;|$)/i.test(type)) return
  throw new AppError('unsupported_media_type', 'Send the body as application/json.')
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

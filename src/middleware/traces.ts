import { SpanKind } from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { traced } from '../lib/traces.ts'
import { correlationOf } from './auth.ts'

/** Handles a request within its span: the one that the jobs it orders name as theirs. */
export const inTrace = <T>(
  { method, path }: { method: string; path: string },
  request: FastifyRequest,
  reply: FastifyReply,
  handle: () => Promise<T>,
): Promise<T> => {
  const correlationId = correlationOf(request)
  return traced(
    `${method} ${path}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': method,
        'http.route': path,
        'mpanel.request.id': request.id,
      },
      place: { correlationId, span: correlationId === request.id ? 'first' : 'alone' },
    },
    async (span) => {
      try {
        const answer = await handle()
        span.setAttribute('http.response.status_code', reply.statusCode)
        return answer
      } catch (error) {
        span.setAttribute('http.response.status_code', error instanceof AppError ? error.status : 500)
        throw error
      }
    },
  )
}

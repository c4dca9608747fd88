import { createHash, randomBytes } from 'node:crypto'
import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api'

/**
 * All work of one correlation id is one trace, in whatever process and at whatever time it is done. A request's own id is the
 * trace's id without its hyphens, so that a trace is found by the request id that errors, logs and audit events name.
 * `first`  the request that the correlation id is from
 * `later`  what that request has ordered
 * `alone`  what has no such request: it begins a trace, or stands beside others in it
 */
export type Place = { correlationId: string; span: 'first' | 'later' | 'alone' }

export type TraceOptions = { kind?: SpanKind; attributes?: Attributes; place?: Place }

const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)

const traceIdOf = (correlationId: string): string =>
  isUuid(correlationId)
    ? correlationId.replaceAll('-', '')
    : createHash('sha256').update(correlationId).digest('hex').slice(0, 32)

/** Where a job stands that was ordered under a correlation id: a request gives its own id, mPanel itself has no request. */
export const placeOfJob = (correlationId: string, actorType: string): Place => ({
  correlationId,
  span: actorType !== 'system' && isUuid(correlationId) ? 'later' : 'alone',
})

/** The ids of the span that is begun right now, where others are to find it; the maker of ids takes them. */
let given: { traceId?: string; spanId?: string } = {}
export const traceIds = {
  generateTraceId: (): string => given.traceId ?? randomBytes(16).toString('hex'),
  generateSpanId: (): string => given.spanId ?? randomBytes(8).toString('hex'),
}

function begin(name: string, { kind = SpanKind.INTERNAL, attributes = {}, place }: TraceOptions): Span {
  const tracer = trace.getTracer('mpanel')
  if (place === undefined) return tracer.startSpan(name, { kind, attributes })
  const traceId = traceIdOf(place.correlationId)
  const spanId = traceId.slice(16)
  let parent: Context = ROOT_CONTEXT
  if (place.span === 'later')
    parent = trace.setSpanContext(parent, {
      traceId,
      spanId,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    })
  given = place.span === 'first' ? { traceId, spanId } : place.span === 'alone' ? { traceId } : {}
  try {
    return tracer.startSpan(name, { kind, attributes }, parent)
  } finally {
    given = {}
  }
}

/**
 * Does the work within a span, which ends with it; what is answered at once leaves none. What failed is named by its code alone:
 * messages may hold what is nobody's business.
 */
export function traced<T>(name: string, options: TraceOptions, work: (span: Span) => T): T {
  const span = begin(name, options)
  const answer = context.with(trace.setSpan(context.active(), span), () => work(span))
  if (answer instanceof Promise)
    answer.then(
      () => span.end(),
      (error: unknown) => {
        const { status } = error as { status?: unknown }
        span.setAttribute('error.type', codeOf(error))
        // What a request was refused for is no fault of ours.
        if (typeof status !== 'number' || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    )
  return answer
}

const codeOf = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown'
}

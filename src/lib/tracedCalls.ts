import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api'
import { traced } from './traces.ts'

type Call = (...args: never[]) => unknown

/**
 * The same makers and clients of outside systems, with a span around every call. Arguments and answers are not told: secrets and
 * personal data are among them.
 */
export function tracedVendors<V extends object>(vendors: V): V {
  const clients = new WeakMap<object, object>()
  const clientOf = (system: string, client: object): object => {
    const known = clients.get(client) ?? tracedClient(system, client)
    clients.set(client, known)
    return known
  }
  const wrapped = Object.entries(vendors).map(([system, value]: [string, unknown]) => {
    if (typeof value === 'object' && value !== null) return [system, clientOf(system, value)]
    if (typeof value !== 'function') return [system, value]
    const made = (...args: never[]): unknown => {
      const answer = inSpan(system, system, () => (value as Call)(...args))
      return answer instanceof Promise || typeof answer !== 'object' || answer === null
        ? answer
        : clientOf(system, answer)
    }
    return [system, made]
  })
  return Object.fromEntries(wrapped) as V
}

const tracedClient = (system: string, client: object): object =>
  new Proxy(client, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function' || typeof key === 'symbol') return value
      return (...args: never[]) =>
        inSpan(system, `${system} ${key}`, () => (value as Call).apply(target, args))
    },
  })

const inSpan = (system: string, name: string, call: () => unknown): unknown =>
  traced(name, { kind: SpanKind.CLIENT, attributes: { 'peer.service': system } }, (span) => {
    const answer = call()
    return answer instanceof Promise ? answer.then((value: unknown) => described(span, value)) : answer
  })

function described(span: Span, answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('outcome' in answer)) return answer
  const { outcome, code } = answer as { outcome: string; code?: string }
  span.setAttribute('mpanel.outcome', outcome)
  if (code !== undefined) span.setAttribute('error.type', code)
  if (outcome === 'rejected' || outcome === 'unknown') span.setStatus({ code: SpanStatusCode.ERROR })
  return answer
}

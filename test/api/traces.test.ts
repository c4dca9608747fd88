import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Subscription } from '../../shared/api/billing.ts'
import { readConfig } from '../../src/config.ts'
import { newId } from '../../src/lib/ids.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { startApp, until } from '../support/app.ts'

type Span = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: { key: string; value: Record<string, unknown> }[]
}
type Sent = { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }

test('a request, the job it orders and what the cluster is asked for it are one trace, which tells no secrets', async () => {
  const spans: Span[] = []
  const bodies: string[] = []
  const keys = new Set<unknown>()
  const keep = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    bodies.push(body)
    keys.add(request.headers['api-key'])
    const sent = JSON.parse(body) as Sent
    spans.push(...sent.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans)))
    response.setHeader('content-type', 'application/json').end('{}')
  }
  const collector = createServer((request, response) => void keep(request, response))
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const app = await startApp({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret%20key',
    },
  })
  const order = await prepareOrder(app.admin, await app.tenant())
  const ordered = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  const paid = await pay(app.admin, ordered.body.invoice)
  await until(async () => {
    const path = `/api/admin/billing/subscriptions/${ordered.body.subscription.id}`
    return (await app.admin.get<Subscription>(path)).body.state === 'active'
  }, 'the pod to be made')
  const refused = await app.admin.get(`/api/admin/customers/${newId()}`)
  // What is still to be sent is sent at the end.
  await app.close()
  await new Promise((resolve) => collector.close(resolve))

  const of = (answer: { headers: Headers }): Span[] => {
    const traceId = (answer.headers.get('x-request-id') ?? '').replaceAll('-', '')
    return spans.filter((span) => span.traceId === traceId)
  }
  const named = (name: RegExp) => of(paid).filter((span) => name.test(span.name))
  const [request] = named(/^POST \/api\/admin\/billing\/invoices\/\{id\}\/payments$/)
  expect(valueOf(request, 'http.response.status_code')).toBe(paid.status)
  const jobs = named(/^job cloudPod\.create$/)
  expect(new Set(jobs.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([request?.spanId]))
  const asked = named(/^proxmox \w+$/)
  const steps = new Set(named(/^step /).map(({ spanId }) => spanId))
  expect(asked.length).toBeGreaterThan(3)
  expect(asked.filter(({ parentSpanId }) => !steps.has(parentSpanId ?? ''))).toEqual([])
  expect(asked.map((span) => valueOf(span, 'mpanel.outcome'))).toContain('ok')

  const [failed] = of(refused)
  expect(valueOf(failed, 'error.type')).toBe('not_found')
  expect(valueOf(failed, 'http.response.status_code')).toBe(404)
  expect(keys).toEqual(new Set(['secret key']))
  for (const secret of ['secret key', order.hostname]) expect(bodies.join()).not.toContain(secret)
}, 120_000)

const valueOf = (span: Span | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((one) => one.key === key)?.value ?? {})[0]

test('headers for a collector without its address, or a part of more than all, are refused at start', () => {
  expect(() => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=x' })).toThrow(/set it as well/)
  expect(() =>
    readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com', OTEL_TRACES_SAMPLER_ARG: '2' }),
  ).toThrow(/OTEL_TRACES_SAMPLER_ARG/)
  const { traces } = readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com/' })
  expect(traces).toEqual({
    url: 'https://otel.example.com/v1/traces',
    headers: {},
    ratio: 1,
    service: 'mpanel',
  })
})

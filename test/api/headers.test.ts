import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

let app: TestApp
let authorization: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  authorization = `Bearer ${(await keyOf(app, 'admin@example.com')).token}`
})
afterAll(() => app.close())

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
type Init = { body?: string; headers?: Record<string, string> }
const requests: [string, string, string, Init][] = [
  ['a good answer', 'GET', '/api/admin/tenants', {}],
  ['an answer without a body', 'POST', '/api/auth/logout', {}],
  ['a refusal', 'GET', '/api/admin/tenants', { headers: { authorization: '' } }],
  ['an invalid request', 'GET', '/api/admin/tenants?limit=0', {}],
  ['an unknown address', 'GET', '/api/nothing', {}],
  ['a body that is too large', 'POST', '/api/admin/tenants', { body: 'x'.repeat(1_100_000) }],
  ['the health page', 'GET', '/healthz', {}],
  ['the readiness page', 'GET', '/readyz', {}],
  ['the metrics', 'GET', '/metrics', {}],
  ['the document', 'GET', '/api/openapi.json', {}],
  ['the log-in', 'POST', '/api/auth/login', { body: '{}' }],
]

test.each(requests)('%s carries the protective headers and an id', async (_, method, path, init) => {
  const headers = {
    authorization,
    ...(init.body ? { 'content-type': 'application/json' } : {}),
    ...init.headers,
  }
  const answer = await fetch(app.url + path, { method, ...init, headers })
  await answer.text()
  expect(answer.headers.get('x-request-id')).toMatch(UUID)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
  expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-powered-by')).toBeNull()
  expect(answer.headers.get('server')).toBeNull()
  const policy = answer.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).toContain("object-src 'none'")
  expect(policy).toContain("base-uri 'none'")
  expect(policy).not.toContain('unsafe')
})

const send = async () => (await fetch(`${app.url}/healthz`, { headers: { 'x-request-id': 'mine' } })).headers
const slug = () => `c-${newId().slice(-12)}`

test('every request has an id of its own, whatever its sender calls it', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await send()).get('x-request-id')))
  expect(new Set(ids).size).toBe(20)
  expect(ids).not.toContain('mine')
})

/** The correlation id of the event that a request with this one leaves. */
const made = async (id: string) => {
  const answer = await app.admin.post(
    '/api/admin/tenants',
    { name: 'x', slug: slug() },
    { 'x-correlation-id': id },
  )
  const requestId = answer.headers.get('x-request-id')
  const query = '/api/admin/audit/events?action=TENANT_CREATED&limit=1'
  const { body } = await app.admin.get<{ items: { requestId: string; correlationId: string }[] }>(query)
  expect(body.items[0]?.requestId).toBe(requestId)
  return body.items[0]?.correlationId === requestId ? 'replaced' : body.items[0]?.correlationId
}

test('a correlation id is kept when it is one, and replaced when it is not', async () => {
  expect(await made('order-4711')).toBe('order-4711')
  expect(await made('a b')).toBe('replaced')
  expect(await made('x'.repeat(101))).toBe('replaced')
})

test('an answer to a HEAD is that of the GET without its body', async () => {
  const head = await fetch(`${app.url}/api/admin/tenants`, { method: 'HEAD', headers: { authorization } })
  expect(head.status).toBe(200)
  expect(await head.text()).toBe('')
  expect((await fetch(`${app.url}/api/admin/tenants`, { method: 'HEAD' })).status).toBe(401)
})

/** What no HTTP client would send. */
function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(app.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(text))
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk) => (answer += chunk.toString()))
    socket.on('end', () => resolve(answer)).on('error', reject)
  })
}

test.each([
  ['TRACE', 'TRACE /api/admin/tenants HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a method that is none', 'BREW /api/admin/tenants HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['an address that is none', 'GET /api/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['no host', 'POST /api/auth/login HTTP/1.1\r\n\r\n'],
  [
    'two lengths',
    'POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
  ],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a line break in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: b\rC: d\r\n\r\n'],
  ['headers of 30 kB', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(30_000)}\r\n\r\n`],
])('%s is refused, and the server lives on', async (what, text) => {
  const answer = await raw(text)
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
  // Node itself says nothing but the status to who names no host.
  if (what !== 'no host') {
    expect(answer).toMatch(/\r\ncache-control: no-store\r\n/i)
    expect(answer).toMatch(/\r\nx-content-type-options: nosniff\r\n/i)
    expect(answer).toMatch(/\r\ncontent-security-policy: [^\r]*frame-ancestors 'none'/i)
  }
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problem, type Problem } from '../../shared/api/common.ts'
import { newId } from '../../src/lib/ids.ts'
import { routes } from '../../src/routes/index.ts'
import { addressOf, CASES } from '../rules/cases.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { COOKIE, keyOf, session } from '../users/people.ts'

let app: TestApp
let tenantId: string
let authorization: string
/** A person: some operations are for no program. */
let cookie: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
  authorization = `Bearer ${(await keyOf(app, 'admin@example.com')).token}`
  cookie = `${COOKIE}=${(await session(app, 'admin@example.com')).token}`
})
afterAll(() => app.close())

type Refusal = { status: number; body: Problem; headers: Headers }
async function send(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Refusal> {
  const response = await fetch(app.url + path, {
    method,
    headers: {
      ...(headers['authorization'] === undefined ? { cookie, 'sec-fetch-site': 'same-origin' } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  return { status: response.status, body: JSON.parse(text) as Problem, headers: response.headers }
}

/** Every refusal has this form, and nothing of the inside in it. */
function requireProblem({ status, body, headers }: Refusal, expected: number, code: string): void {
  expect({ status, code: body.code }).toEqual({ status: expected, code })
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(() => problem.strict().parse(body)).not.toThrow()
  expect(body).toMatchObject({
    status,
    type: `urn:mpanel:error:${code}`,
    requestId: headers.get('x-request-id'),
  })
  expect(body.title.length).toBeGreaterThan(3)
  expect(body.detail).toMatch(/\.$|: |\w/)
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:\d|select |insert |stack/i)
}
const customers = '/api/admin/customers'
const valid = () => ({ tenantId, name: 'Ada', email: 'ada@example.com' })

test.each([
  ['a body that is no JSON', '{"name":', 400, 'malformed_request'],
  ['a body with a comma too many', '{"a":1,}', 400, 'malformed_request'],
  ['an empty body', '', 400, 'malformed_request'],
  ['a body that reaches for the prototype', '{"__proto__":{"admin":true}}', 400, 'malformed_request'],
  [
    'a body that reaches for the constructor',
    '{"constructor":{"prototype":{"admin":true}}}',
    400,
    'malformed_request',
  ],
  ['a list instead of an object', '[]', 422, 'invalid_input'],
  ['a text instead of an object', '"x"', 422, 'invalid_input'],
  ['null', 'null', 422, 'invalid_input'],
  [
    'a hundred thousand lists in one another',
    '['.repeat(100_000) + ']'.repeat(100_000),
    422,
    'invalid_input',
  ],
  ['more than a mebibyte', JSON.stringify({ name: 'x'.repeat(1_100_000) }), 413, 'payload_too_large'],
])('%s is refused by its kind', async (_, body, status, code) => {
  requireProblem(await send('POST', customers, body), status, code)
  expect(({} as { admin?: boolean }).admin).toBeUndefined()
})

test.each([
  'text/plain',
  'text/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'x',
])('a body of the type %s is refused with 415', async (type) => {
  const refusal = await send('POST', customers, JSON.stringify(valid()), { 'content-type': type })
  requireProblem(refusal, 415, 'unsupported_media_type')
})

test.each([
  ['GET', '/api/nothing'],
  ['GET', '/api/admin/customers/x/y'],
  ['POST', '/api/admin/customers/x/y'],
  ['PUT', '/api/admin/customers'],
  ['DELETE', '/api/admin/customers'],
  ['PATCH', '/api/auth/me'],
  ['OPTIONS', '/api/admin/customers'],
  ['GET', '/api/admin//customers'],
  ['GET', '/healthz/x'],
  ['PUT', '/api/admin/nothing', ''],
  ['POST', '/api/admin/nothing?x=1', '{"a":'],
])('%s %s, which does not exist, answers 404', async (method, path, body?: string) => {
  requireProblem(await send(method, path, body), 404, 'not_found')
})

test.each([
  ['an id that is none', '/api/admin/customers/abc', 422, 'invalid_input'],
  ['an id with a quote', `/api/admin/customers/${newId()}'--`, 422, 'invalid_input'],
  ['a way out of the folder', '/api/admin/customers/..%2f..%2fetc%2fpasswd', 422, 'invalid_input'],
  ['an id that nobody has', `/api/admin/customers/${newId()}`, 404, 'not_found'],
  ['NUL in a search', '/api/admin/customers?q=%00', 422, 'invalid_input'],
  ['NUL in a filter', '/api/admin/audit/events?action=%00', 422, 'invalid_input'],
  ['an address that is not decodable', '/api/admin/customers/%zz', 400, 'malformed_request'],
  ['an id of endless length', `/api/admin/customers/${'a'.repeat(500)}`, 400, 'malformed_request'],
])('%s is refused', async (_, path, status, code) => {
  requireProblem(await send('GET', path), status, code)
})

test('an invalid body names every field that is wrong, by its path', async () => {
  const { body } = await send(
    'POST',
    '/api/admin/billing/plans',
    JSON.stringify({
      code: 'UPPER',
      cores: 0,
      memoryMb: 'much',
      diskGb: 1.5,
      prices: [{ currency: 'euro' }],
    }),
  )
  const paths = (body.errors ?? []).map((error) => error.path)
  expect(paths.toSorted()).toEqual(
    [
      'code',
      'cores',
      'diskGb',
      'memoryMb',
      'name',
      'prices.0.currency',
      'prices.0.interval',
      'prices.0.unitMinor',
    ].toSorted(),
  )
  for (const error of body.errors ?? []) expect(error.message.length).toBeGreaterThan(3)
})

test.each([
  ['NUL', 'a\u0000b'],
  ['half a character', 'a\ud800b'],
])('%s in a text is refused by the name of its field and leaves no row', async (_, name) => {
  const body = JSON.stringify({ ...valid(), name }).replace('\ud800', '\\ud800')
  const refusal = await send('POST', customers, body)
  requireProblem(refusal, 422, 'invalid_input')
  expect(refusal.body.errors?.map((error) => error.path)).toEqual(['name'])
})

test.each([
  'Ada 😀 العربية',
  '‮reversed',
  '<script>alert(1)</script>',
  `'; drop table customers; --`,
  'x'.repeat(200),
])('the name %s is stored and given back as it is', async (name) => {
  const made = await send('POST', customers, JSON.stringify({ ...valid(), name }))
  expect(made.status).toBe(201)
  expect((made.body as unknown as { name: string }).name).toBe(name)
})

const withBody = routes.filter((route) => route.body !== undefined)
const MORE = [
  'id',
  'tenantId2',
  'role',
  'isAdmin',
  'status',
  'state',
  'price',
  'createdAt',
  'permissions',
  'version',
]
describe.each(withBody.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (_, route) => {
    test('refuses every field it does not know, by name', async () => {
      const made = await CASES[route.operationId]?.(app, tenantId)
      const path = addressOf(route.path, { id: made?.id, snapshotId: made?.snapshotId })
      const known = Object.keys(made?.body as object)
      const unknown = MORE.filter(
        (name) => !known.includes(name) && !(route.operationId === 'configureNode' && name === 'state'),
      )
      const body = { ...(made?.body as object), ...Object.fromEntries(unknown.map((name) => [name, 'x'])) }
      const refusal: Refusal = route.sessionOnly
        ? await app.admin.call<Problem>(route.method, path, body)
        : await send(route.method, path, JSON.stringify(body))
      requireProblem(refusal, 422, 'invalid_input')
      const said = JSON.stringify(refusal.body.errors)
      for (const name of unknown) expect(said).toContain(name)
    })
  },
)

test('what conflicts with the present state is refused with the reason', async () => {
  const slug = `slug-${newId().slice(-10)}`
  const body = JSON.stringify({ name: 'x', slug })
  expect((await send('POST', '/api/admin/tenants', body)).status).toBe(201)
  const twice = await send('POST', '/api/admin/tenants', body)
  requireProblem(twice, 409, 'already_exists')
  expect(twice.body.detail).toContain(slug)
})

test('a caller who hangs up at any moment before the answer is no fault of the server', async () => {
  const { port, hostname } = new URL(app.url)
  const body = JSON.stringify({ tenantId, name: 'hung up', email: 'ada@example.com' })
  const head = `POST /api/admin/customers HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  for (let i = 0; i < 60; i++) {
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    await new Promise((resolve) => socket.write(head + body, resolve))
    await sleep(i / 10)
    socket.resetAndDestroy()
  }
  await until(async () => {
    const page = await app.admin.get<{ items: { name: string }[] }>('/api/admin/customers')
    return page.body.items.some(({ name }) => name === 'hung up')
  }, 'what was asked for before the caller had gone')
  expect(app.logs.filter((line) => line.includes('"level":"error"'))).toEqual([])
})

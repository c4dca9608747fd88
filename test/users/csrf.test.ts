import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { routes } from '../../src/routes/index.ts'
import { some } from '../support/some.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { COOKIE, session } from './people.ts'

let app: TestApp
let cookie: string
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  cookie = `${COOKIE}=${(await session(app, 'admin@example.com')).token}`
  tenantId = await app.tenant()
})
afterAll(() => app.close())

/** As a browser sends it: with the cookie, whoever made the page. */
const send = (method: string, path: string, headers: Record<string, string>, body?: string) =>
  fetch(app.url + path, { method, headers: { cookie, ...headers }, ...(body === undefined ? {} : { body }) })
const JSON_TYPE = { 'content-type': 'application/json' }
const customers = async (): Promise<number> => {
  const answer = await send('GET', `/api/admin/customers?tenantId=${tenantId}`, {})
  return ((await answer.json()) as { items: unknown[] }).items.length
}

const FOREIGN: [string, Record<string, string>][] = [
  ['a foreign origin', { origin: 'https://elsewhere.example' }],
  ['the same host with another port', { origin: 'http://127.0.0.1:1' }],
  ['a host that only begins like ours', { origin: 'http://127.0.0.1.elsewhere.example' }],
  ['the origin "null"', { origin: 'null' }],
  ['no origin at all', {}],
  ['a fetch from another site', { 'sec-fetch-site': 'cross-site' }],
  ['a fetch from a neighbouring site', { 'sec-fetch-site': 'same-site' }],
  ['a fetch from another site with our origin', { 'sec-fetch-site': 'cross-site', origin: 'OURS' }],
  ['a form typed into the address bar', { 'sec-fetch-site': 'none' }],
]
const withOurs = (headers: Record<string, string>) =>
  headers['origin'] === 'OURS' ? { ...headers, origin: app.url } : headers

describe.each(FOREIGN)('with %s', (_, headers) => {
  // Who sends what is signed has no session, and none would help him.
  const unsafe = routes.filter((route) => route.method !== 'GET' && !route.signed)

  test.each(some(unsafe, 3).map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s is refused',
    async (_line, route) => {
      const body = route.body ? '{}' : undefined
      const path = route.path.replace('{id}', newId())
      const answer = await send(
        route.method,
        path,
        { ...(body ? JSON_TYPE : {}), ...withOurs(headers) },
        body,
      )
      expect(answer.status).toBe(403)
      expect(await answer.json()).toMatchObject({ code: 'csrf_refused' })
    },
  )

  test('nothing is changed', async () => {
    const before = await customers()
    const body = JSON.stringify({ tenantId, name: 'x', email: 'x@example.com' })
    const answer = await send('POST', '/api/admin/customers', { ...JSON_TYPE, ...withOurs(headers) }, body)
    expect(answer.status).toBe(403)
    expect(await customers()).toBe(before)
  })
})

test.each([
  ['our origin', () => ({ origin: app.url })],
  ['a fetch of our pages', () => ({ 'sec-fetch-site': 'same-origin' })],
])('a change with %s is done', async (_, headers) => {
  const before = await customers()
  const body = JSON.stringify({ tenantId, name: 'x', email: 'x@example.com' })
  const answer = await send('POST', '/api/admin/customers', { ...JSON_TYPE, ...headers() }, body)
  expect(answer.status).toBe(201)
  expect(await customers()).toBe(before + 1)
})

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonx',
])('a body of the type %s is refused even from our own pages', async (type) => {
  const body = JSON.stringify({ tenantId, name: 'x', email: 'x@example.com' })
  const before = await customers()
  const answer = await send('POST', '/api/admin/customers', { origin: app.url, 'content-type': type }, body)
  expect(answer.status).toBe(415)
  expect(await answer.json()).toMatchObject({ code: 'unsupported_media_type' })
  expect(await customers()).toBe(before)
})

test('a method given by header or query is not taken for the method', async () => {
  const headers = { 'x-http-method-override': 'DELETE', 'sec-fetch-site': 'cross-site' }
  const answer = await send('GET', `/api/admin/hosting/cloudpods/${newId()}?_method=DELETE`, headers)
  expect(answer.status).toBe(404)
})

test('no answer invites another origin', async () => {
  for (const [method, headers] of [
    ['GET', { origin: 'https://elsewhere.example' }],
    ['OPTIONS', { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' }],
  ] as const) {
    const answer = await send(method, '/api/admin/customers', headers)
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  }
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import { createApi } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, session, withHeaders } from '../users/people.ts'

const CALLER = 10
const ADDRESS = 60
const env = {
  MPANEL_REQUESTS_PER_MINUTE: String(CALLER),
  MPANEL_ADDRESS_REQUESTS_PER_MINUTE: String(ADDRESS),
  MPANEL_TRUSTED_PROXIES: '127.0.0.1',
}
let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env })
})
afterAll(() => app.close())

/** Calls from an address of its own until one is refused. */
const fill = async (call: () => Promise<{ status: number }>, most: number): Promise<number> => {
  for (let calls = 1; calls <= most; calls++) if ((await call()).status === 429) return calls - 1
  return most
}
const from = (address: string, headers: Record<string, string> = {}) =>
  withHeaders(app, { 'x-forwarded-for': address, ...headers })
const events = async (code: string): Promise<AuditEvent[]> => {
  const { token } = await keyOf(app, 'admin@example.com')
  const reader = await from('192.0.2.200', { authorization: `Bearer ${token}` })
  const { body } = await reader.get<Page<AuditEvent>>(
    '/api/admin/audit/events?action=ACCESS_DENIED&limit=200',
  )
  return body.items.filter(({ details }) => (details as { code?: string }).code === code)
}

it('a key asks so often a minute, is told when to go on, and holds up no other key', async () => {
  const user = await person(app, 'SUPPORT')
  const bearer = async () => ({ authorization: `Bearer ${(await keyOf(app, user.email)).token}` })
  const busy = await from('192.0.2.1', await bearer())
  expect(await fill(() => busy.get('/api/auth/me'), 30)).toBe(CALLER)
  const { status, headers, body } = await busy.get<Problem>('/api/auth/me')
  expect(status).toBe(429)
  expect(headers.get('content-type')).toContain('application/problem+json')
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(body).toMatchObject({ code: 'too_many_requests', details: { perMinute: CALLER } })
  expect((await (await from('192.0.2.1', await bearer())).get('/api/auth/me')).status).toBe(200)
})

it('a session asks so often a minute wherever it asks from, and another session of its user is free', async () => {
  const user = await person(app, 'SUPPORT')
  const cookie = async () => `__Host-mpanel=${(await session(app, user.email)).token}`
  const first = await cookie()
  let at = 0
  const busy = async () => (await from(`192.0.2.${10 + (at++ % 5)}`, { cookie: first })).get('/api/auth/me')
  expect(await fill(busy, 30)).toBe(CALLER)
  expect((await (await from('192.0.2.10', { cookie: await cookie() })).get('/api/auth/me')).status).toBe(200)
})

it('an address asks so often a minute, with or without a right, and an IPv6 network counts as one', async () => {
  const stranger = await from('192.0.2.50')
  expect(await fill(() => stranger.get('/api/auth/me'), 100)).toBe(ADDRESS)
  expect((await (await from('192.0.2.51')).get('/api/auth/me')).status).toBe(401)
  let host = 0
  const wide = async () => (await from(`2001:db8:1:2::${(++host).toString(16)}`)).get('/api/auth/me')
  expect(await fill(wide, 100)).toBe(ADDRESS)
})

it('what watches the installation is never held up', async () => {
  const stranger = await from('192.0.2.60')
  await fill(() => stranger.get('/api/auth/me'), 100)
  for (let calls = 0; calls < 5; calls++) {
    expect((await stranger.get('/healthz')).status).toBe(200)
    expect((await stranger.get('/readyz')).status).toBe(200)
  }
  const own = await createApi(app.url, undefined)
  const text = (await own.get<string>('/metrics')).body
  expect(text).toMatch(/^mpanel_http_refusals_total\{code="too_many_requests"\} [1-9]/m)
})

it('the first refusal of a minute is in the audit log, and not each one', async () => {
  const user = await person(app, 'SUPPORT')
  const busy = await from('192.0.2.70', { authorization: `Bearer ${(await keyOf(app, user.email)).token}` })
  for (let calls = 0; calls < 40; calls++) await busy.get('/api/auth/me')
  const mine = (await events('too_many_requests')).filter(({ ip }) => ip === '192.0.2.70')
  expect(mine).toHaveLength(1)
  expect(mine[0]).toMatchObject({ outcome: 'denied', target: { id: 'getMe' } })
})

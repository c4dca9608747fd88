import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import { sha256 } from '../../src/lib/crypto.ts'
import { createApi, type Answer, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { COOKIE, PASSWORD, person } from './people.ts'

// Log-ins over HTTP are limited to 20 a minute and address: the last test uses up what the others leave.
let app: TestApp
let nobody: Api
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  nobody = await createApi(app.url, undefined)
})
afterAll(() => app.close())

const login = (email: string, password: string): Promise<Answer<Me & { requestId: string }>> =>
  nobody.post('/api/auth/login', { email, password })

const events = async (answer: Answer<unknown>) =>
  app.as(async (ctx) => {
    const { rows } = await sql<{ action: string; outcome: string; target_id: string }>`
      select action, outcome, target_id from audit_events where request_id = ${answer.headers.get('x-request-id')}`.execute(
      ctx.tx,
    )
    return rows
  })

test('the right password opens a session that only the browser holds, and the log-in is audited', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_ADMIN', tenantId)
  const answer = await login(user.email.toUpperCase(), PASSWORD)
  expect(answer.status).toBe(200)
  expect(answer.body.user).toMatchObject(user)
  expect(answer.body.tenants.map((tenant) => tenant.id)).toEqual([tenantId])
  const [pair, ...flags] = (answer.headers.getSetCookie()[0] ?? '').split('; ')
  const [name, token = ''] = (pair ?? '').split('=')
  expect(name).toBe(COOKIE)
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(flags.filter((flag) => !flag.startsWith('Expires')).toSorted()).toEqual(
    ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'].toSorted(),
  )
  expect(JSON.stringify(answer.body)).not.toContain(token)
  expect(await events(answer)).toEqual([
    { action: 'LOGIN_SUCCEEDED', outcome: 'success', target_id: user.id },
  ])
  await app.as(async (ctx) => {
    const { rows } = await sql<{
      row: string
    }>`select sessions::text as row from sessions where token_hash = ${sha256(token)}`.execute(ctx.tx)
    expect(rows).toHaveLength(1)
    expect(rows[0]?.row).not.toContain(token)
  })
})

test('a wrong password, an unknown e-mail and a disabled user get the same answer, and each is audited', async () => {
  const user = await person(app, 'SUPPORT')
  const disabled = await person(app, 'SUPPORT')
  await app.as((ctx) => sql`update users set state = 'disabled' where id = ${disabled.id}`.execute(ctx.tx))
  const answers = [
    await login(user.email, 'wrong-password-000'),
    await login('nobody@example.com', PASSWORD),
    await login(disabled.email, PASSWORD),
  ]
  const shown = answers.map(({ status, headers, body }) => ({
    status,
    body: { ...body, requestId: '' },
    headers: [...headers.keys()].filter((name) => !name.startsWith('x-ratelimit')).toSorted(),
  }))
  expect(shown[0]).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
  expect(shown[1]).toEqual(shown[0])
  expect(shown[2]).toEqual(shown[0])
  expect(answers.every(({ headers }) => headers.get('set-cookie') === null)).toBe(true)
  const targets = await Promise.all(answers.map(events))
  expect(targets.flat().map((event) => [event.action, event.outcome, event.target_id])).toEqual([
    ['LOGIN_FAILED', 'denied', user.id],
    ['LOGIN_FAILED', 'denied', 'unknown'],
    ['LOGIN_FAILED', 'denied', disabled.id],
  ])
})

test('the session of a log-in is new, whatever cookie was sent along', async () => {
  const planted = 'A'.repeat(43)
  const answer = await nobody.post(
    '/api/auth/login',
    { email: 'admin@example.com', password: PASSWORD },
    { cookie: `${COOKIE}=${planted}` },
  )
  expect(answer.status).toBe(200)
  expect(answer.headers.get('set-cookie')).not.toContain(planted)
  const me = await nobody.call('GET', '/api/auth/me', undefined, { cookie: `${COOKIE}=${planted}` })
  expect(me.status).toBe(401)
})

test('a log-in from a foreign page is refused before the password is looked at', async () => {
  const body = { email: 'admin@example.com', password: PASSWORD }
  const answer = await nobody.post('/api/auth/login', body, { 'sec-fetch-site': 'cross-site' })
  expect(answer.status).toBe(403)
  expect(answer.body).toMatchObject({ code: 'csrf_refused' })
  expect(answer.headers.get('set-cookie')).toBeNull()
})

test('a log-in refuses unknown fields and passwords of absurd length', async () => {
  const extra = await nobody.post('/api/auth/login', {
    email: 'a@example.com',
    password: 'x',
    role: 'SUPER_ADMIN',
  })
  expect(extra.status).toBe(422)
  expect((await login('a@example.com', 'x'.repeat(1_000))).status).toBe(422)
})

test('a flood of log-ins is stopped, also with forged addresses, and for that address only', async () => {
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      nobody.post<{ code: string }>(
        '/api/auth/login',
        { email: 'admin@example.com', password: 'wrong-password-000' },
        { 'x-forwarded-for': `203.0.113.${index}`, forwarded: `for=203.0.113.${index}` },
      ),
    ),
  )
  const refused = answers.filter((answer) => answer.status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(10)
  for (const { body, headers } of refused) {
    expect(body.code).toBe('too_many_requests')
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(headers.get('content-type')).toContain('application/problem+json')
  }
  const right = await login('admin@example.com', PASSWORD)
  expect(right.status).toBe(429)
  expect(await events(right)).toEqual([])
  expect((await app.admin.get('/api/auth/me')).status).toBe(200)
})

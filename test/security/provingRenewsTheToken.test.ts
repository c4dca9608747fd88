import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { OwnSession } from '../../shared/api/authAccount.ts'
import type { Page } from '../../shared/api/common.ts'
import * as settings from '../../src/db/tenantSettings.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { codeOf, enrol, tokenOf, withToken } from '../users/factors.ts'
import { PASSWORD, person, session } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const me = async (token: string) => (await (await withToken(app, token)).get('/api/auth/me')).status
const needsProof = async (token: string) =>
  (await (await withToken(app, token)).post('/api/auth/mfa/totp', {})).status

test('a fresh proof gives the session a new token, and the one before ends within seconds', async () => {
  const user = await person(app, 'SUPPORT')
  const { token: before } = await session(app, user.email)
  const answer = await (await withToken(app, before)).post('/api/auth/step-up', { password: PASSWORD })
  expect(answer.status).toBe(204)
  const after = tokenOf(answer)
  expect(after).toMatch(/^[\w-]{43}$/)
  expect(after).not.toBe(before)
  expect(answer.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Lax/i)
  expect(await me(after)).toBe(200)
  app.clock.offsetMs = 11_000
  expect(await me(before)).toBe(401)
  expect(await me(after)).toBe(200)
})

test('a second tab that was asking meanwhile is not logged out, and its former token is no fresh proof', async () => {
  const user = await person(app, 'SUPPORT')
  const { token: before } = await session(app, user.email)
  const [proof, ...others] = await Promise.all([
    (await withToken(app, before)).post('/api/auth/step-up', { password: PASSWORD }),
    ...Array.from({ length: 10 }, () => me(before)),
  ])
  expect(others).toEqual(Array.from({ length: 10 }, () => 200))
  expect(await me(before)).toBe(200)
  expect(await needsProof(before)).toBe(403)
  expect(await needsProof(tokenOf(proof))).toBe(200)
})

test('two tabs that prove it at once end with one token, whichever answer comes last', async () => {
  const user = await person(app, 'SUPPORT')
  const { token: before } = await session(app, user.email)
  const tab = await withToken(app, before)
  const other = await withToken(app, before)
  const answers = await Promise.all(
    [tab, other].map((one) => one.post('/api/auth/step-up', { password: PASSWORD })),
  )
  expect(answers.map(({ status }) => status)).toEqual([204, 204])
  const tokens = answers.map(tokenOf).filter((token) => token !== '')
  expect(tokens).toHaveLength(1)
  app.clock.offsetMs = 11_000
  expect(await me(tokens[0] ?? '')).toBe(200)
  expect(await me(before)).toBe(401)
})

test('a new second factor and a new password give a new token, too', async () => {
  const user = await person(app, 'SUPPORT')
  const first = await session(app, user.email)
  const { secret } = await enrol(app, first.api)
  app.clock.offsetMs = 11_000
  expect(await me(first.token)).toBe(401)
  expect((await first.api.get('/api/auth/me')).status).toBe(200)
  const proof = await first.api.post('/api/auth/step-up', { code: codeOf(app, secret, 1) })
  const second = tokenOf(proof)
  app.clock.offsetMs = 22_000
  const change = { current: PASSWORD, password: 'gull-orbit-marmalade' }
  const third = tokenOf(await first.api.post('/api/auth/password', change))
  expect(new Set([first.token, second, third, '']).size).toBe(4)
  app.clock.offsetMs = 33_000
  expect(await me(second)).toBe(401)
  expect(await me(third)).toBe(200)
})

test('a wrong proof changes no token', async () => {
  const { token } = await session(app, (await person(app, 'SUPPORT')).email)
  const answer = await (await withToken(app, token)).post('/api/auth/step-up', { password: 'not-it-at-all' })
  expect(answer.status).toBe(422)
  expect(answer.headers.get('set-cookie')).toBeNull()
  app.clock.offsetMs = 11_000
  expect(await me(token)).toBe(200)
})

test('a log-in ends the session that the browser had before, whoever it was for', async () => {
  const [ada, bob] = [await person(app, 'SUPPORT'), await person(app, 'SUPPORT')]
  const { token } = await session(app, ada.email)
  const elsewhere = await session(app, ada.email)
  const browser = await withToken(app, token)
  const answer = await browser.post('/api/auth/login', { email: bob.email, password: PASSWORD })
  expect(answer.status).toBe(200)
  expect(await me(token)).toBe(401)
  expect(await me(elsewhere.token)).toBe(200)
  expect(await me(tokenOf(answer))).toBe(200)
})

test('beyond the number of sessions that the platform allows the oldest one ends, and it is audited', async () => {
  await app.as((ctx) => settings.write(ctx.tx, null, 'users.maxSessions', 3, ctx.now()))
  const user = await person(app, 'SUPPORT')
  const tokens: string[] = []
  for (let at = 0; at < 3; at++) tokens.push((await session(app, user.email)).token)
  expect(await Promise.all(tokens.map(me))).toEqual([200, 200, 200])
  tokens.push((await session(app, user.email)).token)
  expect(await Promise.all(tokens.map(me))).toEqual([401, 200, 200, 200])
  const events = await app.admin.get<Page<AuditEvent>>('/api/admin/audit/events?action=SESSION_ENDED&limit=1')
  expect(events.body.items[0]).toMatchObject({
    target: { id: user.id },
    details: { why: 'too_many', most: 3, ids: [expect.any(String)] },
  })
  // Of many log-ins at once not one slips past the others.
  await Promise.all(Array.from({ length: 4 }, () => session(app, user.email)))
  const last = await session(app, user.email)
  expect((await last.api.get<Page<OwnSession>>('/api/auth/sessions')).body.items).toHaveLength(3)
})

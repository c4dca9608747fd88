import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, enrol, passwordStep, tokenOf, withToken } from '../users/factors.ts'
import { person, session } from '../users/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

test('each step of a log-in hands out a new token, and the one before is worth nothing afterwards', async () => {
  const user = await person(app, 'SUPPORT')
  const { secret } = await enrol(app, (await session(app, user.email)).api)
  const planted = await withToken(app, 'A'.repeat(43))
  expect((await planted.get('/api/auth/me')).status).toBe(401)
  const pending = await passwordStep(app, user.email)
  const answer = await pending.api.post('/api/auth/mfa', { code: codeOf(app, secret) })
  expect(answer.status).toBe(200)
  const token = tokenOf(answer)
  expect(new Set(['A'.repeat(43), pending.token, token]).size).toBe(3)
  expect((await (await withToken(app, token)).get('/api/auth/me')).status).toBe(200)
  expect((await pending.api.get('/api/auth/me')).status).toBe(401)
  const again = await pending.api.post('/api/auth/mfa', { code: codeOf(app, secret, 1) })
  expect(again.status).toBe(401)
})

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { routes } from '../../src/routes/index.ts'
import { codeOf, enrol } from '../users/factors.ts'
import { PASSWORD, person, session } from '../users/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const LATER = 10 * 60_000 + 1_000
const STEP_UP = '/api/auth/step-up'
const refusal = { status: 403, body: { code: 'step_up_required' } }

test('what changes second factors is marked, and refused ten minutes after the last proof', async () => {
  const marked = routes.filter((route) => route.stepUp)
  expect(marked.map(({ operationId }) => operationId)).toEqual(
    expect.arrayContaining(['enrolTotp', 'disableTotp', 'regenerateRecoveryCodes']),
  )
  const { api } = await session(app, (await person(app, 'SUPER_ADMIN')).email)
  app.clock.offsetMs = LATER
  for (const route of marked)
    expect(
      await api.call(route.method, route.path, route.body ? {} : undefined),
      route.operationId,
    ).toMatchObject(refusal)
  expect((await api.get('/api/auth/me')).status).toBe(200)
})

test('without a second factor the password is the proof', async () => {
  const { api } = await session(app, (await person(app, 'SUPPORT')).email)
  app.clock.offsetMs = LATER
  expect(await api.post('/api/auth/mfa/totp', {})).toMatchObject(refusal)
  expect((await api.post(STEP_UP, { password: 'wrong-password-000' })).status).toBe(422)
  expect((await api.post(STEP_UP, {})).status).toBe(422)
  expect(await api.post('/api/auth/mfa/totp', {})).toMatchObject(refusal)
  expect((await api.post(STEP_UP, { password: PASSWORD })).status).toBe(204)
  expect((await api.post('/api/auth/mfa/totp', {})).status).toBe(200)
})

test('with one only a code is, each once; the proof is the session’s own', async () => {
  const user = await person(app, 'SUPPORT')
  const [one, other] = [(await session(app, user.email)).api, (await session(app, user.email)).api]
  const { secret, codes } = await enrol(app, one)
  app.clock.offsetMs = LATER
  expect((await one.post(STEP_UP, { password: PASSWORD })).status).toBe(422)
  const code = codeOf(app, secret)
  expect((await one.post(STEP_UP, { code })).status).toBe(204)
  expect((await other.post(STEP_UP, { code })).status).toBe(422)
  expect(await other.call('DELETE', '/api/auth/mfa/totp')).toMatchObject(refusal)
  expect((await other.post(STEP_UP, { code: codes[0] })).status).toBe(204)
  expect((await one.call('DELETE', '/api/auth/mfa/totp')).status).toBe(204)
})

test('guessing the password of an open session is stopped', async () => {
  const { api } = await session(app, (await person(app, 'SUPPORT')).email)
  for (let tries = 0; tries < 5; tries++) await api.post(STEP_UP, { password: 'wrong-password-000' })
  expect((await api.post(STEP_UP, { password: PASSWORD })).status).toBe(422)
})

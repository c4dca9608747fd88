import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MfaState, RecoveryCodes, TotpEnrolment } from '../../shared/api/authAccount.ts'
import { codeOf, enrol, passwordStep } from './factors.ts'
import { keyOf, person, session } from './people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

test('an app asks for codes once it is confirmed, and no longer when it was removed', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  const { body } = await api.post<TotpEnrolment>('/api/auth/mfa/totp', {})
  expect(body.uri).toContain(`secret=${body.secret}`)
  expect((await session(app, user.email)).api).toBeDefined()
  const wrong = await api.post('/api/auth/mfa/totp/confirm', { code: codeOf(app, body.secret, 10) })
  expect(wrong.status).toBe(422)
  expect(wrong.body).toMatchObject({ code: 'invalid_input', errors: [{ path: 'code' }] })
  const right = await api.post('/api/auth/mfa/totp/confirm', { code: codeOf(app, body.secret) })
  expect(right.status).toBe(200)
  expect((await api.get<MfaState>('/api/auth/mfa')).body).toMatchObject({ recoveryCodesLeft: 10 })
  expect((await api.post('/api/auth/mfa/totp', {})).status).toBe(409)
  await passwordStep(app, user.email)
  expect((await api.call('DELETE', '/api/auth/mfa/totp')).status).toBe(204)
  expect((await api.get<MfaState>('/api/auth/mfa')).body).toEqual({
    totp: null,
    passkeys: 0,
    recoveryCodesLeft: 0,
  })
  await expect(passwordStep(app, user.email)).rejects.toThrow('no second factor')
})

test('new recovery codes end the old ones', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  const { codes } = await enrol(app, api)
  const { body } = await api.post<RecoveryCodes>('/api/auth/mfa/recovery-codes', {})
  expect(body.codes).toHaveLength(10)
  const pending = await passwordStep(app, user.email)
  expect((await pending.api.post('/api/auth/mfa', { code: codes[0] })).status).toBe(422)
  expect((await pending.api.post('/api/auth/mfa', { code: body.codes[0] })).status).toBe(200)
})

test('an answer that holds a secret is not kept for its Idempotency-Key', async () => {
  const { api } = await session(app, (await person(app, 'SUPPORT')).email)
  const headers = { 'idempotency-key': 'the-same' }
  const first = await api.post<TotpEnrolment>('/api/auth/mfa/totp', {}, headers)
  const second = await api.post<TotpEnrolment>('/api/auth/mfa/totp', {}, headers)
  expect(second.status).toBe(200)
  expect(second.body.secret).not.toBe(first.body.secret)
})

test('an API key can do nothing about its owner’s second factors', async () => {
  const { api } = await keyOf(app, (await person(app, 'SUPER_ADMIN')).email)
  expect((await api.get('/api/auth/mfa')).status).toBe(403)
  for (const path of ['totp', 'totp/confirm', 'recovery-codes'])
    expect((await api.post(`/api/auth/mfa/${path}`, { code: '000000' })).status, path).toBe(403)
  expect((await api.call('DELETE', '/api/auth/mfa/totp')).status).toBe(403)
})

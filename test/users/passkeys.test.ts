import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LoginEntry, MfaPending, MfaState, OwnSession } from '../../shared/api/authAccount.ts'
import { loginFacts } from './facts.ts'
import { logInWith, passkeysOf, proofAt, register, softwareAuthenticator } from './authenticator.ts'
import { enrol, passwordStep, tokenOf, withToken } from './factors.ts'
import { keyOf, PASSWORD, person, session, setMfaPolicy, withHeaders } from './people.ts'
import { startApp, type TestApp } from '../support/app.ts'

const ORIGIN = 'https://panel.example.com'
const LATER = 10 * 60_000 + 1_000

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: { MPANEL_PUBLIC_URL: ORIGIN } })
})
afterEach(() => {
  app.clock.offsetMs = 0
  app.root.settings.publicUrl = ORIGIN
})
afterAll(() => app.close())

/** Somebody with one passkey and nothing else. */
async function withPasskey(tenantId: string | null = null) {
  const user = await person(app, tenantId === null ? 'SUPPORT' : 'TENANT_USER', tenantId)
  const { api } = await session(app, user.email)
  const authenticator = softwareAuthenticator(ORIGIN)
  const added = await register(api, authenticator)
  return { user, api, authenticator, added }
}

test('a passkey opens a session without a password, and no code is asked for', async () => {
  const { user, authenticator, added } = await withPasskey(await app.tenant())
  expect(added).toMatchObject({ status: 201, body: { name: 'My key', backedUp: false, lastUsedAt: null } })
  expect(added.body.codes).toHaveLength(10)
  const nobody = await withHeaders(app, {})
  const answer = await logInWith(nobody, authenticator)
  expect(answer).toMatchObject({ status: 200, body: { user: { email: user.email }, mustEnrol: false } })
  const api = await withToken(app, tokenOf(answer))
  const { items } = (await api.get<{ items: OwnSession[] }>('/api/auth/sessions')).body
  expect(items.find(({ current }) => current)?.verifiedBy).toBe('passkey')
  expect((await passkeysOf(api))[0]?.lastUsedAt).not.toBeNull()
  const history = (await api.get<{ items: LoginEntry[] }>('/api/auth/login-history')).body.items
  expect(history[0]).toMatchObject({ outcome: 'success', reason: 'passkey', newDevice: true })
  expect(answer.headers.get('set-cookie')).toContain('__Host-mpanel-device=')
  expect(await loginFacts(app, user.id)).toContain('LOGIN_SUCCEEDED passkey')
})

test('after the password a passkey is the second step, or a recovery code that came with it', async () => {
  const { user, authenticator, added } = await withPasskey()
  const pending = await passwordStep(app, user.email)
  expect((await pending.api.post('/api/auth/mfa', { code: '000000' })).status).toBe(422)
  const passkey = await proofAt(pending.api, '/api/auth/mfa/options', authenticator)
  const whole = await pending.api.post('/api/auth/mfa', { passkey })
  expect(whole.status).toBe(200)
  expect((await (await withToken(app, tokenOf(whole))).get('/api/auth/me')).status).toBe(200)
  expect((await (await withToken(app, pending.token)).get('/api/auth/me')).status).toBe(401)
  const again = await passwordStep(app, user.email)
  expect((await again.api.post('/api/auth/mfa', { code: added.body.codes?.[0] })).status).toBe(200)
})

test('a log-in says what it waits for', async () => {
  const { user, api } = await withPasskey()
  const nobody = await withHeaders(app, {})
  const credentials = { email: user.email, password: PASSWORD }
  const both = await nobody.post<MfaPending>('/api/auth/login', credentials)
  expect(both).toMatchObject({ status: 202, body: { mfaRequired: true, methods: ['passkey', 'code'] } })
  const [only] = await passkeysOf(api)
  expect((await api.call('DELETE', `/api/auth/passkeys/${only?.id}`)).status).toBe(204)
  await enrol(app, api)
  const one = await nobody.post<MfaPending>('/api/auth/login', credentials)
  expect(one.body.methods).toEqual(['code'])
})

test('a passkey is a fresh proof, and without one its changes are refused', async () => {
  const { api, authenticator } = await withPasskey()
  app.clock.offsetMs = LATER
  const refusal = { status: 403, body: { code: 'step_up_required' } }
  expect(await api.post('/api/auth/passkeys/options', {})).toMatchObject(refusal)
  const [only] = await passkeysOf(api)
  expect(await api.call('DELETE', `/api/auth/passkeys/${only?.id}`)).toMatchObject(refusal)
  expect((await api.post('/api/auth/step-up', { password: PASSWORD })).status).toBe(422)
  const passkey = await proofAt(api, '/api/auth/step-up/options', authenticator)
  expect((await api.post('/api/auth/step-up', { passkey })).status).toBe(204)
  expect((await api.post('/api/auth/passkeys/options', {})).status).toBe(200)
})

test('a passkey satisfies a role that needs a second factor; without its last one the user must enrol again', async () => {
  const { api } = await withPasskey()
  await setMfaPolicy(app, 'SUPPORT', true)
  expect((await api.get('/api/admin/customers')).status).toBe(200)
  const [only] = await passkeysOf(api)
  await api.call('DELETE', `/api/auth/passkeys/${only?.id}`)
  expect(await api.get('/api/admin/customers')).toMatchObject({ body: { code: 'mfa_enrolment_required' } })
  expect((await register(api, softwareAuthenticator(ORIGIN))).status).toBe(201)
  expect((await api.get('/api/admin/customers')).status).toBe(200)
  await setMfaPolicy(app, 'SUPPORT', false)
})

test('recovery codes end with the last second factor, not before', async () => {
  const { api } = await withPasskey()
  await enrol(app, api)
  await api.call('DELETE', '/api/auth/mfa/totp')
  expect((await api.get<MfaState>('/api/auth/mfa')).body).toMatchObject({
    passkeys: 1,
    recoveryCodesLeft: 10,
  })
  const second = await register(api, softwareAuthenticator(ORIGIN))
  expect(second.body.codes).toBeNull()
  for (const { id } of await passkeysOf(api)) await api.call('DELETE', `/api/auth/passkeys/${id}`)
  expect((await api.get<MfaState>('/api/auth/mfa')).body).toMatchObject({ passkeys: 0, recoveryCodesLeft: 0 })
})

test('a passkey is renamed and removed by its owner only; others find nothing', async () => {
  const { api, added } = await withPasskey()
  const other = (await session(app, (await person(app, 'SUPER_ADMIN')).email)).api
  const path = `/api/auth/passkeys/${added.body.id}`
  expect((await other.call('PATCH', path, { name: 'Mine' })).status).toBe(404)
  expect((await other.call('DELETE', path)).status).toBe(404)
  expect((await api.call('PATCH', path, { name: 'Phone' })).body).toMatchObject({ name: 'Phone' })
  expect((await api.call('DELETE', path)).status).toBe(204)
  expect((await api.call('DELETE', path)).status).toBe(404)
})

test('an API key has nothing to do with passkeys', async () => {
  const { api } = await keyOf(app, (await person(app, 'SUPER_ADMIN')).email)
  expect((await api.get('/api/auth/passkeys')).status).toBe(403)
  expect((await api.post('/api/auth/passkeys/options', {})).status).toBe(403)
})

test('where mPanel is reached by an address, passkeys are refused with what to do', async () => {
  const { api } = await session(app, (await person(app, 'SUPPORT')).email)
  app.root.settings.publicUrl = 'http://127.0.0.1:8080'
  expect(await api.post('/api/auth/passkeys/options', {})).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('MPANEL_PUBLIC_URL') },
  })
})

test('nobody has more than twenty passkeys', async () => {
  const { api, user } = await withPasskey()
  await app.as((ctx) =>
    sql`insert into user_passkeys select gen_random_uuid(), user_id, sha256(n::text::bytea || credential_id), public_key,
      counter, transports, name, backed_up, created_at from user_passkeys, generate_series(1, 19) n
      where user_id = ${user.id}`.execute(ctx.tx),
  )
  expect(await api.post('/api/auth/passkeys/options', {})).toMatchObject({ body: { code: 'invalid_state' } })
})

import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemOrigin } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import * as userService from '../../src/services/userService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import type { Api } from '../support/api.ts'
import { ceremonyOf, softwareAuthenticator, type Authenticator, type Change } from '../users/authenticator.ts'
import { loginFacts } from '../users/facts.ts'
import { passwordStep } from '../users/factors.ts'
import { person, session, type Person } from '../users/people.ts'

const ORIGIN = 'https://panel.example.com'
let app: TestApp
let user: Person
let api: Api
let authenticator: Authenticator
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: { MPANEL_PUBLIC_URL: ORIGIN } })
  ;({ user, api, authenticator } = await somebody())
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

async function somebody() {
  const who = await person(app, 'SUPPORT')
  const { api: own, token } = await session(app, who.email)
  const key = softwareAuthenticator(ORIGIN)
  await register(token, key)
  return { user: who, api: own, authenticator: key }
}

/** Adds a passkey to a session's user, without the limit of calls. */
async function register(token: string, key: Authenticator, change: Change = {}): Promise<void> {
  const identity = await userService.identifySession(app.root, token)
  if (!identity || identity.sessionId === null) throw new Error('the session has ended')
  const me = { ...identity, sessionId: identity.sessionId }
  const asked = await app.as((ctx) => authService.beginPasskey(ctx, me))
  const credential = key.create(asked, change)
  await authService.addPasskey(app.root, origin(), me, { ceremony: asked.ceremony, name: 'Key', credential })
}

const origin = () => systemOrigin('test', newId())
const begin = () => authService.beginPasskeyLogin(app.root, origin())
/** Without the limit of calls. */
async function logIn(key: Authenticator, change: Change = {}): Promise<string> {
  const asked = await begin()
  return answer({ ceremony: asked.ceremony, credential: key.get(asked, change) })
}
const answer = (given: Parameters<typeof authService.loginByPasskey>[2]): Promise<string> =>
  authService.loginByPasskey(app.root, origin(), given).then(
    ({ userId }) => userId,
    (error: { code: string }) => error.code,
  )

const wrong: [string, Change][] = [
  ['made for the pages of somebody else', { origin: 'https://panel.example.org' }],
  ['made for a page of the same name without encryption', { origin: 'http://panel.example.com' }],
  ['made for another host', { rpId: 'example.org' }],
  ['made for the domain above', { rpId: 'example.com' }],
  ['without a verified person', { verified: false }],
  ['to a challenge of the caller’s own', { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ['made inside a frame', { crossOrigin: true }],
  ['that was a registration', { type: 'webauthn.create' }],
  ['that names somebody else', { handle: randomBytes(16).toString('base64url') }],
  ['that names nobody', { handle: null }],
  ['with another key’s signature', { signature: randomBytes(70) }],
  ['of an unknown passkey', { credentialId: randomBytes(32).toString('base64url') }],
]
test.each(wrong)('an answer %s opens nothing', async (_, change) => {
  const one = await somebody()
  expect(await logIn(one.authenticator, change)).toBe('unauthenticated')
  expect(await logIn(one.authenticator)).toBe(one.user.id)
})

test('an answer counts once, also when it comes ten times at once', async () => {
  const asked = await begin()
  const given = { ceremony: asked.ceremony, credential: authenticator.get(asked) }
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => answer(given)))
  expect(outcomes.filter((outcome) => outcome === user.id)).toHaveLength(1)
  expect(await answer(given)).toBe('unauthenticated')
})

test('a challenge is good for five minutes', async () => {
  const asked = await begin()
  const given = { ceremony: asked.ceremony, credential: authenticator.get(asked) }
  app.clock.offsetMs = 5 * 60_000 + 1_000
  expect(await answer(given)).toBe('unauthenticated')
})

test('an authenticator whose counter stands still or goes back is a copy', async () => {
  const one = await somebody()
  expect(await logIn(one.authenticator, { counter: 10 })).toBe(one.user.id)
  for (const counter of [10, 9, 0])
    expect(await logIn(one.authenticator, { counter }), String(counter)).toBe('unauthenticated')
  expect(await logIn(one.authenticator, { counter: 11 })).toBe(one.user.id)
})

test('a passkey of somebody else is no second step and no fresh proof', async () => {
  const other = await somebody()
  const pending = await passwordStep(app, user.email)
  const asked = await authService.beginMfa(app.root, origin(), pending.token)
  const passkey = { ceremony: asked.ceremony, credential: other.authenticator.get(asked) }
  expect(await pending.api.post('/api/auth/mfa', { passkey })).toMatchObject({ status: 422 })
  const proof = await ceremonyOf(api, '/api/auth/step-up/options')
  const credential = other.authenticator.get(proof)
  const given = { passkey: { ceremony: proof.ceremony, credential } }
  expect(await api.post('/api/auth/step-up', given)).toMatchObject({ status: 422 })
})

test('a challenge answers only what it was made for, in the session it was made in', async () => {
  const one = await somebody()
  const login = await begin()
  const forLogin = { ceremony: login.ceremony, credential: one.authenticator.get(login) }
  expect((await one.api.post('/api/auth/step-up', { passkey: forLogin })).status).toBe(422)
  const other = (await somebody()).api
  const proof = await ceremonyOf(one.api, '/api/auth/step-up/options')
  const given = { ceremony: proof.ceremony, credential: one.authenticator.get(proof) }
  expect((await other.post('/api/auth/step-up', { passkey: given })).status).toBe(422)
  expect(await answer(given)).toBe('unauthenticated')
  const pending = await passwordStep(app, one.user.email)
  expect((await pending.api.post('/api/auth/mfa', { passkey: given })).status).toBe(422)
  expect((await one.api.post('/api/auth/step-up', { passkey: given })).status).toBe(204)
})

const badNew: [string, Change][] = [
  ['made for the pages of somebody else', { origin: 'https://panel.example.org' }],
  ['made for another host', { rpId: 'example.org' }],
  ['without a verified person', { verified: false }],
  ['to another challenge', { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ['made inside a frame', { crossOrigin: true }],
  ['with a statement whose certificates would have to be asked about', { format: 'android-key' }],
  ['under another id than its own', { credentialId: randomBytes(32).toString('base64url') }],
]
test.each(badNew)('a new passkey %s is not added', async (_, change) => {
  const { email } = await person(app, 'SUPPORT')
  const { api: own, token } = await session(app, email)
  await expect(register(token, softwareAuthenticator(ORIGIN), change)).rejects.toThrow('was not accepted')
  expect((await own.get<{ passkeys: number }>('/api/auth/mfa')).body.passkeys).toBe(0)
})

test('a passkey that somebody has cannot be added by another', async () => {
  const { token } = await session(app, (await person(app, 'SUPPORT')).email)
  await expect(register(token, authenticator)).rejects.toThrow('has been added before')
})

test('a pending session adds no passkey', async () => {
  const pending = await passwordStep(app, (await somebody()).user.email)
  for (const path of ['passkeys/options', 'passkeys', 'step-up/options'])
    expect((await pending.api.post(`/api/auth/${path}`, {})).status, path).toBe(401)
})

test('a disabled user’s passkey opens nothing, and refusals are in the audit log with their reason', async () => {
  const one = await somebody()
  const id = one.user.id
  expect((await app.admin.call('PATCH', `/api/admin/users/${id}`, { state: 'disabled' })).status).toBe(200)
  expect(await logIn(one.authenticator)).toBe('unauthenticated')
  expect(await loginFacts(app, id)).toContain('LOGIN_FAILED disabled')
})

test('wrong answers make a pause, like wrong passwords', async () => {
  const one = await somebody()
  for (let tries = 0; tries < 5; tries++) await logIn(one.authenticator, { verified: false })
  expect(await logIn(one.authenticator)).toBe('unauthenticated')
  expect(await loginFacts(app, one.user.id)).toContain('LOGIN_FAILED throttled')
})

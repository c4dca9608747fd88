import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Identities, SsoProvider } from '../../shared/api/authSso.ts'
import type { OwnSession } from '../../shared/api/authAccount.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { codeOf, enrol, withToken } from './factors.ts'
import { loginFacts } from './facts.ts'
import {
  hostileProvider,
  realProvider,
  signOnAt,
  type HostileProvider,
  type RealProvider,
} from './oidcServers.ts'
import { PASSWORD, person, session, setMfaPolicy, withHeaders } from './people.ts'
import { addProvider, backFrom, begin, comeBack, connected, NETWORKS } from './sso.ts'

let app: TestApp
let real: RealProvider
let platform: SsoProvider
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: NETWORKS })
  app.root.settings.publicUrl = app.url
  real = await realProvider()
  platform = await addProvider(app, null, real.issuer)
  real.know(platform.redirectUri)
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(async () => {
  await real.close()
  await app.close()
})

test('somebody connects himself with a certified provider, and comes in by it; an unknown identity does not', async () => {
  const user = await person(app, 'SUPPORT')
  const first = await begin(app, { email: user.email })
  const stranger = await signOnAt(first.url.href, 'alice')
  const refused = await comeBack(app, platform.id, stranger.searchParams, first)
  expect(refused).toMatchObject({ status: 302, session: undefined })
  expect(refused.location.search).toContain('sso=unknown')

  const { token, api } = await session(app, user.email)
  const linking = await begin(app, { providerId: platform.id, session: token })
  const back = await signOnAt(linking.url.href, 'alice')
  const done = await comeBack(app, platform.id, back.searchParams, { ...linking, session: token })
  expect(done.location.pathname + done.location.search).toBe('/t/all/account/security')
  const { items, providers } = (await api.get<Identities>('/api/auth/identities')).body
  expect(items).toMatchObject([{ provider: 'Sign-on', issuer: real.issuer, label: 'alice@example.com' }])
  expect(providers).toEqual([])

  const again = await begin(app, { email: user.email })
  const came = await comeBack(app, platform.id, (await signOnAt(again.url.href, 'alice')).searchParams, again)
  expect(came.device).toBeDefined()
  const own = await withToken(app, came.session ?? '')
  expect((await own.get('/api/auth/me')).body).toMatchObject({ user: { email: user.email } })
  const sessions = (await own.get<{ items: OwnSession[] }>('/api/auth/sessions')).body.items
  expect(sessions.find(({ current }) => current)?.verifiedBy).toBe('sso')
  expect(await loginFacts(app, user.id)).toEqual(
    expect.arrayContaining(['SSO_CONNECTION_BEGUN', 'SSO_CONNECTED', 'LOGIN_SUCCEEDED sso']),
  )
  expect((await own.call('DELETE', `/api/auth/identities/${items[0]?.id}`)).status).toBe(204)
  expect((await own.get<Identities>('/api/auth/identities')).body.items).toEqual([])
})

/** Somebody of a tenant whose provider says what it is told to. */
async function ofTenant(
  more: Record<string, unknown> = {},
  role: 'TENANT_USER' | 'TENANT_OWNER' = 'TENANT_USER',
) {
  const tenantId = await app.tenant()
  const owner = await person(app, 'TENANT_OWNER', tenantId)
  const user = await person(app, role, tenantId)
  const idp = await hostileProvider()
  const domain = `d${user.id}.example.com`
  const provider = await addProvider(app, tenantId, idp.issuer, { domains: [domain], ...more })
  await connected(app, user.id, provider, 'bob')
  return { tenantId, owner, user, idp, provider, email: `anybody@${domain}` }
}

/** An honest token of an otherwise hostile provider. */
async function comeIn(
  { idp, provider, email }: { idp: HostileProvider; provider: SsoProvider; email: string },
  more: object = {},
) {
  return backFrom(app, { idp, provider, way: await begin(app, { email }) }, { ...more })
}

test('who has a second factor is asked for it after the provider, unless the provider is trusted and has asked itself', async () => {
  const one = await ofTenant()
  const { secret } = await enrol(app, (await session(app, one.user.email)).api)
  const asked = await comeIn(one, { amr: ['pwd', 'mfa'] })
  expect(asked.location.pathname + asked.location.search).toContain('/login?second=code')
  const pending = await withToken(app, asked.session ?? '')
  expect((await pending.get('/api/auth/me')).status).toBe(401)
  expect((await pending.post('/api/auth/identities', {})).status).toBe(401)
  expect((await pending.post('/api/auth/mfa', { code: codeOf(app, secret) })).status).toBe(200)
  const path = `/api/admin/sso-providers/${one.provider.id}`
  expect((await app.admin.call('PATCH', path, { trustsMfa: true })).status).toBe(200)
  expect((await comeIn(one, { amr: ['pwd'] })).location.pathname).toBe('/login')
  expect((await comeIn(one, { amr: ['pwd', 'mfa'] })).location.pathname).toBe('/t/all/account/security')
  await one.idp.close()
})

test('a role that needs a second factor is satisfied by a trusted provider that asked for one, and by no other', async () => {
  const one = await ofTenant({ trustsMfa: true })
  await setMfaPolicy(app, 'TENANT_USER', true)
  const me = async (more: object) =>
    (await (await withToken(app, (await comeIn(one, more)).session ?? '')).get('/api/auth/me')).body
  expect(await me({})).toMatchObject({ mustEnrol: true })
  expect(await me({ amr: ['mfa'] })).toMatchObject({ mustEnrol: false })
  await setMfaPolicy(app, 'TENANT_USER', false)
  await one.idp.close()
})

test('enforced, a tenant’s people come in by it only, except for its oldest owner', async () => {
  const one = await ofTenant({}, 'TENANT_OWNER')
  const elsewhere = await person(app, 'TENANT_USER', await app.tenant())
  const path = `/api/admin/sso-providers/${one.provider.id}`
  const changed = await app.admin.call<SsoProvider>('PATCH', path, { enforced: true })
  expect(changed.body.breakGlass).toEqual({ id: one.owner.id, email: one.owner.email })
  const nobody = await withHeaders(app, {})
  const byPassword = (email: string) => nobody.post('/api/auth/login', { email, password: PASSWORD })
  expect(await byPassword(one.user.email)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  expect(await loginFacts(app, one.user.id)).toContain('LOGIN_FAILED sso_required')
  expect((await byPassword(one.owner.email)).status).toBe(200)
  expect((await byPassword(elsewhere.email)).status).toBe(200)
  const reset = (id: string) => app.admin.post(`/api/admin/users/${id}/password-reset`, {})
  expect(await reset(one.user.id)).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect((await reset(one.owner.id)).status).toBe(204)
  expect((await comeIn(one)).session).toBeDefined()
  // When the one who was left out is gone, no owner is kept out.
  await app.admin.call('PATCH', `/api/admin/users/${one.owner.id}`, { state: 'disabled' })
  expect((await byPassword(one.user.email)).status).toBe(200)
  await one.idp.close()
})

test('a tenant without an owner who has a password cannot enforce it, and the platform cannot at all', async () => {
  const body = { tenantId: await app.tenant(), name: 'x', issuer: real.issuer, clientId: 'x', enforced: true }
  expect(await app.admin.post('/api/admin/sso-providers', body)).toMatchObject({
    body: { code: 'invalid_state' },
  })
  const ofPlatform = await app.admin.post('/api/admin/sso-providers', { ...body, tenantId: null })
  expect(ofPlatform).toMatchObject({ status: 422, body: { errors: [{ path: 'enforced' }] } })
})

test('a tenant’s provider opens no account that has rights outside of the tenant', async () => {
  const one = await ofTenant()
  const role = await app.admin.get<{ items: { id: string; key: string }[] }>(
    '/api/admin/users/roles?limit=200',
  )
  const roleId = role.body.items.find(({ key }) => key === 'SUPPORT')?.id
  await app.admin.post(`/api/admin/users/${one.user.id}/grants`, { tenantId: null, roleId })
  const came = await comeIn(one)
  expect(came).toMatchObject({ session: undefined })
  expect(came.location.search).toContain('sso=refused')
  const { token, api } = await session(app, one.user.email)
  expect((await api.get<Identities>('/api/auth/identities')).body.providers.map(({ id }) => id)).toEqual([
    platform.id,
  ])
  await expect(begin(app, { providerId: one.provider.id, session: token })).rejects.toThrow('not_found')
  await one.idp.close()
})

test('a disabled provider, a disabled user and a suspended tenant let nobody in', async () => {
  const one = await ofTenant()
  const path = `/api/admin/sso-providers/${one.provider.id}`
  await app.admin.call('PATCH', path, { enabled: false })
  const elsewhere = await begin(app, { email: one.email })
  expect(elsewhere.url.href).toContain(real.issuer)
  await app.admin.call('PATCH', path, { enabled: true })
  await app.admin.call('PATCH', `/api/admin/users/${one.user.id}`, { state: 'disabled' })
  expect((await comeIn(one)).location.search).toContain('sso=unknown')
  await app.admin.call('PATCH', `/api/admin/users/${one.user.id}`, { state: 'active' })
  const way = await begin(app, { email: one.email })
  await app.admin.post(`/api/admin/tenants/${one.tenantId}/suspend`, { reason: 'unpaid' })
  const back = await backFrom(app, { ...one, way })
  expect(back.session).toBeUndefined()
  expect(back.location.search).toContain('sso=refused')
  await one.idp.close()
})

test('the secret of a provider is never told', async () => {
  const one = await ofTenant()
  const seen = await app.admin.get(`/api/admin/sso-providers/${one.provider.id}`)
  expect(JSON.stringify(seen.body)).not.toContain('a secret of the client')
  expect(app.logs.join('')).not.toContain('a secret of the client')
  await one.idp.close()
})

test('a check says what is wrong with a provider, and that nothing is', async () => {
  const good = await app.admin.post<SsoProvider>(`/api/admin/sso-providers/${platform.id}/check`, {})
  expect(good).toMatchObject({ status: 200, body: { checkFault: null, checkedAt: expect.any(String) } })
  const gone = await addProvider(app, null, 'http://127.0.0.1:9')
  const bad = await app.admin.post<SsoProvider>(`/api/admin/sso-providers/${gone.id}/check`, {})
  expect(bad.body.checkFault).toContain('no connection')
  expect((await app.admin.call('DELETE', `/api/admin/sso-providers/${gone.id}`)).status).toBe(204)
  const owner = (await session(app, (await person(app, 'TENANT_OWNER', await app.tenant())).email)).api
  expect((await owner.post(`/api/admin/sso-providers/${platform.id}/check`, {})).status).toBe(404)
})

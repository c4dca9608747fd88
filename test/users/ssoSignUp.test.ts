import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import type { Identities, SsoProvider } from '../../shared/api/authSso.ts'
import { ROLE_PERMISSIONS, type BuiltinRole, type Permission } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { withToken } from './factors.ts'
import { loginFacts } from './facts.ts'
import { hostileProvider, realProvider, signOnAt, type Claims, type HostileProvider } from './oidcServers.ts'
import { tokenTo } from './mails.ts'
import { person, roleId, session, setMfaPolicy } from './people.ts'
import { addProvider, backFrom, begin, claimsFor, comeBack, NETWORKS, type Back } from './sso.ts'

let app: TestApp
let idp: HostileProvider
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: NETWORKS })
  app.root.settings.publicUrl = app.url
  idp = await hostileProvider()
})
afterAll(async () => {
  await idp.close()
  await app.close()
})

type Open = { tenantId: string | null; provider: SsoProvider; domain: string }

/** A provider of a tenant of its own, or of the platform, that lets people sign up. */
async function open(role: BuiltinRole = 'TENANT_USER', more: Record<string, unknown> = {}): Promise<Open> {
  const tenantId = role === 'SUPPORT' ? null : await app.tenant()
  const domain = `d${newId()}.example.com`
  const signUpRoleId = await roleId(app, role)
  const given = { domains: [domain], signUpRoleId, ...more }
  return { tenantId, domain, provider: await addProvider(app, tenantId, idp.issuer, given) }
}

/** Somebody nobody knows comes from the provider, with a verified e-mail unless something else is said. */
async function arrive({ provider, domain }: Open, more: Claims = {}): Promise<Back> {
  const way = await begin(app, { email: `any@${domain}` })
  const sub = newId()
  const claims = { sub, email: `${sub}@${domain}`, email_verified: true, ...more }
  return backFrom(app, { idp, provider, way }, claims)
}
const whyNot = ({ session: token, location }: Back): string =>
  token === undefined ? (location.searchParams.get('sso') ?? 'nothing') : 'granted'
const meOf = async ({ session: token }: Back): Promise<Me> =>
  (await (await withToken(app, token ?? '')).get<Me>('/api/auth/me')).body
const people = (): Promise<number> =>
  app.as(async ({ tx }) => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from users`.execute(tx)
    return rows[0]?.n ?? 0
  })
const edit = (api: typeof app.admin, { provider }: Open, change: object) =>
  api.call<{ code: string; signUpRole: SsoProvider['signUpRole'] }>(
    'PATCH',
    `/api/admin/sso-providers/${provider.id}`,
    change,
  )

/** Somebody in a session with a role of his own making in a tenant. */
async function withRole(tenantId: string | null, permissions: readonly Permission[]) {
  const key = `role-${newId().slice(-12)}`
  const body = { tenantId, key, name: key, permissions }
  const role = (await app.admin.post<{ id: string }>('/api/admin/users/roles', body)).body.id
  const user = await person(app, 'TENANT_USER', tenantId)
  await app.admin.post(`/api/admin/users/${user.id}/grants`, { tenantId, roleId: role })
  return { role, user, api: (await session(app, user.email)).api }
}

test('who has no account gets one at the first log-in by a certified provider, and the same at the next', async () => {
  const real = await realProvider()
  const tenantId = await app.tenant()
  const signUpRoleId = await roleId(app, 'TENANT_ADMIN')
  const domain = `d${newId()}.example.com`
  const provider = await addProvider(app, tenantId, real.issuer, { domains: [domain], signUpRoleId })
  expect(provider.signUpRole).toMatchObject({ id: signUpRoleId })
  real.know(provider.redirectUri, domain)
  const comeIn = async () => {
    const way = await begin(app, { email: `any@${domain}` })
    return comeBack(app, provider.id, (await signOnAt(way.url.href, 'alice')).searchParams, way)
  }
  const me = await meOf(await comeIn())
  expect(me.user).toMatchObject({ email: `alice@${domain}`, name: 'Ms alice' })
  expect(me.hasPassword).toBe(false)
  expect(me.roles).toMatchObject([{ key: 'TENANT_ADMIN', tenantId }])
  const facts = ['USER_CREATED', 'ROLE_GRANTED', 'SSO_CONNECTED', 'LOGIN_SUCCEEDED sso']
  expect(await loginFacts(app, me.user.id)).toEqual(facts)
  expect((await meOf(await comeIn())).user.id).toBe(me.user.id)
  await real.close()
})

test('nobody signs up without an e-mail that is verified and of one of the provider’s domains', async () => {
  const one = await open()
  const before = await people()
  const mail = (domain: string) => ({ email: `x@${domain}` })
  const lies: Claims[] = [
    { email_verified: false },
    { email_verified: 'true' },
    { email_verified: undefined },
    { email: undefined },
    { email: ['x@', one.domain] },
    mail('example.com'),
    mail(`sub.${one.domain}`),
    mail(`x${one.domain}`),
    mail(`${one.domain}.example.org`),
    { email: `x@example.org, y@${one.domain}` },
    { email: `x@example.org\n@${one.domain}` },
    // The Kelvin sign becomes a Latin letter when it is made small: another mailbox than the one that was verified.
    { email: `\u212Aate@${one.domain}` },
  ]
  for (const lie of lies) expect(whyNot(await arrive(one, lie)), JSON.stringify(lie)).toBe('not_admitted')
  expect(await people()).toBe(before)
})

test('where it was not turned on, nobody signs up', async () => {
  const one = await open('TENANT_USER', { signUpRoleId: null })
  expect(one.provider.signUpRole).toBeNull()
  expect(whyNot(await arrive(one))).toBe('unknown')
})

test('a domain of another script is the same in both spellings, and a name is one line without hidden signs', async () => {
  const label = newId()
  const one = await open('TENANT_USER', { domains: [`BÜRO-${label}.example.com`] })
  const domain = one.provider.domains[0] ?? ''
  expect(domain).toMatch(/^xn--[a-z0-9-]+\.example\.com$/)
  const claims = { email: `Bob@büro-${label}.Example.com`, name: 'Bob\u202E\nof\u0007 Büro ' }
  const { user } = await meOf(await arrive({ ...one, domain }, claims))
  expect(user).toMatchObject({ email: `bob@${domain}`, name: 'Bob of Büro' })
})

test('an e-mail that has an account is not taken over, whoever vouches for it', async () => {
  const one = await open()
  const first = await meOf(await arrive(one))
  const owned = { email: first.user.email.toUpperCase() }
  expect(whyNot(await arrive(one, owned))).toBe('unknown')
  await app.admin.call('PATCH', `/api/admin/users/${first.user.id}`, { state: 'disabled' })
  expect(whyNot(await arrive(one, owned))).toBe('unknown')
  const connections = await app.as(({ tx }) =>
    sql`select from user_identities where user_id = ${first.user.id}`.execute(tx),
  )
  expect(connections.rows).toHaveLength(1)
})

test('of two that come with the same identity at once, one account is made', async () => {
  const one = await open()
  const before = await people()
  const ways = await Promise.all([1, 2].map(() => begin(app, { email: `any@${one.domain}` })))
  const sub = newId()
  const said = { sub, email: `${sub}@${one.domain}`, email_verified: true }
  const back = await Promise.all(
    ways.map((way) => {
      const [code, state] = [way.secret('nonce'), way.secret('state')]
      idp.byCode.set(code, claimsFor(idp, way, said))
      return comeBack(app, one.provider.id, { code, state }, way)
    }),
  )
  expect(back.map(whyNot)).toContain('granted')
  expect(await people()).toBe(before + 1)
})

test('the platform’s provider makes accounts of the platform, by the same rules', async () => {
  const one = await open('SUPPORT')
  expect((await meOf(await arrive(one))).roles).toMatchObject([{ key: 'SUPPORT', tenantId: null }])
  expect(whyNot(await arrive(one, { email_verified: false }))).toBe('not_admitted')
})

test('who signed up to a role that needs a second factor can only enrol', async () => {
  const one = await open()
  await setMfaPolicy(app, 'TENANT_USER', true)
  const { mustEnrol } = await meOf(await arrive(one))
  await setMfaPolicy(app, 'TENANT_USER', false)
  expect(mustEnrol).toBe(true)
})

test('nobody lets people sign up to what he may not give, nor without a domain', async () => {
  const { tenantId, provider, domain } = await open('TENANT_USER', { signUpRoleId: null })
  const { api, role, user } = await withRole(tenantId, [
    'sso:manage',
    'users:manage',
    ...ROLE_PERMISSIONS.TENANT_USER,
  ])
  const given = { tenantId, provider, domain }
  const set = async (caller: typeof api, to: BuiltinRole, more: object = {}) =>
    (await edit(caller, given, { signUpRoleId: await roleId(app, to), ...more })).body
  expect(await set(api, 'TENANT_OWNER')).toMatchObject({ code: 'forbidden' })
  expect(await set(api, 'TENANT_USER')).toMatchObject({ signUpRole: { name: expect.any(String) } })
  // Whoever could send another provider there would let in whom he likes, to a role that he does not hold.
  expect(await set(app.admin, 'TENANT_OWNER')).toMatchObject({ signUpRole: expect.any(Object) })
  for (const change of [{ issuer: 'https://id.example.org' }, { domains: ['evil.example.com'] }])
    expect((await edit(api, given, change)).body).toMatchObject({ code: 'forbidden' })
  expect((await edit(api, given, { signUpRoleId: null, enabled: false })).status).toBe(200)
  expect(await set(app.admin, 'SUPPORT')).toMatchObject({ code: 'invalid_input' })
  expect(await set(app.admin, 'TENANT_USER', { domains: [] })).toMatchObject({
    code: 'invalid_input',
    errors: [{ path: 'domains' }],
  })
  await edit(app.admin, given, { signUpRoleId: role })
  const path = `/api/admin/users/roles/${role}`
  await app.admin.call('DELETE', `/api/admin/users/${user.id}/grants`, { tenantId, roleId: role })
  expect((await app.admin.call('DELETE', path)).body).toMatchObject({ code: 'invalid_state' })
  await edit(app.admin, given, { signUpRoleId: null })
  expect((await app.admin.call('DELETE', path)).status).toBe(204)
})

test('users:manage is needed beside sso:manage to let people sign up', async () => {
  const one = await open('TENANT_USER', { signUpRoleId: null })
  const { api } = await withRole(one.tenantId, ['sso:manage', ...ROLE_PERMISSIONS.TENANT_USER])
  const refused = await edit(api, one, { signUpRoleId: await roleId(app, 'TENANT_USER') })
  expect(refused.body).toMatchObject({ code: 'forbidden', details: { permission: 'users:manage' } })
})

test('when who set it up may not give the role any more, nobody signs up until somebody else sets it', async () => {
  const one = await open()
  const owner = await person(app, 'TENANT_OWNER', one.tenantId)
  await person(app, 'TENANT_OWNER', one.tenantId)
  expect((await edit((await session(app, owner.email)).api, one, { name: 'Renamed' })).status).toBe(200)
  expect(whyNot(await arrive(one))).toBe('granted')
  await app.admin.call('PATCH', `/api/admin/users/${owner.id}`, { state: 'disabled' })
  const before = await people()
  expect(whyNot(await arrive(one))).toBe('not_admitted')
  expect(await people()).toBe(before)
  expect((await edit(app.admin, one, { name: 'Again' })).status).toBe(200)
  expect(whyNot(await arrive(one))).toBe('granted')
})

test('nobody signs up to a tenant that is suspended, or by a provider that was changed, while he was there', async () => {
  const one = await open()
  const before = await people()
  const claims = { sub: 'late', email: `late@${one.domain}`, email_verified: true }
  const way = await begin(app, { email: `any@${one.domain}` })
  idp.token = async (said) => {
    await edit(app.admin, one, { name: 'Changed' })
    return idp.signed(said)
  }
  expect(whyNot(await backFrom(app, { idp, provider: one.provider, way }, claims))).toBe('stale')
  idp.token = (said) => idp.signed(said)
  const late = await begin(app, { email: `any@${one.domain}` })
  await app.admin.post(`/api/admin/tenants/${one.tenantId}/suspend`, { reason: 'unpaid' })
  const refused = await backFrom(app, { idp, provider: one.provider, way: late }, claims)
  expect(whyNot(refused)).toBe('not_admitted')
  expect(await people()).toBe(before)
})

test('an account that a tenant’s provider has made gets rights nowhere else: only the tenant says whose e-mail it is', async () => {
  const one = await open()
  const back = await arrive(one)
  const { user } = await meOf(back)
  const give = async (tenantId: string | null, role: BuiltinRole) =>
    (
      await app.admin.post(`/api/admin/users/${user.id}/grants`, {
        tenantId,
        roleId: await roleId(app, role),
      })
    ).status
  expect(await give(await app.tenant(), 'TENANT_USER')).toBe(422)
  expect(await give(null, 'SUPPORT')).toBe(422)
  expect(await give(one.tenantId, 'TENANT_ADMIN')).toBe(200)
  const elsewhere = await app.tenant()
  const invitation = { email: user.email, roleId: await roleId(app, 'TENANT_USER') }
  expect((await app.admin.post(`/api/admin/tenants/${elsewhere}/invitations`, invitation)).status).toBe(201)
  const token = await tokenTo(app, user.email, 'invitation')
  const own = await withToken(app, back.session ?? '')
  expect((await own.post('/api/auth/invitation/accept', { token })).status).toBe(422)
  const free = (await meOf(await arrive(await open('SUPPORT')))).user
  const grant = { tenantId: await app.tenant(), roleId: await roleId(app, 'TENANT_USER') }
  expect((await app.admin.post(`/api/admin/users/${free.id}/grants`, grant)).status).toBe(200)
})

test('nobody disconnects the only way in to his account', async () => {
  const back = await arrive(await open())
  const api = await withToken(app, back.session ?? '')
  const { items } = (await api.get<Identities>('/api/auth/identities')).body
  const path = `/api/auth/identities/${items[0]?.id}`
  expect((await api.call('DELETE', path)).body).toMatchObject({ code: 'invalid_state' })
  const { user } = await meOf(back)
  await app.as(({ tx }) => sql`update users set password_hash = 'x' where id = ${user.id}`.execute(tx))
  expect((await api.call('DELETE', path)).status).toBe(204)
})

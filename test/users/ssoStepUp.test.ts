import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StepUpWays } from '../../shared/api/authAccount.ts'
import type { SsoProvider } from '../../shared/api/authSso.ts'
import { startApp, type TestApp } from '../support/app.ts'
import type { Api } from '../support/api.ts'
import { enrol, withToken } from './factors.ts'
import { loginFacts } from './facts.ts'
import {
  hostileProvider,
  realProvider,
  signOnAt,
  type Claims,
  type HostileProvider,
  type RealProvider,
} from './oidcServers.ts'
import { person, roleId, session, type Person } from './people.ts'
import { addProvider, backFrom, begin, comeBack, connected, NETWORKS } from './sso.ts'

let app: TestApp
let idp: HostileProvider
let real: RealProvider
let provider: SsoProvider
let certified: SsoProvider
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: NETWORKS })
  app.root.settings.publicUrl = app.url
  idp = await hostileProvider()
  real = await realProvider()
  provider = await addProvider(app, null, idp.issuer)
  certified = await addProvider(app, null, real.issuer, { name: 'Certified' })
  real.know(certified.redirectUri)
})
afterAll(async () => {
  await idp.close()
  await real.close()
  await app.close()
})

type Somebody = { user: Person; token: string; api: Api }

/** Somebody without a password whose last proof is an hour old. */
async function somebody(subject: string, by: SsoProvider = provider): Promise<Somebody> {
  const user = await person(app, 'SUPPORT')
  const { token, api } = await session(app, user.email)
  await connected(app, user.id, by, subject)
  await app.as(async ({ tx }) => {
    await sql`update users set password_hash = null where id = ${user.id}`.execute(tx)
    await sql`update sessions set verified_at = now() - interval '1 hour' where user_id = ${user.id}`.execute(
      tx,
    )
  })
  return { user, token, api }
}

const ways = async ({ api }: Somebody): Promise<StepUpWays> =>
  (await api.get<StepUpWays>('/api/auth/step-up')).body
/** What a row answers that needs a fresh proof. */
const isProven = async ({ api }: Somebody): Promise<boolean> =>
  (await api.post<{ code: string }>('/api/auth/mfa/totp', {})).body.code !== 'step_up_required'
const seconds = (fromNow: number): number => Math.floor(Date.now() / 1000) + fromNow

test('who has no password proves himself at a certified provider, which asks anew, and comes back to where he was', async () => {
  const one = await somebody('alice', certified)
  expect(await isProven(one)).toBe(false)
  expect(await ways(one)).toEqual({
    methods: [],
    password: false,
    providers: [{ id: certified.id, name: 'Certified' }],
  })
  const what = { providerId: certified.id, session: one.token, for: 'step-up' } as const
  const way = await begin(app, what, '/t/all/users?q=a')
  expect(Object.fromEntries(way.url.searchParams)).toMatchObject({ prompt: 'login', max_age: '0' })
  const { searchParams } = await signOnAt(way.url.href, 'alice')
  const back = await comeBack(app, certified.id, searchParams, { ...way, session: one.token })
  expect(back.location.pathname + back.location.search).toBe('/t/all/users?q=a&proof=given')
  expect(await isProven(one)).toBe(false)
  expect(await isProven({ ...one, api: await withToken(app, back.session ?? '') })).toBe(true)
  expect(await loginFacts(app, one.user.id)).toEqual(expect.arrayContaining(['STEP_UP_BEGUN', 'STEP_UP sso']))
})

const refusals: [string, Claims, string][] = [
  ['without auth_time', {}, 'not_fresh'],
  ['with an auth_time from before it was asked', { auth_time: seconds(-120) }, 'not_fresh'],
  ['with an auth_time that is yet to come', { auth_time: seconds(3_600) }, 'not_fresh'],
  ['with an auth_time that is no number', { auth_time: 'now' }, 'failed'],
  ['about somebody nobody knows', { auth_time: seconds(0), sub: 'stranger' }, 'somebody_else'],
  ['about another user', { auth_time: seconds(0), sub: 'colleague' }, 'somebody_else'],
]
test('a provider’s word is no fresh proof when it is not about this person and this moment', async () => {
  await somebody('colleague')
  const one = await somebody('bob')
  for (const [name, claims, why] of refusals) {
    const way = await begin(app, { providerId: provider.id, session: one.token, for: 'step-up' })
    const back = await backFrom(app, { idp, provider, way }, claims, { session: one.token })
    expect(back.location.searchParams.get('proof'), name).toBe(why)
    expect(await isProven(one), name).toBe(false)
  }
  expect(await loginFacts(app, one.user.id)).toContain('STEP_UP sso not_fresh')
  const way = await begin(app, { providerId: provider.id, session: one.token, for: 'step-up' })
  const proof = { auth_time: seconds(0) }
  const { session: renewed } = await backFrom(app, { idp, provider, way }, proof, { session: one.token })
  expect(await isProven({ ...one, api: await withToken(app, renewed ?? '') })).toBe(true)
})

test('a fresh proof counts in the session that asked for it, and in no other', async () => {
  const one = await somebody('carol')
  const other = await somebody('dave')
  for (const cookies of [{ session: other.token }, {}]) {
    const way = await begin(app, { providerId: provider.id, session: one.token, for: 'step-up' })
    const claims = { sub: 'carol', auth_time: seconds(0) }
    const back = await backFrom(app, { idp, provider, way }, claims, cookies)
    expect(back.location.searchParams.get('proof')).toBe('stale')
    expect(back.session).toBeUndefined()
  }
  expect(await isProven(one)).toBe(false)
  expect(await isProven(other)).toBe(false)
})

test('who has a second factor proves himself by it, also when he got it while he was at the provider', async () => {
  const one = await somebody('erin')
  await app.as((ctx) =>
    sql`update sessions set verified_at = now() where user_id = ${one.user.id}`.execute(ctx.tx),
  )
  const way = await begin(app, { providerId: provider.id, session: one.token, for: 'step-up' })
  await enrol(app, one.api)
  const claims = { sub: 'erin', auth_time: seconds(0) }
  const back = await backFrom(app, { idp, provider, way }, claims, { session: one.token })
  expect(back.location.searchParams.get('proof')).toBe('refused')
  expect(await ways(one)).toEqual({ methods: ['code'], password: false, providers: [] })
  const again = begin(app, { providerId: provider.id, session: one.token, for: 'step-up' })
  await expect(again).rejects.toThrow('not_found')
})

test('a tenant’s provider proves nothing about who has rights elsewhere, nor one that is turned off', async () => {
  const tenantId = await app.tenant()
  const own = await addProvider(app, tenantId, idp.issuer)
  const user = await person(app, 'TENANT_USER', tenantId)
  const { token, api } = await session(app, user.email)
  await connected(app, user.id, own, 'frank')
  const offered = async () => (await ways({ user, token, api })).providers.map(({ id }) => id)
  expect(await offered()).toEqual([own.id])
  const way = await begin(app, { providerId: own.id, session: token, for: 'step-up' })
  await app.admin.call('PATCH', `/api/admin/sso-providers/${own.id}`, { enabled: false })
  expect(await offered()).toEqual([])
  const claims = { sub: 'frank', auth_time: seconds(0) }
  const back = await backFrom(app, { idp, provider: own, way }, claims, { session: token })
  expect(back.location.searchParams.get('proof')).toBe('refused')
  await app.admin.call('PATCH', `/api/admin/sso-providers/${own.id}`, { enabled: true })
  const grant = { tenantId: await app.tenant(), roleId: await roleId(app, 'TENANT_USER') }
  await app.admin.post(`/api/admin/users/${user.id}/grants`, grant)
  expect(await offered()).toEqual([])
})

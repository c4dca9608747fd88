import { generateKeyPairSync } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { SsoProvider } from '../../shared/api/authSso.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { hostileProvider, type Claims, type HostileProvider } from '../users/oidcServers.ts'
import { COOKIE, person, session, withHeaders, type Person } from '../users/people.ts'
import { addProvider, begin, claimsFor, comeBack, connected, NETWORKS } from '../users/sso.ts'

let app: TestApp
let user: Person
let idp: HostileProvider
let provider: SsoProvider
let email: string
let honest: HostileProvider['token']
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: NETWORKS })
  app.root.settings.publicUrl = app.url
  user = await person(app, 'SUPPORT')
  idp = await hostileProvider()
  honest = idp.token
  provider = await addProvider(app, null, idp.issuer, { domains: ['one.example.com'] })
  email = 'any@one.example.com'
  await connected(app, user.id, provider, 'bob')
})
afterEach(() => {
  idp.token = honest
  idp.metadata = {}
  app.clock.offsetMs = 0
})
afterAll(async () => {
  await idp.close()
  await app.close()
})

const now = (): number => Math.floor(Date.now() / 1000)

/** One log-in from its beginning, as an attacker would have it. @returns whether it was granted, or why not */
async function tryIt(
  more: Claims = {},
  change: { query?: Record<string, string>; browser?: string; providerId?: string } = {},
): Promise<string> {
  const way = await begin(app, { email })
  idp.claims = claimsFor(idp, way, more)
  const query = { code: 'a', state: way.secret('state'), ...change.query }
  const browser = change.browser ?? way.browser
  return outcome(await comeBack(app, change.providerId ?? provider.id, query, { browser }))
}
const outcome = ({ session: token, location }: { session: string | undefined; location: URL }): string =>
  token === undefined ? (location.searchParams.get('sso') ?? 'nothing') : 'granted'

test('an honest token opens a session', async () => {
  expect(await tryIt()).toBe('granted')
})

describe('a token is refused', () => {
  const lies: [string, Claims][] = [
    ['with the nonce of another log-in', { nonce: 'another' }],
    ['without a nonce', { nonce: undefined }],
    ['of another issuer', { iss: 'https://id.example.org' }],
    ['for another client', { aud: 'somebody-else' }],
    ['for several clients, of which another is meant', { aud: ['mpanel', 'other'], azp: 'other' }],
    ['that has expired', { iat: now() - 7_200, exp: now() - 3_600 }],
    ['without an expiry', { exp: undefined }],
    ['without a subject', { sub: undefined }],
  ]
  test.each(lies)('%s', async (_, lie) => {
    expect(await tryIt(lie)).toBe('failed')
  })

  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const forged: [string, HostileProvider['token']][] = [
    [
      'without a signature',
      (claims) => `${idp.signed(claims, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
    ],
    ['signed with the public key as a secret', (claims) => idp.confused(claims)],
    [
      'signed with a key of somebody else',
      (claims) => idp.signed(claims, { alg: 'RS256', kid: 'one' }, stranger),
    ],
    [
      'that brings its own key',
      (claims) =>
        idp.signed(claims, { alg: 'RS256', jwk: stranger.export({ format: 'jwk' }), kid: 'two' }, stranger),
    ],
    ['that was changed after it was signed', (claims) => idp.signed(claims).replace(/\.[^.]+\./, '.e30.')],
  ]
  test.each(forged)('%s', async (_, token) => {
    idp.token = token
    expect(await tryIt()).toBe('failed')
    // Also when the provider says that this is how it signs.
    idp.metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] }
    expect(await tryIt()).toBe('failed')
  })
})

test('without the state that was given, or in another browser, nothing is even asked of the provider', async () => {
  const before = idp.exchanged
  expect(await tryIt({}, { query: { state: 'guessed' } })).toBe('stale')
  expect(await tryIt({}, { query: { state: '' } })).toBe('stale')
  expect(await tryIt({}, { browser: 'another' })).toBe('stale')
  expect(await tryIt({}, { browser: '' })).toBe('stale')
  expect(idp.exchanged).toBe(before)
})

test('an address that was come back to counts once, also ten times at once, and for ten minutes', async () => {
  const way = await begin(app, { email })
  idp.claims = claimsFor(idp, way)
  const query = { code: 'a', state: way.secret('state') }
  const back = await Promise.all(Array.from({ length: 10 }, () => comeBack(app, provider.id, query, way)))
  expect(back.map(outcome).toSorted()).toEqual(['granted', ...Array<string>(9).fill('stale')])
  const late = await begin(app, { email })
  app.clock.offsetMs = 10 * 60_000 + 1_000
  idp.claims = claimsFor(idp, late)
  const answer = await comeBack(app, provider.id, { code: 'a', state: late.secret('state') }, late)
  expect(outcome(answer)).toBe('stale')
})

test('the same e-mail or the same subject at another issuer is somebody else', async () => {
  const evil = await hostileProvider()
  const other = await addProvider(app, null, evil.issuer, { domains: ['evil.example.com'] })
  const way = await begin(app, { email: 'any@evil.example.com' })
  evil.claims = claimsFor(evil, way, { email: user.email, email_verified: true })
  const back = await comeBack(app, other.id, { code: 'a', state: way.secret('state') }, way)
  expect(outcome(back)).toBe('unknown')
  await evil.close()
})

test('a provider that is given another issuer does not take over who was connected before', async () => {
  const evil = await hostileProvider()
  const mine = await addProvider(app, null, evil.issuer, { domains: ['moved.example.com'] })
  const one = await person(app, 'SUPPORT')
  await connected(app, one.id, { ...mine, issuer: 'https://id.example.com' }, 'bob')
  const way = await begin(app, { email: 'any@moved.example.com' })
  evil.claims = claimsFor(evil, way)
  expect(outcome(await comeBack(app, mine.id, { code: 'a', state: way.secret('state') }, way))).toBe(
    'unknown',
  )
  await evil.close()
})

test('what was begun with one provider is not finished by another, and its code is not shown to it', async () => {
  const evil = await hostileProvider()
  const other = await addProvider(app, null, evil.issuer, { domains: ['mix.example.com'] })
  expect(await tryIt({}, { providerId: other.id })).toBe('stale')
  expect(evil.exchanged).toBe(0)
  idp.metadata = { authorization_response_iss_parameter_supported: true }
  expect(await tryIt()).toBe('failed')
  expect(await tryIt({}, { query: { iss: evil.issuer } })).toBe('failed')
  expect(await tryIt({}, { query: { iss: idp.issuer } })).toBe('granted')
  await evil.close()
})

test('a provider that calls itself by another name, or sends browsers to a script, is not used', async () => {
  idp.metadata = { issuer: 'https://id.example.org' }
  await expect(begin(app, { email })).rejects.toThrow('cannot be used now')
  idp.metadata = { authorization_endpoint: 'javascript:alert(1)' }
  await expect(begin(app, { email })).rejects.toThrow('cannot be used now')
})

test('a connection is made only in the session that began it, and an identity has one user', async () => {
  const one = await person(app, 'SUPPORT')
  const own = await session(app, one.email)
  const other = await session(app, (await person(app, 'SUPPORT')).email)
  const link = async (more: Claims, token: string | undefined): Promise<string> => {
    const way = await begin(app, { providerId: provider.id, session: own.token })
    idp.claims = claimsFor(idp, way, more)
    const query = { code: 'a', state: way.secret('state') }
    const { location } = await comeBack(app, provider.id, query, {
      browser: way.browser,
      ...(token === undefined ? {} : { session: token }),
    })
    return location.searchParams.get('sso') ?? 'connected'
  }
  expect(await link({ sub: 'carol' }, undefined)).toBe('stale')
  expect(await link({ sub: 'carol' }, other.token)).toBe('stale')
  expect(await link({ sub: 'bob' }, own.token)).toBe('taken')
  expect(await link({ sub: 'carol' }, own.token)).toBe('connected')
})

test('a token of a provider is no API key and no session', async () => {
  const token = idp.signed({ iss: idp.issuer, aud: 'mpanel', sub: 'bob', iat: now(), exp: now() + 60 })
  const asked = async (headers: Record<string, string>) =>
    (await (await withHeaders(app, headers)).get('/api/auth/me')).status
  expect(await asked({ authorization: `Bearer ${token}` })).toBe(401)
  expect(await asked({ cookie: `${COOKIE}=${token}` })).toBe(401)
})

const inside = [
  'http://169.254.169.254',
  'https://10.0.0.1',
  'https://[::ffff:10.0.0.1]',
  'https://[fd00::1]',
  'https://0x0a000001',
  'http://93.184.215.14',
]
test.each(inside)('a provider at %s is never asked, and the refusal tells nothing', async (issuer) => {
  const made = await addProvider(app, null, issuer, { domains: [`d${inside.indexOf(issuer)}.example.net`] })
  const checked = await app.admin.post<SsoProvider>(`/api/admin/sso-providers/${made.id}/check`, {})
  expect(checked.body.checkFault).toMatch(/not on the public internet|only https/)
  await expect(begin(app, { email: `a@d${inside.indexOf(issuer)}.example.net` })).rejects.toThrow(
    'cannot be used now',
  )
})

test.each(['file:///etc/passwd', 'gopher://example.com', 'https://user:password@example.com', 'no address'])(
  '%s is no address of a provider',
  async (issuer) => {
    const body = { tenantId: null, name: 'x', clientId: 'x', issuer }
    expect((await app.admin.post('/api/admin/sso-providers', body)).status).toBe(422)
  },
)

test('people are led to pages of ours only, afterwards', async () => {
  for (const returnTo of ['//evil.example.com', 'https://evil.example.com', '/\\evil.example.com'])
    expect((await app.admin.post('/api/auth/sso', { email, returnTo })).status, returnTo).toBe(422)
})

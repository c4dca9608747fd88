import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { SsoProvider } from '../../shared/api/authSso.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { hostileProvider, type Claims, type HostileProvider } from './oidcServers.ts'
import { person, withHeaders } from './people.ts'
import { addProvider, backFrom, begin, comeBack, connected, NETWORKS } from './sso.ts'

const MOST = 20
let app: TestApp
let idp: HostileProvider
let provider: SsoProvider
let other: SsoProvider
beforeAll(async () => {
  app = await startApp({
    worker: false,
    blueprints: false,
    env: { ...NETWORKS, MPANEL_TRUSTED_PROXIES: '127.0.0.1' },
  })
  app.root.settings.publicUrl = app.url
  idp = await hostileProvider()
  provider = await addProvider(app, null, idp.issuer, { domains: ['one.example.com'] })
  other = await addProvider(app, null, idp.issuer, { domains: ['two.example.com'] })
  for (const one of [provider, other]) await connected(app, (await person(app, 'SUPPORT')).id, one, 'bob')
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(async () => {
  await idp.close()
  await app.close()
})

/** One sign-on from an address. @returns whether it was granted, or why not */
async function tryFrom(ip: string, more: Claims = {}, at = provider): Promise<string> {
  const way = await begin(app, { email: `any@${at.domains[0]}`, ip })
  const { session, location } = await backFrom(app, { idp, provider: at, way }, more, { ip })
  return session === undefined ? (location.searchParams.get('sso') ?? 'nothing') : 'granted'
}
const failFrom = async (ip: string, times: number): Promise<void> => {
  for (let at = 0; at < times; at++) expect(await tryFrom(ip, { sub: 'stranger' })).toBe('unknown')
}

test('after many failures a network waits for that provider; nobody else does, and no other provider', async () => {
  const ip = '192.0.2.1'
  const early = await begin(app, { email: 'any@one.example.com', ip })
  await failFrom(ip, MOST)
  await expect(tryFrom(ip)).rejects.toMatchObject({ code: 'too_many_requests' })
  const asked = idp.exchanged
  const back = await backFrom(app, { idp, provider, way: early }, {}, { ip })
  expect(back.location.searchParams.get('sso')).toBe('throttled')
  expect(back.session).toBeUndefined()
  expect(idp.exchanged).toBe(asked)
  expect(await tryFrom('192.0.2.2')).toBe('granted')
  expect(await tryFrom(ip, {}, other)).toBe('granted')
  app.clock.offsetMs = 31_000
  expect(await tryFrom(ip)).toBe('granted')
  // Forgiven as a whole: an office that fails now and then is not held up in the end.
  await failFrom(ip, MOST - 1)
  expect(await tryFrom(ip)).toBe('granted')
})

test('who is sent here with nothing that was begun in his browser is not counted: any page can send him', async () => {
  const ip = '192.0.2.3'
  for (let at = 0; at <= MOST; at++) {
    const way = await begin(app, { email: 'any@one.example.com', ip })
    const query = { code: 'a', state: way.secret('state') }
    const { location } = await comeBack(app, provider.id, query, { ip, browser: 'another' })
    expect(location.searchParams.get('sso')).toBe('stale')
  }
  expect(await tryFrom(ip)).toBe('granted')
})

test('log-ins by a provider begin and end so often a minute from one address', async () => {
  const from = async (ip: string, path: string, body?: object): Promise<number> => {
    const api = await withHeaders(app, { 'x-forwarded-for': ip })
    return (await api.call(body ? 'POST' : 'GET', path, body)).status
  }
  const nowhere = { email: 'any@nowhere.example.com' }
  const begun = (ip: string) => from(ip, '/api/auth/sso', nowhere)
  for (let at = 0; at < 20; at++) expect(await begun('192.0.2.4')).not.toBe(429)
  expect(await begun('192.0.2.4')).toBe(429)
  expect(await begun('192.0.2.5')).not.toBe(429)
  const ended = (ip: string) => from(ip, `/api/auth/sso/${provider.id}/callback`)
  for (let at = 0; at < 60; at++) expect(await ended('192.0.2.4')).toBe(302)
  expect(await ended('192.0.2.4')).toBe(429)
})

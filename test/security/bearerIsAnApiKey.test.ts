import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { COOKIE, keyOf, person, session, withHeaders } from '../users/people.ts'

let app: TestApp
let sessionToken: string
let key: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  const { email } = await person(app, 'SUPER_ADMIN')
  sessionToken = (await session(app, email)).token
  key = (await keyOf(app, email)).token
})
afterAll(() => app.close())

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = part({ sub: 'admin@example.com', role: 'SUPER_ADMIN', exp: 4_000_000_000 })
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rs256 = `${part({ alg: 'RS256' })}.${claims}`

const bearers: [string, () => string][] = [
  ['an unsigned JSON web token', () => `${part({ alg: 'none' })}.${claims}.`],
  ['a token signed with an empty secret', () => hs256('')],
  ['a token signed with the API key', () => hs256(key)],
  [
    'an id token of some provider',
    () => `${rs256}.${sign('sha256', Buffer.from(rs256), privateKey).toString('base64url')}`,
  ],
  ['a session’s token', () => sessionToken],
  ['the beginning of a key', () => key.slice(0, -1)],
  ['a key with something after it', () => `${key}x`],
  ['a key in capitals', () => key.toUpperCase()],
  ['the visible prefix of a key', () => key.split('_').slice(0, 2).join('_')],
  ['nothing', () => ''],
]
function hs256(secret: string): string {
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${claims}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const me = async (headers: Record<string, string>) => (await withHeaders(app, headers)).get('/api/auth/me')

test.each(bearers)('%s is no API key', async (_, make) => {
  expect((await me({ authorization: `Bearer ${make()}` })).status).toBe(401)
})

test('an API key is no session, and neither is a JSON web token', async () => {
  for (const value of [key, `${part({ alg: 'none' })}.${claims}.`])
    expect((await me({ cookie: `${COOKIE}=${value}` })).status).toBe(401)
})

test('the key and the session themselves are good where they belong', async () => {
  expect((await me({ authorization: `Bearer ${key}` })).status).toBe(200)
  expect((await me({ cookie: `${COOKIE}=${sessionToken}` })).status).toBe(200)
})

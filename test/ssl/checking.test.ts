import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import type { SslIssuer, SslIssuerCheck } from '../../shared/api/sslIssuers.ts'
import type { Setup } from '../../shared/api/dashboardSetup.ts'
import * as sslService from '../../src/services/sslService.ts'
import { good } from '../rules/pods.ts'
import { startApp } from '../support/app.ts'
import { EXTERNAL_ACCOUNT, startPebble, type Pebble } from '../support/pebble.ts'
import { startSslWorld, type SslWorld } from './world.ts'

const ISSUERS = '/api/admin/ssl/issuers'
let world: SslWorld
let strict: Pebble
beforeAll(async () => {
  world = await startSslWorld({ worker: false })
  strict = await startPebble({ dns: world.dns.address, externalAccount: true })
})
afterAll(async () => {
  await world.close()
  await strict.close()
})

const check = async (id: string): Promise<string[]> =>
  (await good(world.app.admin.post<SslIssuerCheck>(`${ISSUERS}/${id}/check`, {}))).problems

const issuer = (name: string, more: object = {}): Promise<SslIssuer> =>
  good(
    world.app.admin.post<SslIssuer>(ISSUERS, {
      name,
      directoryUrl: strict.directoryUrl,
      caPem: strict.caPem,
      priority: 500,
      ...more,
    }),
  )
const known = async (id: string) => (await world.app.admin.get<SslIssuer>(`${ISSUERS}/${id}`)).body

test('a check reaches the CA and makes the account there, once; the guide says so', async () => {
  const ca = async () =>
    (await world.app.admin.get<Setup>('/api/admin/setup')).body.steps.find(({ step }) => step === 'ca')
  expect(await ca()).toMatchObject({ state: 'unproven', id: world.issuer.id })
  expect(await check(world.issuer.id)).toEqual([])
  expect(await ca()).toMatchObject({ state: 'connected' })
  expect(await check(world.issuer.id)).toEqual([])
  const { rows } = await world.app.as(async ({ tx }) => ({
    rows: await tx.selectFrom('acme_accounts').select('url').execute(),
  }))
  expect(rows).toEqual([{ url: expect.stringContaining('/my-account/') }])
  const { body } = await world.app.admin.get<{ items: unknown[] }>(
    '/api/admin/audit/events?action=SSL_ISSUER_CHECKED',
  )
  expect(body.items).toHaveLength(2)
})

test('a check says what is missing: an external account, its right key, a profile, an answer', async () => {
  const wanting = await issuer('Wanting')
  expect(await check(wanting.id)).toEqual([expect.stringContaining('wants an external account')])
  expect((await known(wanting.id)).problem).toContain('wants an external account')
  const hmacKey = EXTERNAL_ACCOUNT.hmacKey.replace('z', 'y')
  expect(await check((await issuer('Wrong', { eab: { ...EXTERNAL_ACCOUNT, hmacKey } })).id)).toHaveLength(1)
  const right = await issuer('Right', { eab: EXTERNAL_ACCOUNT, profile: 'nonsense' })
  expect(await check(right.id)).toEqual([expect.stringContaining('The CA has no profile nonsense')])
  const silent = await issuer('Silent', { directoryUrl: 'https://localhost:1/dir' })
  expect(await check(silent.id)).toEqual([expect.stringContaining('no connection')])
})

test('a CA in our own networks is not reached unless these are allowed, and the private CA is not asked', async () => {
  const app = await startApp({ blueprints: false, worker: false })
  try {
    const made = await good(
      app.admin.post<SslIssuer>(ISSUERS, { name: 'Inside', directoryUrl: strict.directoryUrl }),
    )
    const { body } = await app.admin.post<SslIssuerCheck>(`${ISSUERS}/${made.id}/check`, {})
    expect(body.problems).toEqual([expect.stringContaining('not on the public internet')])
    const { id } = await app.as((ctx) => sslService.privateIssuer(ctx))
    const refused = await app.admin.post<Problem>(`${ISSUERS}/${id}/check`, {})
    expect(refused.body.code).toBe('invalid_state')
  } finally {
    await app.close()
  }
})

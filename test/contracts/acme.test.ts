import type { X509Certificate } from 'node:crypto'
import { Client } from 'acme-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAcme } from '../../src/integrations/acme/client.ts'
import type { Acme, AcmeOrder, AcmeOutcome } from '../../src/integrations/acme/types.ts'
import { networks } from '../../src/lib/outgoing.ts'
import { makeRequest, newKey } from '../../src/lib/x509/make.ts'
import { ariIdOf, certificatesIn, leadsTo, requireChain, requireKeyOf } from '../../src/lib/x509/read.ts'
import { startAcmeProxy, type AcmeProxy } from '../support/acmeProxy.ts'
import { startNames, type Names } from '../support/names.ts'
import { EXTERNAL_ACCOUNT, startPebble, type Pebble } from '../support/pebble.ts'

const LOOPBACK = networks(['127.0.0.0/8', '::1/128'])
let names: Names
let pebble: Pebble
let proxy: AcmeProxy
beforeAll(async () => {
  names = await startNames()
  pebble = await startPebble({ dns: names.address, nonceReject: 30 })
  proxy = await startAcmeProxy(pebble)
})
afterAll(async () => {
  await proxy.close()
  await pebble.close()
  await names.close()
})

function value<T>(outcome: AcmeOutcome<T>): T {
  if (outcome.outcome !== 'ok') throw new Error(JSON.stringify(outcome))
  return outcome.value
}

const clientOf = (
  accountKeyPem: string,
  accountUrl: string | null = null,
  to: Pebble | AcmeProxy = proxy,
): Acme =>
  createAcme(LOOPBACK, { directoryUrl: to.directoryUrl, ca: pebble.caPem, accountKeyPem, accountUrl })

async function registered(): Promise<{ acme: Acme; key: string; url: string }> {
  const key = await newKey()
  const acme = clientOf(key)
  const { url } = value(await acme.register({ email: 'ops@example.com' }))
  return { acme, key, url }
}

/** Proves every name of an order by DNS, and waits until the CA has looked. */
async function proven(acme: Acme, order: AcmeOrder): Promise<AcmeOrder> {
  for (const url of order.authorizations) {
    const found = value(await acme.authorization(url))
    const challenge = found.challenges.find(({ type }) => type === 'dns-01')
    if (!challenge) throw new Error('no proof by DNS')
    const name = `_acme-challenge.${found.name}`
    names.txt.set(name, [...(names.txt.get(name) ?? []), acme.words.proofOf(challenge.token).dns])
    value(await acme.answer(challenge.url))
  }
  return settled(acme, order.url, ['ready', 'invalid'])
}

async function settled(acme: Acme, url: string, states: readonly string[]): Promise<AcmeOrder> {
  for (;;) {
    const order = value(await acme.order(url))
    if (states.includes(order.status)) return order
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

async function issued(
  acme: Acme,
  order: AcmeOrder,
): Promise<{ chain: X509Certificate[]; key: string; alternates: string[] }> {
  const ready = await proven(acme, order)
  expect(ready.status).toBe('ready')
  const key = await newKey()
  value(await acme.finalize(order.finalizeUrl, await makeRequest(order.names, key)))
  const done = await settled(acme, order.url, ['valid', 'invalid'])
  const { pem, alternates } = value(await acme.certificate(done.certificateUrl ?? ''))
  return { chain: certificatesIn(pem), key, alternates }
}

test('a name and its wildcard are issued in one order, with a chain to the root and to another one, and revoked', async () => {
  const { acme } = await registered()
  const order = value(await acme.newOrder({ names: ['example.test', '*.example.test'] }))
  const { chain, key, alternates } = await issued(acme, order)
  const leaf = requireChain(chain)
  requireKeyOf(leaf, key)
  expect(leaf.checkHost('any.example.test')).toBe('*.example.test')
  expect(leadsTo(chain, certificatesIn(await pebble.rootPem()))).toBe(true)
  const other = certificatesIn(value(await acme.certificate(alternates[0] ?? '')).pem)
  expect(other.at(-1)?.issuer).not.toBe(chain.at(-1)?.issuer)
  expect(value(await acme.revoke(leaf.raw, 4))).toBeNull()
  expect(await pebble.statusOf(leaf.serialNumber)).toBe('Revoked')
  expect(await acme.revoke(leaf.raw, 4)).toMatchObject({ outcome: 'rejected', code: 'already_revoked' })
})

test('an account is found by its key, goes on with another key, and one that the CA has lost is said to be missing', async () => {
  const { acme, key, url } = await registered()
  expect(value(await clientOf(key).register({ email: null, onlyExisting: true }))).toEqual({ url })
  const other = await newKey()
  expect(value(await acme.changeKey(other))).toBeNull()
  expect(value(await acme.newOrder({ names: ['a.test'] })).status).toBe('pending')
  expect(await clientOf(key).register({ email: null, onlyExisting: true })).toMatchObject({
    code: 'account_missing',
  })
  expect(value(await clientOf(other).register({ email: null, onlyExisting: true }))).toEqual({ url })
})

test('refusals are told by what they mean: a wrong proof, a name the CA does not want, an order that is not ready', async () => {
  const { acme } = await registered()
  expect(await acme.newOrder({ names: ['blocked.test'] })).toMatchObject({
    code: 'name_refused',
    retryable: false,
  })
  const order = value(await acme.newOrder({ names: ['wrong.test'] }))
  expect(
    await acme.finalize(order.finalizeUrl, await makeRequest(['wrong.test'], await newKey())),
  ).toMatchObject({
    code: 'order_not_ready',
  })
  const [url = ''] = order.authorizations
  const challenge = value(await acme.authorization(url)).challenges.find(({ type }) => type === 'dns-01')
  value(await acme.answer(challenge?.url ?? ''))
  expect((await settled(acme, order.url, ['invalid'])).status).toBe('invalid')
  expect(
    value(await acme.authorization(url)).challenges.find(({ type }) => type === 'dns-01')?.problem,
  ).toContain('TXT')
  const given = value(await acme.newOrder({ names: ['given-up.test'] }))
  value(await acme.deactivate(given.authorizations[0] ?? ''))
  expect((await settled(acme, given.url, ['invalid'])).status).toBe('invalid')
})

test('a CA that wants an external account gets one, and refuses a wrong key of it', async () => {
  const strict = await startPebble({ dns: names.address, externalAccount: true })
  const connect = async () =>
    createAcme(LOOPBACK, {
      directoryUrl: strict.directoryUrl,
      ca: strict.caPem,
      accountKeyPem: await newKey(),
      accountUrl: null,
    })
  try {
    expect(value(await (await connect()).directory()).needsExternalAccount).toBe(true)
    expect(await (await connect()).register({ email: null })).toMatchObject({ code: 'external_account' })
    const wrong = { ...EXTERNAL_ACCOUNT, hmacKey: EXTERNAL_ACCOUNT.hmacKey.replace('z', 'y') }
    expect(await (await connect()).register({ email: null, externalAccount: wrong })).toMatchObject({
      outcome: 'rejected',
    })
    expect(
      (await (await connect()).register({ email: null, externalAccount: EXTERNAL_ACCOUNT })).outcome,
    ).toBe('ok')
  } finally {
    await strict.close()
  }
})

test('limits, lost answers and suggestions of the CA are told: Retry-After, unknown, the window, replaces', async () => {
  const { acme } = await registered()
  proxy.faults.push({
    path: /^\/order-plz/,
    times: 1,
    status: 429,
    type: 'rateLimited',
    detail: 'Too many.',
    retryAfter: '120',
  })
  expect(await acme.newOrder({ names: ['b.test'] })).toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 120_000,
    retryable: false,
  })
  proxy.cutAfter.push({ path: /^\/order-plz/, times: 1 })
  expect((await acme.newOrder({ names: ['lost.test'] })).outcome).toBe('unknown')
  const lost = value(await acme.unfinishedOrders()).filter((order) => order.names.includes('lost.test'))
  expect(lost).toHaveLength(1)
  const { chain } = await issued(acme, value(await acme.newOrder({ names: ['ari.test'] })))
  const ariId = ariIdOf(requireChain(chain)) ?? ''
  const window = { start: new Date('2030-01-01T00:00:00Z'), end: new Date('2030-01-02T00:00:00Z') }
  proxy.windows.set(ariId, window)
  expect(value(await acme.renewalInfo(ariId))).toMatchObject({ ...window, retryAfterMs: 21_600_000 })
  expect((await acme.newOrder({ names: ['ari.test'], replaces: ariId })).outcome).toBe('ok')
  expect(await acme.newOrder({ names: ['ari.test'], replaces: ariId })).toMatchObject({
    code: 'already_replaced',
  })
  const gone = createAcme(LOOPBACK, {
    directoryUrl: 'https://localhost:1/dir',
    accountKeyPem: await newKey(),
    accountUrl: null,
  })
  expect(await gone.directory()).toMatchObject({ outcome: 'rejected', code: 'unreachable', retryable: true })
})

test('a CA in our own networks is reached only where these are allowed, whether it is named or numbered', async () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    const directoryUrl = pebble.directoryUrl.replace('localhost', host)
    const connection = { directoryUrl, ca: pebble.caPem, accountKeyPem: await newKey(), accountUrl: null }
    expect(await createAcme(networks([]), connection).register({ email: null })).toMatchObject({
      outcome: 'rejected',
      code: 'unreachable',
      message: expect.stringContaining('not on the public internet'),
    })
  }
})

test('a client that others have written works with the account of ours', async () => {
  const { key, url } = await registered()
  const { Agent } = await import('node:https')
  const { axios } = await import('acme-client')
  axios.defaults.httpsAgent = new Agent({ ca: pebble.caPem })
  const peer = new Client({
    directoryUrl: pebble.directoryUrl,
    accountKey: key,
    accountUrl: url.replace(/:\d+\//, `:${pebble.port}/`),
  })
  const order = await peer.createOrder({ identifiers: [{ type: 'dns', value: 'peer.test' }] })
  expect(order.status).toBe('pending')
})

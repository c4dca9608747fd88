import { spawnSync } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { createServer } from 'node:tls'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SslCertificate, SslDeployment } from '../../shared/api/ssl.ts'
import { makeRoot, newKey, signWith } from '../../src/lib/x509/make.ts'
import { ariIdOf, certificatesIn, leadsTo, requireChain } from '../../src/lib/x509/read.ts'
import * as sslService from '../../src/services/sslService.ts'
import { finished, until } from '../support/app.ts'
import { startPebble } from '../support/pebble.ts'
import { CERTIFICATES, startSslWorld, type SslWorld } from './world.ts'

let world: SslWorld
let tenantId: string
beforeAll(async () => {
  world = await startSslWorld({ lifeSeconds: 400 })
  tenantId = await world.app.tenant()
})
afterAll(() => world.close())

const chainOf = async (id: string): Promise<string> =>
  (await world.app.admin.get<{ pem: string }>(`${CERTIFICATES}/${id}/chain`)).body.pem

/** What the name servers have at the name of a proof. */
async function txtAt(name: string): Promise<string[]> {
  const resolver = new Resolver()
  resolver.setServers([world.dns.address])
  const found = await resolver.resolveTxt(`_acme-challenge.${name}`).catch(() => [])
  return found.map((parts) => parts.join(''))
}

const events = async (id: string): Promise<string[]> => {
  const { rows } = await world.app.as((ctx) =>
    sql<{ action: string }>`select action from audit_events where target_id = ${id} order by id`.execute(
      ctx.tx,
    ),
  )
  return rows.map(({ action }) => action)
}

/** Has the certificate's time come, as if so long had passed. */
const makeDue = (id: string): Promise<unknown> =>
  world.app.as((ctx) => sql`update ssl_certificates set due_at = now() where id = ${id}`.execute(ctx.tx))

test('a name and its wildcard are issued in one order through PowerDNS, verified to the root, and no proof is left', async () => {
  const { name } = await world.domain(tenantId)
  const { certificate, job } = await world.request(tenantId, [name, `*.${name}`])
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  const chain = certificatesIn(await chainOf(certificate.id))
  expect(leadsTo(chain, certificatesIn(await world.pebble.rootPem()))).toBe(true)
  expect(requireChain(chain).checkHost(`www.${name}`)).toBe(`*.${name}`)
  expect(await world.orders(certificate.id)).toMatchObject([
    {
      state: 'valid',
      challenges: [
        { type: 'dns-01', state: 'cleaned' },
        { type: 'dns-01', state: 'cleaned' },
      ],
    },
  ])
  await until(async () => (await txtAt(name)).length === 0, 'the proofs to be gone')
  expect(await events(certificate.id)).toEqual(['SSL_ISSUE_REQUESTED', 'SSL_ISSUED'])
  expect(await world.get(certificate.id)).toMatchObject({
    state: 'issued',
    problem: null,
    versions: [{ state: 'current' }],
  })
  expect(await world.app.admin.post(CERTIFICATES, { tenantId, names: [`*.${name}`, name] })).toMatchObject({
    status: 409,
  })
})

test('a name is proven by HTTP at our own server, and the proof is gone afterwards', async () => {
  const { id, name } = await world.domain(tenantId)
  const put = { name: '@', type: 'A', ttl: 60, contents: ['127.0.0.1'] }
  await world.app.admin.call('PUT', `/api/admin/domains/${id}/records`, put)
  const { certificate, job } = await world.request(tenantId, [name], { challenge: 'http-01' })
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  const { rows } = await world.app.as((ctx) =>
    sql<{ token: string }>`select token from acme_challenges c
    join acme_orders o on o.id = c.order_id where o.certificate_id = ${certificate.id}`.execute(ctx.tx),
  )
  expect(rows).toHaveLength(1)
  expect((await fetch(`${world.app.url}/.well-known/acme-challenge/${rows[0]?.token}`)).status).toBe(404)
})

test('a certificate is renewed again and again: at once when the window of its CA is past, then by replaces; refused replaces are left out', async () => {
  const { name } = await world.domain(tenantId)
  const { certificate, job } = await world.request(tenantId, [name])
  await finished(world.app.admin, job.id)
  const { root } = world.app
  const ariId = ariIdOf(requireChain(certificatesIn(await chainOf(certificate.id)))) ?? ''
  world.proxy.windows.set(ariId, {
    start: new Date(Date.now() - 7_200_000),
    end: new Date(Date.now() - 3_600_000),
  })
  await sslService.askForWindows(root)
  const planned = await world.get(certificate.id)
  expect(Date.parse(planned.dueAt ?? '')).toBeLessThan(Date.now())
  expect(planned.window?.url).toBe('https://ca.example.com/why')
  const renewed = async (): Promise<void> => {
    await sslService.renewDue(root)
    const rested = await world.settled(certificate.id)
    expect(rested.problem).toBeNull()
  }
  await renewed()
  expect(world.proxy.replaced.has(ariId)).toBe(true)
  const second = ariIdOf(requireChain(certificatesIn(await chainOf(certificate.id)))) ?? ''
  world.proxy.replaced.add(second)
  await makeDue(certificate.id)
  await renewed()
  await makeDue(certificate.id)
  await renewed()
  const { versions } = await world.get(certificate.id)
  expect(versions.map(({ state }) => state)).toEqual(['current', 'superseded', 'superseded', 'superseded'])
  expect(new Set(versions.map(({ fingerprint }) => fingerprint)).size).toBe(4)
  expect((await events(certificate.id)).filter((action) => action === 'SSL_ISSUED')).toHaveLength(4)
})

test('a CA that says "too many" is left alone for as long as it says, and a CAA record that forbids stops before it is asked', async () => {
  const { id, name } = await world.domain(tenantId)
  world.proxy.faults.push({
    path: /^\/order-plz/,
    times: 1,
    status: 429,
    type: 'rateLimited',
    detail: 'Too many certificates.',
    retryAfter: '7200',
  })
  const limited = await world.request(tenantId, [name])
  const rested = await world.settled(limited.certificate.id)
  expect(rested).toMatchObject({
    state: 'pending',
    problem: { code: 'rate_limited', class: 'issuer' },
    failures: 1,
  })
  expect(Date.parse(rested.dueAt ?? '') - Date.now()).toBeGreaterThan(7_000_000)
  const forbid = { name: '@', type: 'CAA', ttl: 60, contents: ['0 issue ";"'] }
  const put = await world.app.admin.call<{ job: { id: string } }>(
    'PUT',
    `/api/admin/domains/${id}/records`,
    forbid,
  )
  await finished(world.app.admin, put.body.job.id)
  const before = world.proxy.seen.length
  const blocked = await world.request(tenantId, [`www.${name}`])
  expect(await world.settled(blocked.certificate.id)).toMatchObject({
    problem: { code: 'caa_forbids', class: 'blocked', message: expect.stringContaining(name) as string },
  })
  expect(await events(blocked.certificate.id)).toContain('SSL_BLOCKED')
  expect(world.proxy.seen.slice(before)).not.toContain('POST /order-plz')
  const taken = await world.app.admin.call<{ job: { id: string } }>(
    'DELETE',
    `/api/admin/domains/${id}/records?name=@&type=CAA`,
  )
  await finished(world.app.admin, taken.body.job.id)
  await makeDue(blocked.certificate.id)
  await sslService.renewDue(world.app.root)
  expect(await world.settled(blocked.certificate.id)).toMatchObject({ state: 'issued', problem: null })
})

test('certificates of a few seconds are renewed by their life alone, and by another issuer while the first one fails', async () => {
  const { admin, root } = world.app
  const brief = await startPebble({ dns: world.dns.address, lifeSeconds: 4 })
  try {
    const shape = { name: 'Brief', directoryUrl: brief.directoryUrl, caPem: brief.caPem, priority: 200 }
    const issuer = (await admin.post<{ id: string }>('/api/admin/ssl/issuers', shape)).body
    const { name } = await world.domain(tenantId)
    const { certificate } = await world.request(tenantId, [name], { issuerId: issuer.id })
    await until(async () => {
      await sslService.renewDue(root)
      return (await world.get(certificate.id)).versions.length >= 4
    }, 'three renewals')
    await admin.call('DELETE', `${CERTIFICATES}/${certificate.id}`)
    const busy = {
      path: /^\/order-plz/,
      times: 1,
      status: 429,
      type: 'rateLimited',
      detail: 'Too many.',
      retryAfter: '7200',
    }
    world.proxy.faults.push(busy)
    const second = (await world.request(tenantId, [`www.${name}`])).certificate
    const limited = await world.settled(second.id)
    expect(Date.parse(limited.dueAt ?? '') - Date.now()).toBeLessThan(120_000)
    await makeDue(second.id)
    await sslService.renewDue(root)
    expect(await world.settled(second.id)).toMatchObject({ state: 'issued' })
    expect((await world.orders(second.id)).map((order) => order.issuer)).toEqual(['Brief', 'Pebble'])
    await admin.call('DELETE', `${CERTIFICATES}/${second.id}`)
    await admin.call('DELETE', `/api/admin/ssl/issuers/${issuer.id}`)
  } finally {
    await brief.close()
  }
})

test('without another issuer the private CA signs, and names without a proven domain are refused', async () => {
  const { admin } = world.app
  await admin.call('DELETE', `/api/admin/ssl/issuers/${world.issuer.id}`)
  const { name } = await world.domain(tenantId)
  const { certificate, job } = await world.request(tenantId, [name, `*.${name}`])
  await finished(admin, job.id)
  const rootPem = (await admin.get<{ pem: string }>('/api/admin/ssl/root')).body.pem
  expect(leadsTo(certificatesIn(await chainOf(certificate.id)), certificatesIn(rootPem))).toBe(true)
  expect(await admin.post(CERTIFICATES, { tenantId, names: ['not-mine.test'] })).toMatchObject({
    status: 422,
    body: { code: 'invalid_input', detail: expect.stringContaining('verified domain') as string },
  })
  await watched(certificate, name)
  const taken = await admin.post<{ keyPem: string }>(`${CERTIFICATES}/${certificate.id}/key`, {})
  expect(taken.body.keyPem).toContain('PRIVATE KEY')
  expect(await events(certificate.id)).toContain('SSL_KEY_DOWNLOADED')
  const revoked = await admin.post<{ job: { id: string } }>(`${CERTIFICATES}/${certificate.id}/revoke`, {
    reason: 'superseded',
  })
  await finished(admin, revoked.body.job.id)
  expect(await world.get(certificate.id)).toMatchObject({
    state: 'revoked',
    versions: [{ revokeReason: 'superseded' }],
  })
  const other = await world.request(tenantId, [`www.${name}`])
  await finished(admin, other.job.id)
  expect(await verdictOf(rootPem, await chainOf(certificate.id))).toContain('certificate revoked')
  expect(await verdictOf(rootPem, await chainOf(other.certificate.id))).toContain('OK')
})

/** What OpenSSL says of a certificate with the list that the certificate itself names. */
async function verdictOf(rootPem: string, leafPem: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mpanel-crl-'))
  const file = (name: string): string => join(folder, name)
  const run = (...args: string[]): string => {
    const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
    return `${stdout}${stderr}`
  }
  await writeFile(file('root.pem'), rootPem)
  await writeFile(file('leaf.pem'), leafPem)
  const url = /URI:(\S+)/.exec(run('x509', '-in', file('leaf.pem'), '-noout', '-text'))?.[1] ?? ''
  expect(url).toBe(`${world.app.root.settings.publicUrl}/pki/private-ca.crl`)
  const list = await fetch(`${world.app.url}${new URL(url).pathname}`)
  await writeFile(file('list.der'), Buffer.from(await list.arrayBuffer()))
  run('crl', '-inform', 'DER', '-in', file('list.der'), '-out', file('list.pem'))
  const said = run(
    'verify',
    '-crl_check',
    '-CAfile',
    file('root.pem'),
    '-CRLfile',
    file('list.pem'),
    file('leaf.pem'),
  )
  await rm(folder, { recursive: true })
  return said
}

/** Looks at a server that first serves somebody else's certificate, then the one that was issued. */
async function watched(certificate: SslCertificate, name: string): Promise<void> {
  const { admin, root } = world.app
  const { keyPem, pem } = (
    await admin.post<{ keyPem: string; pem: string }>(`${CERTIFICATES}/${certificate.id}/key`, {})
  ).body
  const [caKey, key] = [await newKey(), await newKey()]
  const [notBefore, notAfter] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)]
  const foreign = await signWith(
    { pem: await makeRoot('Another CA', caKey, notBefore, notAfter), keyPem: caKey },
    { names: [name], keyPem: key, notBefore, notAfter },
  )
  const server = createServer({ key, cert: foreign })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const zone = (await admin.get<{ items: { id: string; name: string }[] }>(`/api/admin/domains?q=${name}`))
    .body
  const domainId = zone.items.find((one) => one.name === name)?.id ?? ''
  const put = await admin.call<{ job: { id: string } }>('PUT', `/api/admin/domains/${domainId}/records`, {
    name: '@',
    type: 'A',
    ttl: 60,
    contents: ['127.0.0.1'],
  })
  await finished(admin, put.body.job.id)
  const look = async (): Promise<SslDeployment | undefined> => {
    await admin.post(`${CERTIFICATES}/${certificate.id}/check`, {})
    await sslService.watchDue(root, address.port)
    const { items } = (
      await admin.get<{ items: SslDeployment[] }>(`${CERTIFICATES}/${certificate.id}/deployments`)
    ).body
    return items.find(({ port }) => port === address.port)
  }
  expect(await look()).toMatchObject({ finding: 'foreign_expiring', servedIssuer: 'Another CA' })
  expect((await admin.get<{ items: unknown[] }>('/api/admin/ssl/findings')).body.items).not.toEqual([])
  server.setSecureContext({ key: keyPem, cert: pem })
  expect(await look()).toMatchObject({ finding: null, message: null })
  server.close()
}

test('an uploaded certificate is taken when its chain, key, names and dates are right, and each fault is told', async () => {
  const { admin } = world.app
  const { name } = await world.domain(tenantId)
  const [caKey, key] = [await newKey(), await newKey()]
  const at = (days: number): Date => new Date(Date.now() + days * 86_400_000)
  const rootPem = await makeRoot('Bought CA', caKey, at(-10), at(100))
  const make = (notBefore: Date, notAfter: Date, names = [name]): Promise<string> =>
    signWith({ pem: rootPem, keyPem: caKey }, { names, keyPem: key, notBefore, notAfter })
  const upload = (chainPem: string, keyPem = key) =>
    admin.post<SslCertificate & { detail: string }>(`${CERTIFICATES}/upload`, { tenantId, chainPem, keyPem })
  const good = await make(at(-1), at(50))
  const faults: [string, string, string][] = [
    [`${rootPem}\n${good}`, key, 'put the one with your names first'],
    [good, caKey, 'not that of the certificate'],
    [await make(at(-9), at(-1)), key, 'ended on'],
    [await make(at(-1), at(50), ['strange.test']), key, 'verified domain'],
    ['nothing', key, 'no certificate'],
  ]
  for (const [chain, keyPem, message] of faults) {
    const answer = await upload(chain, keyPem)
    expect({ status: answer.status, detail: answer.body.detail }).toEqual({
      status: 422,
      detail: expect.stringContaining(message) as string,
    })
  }
  const made = await upload(`${good}\n${rootPem}`)
  expect(made).toMatchObject({ status: 201, body: { state: 'issued', source: 'uploaded', names: [name] } })
  const next = await make(at(-1), at(80))
  const replaced = await admin.post(`${CERTIFICATES}/${made.body.id}/upload`, { chainPem: next, keyPem: key })
  expect(replaced.status).toBe(200)
  expect((await world.get(made.body.id)).versions).toHaveLength(2)
  expect(await admin.post(`${CERTIFICATES}/${made.body.id}/renew`, {})).toMatchObject({ status: 409 })
})

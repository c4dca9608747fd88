import { once } from 'node:events'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from 'node:tls'
import type { Job, JobDetail } from '../../shared/api/provisioning.ts'
import type { SslIssuer } from '../../shared/api/sslIssuers.ts'
import { finished, until } from '../support/app.ts'
import { freePort } from '../support/pebble.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { CERTIFICATES, startSslWorld, type SslWorld } from './world.ts'

let world: SslWorld
let second: PowerDns
let tenantId: string
beforeAll(async () => {
  const tlsPort = await freePort()
  world = await startSslWorld({
    delegated: true,
    tlsPort,
    env: { MPANEL_TLS_ALPN_LISTEN: `127.0.0.1:${tlsPort}` },
  })
  second = await startPowerDns({ host: '127.0.0.2', dnsPort: Number(world.dns.address.split(':')[1]) })
  tenantId = await world.app.tenant()
})
afterAll(async () => {
  await world.close()
  await second.close()
})

/** A name that leads to this machine. */
async function reachable(): Promise<string> {
  const { id, name } = await world.domain(tenantId)
  const put = { name: '@', type: 'A', ttl: 60, contents: ['127.0.0.1'] }
  const { body } = await world.app.admin.call<{ job: Job }>('PUT', `/api/admin/domains/${id}/records`, put)
  await finished(world.app.admin, body.job.id)
  return name
}

const waitsFor = (jobId: string, text: string): Promise<unknown> =>
  until(async () => {
    const { body } = await world.app.admin.get<JobDetail>(`/api/admin/provisioning/jobs/${jobId}`)
    return JSON.stringify(body).includes(text)
  }, `the job to say: ${text}`)

test('a CA is told that a proof is ready only when every name server that the parent names shows it, and the one that lags is named', async () => {
  const { name } = await world.domain(tenantId)
  await second.call('POST', '/zones', { name: `${name}.`, kind: 'Native', nameservers: ['ns2.test.'] })
  const { certificate, job } = await world.request(tenantId, [`*.${name}`])
  await waitsFor(job.id, `ns2.test does not show _acme-challenge.${name} yet`)
  expect(world.proxy.seen.filter((line) => line.startsWith('POST /chalZ'))).toEqual([])
  const { rows } = await world.app.as((ctx) =>
    sql<{ value: string }>`select c.value from acme_challenges c join acme_orders o on o.id = c.order_id
      where o.certificate_id = ${certificate.id}`.execute(ctx.tx),
  )
  const content = JSON.stringify(rows[0]?.value)
  const rrset = { name: `_acme-challenge.${name}.`, type: 'TXT', ttl: 60, changetype: 'REPLACE' }
  await second.call('PATCH', `/zones/${name}.`, {
    rrsets: [{ ...rrset, records: [{ content, disabled: false }] }],
  })
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  expect(await world.get(certificate.id)).toMatchObject({ state: 'issued' })
})

test('a name server that does not answer is named and waited for, but keeps nobody from a certificate for good', async () => {
  const { name } = await world.domain(tenantId)
  await second.stop()
  const { job } = await world.request(tenantId, [`*.${name}`])
  await waitsFor(job.id, 'ns2.test')
  world.app.clock.offsetMs = 61_000
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  world.app.clock.offsetMs = 0
  await second.start()
})

test('a name is proven by TLS at a listener of ours, and who asks for another name gets no connection', async () => {
  const name = await reachable()
  const { certificate, job } = await world.request(tenantId, [name], { challenge: 'tls-alpn-01' })
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  expect((await world.orders(certificate.id))[0]?.challenges).toEqual([
    { name, type: 'tls-alpn-01', state: 'cleaned' },
  ])
  const { port = 0 } = world.app.config.tlsAlpn ?? {}
  const socket = connect({ port, servername: name, ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false })
  await expect(once(socket, 'secureConnect')).rejects.toThrow()
  const wildcard = { tenantId, names: [`*.${name}`], challenge: 'tls-alpn-01' }
  expect((await world.app.admin.post(CERTIFICATES, wildcard)).status).toBe(422)
})

test('an account gets another key, also when the answer of the CA is lost, and orders go on with it', async () => {
  const { admin } = world.app
  const path = `/api/admin/ssl/issuers/${world.issuer.id}`
  const change = async (): Promise<Job> => {
    const asked = await admin.post<{ jobId: string }>(`${path}/account-key`, {})
    expect(asked.status).toBe(202)
    return finished(admin, asked.body.jobId)
  }
  const sealed = async (): Promise<string> => {
    const { rows } = await world.app.as((ctx) =>
      sql<{ key: string }>`select encode(key_sealed, 'hex') as key from acme_accounts`.execute(ctx.tx),
    )
    return rows.map(({ key }) => key).join()
  }
  const before = await sealed()
  world.proxy.cutAfter.push({ path: /rollover/, times: 1 })
  expect(await change()).toMatchObject({ state: 'succeeded' })
  const between = await sealed()
  const fault = { path: /rollover/, times: 1, status: 500, type: 'serverInternal', detail: 'Later.' }
  world.proxy.faults.push(fault)
  expect(await change()).toMatchObject({ state: 'succeeded' })
  expect(new Set([before, between, await sealed()]).size).toBe(3)
  const refused = { path: /rollover/, times: 1, status: 400, type: 'malformed', detail: 'Never.' }
  world.proxy.faults.push(refused)
  expect(await change()).toMatchObject({ state: 'failed' })
  expect((await admin.get<SslIssuer>(path)).body).toMatchObject({ isChangingKey: false })
  const { job } = await world.request(tenantId, [await reachable()], { challenge: 'http-01' })
  expect((await finished(admin, job.id)).error).toBeNull()
})

test('more certificates a week for a domain than the issuer is to be asked for wait, and say until when', async () => {
  const { admin } = world.app
  const path = `/api/admin/ssl/issuers/${world.issuer.id}`
  const { version } = (await admin.get<SslIssuer>(path)).body
  await admin.call('PATCH', path, { domainBudget: 1 }, { 'if-match': `"v${version}"` })
  const { name } = await world.domain(tenantId)
  await world.app.as((ctx) =>
    sql`insert into ssl_domain_budgets values (${world.issuer.id}, ${name}, ${new Date(Date.now() + 7 * 86_400_000)})`.execute(
      ctx.tx,
    ),
  )
  const asked = world.proxy.seen.length
  const { certificate } = await world.request(tenantId, [`www.${name}`])
  const rested = await world.settled(certificate.id)
  expect(rested.problem).toMatchObject({
    code: 'budget_spent',
    message: expect.stringMatching(
      /used up: the next one can be ordered on \d+ \w+ \d{4}, \d\d:\d\d UTC/,
    ) as string,
  })
  expect(Date.parse(rested.dueAt ?? '') - Date.now()).toBeGreaterThan(6 * 86_400_000)
  expect(world.proxy.seen.slice(asked)).not.toContain('POST /order-plz')
})

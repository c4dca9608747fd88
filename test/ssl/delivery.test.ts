import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer, type Server } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Permission } from '../../shared/permissions.ts'
import type { SslCertificateDetail, SslDeployment } from '../../shared/api/ssl.ts'
import type { SslDeployments, SslTarget, SslTargetMade } from '../../shared/api/sslTargets.ts'
import { makeRoot, newKey, signWith } from '../../src/lib/x509/make.ts'
import * as sslService from '../../src/services/sslService.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { good } from '../rules/pods.ts'
import { catalogue, createApi } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { localhostTls } from '../support/pebble.ts'
import { keyOf, person } from '../users/people.ts'

const CERTIFICATES = '/api/admin/ssl/certificates'
const DAY_MS = 86_400_000
let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ env: LOOPBACK })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

/** A certificate of the private CA. */
async function certificate(): Promise<SslCertificateDetail> {
  const { name } = await domainIn(app, tenantId)
  const asked = await good(
    app.admin.post<{ certificate: { id: string }; job: Job }>(CERTIFICATES, { tenantId, names: [name] }),
  )
  await finished(app.admin, asked.job.id)
  return one(asked.certificate.id)
}
const one = async (id: string): Promise<SslCertificateDetail> =>
  good(app.admin.get<SslCertificateDetail>(`${CERTIFICATES}/${id}`))

async function renew(id: string): Promise<void> {
  const { job } = await good(app.admin.post<{ job: Job }>(`${CERTIFICATES}/${id}/renew`, {}))
  await finished(app.admin, job.id)
}

async function pod(kind: 'vm' | 'ct'): Promise<CloudPod> {
  const { plan, blueprint } = await catalogue(app.admin, kind)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: `p${Date.now()}${kind}` }
  const { cloudPod, job } = await good(
    app.admin.post<{ cloudPod: CloudPod; job: Job }>('/api/admin/hosting/cloudpods', order),
  )
  await finished(app.admin, job.id)
  return cloudPod
}

const add = (id: string, body: object) =>
  app.admin.post<SslTargetMade & { detail: string; code: string }>(`${CERTIFICATES}/${id}/deployments`, body)
const deployments = (id: string): Promise<SslDeployments> =>
  good(app.admin.get<SslDeployments>(`${CERTIFICATES}/${id}/deployments`))
const target = async (id: string): Promise<SslTarget> => {
  const [first] = (await deployments(id)).targets
  if (!first) throw new Error('there is no target')
  return first
}
/** The target once it says so; its next look, and after a failure its next attempt, come at once. */
const inState = (id: string, state: SslTarget['state']): Promise<SslTarget> =>
  until(async () => {
    if (state !== 'failed')
      await app.as((ctx) =>
        sql`update ssl_targets set check_at = now() where check_at > now()`.execute(ctx.tx),
      )
    await sslService.proveDue(app.root)
    const seen = await target(id)
    return seen.state === state && seen
  }, `the target to be ${state}`)

const events = async (id: string): Promise<string[]> => {
  const { rows } = await app.as((ctx) =>
    sql<{ action: string }>`select action from audit_events where target_id = ${id} order by id`.execute(
      ctx.tx,
    ),
  )
  return rows.map(({ action }) => action)
}

/** A server as an edge is one: with some certificate that is not ours at first. */
async function edge(name: string): Promise<Server & { port: number }> {
  const [caKey, key] = [await newKey(), await newKey()]
  const [notBefore, notAfter] = [new Date(Date.now() - DAY_MS), new Date(Date.now() + 90 * DAY_MS)]
  const pem = await makeRoot('Another CA', caKey, notBefore, notAfter)
  const cert = await signWith({ pem, keyPem: caKey }, { names: [name], keyPem: key, notBefore, notAfter })
  const server = createServer({ key, cert })
  server.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as AddressInfo).port })
}

test('an agent with a key for its pod alone fetches what is delivered there, each fetch of a key is written down, and a handshake proves it', async () => {
  const [mine, strange] = [await certificate(), await certificate()]
  const [own, other] = [await pod('ct'), await pod('ct')]
  const server = await edge(mine.names[0] ?? '')
  const made = await add(mine.id, { kind: 'agent', podId: own.id, host: '127.0.0.1', port: server.port })
  expect(made).toMatchObject({ status: 201, body: { state: 'waiting', secret: null } })
  const key = (id: string) =>
    keyOf(app, 'admin@example.com', {
      tenantId,
      scopes: ['ssl:install'],
      resources: [{ type: 'cloudPod', id }],
    })
  const agent = (await key(own.id)).api
  const AT = `/api/agent/pods/${own.id}/certificates`
  expect((await agent.get(AT)).body).toMatchObject({ items: [{ id: mine.id, installed: false }] })
  type Fetched = { fingerprint: string; chainPem: string; keyPem: string }
  const fetched = await agent.get<Fetched>(`${AT}/${mine.id}`)
  expect(fetched.headers.get('etag')).toBe(`"${fetched.body.fingerprint}"`)
  const unchanged = { 'if-none-match': `"${fetched.body.fingerprint}"` }
  const head = await agent.call('GET', `${AT}/${mine.id}`, undefined, unchanged)
  expect([
    head.status,
    (await events(mine.id)).filter((action) => action === 'SSL_KEY_FETCHED').length,
  ]).toEqual([304, 1])
  // Nothing else: not another certificate, not through another pod, not by a person's session, not without the scope.
  const refused = async (api: typeof agent, path: string): Promise<number> => (await api.get(path)).status
  expect(await refused(agent, `${AT}/${strange.id}`)).toBe(404)
  expect(await refused((await key(other.id)).api, `${AT}/${mine.id}`)).toBe(403)
  expect(await refused(app.admin, `${AT}/${mine.id}`)).toBe(403)
  expect(await refused(agent, `${CERTIFICATES}/${mine.id}`)).toBe(403)
  expect(await refused(await createApi(app.url, undefined), `${AT}/${mine.id}`)).toBe(401)

  const report = (body: object) => agent.post(`${AT}/${mine.id}/report`, body)
  const { fingerprint } = fetched.body
  expect((await report({ fingerprint: '0'.repeat(64), ok: true })).status).toBe(409)
  await report({ fingerprint, ok: false, message: 'nginx: configuration test failed' })
  expect(await target(mine.id)).toMatchObject({
    state: 'failed',
    problem: { code: 'agent_failed', message: 'nginx: configuration test failed' },
  })
  await report({ fingerprint, ok: true })
  expect(await target(mine.id)).toMatchObject({ state: 'delivered', problem: null })
  await sslService.proveDue(app.root)
  const onItsWay = (await deployments(mine.id)).items.find(({ port }) => port === server.port)
  expect(onItsWay).toMatchObject({ finding: null, servedIssuer: 'Another CA' })
  app.clock.offsetMs = 16 * 60_000
  await inState(mine.id, 'delivered')
  const late = (await deployments(mine.id)).items.find(({ port }) => port === server.port)
  expect(late).toMatchObject({
    finding: 'not_served',
    message: expect.stringContaining(own.hostname) as string,
  })
  const found = await app.admin.get<{ items: SslDeployment[] }>('/api/admin/ssl/findings')
  expect(found.body.items.map(({ targetId }) => targetId)).toContain(made.body.id)
  server.setSecureContext({ key: fetched.body.keyPem, cert: fetched.body.chainPem })
  await inState(mine.id, 'served')
  expect((await events(mine.id)).slice(-1)).toEqual(['SSL_DEPLOYED'])
  app.clock.offsetMs = 0
  await renew(mine.id)
  expect(await target(mine.id)).toMatchObject({ state: 'waiting' })
  expect((await agent.get(AT)).body).toMatchObject({ items: [{ installed: false }] })
  server.close()
})

test('a webhook gets each version signed, with the key only if it is to, is tried again while it refuses, and is forgotten once removed', async () => {
  const mine = await certificate()
  const tls = await localhostTls()
  const came: { headers: IncomingHttpHeaders; body: string }[] = []
  let refusals = 1
  const receiver = createHttps({ key: tls.key, cert: tls.cert }, (asked, answer) => {
    let body = ''
    asked.on('data', (part: Buffer) => (body += part.toString()))
    asked.on('end', () => {
      const refuses = refusals-- > 0
      if (!refuses) came.push({ headers: asked.headers, body })
      answer.writeHead(refuses ? 503 : 204).end()
    })
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const server = await edge(mine.names[0] ?? '')
  const made = await add(mine.id, {
    kind: 'webhook',
    name: 'Edge 1',
    address: `https://localhost:${port}/certificates`,
    caPem: tls.ca,
    withKey: true,
    host: '127.0.0.1',
    port: server.port,
  })
  const again = { kind: 'webhook', name: 'Edge 1', address: 'https://edge.example.com/x' }
  expect(await add(mine.id, again)).toMatchObject({ status: 409, body: { code: 'already_exists' } })
  await inState(mine.id, 'delivered')
  type Body = { event: string; fingerprint: string; chainPem: string; keyPem: string }
  const read = (at: number): Body => JSON.parse(came[at]?.body ?? '') as Body
  expect(read(0)).toMatchObject({ event: 'certificate.issued', names: mine.names })
  const [, seconds = '', signature] =
    /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(came[0]?.headers['mpanel-signature'])) ?? []
  const own = createHmac('sha256', made.body.secret ?? '').update(`${seconds}.${came[0]?.body ?? ''}`)
  expect(signature).toBe(own.digest('hex'))
  server.setSecureContext({ key: read(0).keyPem, cert: read(0).chainPem })
  await inState(mine.id, 'served')
  expect(JSON.stringify(await deployments(mine.id))).not.toContain(made.body.secret ?? '')

  await renew(mine.id)
  // The edge still serves the version before: nothing was taken away from it.
  await until(async () => came.length === 2, 'the second version')
  expect(await inState(mine.id, 'delivered')).toMatchObject({
    versionId: (await one(mine.id)).versions[0]?.id,
  })
  const path = `${CERTIFICATES}/${mine.id}/deployments/${made.body.id}`
  const asked = await good(app.admin.post<{ jobId: string }>(`${path}/deliver`, {}))
  await finished(app.admin, asked.jobId)
  expect(came.map(({ headers }) => headers['mpanel-delivery'])[2]).toBe(came[1]?.headers['mpanel-delivery'])
  expect((await app.admin.call('DELETE', path)).status).toBe(204)
  expect(await deployments(mine.id)).toEqual({ targets: [], items: [] })
  await renew(mine.id)
  expect(came).toHaveLength(3)
  receiver.close()
  server.close()
})

test('who may manage certificates but not open consoles adds no target whose command is run inside a machine', async () => {
  const mine = await certificate()
  const vm = await pod('vm')
  const { email } = await person(app, 'TENANT_OWNER', tenantId)
  const guest = {
    kind: 'guest',
    podId: vm.id,
    chainPath: '/etc/ssl/site.pem',
    keyPath: '/etc/ssl/site.key',
    reload: 'true',
  }
  const ask = async (scopes: readonly Permission[], body: object) => {
    const { api } = await keyOf(app, email, { tenantId, scopes })
    return api.post(`${CERTIFICATES}/${mine.id}/deployments`, body)
  }
  const managing = ['ssl:read', 'ssl:manage', 'cloudpods:read'] as const
  expect(await ask(managing, guest)).toMatchObject({
    status: 403,
    body: { code: 'forbidden', detail: expect.stringContaining('cloudpods:console') as string },
  })
  expect((await deployments(mine.id)).targets).toEqual([])
  expect((await ask(managing, { kind: 'agent', podId: vm.id })).status).toBe(201)
  expect((await ask([...managing, 'cloudpods:console'], guest)).status).toBe(201)
})

test('a certificate is installed through the guest agent of a VM, files go back when the server refuses them, and a container says why not', async () => {
  const mine = await certificate()
  const [vm, ct] = [await pod('vm'), await pod('ct')]
  const files = { chainPath: '/etc/ssl/site.pem', keyPath: '/etc/ssl/site.key' }
  const body = { kind: 'guest', ...files, reload: 'systemctl reload nginx' }
  expect(await add(mine.id, { ...body, podId: ct.id })).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('no guest agent') as string },
  })
  const guest = () => {
    const found = app.sim.control.guests().find(({ config }) => config.name === vm.hostname)
    if (!found) throw new Error('there is no guest')
    return found
  }
  app.sim.control.changeGuest(guest().vmid, { config: { agent: '0' } })
  await add(mine.id, { ...body, podId: vm.id })
  expect(await inState(mine.id, 'failed')).toMatchObject({
    problem: { code: 'guest_away', message: expect.stringContaining('qemu-guest-agent') as string },
  })
  app.sim.control.changeGuest(guest().vmid, { config: { agent: '1' } })
  await inState(mine.id, 'delivered')
  const first = guest().inside?.files ?? {}
  expect(Object.keys(first).toSorted()).toEqual(['/etc/ssl/site.key', '/etc/ssl/site.pem'])
  expect(first['/etc/ssl/site.key']).toMatchObject({
    mode: '600',
    content: expect.stringContaining('PRIVATE KEY') as string,
  })
  expect(guest().inside?.runs.at(-1)?.command.trim()).toBe('systemctl reload nginx')

  await app.as((ctx) => sql`update ssl_targets set reload = 'exit 7' where pod_id = ${vm.id}`.execute(ctx.tx))
  await renew(mine.id)
  expect(await inState(mine.id, 'failed')).toMatchObject({
    problem: { code: 'reload_failed', message: expect.stringContaining('put back') as string },
  })
  expect(guest().inside?.files['/etc/ssl/site.pem']?.content).toBe(first['/etc/ssl/site.pem']?.content)
  await app.as((ctx) =>
    sql`update ssl_targets set reload = 'systemctl reload nginx' where pod_id = ${vm.id}`.execute(ctx.tx),
  )
  await inState(mine.id, 'delivered')
  const chain = (await good(app.admin.get<{ pem: string }>(`${CERTIFICATES}/${mine.id}/chain`))).pem
  expect(guest().inside?.files['/etc/ssl/site.pem']?.content).toBe(chain)
  expect(await events(mine.id)).toContain('SSL_DELIVERY_FAILED')
})

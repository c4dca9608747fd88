import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AuditSink, AuditSinkMade } from '../../shared/api/auditSinks.ts'
import { makeCertificates } from '../../sim/proxmox/x509.ts'
import { formatMessage } from '../../src/integrations/syslog/format.ts'
import { newId } from '../../src/lib/ids.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import * as auditService from '../../src/services/auditService.ts'
import { deliverDue } from '../../src/services/auditSinkService.ts'
import type { Api } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { roleKey } from '../users/people.ts'

type Received = {
  headers: Record<string, unknown>
  body: string
  events: { id: string; tenantId: string | null; details: unknown }[]
}
let app: TestApp
let server: Server
let url: string
let received: Received[] = []
/** What the receiver answers; null: nothing at all. */
let answer: { status: number; location?: string } | null = { status: 204 }
let own: string
let other: string
let owner: Api

beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' } })
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (answer === null) return
      const body = Buffer.concat(parts).toString('utf8')
      if (answer.status < 300)
        received.push({ headers: request.headers, body, ...(JSON.parse(body) as Pick<Received, 'events'>) })
      response
        .writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location })
        .end('secret answer')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit`
  own = await app.tenant()
  other = await app.tenant()
  owner = await roleKey(app, 'TENANT_OWNER', own)
})
afterAll(async () => {
  server.close().closeAllConnections()
  await app.close()
})
beforeEach(async () => {
  for (const { id } of await sinks()) await app.admin.call('DELETE', `/api/admin/audit/sinks/${id}`)
  await settled()
  received = []
  answer = { status: 204 }
})

const sinks = async (): Promise<AuditSink[]> =>
  (await app.admin.get<{ items: AuditSink[] }>('/api/admin/audit/sinks')).body.items
const create = async (api: Api, more: object): Promise<AuditSinkMade> => {
  const made = await api.post<AuditSinkMade>('/api/admin/audit/sinks', {
    tenantId: null,
    kind: 'webhook',
    name: newId(),
    address: url,
    ...more,
  })
  expect(made.status).toBe(201)
  return made.body
}
const record = async (tenantId: string | null, more: { raw?: string } = {}): Promise<string> => {
  const id = newId()
  await app.as((ctx) =>
    auditService.record(
      { ...ctx, ...(more.raw === undefined ? {} : { jobId: newId() }) },
      {
        action: 'THING_DONE',
        tenantId,
        target: { type: 'thing', id },
        details: more.raw === undefined ? {} : { raw: more.raw },
      },
    ),
  )
  return id
}
async function settled(): Promise<void> {
  await sealAll(app.root)
  await deliverDue(app.root)
}
const things = () =>
  received
    .flatMap(({ events }) => events)
    .filter((event) => 'action' in event && event.action === 'THING_DONE')
const targets = () => things().map((event) => (event as unknown as { target: { id: string } }).target.id)

test('a webhook gets every event from its creation on, in order, signed over time and body', async () => {
  await record(own)
  await sealAll(app.root)
  const { secret } = await create(app.admin, {})
  const made: string[] = []
  for (let n = 0; n < 5; n++) made.push(await record(n % 2 ? own : null))
  await settled()
  for (let n = 0; n < 3; n++) made.push(await record(other))
  await settled()
  expect(targets()).toEqual(made)
  for (const { headers, body } of received) {
    const [, seconds = '', signature] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['mpanel-signature'])) ?? []
    expect(
      createHmac('sha256', secret ?? '')
        .update(`${seconds}.${body}`)
        .digest('hex'),
    ).toBe(signature)
  }
})

test('what could not be delivered is delivered again later, in order; writers wait for nothing', async () => {
  const { id } = await create(app.admin, {})
  answer = { status: 500 }
  const made = [await record(own), await record(own)]
  await settled()
  made.push(await record(own))
  await settled()
  const [failing] = await sinks()
  expect(failing).toMatchObject({
    id,
    failures: 1,
    lastError: 'the receiver answered 500 instead of 200 to 299',
    delivered: '0',
  })
  expect(failing?.behind).toBe(2)
  expect(failing?.waitingSince).not.toBeNull()
  answer = { status: 200 }
  await deliverDue(app.root)
  expect(received).toEqual([])
  app.clock.offsetMs += 60_000
  await deliverDue(app.root)
  expect(targets()).toEqual(made)
  expect((await sinks())[0]).toMatchObject({ failures: 0, lastError: null, behind: 0 })
})

test('a redirect is not followed, and the answer is not told', async () => {
  await create(app.admin, {})
  answer = { status: 302, location: 'http://169.254.169.254/' }
  await record(own)
  await settled()
  expect((await sinks())[0]?.lastError).toBe('the receiver answered 302 instead of 200 to 299')
})

test('an address in a network that is not allowed gets nothing', async () => {
  await create(app.admin, { address: 'https://10.0.0.1/' })
  await create(app.admin, { kind: 'syslog', address: 'tls://169.254.169.254:6514' })
  await record(own)
  await settled()
  for (const sink of await sinks()) expect(sink.lastError).toContain('not on the public internet')
})

test('a tenant’s webhook gets its own events only, without what names the infrastructure', async () => {
  await create(owner, { tenantId: own })
  await record(other)
  await record(null)
  const mine = [await record(own), await record(own, { raw: 'pve1 said so' })]
  await settled()
  expect(targets()).toEqual(mine)
  for (const event of received.flatMap(({ events }) => events)) expect(event.tenantId).toBe(own)
  expect(received.map(({ body }) => body).join('')).not.toContain('pve1')
})

test('a tenant cannot deliver by syslog, nor anybody more than five times', async () => {
  const syslog = { tenantId: own, kind: 'syslog', name: 'x', address: 'tls://127.0.0.1:6514' }
  expect((await owner.post('/api/admin/audit/sinks', syslog)).status).toBe(422)
  for (let n = 0; n < 5; n++) await create(owner, { tenantId: own })
  const sixth = { tenantId: own, kind: 'webhook', name: 'six', address: url }
  expect((await owner.post<{ code: string }>('/api/admin/audit/sinks', sixth)).body.code).toBe(
    'quota_exceeded',
  )
  const same = { ...sixth, tenantId: null, name: 'twice' }
  expect((await app.admin.post('/api/admin/audit/sinks', same)).status).toBe(201)
  expect((await app.admin.post<{ code: string }>('/api/admin/audit/sinks', same)).body.code).toBe(
    'already_exists',
  )
})

test.each([
  'ftp://example.com/',
  'https://user:secret@example.com/',
  'tls://example.com:6514',
  'example.com',
])('%s is no address of a webhook', async (address) => {
  const body = { tenantId: null, kind: 'webhook', name: 'x', address }
  expect((await app.admin.post('/api/admin/audit/sinks', body)).status).toBe(422)
})

test('a paused sink gets nothing, and once resumed what it missed', async () => {
  const { id } = await create(app.admin, {})
  await app.admin.call('PATCH', `/api/admin/audit/sinks/${id}`, { state: 'paused' })
  const made = await record(own)
  await settled()
  expect(received).toEqual([])
  await app.admin.call('PATCH', `/api/admin/audit/sinks/${id}`, { state: 'active' })
  await settled()
  expect(targets()).toEqual([made])
})

test('a worker that died in the middle of a delivery leaves it to the next, which may repeat but never leaves out', async () => {
  await create(app.admin, {})
  const made = await record(own)
  await sealAll(app.root)
  // It has claimed the sink and sent, and dies before it writes that down.
  const dying = { ...app.root, vendors: { ...app.root.vendors, webhook: () => new Promise<never>(() => {}) } }
  void deliverDue(dying)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await deliverDue(app.root)
  expect(received).toEqual([])
  app.clock.offsetMs += 3 * 60_000
  await deliverDue(app.root)
  expect(targets()).toEqual([made])
})

test('a syslog receiver gets RFC 5424 messages over TLS, each behind its length', async () => {
  const { caPem, certPem: cert, keyPem: key } = makeCertificates(['127.0.0.1'])
  const parts: Buffer[] = []
  const syslog = createTlsServer({ key, cert }, (socket) => {
    socket.on('data', (part: Buffer) => parts.push(part))
  })
  await new Promise<void>((resolve) => syslog.listen(0, '127.0.0.1', resolve))
  const address = `tls://127.0.0.1:${(syslog.address() as AddressInfo).port}`
  await create(app.admin, { kind: 'syslog', address, caPem })
  await create(app.admin, { kind: 'syslog', address, name: 'without the CA' })
  const made = [await record(own), await record(null)]
  await settled()
  syslog.close()
  const messages: string[] = []
  for (let rest = Buffer.concat(parts); rest.length > 0;) {
    const blank = rest.indexOf(32)
    const length = Number(rest.subarray(0, blank).toString())
    messages.push(rest.subarray(blank + 1, blank + 1 + length).toString('utf8'))
    rest = rest.subarray(blank + 1 + length)
  }
  const found = messages.filter((message) => message.includes('THING_DONE'))
  expect(found).toHaveLength(2)
  for (const [index, message] of found.entries()) {
    expect(message).toMatch(
      /^<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z 127\.0\.0\.1 mpanel - THING_DONE \[mpanel@32473 id="[0-9a-f-]{36}" batch="\d+" position="\d+"\] \uFEFF\{/,
    )
    expect(message).toContain(made[index])
  }
  const refused = (await sinks()).find(({ name }) => name === 'without the CA')
  expect(refused?.lastError).toMatch(/^no connection \([A-Z_]+\)$/)
})

test('nothing in a syslog message can end a field early', () => {
  const line = formatMessage({
    severity: 'error',
    at: '2026-01-01T00:00:00.000000Z',
    hostname: 'a b\n',
    messageId: 'X'.repeat(50),
    text: 'x',
    data: { id: 'a"] \\ b' },
  })
  expect(line).toBe(
    `<107>1 2026-01-01T00:00:00.000000Z a_b_ mpanel - ${'X'.repeat(32)} [mpanel@32473 id="a\\"\\] \\\\ b"] \uFEFFx`,
  )
})

test('a test event is sent by a job, which says what the receiver did', async () => {
  const { id } = await create(app.admin, {})
  const worker = await app.startWorker({ timers: [], deliverMs: 60_000 })
  const ask = async () => {
    const { body, status } = await app.admin.post<{ jobId: string }>(`/api/admin/audit/sinks/${id}/test`, {})
    expect(status).toBe(202)
    return finished(app.admin, body.jobId)
  }
  expect((await ask()).state).toBe('succeeded')
  expect(received.at(-1)?.body).toContain('AUDIT_SINK_TESTED')
  answer = { status: 401 }
  const failed = await ask()
  expect(failed).toMatchObject({ state: 'failed' })
  expect(failed.error?.message).toContain('the receiver answered 401')
  await worker.stop()
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import * as auditService from '../../src/services/auditService.ts'
import { ownerOf } from '../rules/rows.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { actingAs } from '../users/operators.ts'
import { keyOf, person, session } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const events = async (query: string): Promise<AuditEvent[]> => {
  const answer = await app.admin.get<{ items: AuditEvent[] }>(`/api/admin/audit/events?limit=200&${query}`)
  expect(answer.status).toBe(200)
  return answer.body.items
}
const customer = (tenantId: string) => ({ tenantId, name: 'Ada', email: 'ada@example.com' })

test('an event says who did what to what, from where and in which request', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_OWNER', tenantId)
  const { api } = await session(app, user.email)
  const made = await api.post<Customer>('/api/admin/customers', customer(tenantId), { 'user-agent': 'test' })
  const [event] = await events(`tenantId=${tenantId}&action=CUSTOMER_CREATED`)
  expect(event).toMatchObject({
    tenantId,
    outcome: 'success',
    actor: { type: 'user', id: user.id, label: user.email },
    target: { type: 'customer', id: made.body.id, label: 'Ada' },
    requestId: made.headers.get('x-request-id'),
    ip: '127.0.0.1',
    jobId: null,
  })
})

test('what a program does is told from what its owner does', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_OWNER', tenantId)
  await (await keyOf(app, user.email)).api.post('/api/admin/customers', customer(tenantId))
  const [event] = await events(`tenantId=${tenantId}&action=CUSTOMER_CREATED`)
  expect(event?.actor).toMatchObject({ type: 'api_key', label: `test (${user.email})` })
  expect(event?.actor.id).not.toBe(user.id)
})

test('a change shows the changed fields only, as they were and as they are', async () => {
  const tenantId = await app.tenant()
  const { body } = await app.admin.post<Customer>('/api/admin/customers', customer(tenantId))
  const change = { name: 'Grace', email: 'ada@example.com', country: 'IT' }
  await app.admin.call('PATCH', `/api/admin/customers/${body.id}`, change)
  const [event] = await events(`targetType=customer&targetId=${body.id}&action=CUSTOMER_UPDATED`)
  expect(event?.diff).toEqual({ name: ['Ada', 'Grace'], country: [null, 'IT'] })
})

test('fields that hold secrets are written without their values, at any depth', async () => {
  const secret = `canary-${newId()}`
  const tenantId = await app.tenant()
  const target = { type: 'test', id: newId() }
  await app.as((ctx) =>
    auditService.record(ctx, {
      action: 'TEST_EVENT',
      tenantId,
      target,
      diff: { password: [secret, secret], tokenSecret: [null, secret], name: ['a', 'b'] },
      details: {
        a: [{ privateKey: secret, b: { apiToken: secret } }],
        tokenId: 'mpanel@pve!panel',
        amount: 5n,
      },
    }),
  )
  const [event] = await events(`targetId=${target.id}`)
  expect(JSON.stringify(event)).not.toContain(secret)
  expect(event?.diff).toEqual({
    password: ['[redacted]', '[redacted]'],
    tokenSecret: [null, '[redacted]'],
    name: ['a', 'b'],
  })
  expect(event?.details).toMatchObject({ tokenId: 'mpanel@pve!panel', amount: '5' })
})

test('an order can be followed by one correlation id from the request through its job to the running pod', async () => {
  const tenantId = await app.tenant()
  const ordered = await app.admin.post<Ordered>(
    '/api/admin/billing/subscriptions',
    await prepareOrder(app.admin, tenantId),
  )
  const correlationId = `order-${newId()}`
  const paying = await app.admin.post(
    `/api/admin/billing/invoices/${ordered.body.invoice.id}/payments`,
    { amountMinor: ordered.body.invoice.total.amount, currency: 'EUR', reference: newId() },
    { 'x-correlation-id': correlationId },
  )
  expect(paying.status).toBe(201)
  const trail = await until(async () => {
    const found = await events(`correlationId=${correlationId}`)
    return found.some((event) => event.action === 'CLOUDPOD_CREATED') && found
  }, 'the event of the running pod')
  const actions = trail.map((event) => event.action)
  for (const action of ['PAYMENT_RECORDED', 'JOB_CREATED', 'CLOUDPOD_CREATE_REQUESTED', 'CLOUDPOD_CREATED']) {
    expect(actions).toContain(action)
  }
  const created = trail.find((event) => event.action === 'CLOUDPOD_CREATED')
  const job = trail.find((event) => event.action === 'JOB_CREATED')
  expect(created?.jobId).toBe(job?.target?.id)
  expect(trail.every((event) => event.tenantId === tenantId)).toBe(true)
})

test('a job keeps on whose behalf it runs', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_OWNER', tenantId)
  const { api } = await session(app, user.email)
  const ordered = await api.post<Ordered>(
    '/api/admin/billing/subscriptions',
    await prepareOrder(api, tenantId),
  )
  await pay(app.admin, ordered.body.invoice)
  await until(
    async () => (await events(`tenantId=${tenantId}&action=CLOUDPOD_CREATED`)).length > 0,
    'the running pod',
  )
  const owner = await ownerOf(app.ownerUrl)
  const jobs = await owner.query<{ actor: { label: string } }>(
    'select actor from provisioning_jobs where tenant_id = $1',
    [tenantId],
  )
  await owner.close()
  expect(jobs.map((job) => job.actor.label)).toEqual(['admin@example.com'])
})

test('the newest event comes first, and pages show each event once', async () => {
  const tenantId = await app.tenant()
  for (let n = 0; n < 9; n++) await app.admin.post('/api/admin/customers', customer(tenantId))
  const all = (await events(`tenantId=${tenantId}`)).map((event) => event.id)
  expect(all).toEqual(all.toSorted().toReversed())
  const seen: string[] = []
  let cursor = ''
  do {
    const path = `/api/admin/audit/events?tenantId=${tenantId}&limit=4${cursor}`
    const { body } = await app.admin.get<{ items: AuditEvent[]; nextCursor: string | null }>(path)
    seen.push(...body.items.map((event) => event.id))
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`
  } while (cursor !== '')
  expect(seen).toEqual(all)
})

test('no event is lost because its month has no partition yet', async () => {
  const tenantId = await app.tenant()
  app.clock.offsetMs = 20 * 365 * 86_400_000
  try {
    await app.as((ctx) =>
      auditService.record(ctx, { action: 'FAR_FUTURE', tenantId, target: { type: 'test', id: 'x' } }),
    )
  } finally {
    app.clock.offsetMs = 0
  }
  expect(await events(`tenantId=${tenantId}&action=FAR_FUTURE`)).toHaveLength(1)
})

test('the events of an actor are his own and those under another name, each once and in order, also in the export', async () => {
  const tenantId = await app.tenant()
  const { api, by } = await actingAs(app, (await person(app, 'TENANT_OWNER', tenantId)).id)
  for (let n = 0; n < 3; n++) await api.post('/api/admin/customers', customer(tenantId))
  expect((await api.call('DELETE', '/api/auth/impersonation')).status).toBe(204)
  const all = await events('')
  const theirs = all.filter(({ actor }) => actor.id === by.id || actor.impersonator?.id === by.id)
  const actions = new Set(theirs.map(({ action }) => action))
  for (const action of ['STEP_UP', 'IMPERSONATION_STARTED', 'CUSTOMER_CREATED', 'IMPERSONATION_ENDED'])
    expect(actions).toContain(action)
  const ids = theirs.map(({ id }) => id)
  for (const sort of ['-createdAt', 'createdAt']) {
    const seen: string[] = []
    let cursor = ''
    do {
      const path = `/api/admin/audit/events?actorId=${by.id}&limit=2&sort=${sort}${cursor}`
      const { body } = await app.admin.get<{ items: AuditEvent[]; nextCursor: string | null }>(path)
      seen.push(...body.items.map(({ id }) => id))
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`
    } while (cursor !== '')
    expect(seen).toEqual(sort === 'createdAt' ? ids.toReversed() : ids)
  }
  const file = await app.admin.call<string>(
    'GET',
    `/api/admin/audit/events/export?format=csv&actorId=${by.id}`,
  )
  const lines = file.body.trim().split('\r\n').slice(1)
  expect(lines.map((line) => line.slice(0, 36))).toEqual(ids.toReversed())
  const within = await events(`actorId=${by.id}&tenantId=${tenantId}&action=CUSTOMER_CREATED`)
  expect(within).toHaveLength(3)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

let app: TestApp
let token: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  token = (await keyOf(app, 'admin@example.com')).token
})
afterAll(() => app.close())

type Raw = { status: number; text: string; etag: string | null; location: string | null; type: string | null }

/** The bytes of an answer, not what they mean. */
async function send(path: string, body: string, key: string, as = token): Promise<Raw> {
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', 'idempotency-key': key },
    body,
  })
  const { headers } = response
  return {
    status: response.status,
    text: await response.text(),
    etag: headers.get('etag'),
    location: headers.get('location'),
    type: headers.get('content-type'),
  }
}
const customers = async (tenantId: string): Promise<number> =>
  (await app.admin.get<{ items: unknown[] }>(`/api/admin/customers?limit=200&tenantId=${tenantId}`)).body
    .items.length
const customer = (tenantId: string, name = 'Ada') =>
  JSON.stringify({ tenantId, name, email: 'ada@example.com' })

test('the same key and body give the same answer byte for byte, and one effect', async () => {
  const tenantId = await app.tenant()
  const key = newId()
  const first = await send('/api/admin/customers', customer(tenantId), key)
  expect(first.status).toBe(201)
  expect(first.location).toMatch(/^\/api\/admin\/customers\//)
  for (let again = 0; again < 3; again++) {
    expect(await send('/api/admin/customers', customer(tenantId), key)).toEqual(first)
  }
  expect(await customers(tenantId)).toBe(1)
})

test('a repeated order is one subscription, one pod and one invoice, answered alike byte for byte', async () => {
  const tenantId = await app.tenant()
  const order = JSON.stringify(await prepareOrder(app.admin, tenantId))
  const key = newId()
  const first = await send('/api/admin/billing/subscriptions', order, key)
  expect(first.status).toBe(201)
  const made = JSON.parse(first.text) as Ordered
  await pay(app.admin, made.invoice)
  // The answer is that of then, although the order has gone on.
  expect(await send('/api/admin/billing/subscriptions', order, key)).toEqual(first)
  for (const list of ['billing/subscriptions', 'billing/invoices', 'hosting/cloudpods']) {
    const { body } = await app.admin.get<{ items: unknown[] }>(`/api/admin/${list}?tenantId=${tenantId}`)
    expect(body.items, list).toHaveLength(1)
  }
})

test('a repeated payment is booked once', async () => {
  const tenantId = await app.tenant()
  const order = await prepareOrder(app.admin, tenantId)
  const { body } = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  const path = `/api/admin/billing/invoices/${body.invoice.id}/payments`
  const payment = JSON.stringify({ amountMinor: '100', currency: 'EUR', reference: newId() })
  const answers = await Promise.all(Array.from({ length: 5 }, () => send(path, payment, 'payment-1')))
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(answers[0]?.status).toBe(201)
  const invoices = await app.admin.get<{ items: Ordered['invoice'][] }>(
    `/api/admin/billing/invoices?tenantId=${tenantId}`,
  )
  expect(invoices.body.items[0]?.paid.amount).toBe('100')
})

test('the same key with another body or another address is refused, and changes nothing', async () => {
  const tenantId = await app.tenant()
  const key = newId()
  await send('/api/admin/customers', customer(tenantId), key)
  const others = [
    await send('/api/admin/customers', customer(tenantId, 'Grace'), key),
    await send('/api/admin/tenants', JSON.stringify({ name: 'x', slug: `x-${newId().slice(-8)}` }), key),
  ]
  for (const answer of others) {
    expect(answer.status).toBe(409)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'idempotency_key_reused' })
  }
  expect(await customers(tenantId)).toBe(1)
})

test('what was sent counts, not what this version adds where nothing was said: another one may add something else', async () => {
  const tenantId = await app.tenant()
  const key = newId()
  const order = await prepareOrder(app.admin, tenantId)
  const path = '/api/admin/billing/subscriptions'
  expect((await send(path, JSON.stringify(order), key)).status).toBe(201)
  expect((await send(path, JSON.stringify(order), key)).status).toBe(201)
  expect((await send(path, JSON.stringify({ ...order, region: null }), key)).status).toBe(409)
})

test('ten parallel requests with one key have one effect and one answer', async () => {
  const tenantId = await app.tenant()
  const key = newId()
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => send('/api/admin/customers', customer(tenantId), key)),
  )
  expect(answers[0]?.status).toBe(201)
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(await customers(tenantId)).toBe(1)
})

test('a request that failed does not use up its key', async () => {
  const tenantId = await app.tenant({ maxPods: 0 })
  const order = JSON.stringify(await prepareOrder(app.admin, tenantId))
  const key = newId()
  const path = '/api/admin/billing/subscriptions'
  expect((await send(path, order, key)).status).toBe(409)
  expect((await send(path, '{"customerId":"x"}', key)).status).toBe(422)
  const quota = { maxPods: 5, maxCores: 10, maxMemoryMb: 100_000, maxDiskGb: 1_000 }
  expect((await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}`, { quota })).status).toBe(200)
  expect((await send(path, order, key)).status).toBe(201)
})

test('the same key of another caller is another key', async () => {
  const [tenantId, key] = [await app.tenant(), newId()]
  const second = (await keyOf(app, 'admin@example.com')).token
  const first = await send('/api/admin/customers', customer(tenantId), key)
  const other = await send('/api/admin/customers', customer(tenantId), key, second)
  expect([first.status, other.status]).toEqual([201, 201])
  expect(other.text).not.toBe(first.text)
  expect(await customers(tenantId)).toBe(2)
})

test('a stored answer is only given to who may still do what was asked', async () => {
  const tenantId = await app.tenant()
  const scoped = await keyOf(app, 'admin@example.com', { tenantId })
  const key = newId()
  expect((await send('/api/admin/customers', customer(tenantId), key, scoped.token)).status).toBe(201)
  const elsewhere = await send('/api/admin/customers', customer(await app.tenant()), key, scoped.token)
  expect(elsewhere.status).toBe(404)
})

test.each([
  ['empty', ''],
  ['longer than 255 characters', 'x'.repeat(256)],
])('a key that is %s is refused', async (_, key) => {
  const tenantId = await app.tenant()
  expect((await send('/api/admin/customers', customer(tenantId), key)).status).toBe(400)
  expect(await customers(tenantId)).toBe(0)
})

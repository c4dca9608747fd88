import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IntegrationPod } from '../../shared/api/integrationPods.ts'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Page } from '../../shared/api/common.ts'
import { newId } from '../../src/lib/ids.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { keyOf } from '../users/people.ts'
import { makeRoom } from '../billing/world.ts'
import { bodyOf, INTEGRATION_PODS, seller, type Seller } from './world.ts'

// No worker: what is asked for is the subject, not how it is done.

let app: TestApp
let shop: Seller
let services = 0
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  shop = await seller(app)
})
afterAll(() => app.close())

const PODS = '/api/admin/hosting/cloudpods'
const keyFor = () => `whmcs:shop:${++services}`
const buyer = (change: object = {}) => ({
  ref: `client-${newId()}`,
  name: 'Ada',
  email: 'ada@example.com',
  ...change,
})

/** A service whose pod was proven to run. */
async function sold(change: object = {}) {
  const key = keyFor()
  const body = await bodyOf(app, String(services), change)
  const { status, body: made } = await shop.put(key, body)
  expect(status, JSON.stringify(made)).toBe(202)
  const { podId } = made.service
  await app.as((ctx) => cloudPodService.markActive(ctx, shop.tenantId, podId, {}))
  await app.as((ctx) =>
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where id = ${made.job?.id ?? ''}`.execute(
      ctx.tx,
    ),
  )
  return { key, body, podId }
}

test('the same order six times at once makes one pod, one job and one customer', async () => {
  const key = keyFor()
  const customer = buyer()
  const body = await bodyOf(app, '1', { customer })
  const answers = await Promise.all(Array.from({ length: 6 }, () => shop.put(key, body)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  expect(new Set(answers.map((answer) => answer.body.service.podId)).size).toBe(1)
  expect(new Set(answers.map((answer) => answer.body.job?.id)).size).toBe(1)
  const made = await rowsOf(app, sql`select id from cloud_pods where hostname = ${body.hostname}`)
  expect(made).toHaveLength(1)
  expect(await rowsOf(app, sql`select id from customers where external_ref = ${customer.ref}`)).toHaveLength(
    1,
  )
})

test('two services of one new customer that are ordered at once are that customer’s', async () => {
  const customer = buyer()
  const answers = await Promise.all(
    [1, 2, 3].map(async (n) => shop.put(keyFor(), await bodyOf(app, String(n), { customer }))),
  )
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202])
  expect(new Set(answers.map((answer) => answer.body.service.customerId)).size).toBe(1)
})

test('the same order again does nothing more, whatever has become of the pod since', async () => {
  const { key, body } = await sold()
  const before = await shop.show(key)
  const again = await shop.put(key, body)
  expect(again).toMatchObject({ status: 200, body: { job: null, service: { state: 'active' } } })
  expect(await shop.show(key)).toEqual(before)
})

test('what is asked for twice is audited once', async () => {
  const { key, podId } = await sold()
  const counted = async () => {
    const [row] = await rowsOf(
      app,
      sql<{ n: number }>`select count(*)::int as n from audit_events where target_id = ${podId}`,
    )
    return row?.n
  }
  expect((await shop.deed(key, 'suspend', { reason: 'Overdue' })).status).toBe(202)
  const once = await counted()
  expect(await shop.deed(key, 'suspend')).toMatchObject({ status: 200, body: { job: null } })
  expect(await counted()).toBe(once)
  expect((await shop.show(key)).suspension?.reason).toBe('by WHMCS (Overdue)')
  expect((await shop.deed(key, 'unsuspend')).status).toBe(202)
  expect(await shop.deed(key, 'unsuspend')).toMatchObject({ status: 200, body: { job: null } })
})

test('another host name or blueprint is a conflict, and a change while the pod is being made comes too early', async () => {
  const { key, body } = await sold()
  for (const change of [{ hostname: 'another.example.com' }, { blueprintId: await otherBlueprint() }])
    expect(await shop.put(key, { ...body, ...change })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
  const early = keyFor()
  const order = await bodyOf(app, 'early')
  await shop.put(early, order)
  expect(await shop.put(early, { ...order, size: { cores: 2 } })).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('still being made') },
  })
})

async function otherBlueprint(): Promise<string> {
  const { body } = await app.admin.get<Page<{ id: string; code: string }>>(
    '/api/admin/provisioning/blueprints',
  )
  return body.items.find(({ code }) => code !== 'vm-debian-12')?.id ?? ''
}

test('a change that is under way is found again, and another one waits for its end', async () => {
  const { key, body } = await sold()
  const change = { ...body, size: { memoryMb: 3072 } }
  const first = await shop.put(key, change)
  expect(first).toMatchObject({
    status: 202,
    body: { service: { asked: { outcome: 'underway', memoryMb: 3072 } } },
  })
  expect((await shop.put(key, change)).body.job?.id).toBe(first.body.job?.id)
  expect(await shop.put(key, body)).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
})

test('the customer follows the selling system; a merged one is whom it was merged into, a closed one orders nothing', async () => {
  const customer = buyer()
  const { key, body, podId } = await sold({ customer })
  await shop.put(key, { ...body, customer: { ...customer, name: 'Ada Lovelace' } })
  const { customerId } = await shop.show(key)
  const path = `/api/admin/customers/${customerId}`
  expect((await app.admin.get(path)).body).toMatchObject({ name: 'Ada Lovelace', externalRef: customer.ref })
  const other = buyer()
  await shop.put(key, { ...body, customer: other })
  const handed = await shop.show(key)
  expect(handed.customerId).not.toBe(customerId)
  expect((await app.admin.get(`${PODS}/${podId}`)).body).toMatchObject({ customerId: handed.customerId })
  const { token } = (await app.admin.get<{ token: string }>(`${path}/merge?from=${handed.customerId}`)).body
  await app.admin.post(`${path}/merge`, { from: handed.customerId, token })
  expect(
    (await shop.put(key, { ...body, customer: { ...other, name: 'Nobody' } })).body.service.customerId,
  ).toBe(customerId)
  expect((await app.admin.get(path)).body).toMatchObject({ name: 'Ada Lovelace' })
  await app.as((ctx) =>
    sql`update customers set state = 'closed', closed_at = now() where id = ${customerId}`.execute(ctx.tx),
  )
  const refused = await shop.put(keyFor(), await bodyOf(app, 'x', { customer }))
  expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('closed') } })
})

test('a protected pod is not terminated; a kept one is neither ordered again nor changed', async () => {
  const { key, body, podId } = await sold()
  await app.admin.call('PATCH', `${PODS}/${podId}`, { protected: true })
  expect(await shop.deed(key, 'terminate')).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('protected') },
  })
  await app.admin.call('PATCH', `${PODS}/${podId}`, { protected: false })
  expect(await shop.deed(key, 'terminate')).toMatchObject({
    status: 202,
    body: { service: { state: 'terminating' } },
  })
  expect(await shop.deed(key, 'terminate')).toMatchObject({ status: 200, body: { job: null } })
  expect(await shop.put(key, body)).toMatchObject({ status: 409 })
  await app.as((ctx) =>
    sql`update cloud_pods set state = 'recoverable', recoverable_until = now() + interval '1 day',
      kept = '{"ran":true,"autostart":true,"cards":[]}', power_state = 'stopped', power_checked_at = now() where id = ${podId}`.execute(
      ctx.tx,
    ),
  )
  expect(await shop.put(key, body)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('undelete') },
  })
  expect((await shop.show(key)).state).toBe('terminated')
})

test('a pod that could not be made is made anew by the same order; its suspension has ended with it', async () => {
  const key = keyFor()
  const body = await bodyOf(app, 'failing')
  const { podId } = (await shop.put(key, body)).body.service
  await shop.deed(key, 'suspend')
  await app.as((ctx) => cloudPodService.markFailed(ctx, shop.tenantId, podId, 'the storage is full'))
  expect(await shop.show(key)).toMatchObject({
    state: 'failed',
    suspension: null,
    statement: expect.stringContaining('Ask for it again'),
  })
  expect((await shop.show(key)).statement).not.toContain('storage')
  const again = await shop.put(key, body)
  expect(again).toMatchObject({ status: 202, body: { service: { state: 'creating' } } })
  expect(again.body.service.podId).not.toBe(podId)
})

test('a key of two tenants is two services, and who works in several says in which', async () => {
  const other = await seller(app)
  const key = keyFor()
  const [mine, theirs] = [await bodyOf(app, '1'), await bodyOf(app, '1')]
  const made = [await shop.put(key, mine), await other.put(key, theirs)]
  expect(made.map(({ status }) => status)).toEqual([202, 202])
  expect((await shop.show(key)).hostname).toBe(mine.hostname)
  expect((await other.show(key)).hostname).toBe(theirs.hostname)
  expect(await app.admin.get(`${INTEGRATION_PODS}/${key}`)).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'tenantId' }] },
  })
  const found = await app.admin.get<IntegrationPod>(`${INTEGRATION_PODS}/${key}?tenantId=${other.tenantId}`)
  expect(found.body.hostname).toBe(theirs.hostname)
})

test('what was sold is listed page by page, and found among the pods by its key and its number', async () => {
  const all = new Set<string>()
  let cursor = ''
  do {
    const { body } = await shop.api.get<Page<IntegrationPod>>(`${INTEGRATION_PODS}?limit=3${cursor}`)
    for (const { externalKey } of body.items) all.add(externalKey)
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`
  } while (cursor !== '')
  const { key, podId } = await sold()
  expect(all.size).toBeGreaterThan(8)
  for (const service of [key, String(services)]) {
    const { body } = await app.admin.get<Page<CloudPod>>(
      `${PODS}?tenantId=${shop.tenantId}&service=${service}`,
    )
    expect(body.items.map(({ id, soldBy }) => [id, soldBy])).toEqual([
      [podId, { source: 'whmcs', serviceId: String(services), externalKey: key }],
    ])
  }
  const none = await app.admin.get<Page<CloudPod>>(
    `${PODS}?tenantId=${shop.tenantId}&service=${key}&state=failed`,
  )
  expect(none.body.items).toEqual([])
})

test('a key that is limited to certain pods sells nothing', async () => {
  const { key, podId, body } = await sold()
  const limits = { tenantId: shop.tenantId, resources: [{ type: 'cloudPod' as const, id: podId }] }
  const { api } = await keyOf(app, 'admin@example.com', limits)
  expect(await api.call('PUT', `${INTEGRATION_PODS}/${key}`, body)).toMatchObject({ status: 403 })
  expect(await api.get(`${INTEGRATION_PODS}/${key}`)).toMatchObject({ status: 403 })
})

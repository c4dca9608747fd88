import { createHash, createPublicKey, verify } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ClosureProof, ClosureView } from '../../shared/api/tenantClosures.ts'
import { tenantTables } from '../../src/db/tenantRows.ts'
import { canonicalJson } from '../../src/lib/canonicalJson.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as tenantClosureService from '../../src/services/tenantClosureService.ts'
import { KEPT_TABLES } from '../../src/services/tenants/erasure.ts'
import {
  delivered,
  placeOrder,
  showPod,
  showSubscription,
  SUBSCRIPTIONS,
  type Placed,
} from '../cloudPods/faults.ts'
import { contactIn, groupIn, noteIn, roleIn } from '../rules/cases.ts'
import { rowsOf as fingerprints } from '../rules/rows.ts'
import { pay, prepareOrder } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { keyOf, person, session } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
afterEach(() => {
  app.sim.control.clearFaults()
  app.clock.offsetMs = 0
})

const pathOf = (tenantId: string) => `/api/admin/tenants/${tenantId}`
const nameOf = async (tenantId: string) => (await app.admin.get<{ name: string }>(pathOf(tenantId))).body.name
const stateOf = async (tenantId: string) =>
  (await app.admin.get<{ state: string }>(pathOf(tenantId))).body.state
const view = async (tenantId: string) =>
  (await app.admin.get<ClosureView>(`${pathOf(tenantId)}/close`)).body.closure
const close = async (tenantId: string) =>
  app.admin.post<ClosureView>(`${pathOf(tenantId)}/close`, {
    name: await nameOf(tenantId),
    reason: 'the contract has ended',
  })
const cancel = (tenantId: string) => app.admin.post<ClosureView>(`${pathOf(tenantId)}/close/cancel`, {})
const power = (podId: string) => guestsOf(app, podId).map((guest) => guest.power)
const withoutCoolingOff = (tenantId: string) =>
  app.admin.call('PATCH', `${pathOf(tenantId)}/settings`, { 'tenants.coolingOffDays': 0 })
const closed = (tenantId: string) =>
  until(async () => (await stateOf(tenantId)) === 'closed', 'the tenant to be closed')
/** What the timer does once the cooling-off is over. */
async function coolOff(): Promise<void> {
  app.clock.offsetMs = 8 * 86_400_000
  await tenantClosureService.beginDue(app.root)
  app.clock.offsetMs = 0
}

/** A tenant with a pod, people, and a bit of everything that is kept about customers. */
async function furnished(): Promise<Placed & { email: string }> {
  const placed = await delivered(app)
  const { tenantId } = placed
  for (const make of [contactIn, noteIn, groupIn, roleIn]) await make(app, tenantId)
  const user = await person(app, 'TENANT_OWNER', tenantId)
  await session(app, user.email)
  await keyOf(app, user.email, { tenantId })
  return { ...placed, email: user.email }
}

it('a dry run lists what would be destroyed and what stays, and changes nothing', async () => {
  const { tenantId, podId, email } = await furnished()
  const unpaid = await placeOrder(app, {}, tenantId)
  const before = await fingerprints(app, tenantId)
  const answer = await app.admin.post<ClosureView>(`${pathOf(tenantId)}/close`, { dryRun: true })
  expect(answer.status).toBe(200)
  expect(answer.body.closure).toBeNull()
  const { plan } = answer.body
  const pod = await showPod(app, podId)
  expect(plan?.destroyed.cloudPods).toEqual({
    count: 2,
    names: [pod.hostname, unpaid.order.hostname].toSorted(),
  })
  expect(plan?.destroyed.addresses.count).toBe(2)
  expect(plan?.destroyed.addresses.names).toContain(pod.addresses[0]?.split('/')[0])
  expect(plan?.destroyed.subscriptions.count).toBe(2)
  expect(plan?.destroyed.users).toEqual({ count: 1, names: [email] })
  expect(plan?.destroyed.apiKeys).toEqual({ count: 1, names: ['test'] })
  expect(plan).toMatchObject({ coolingOffDays: 7, kept: { invoices: 2, payments: 1 }, blockers: [] })
  expect(plan?.warnings.join(' ')).toContain('1 invoices are open')
  expect(await fingerprints(app, tenantId)).toEqual(before)
})

it('a closing within its cooling-off shuts everybody out and stops the pods; cancelled, all is as it was', async () => {
  const { tenantId, podId, subscription, email } = await furnished()
  const { api } = await session(app, email)
  expect((await close(tenantId)).body.closure).toMatchObject({
    state: 'cooling',
    reason: 'the contract has ended',
  })
  expect(await stateOf(tenantId)).toBe('closing')
  expect((await api.get(pathOf(tenantId))).status).toBe(403)
  await until(async () => power(podId)[0] === 'stopped', 'the pod to be stopped')
  expect((await app.admin.post(`${pathOf(tenantId)}/suspend`, { reason: 'x' })).status).toBe(409)
  // Before its time the timer does nothing.
  await tenantClosureService.beginDue(app.root)
  expect((await view(tenantId))?.state).toBe('cooling')
  expect((await cancel(tenantId)).body.closure).toMatchObject({ state: 'cancelled' })
  expect(await stateOf(tenantId)).toBe('active')
  await until(async () => power(podId)[0] === 'running', 'the pod to run again')
  expect((await api.get(pathOf(tenantId))).status).toBe(200)
  expect((await showSubscription(app, subscription.id)).state).toBe('active')
  await coolOff()
  expect(await stateOf(tenantId)).toBe('active')
  expect((await cancel(tenantId)).body).toMatchObject({ code: 'invalid_state' })
})

it('after the cooling-off all is destroyed and erased, the books stay, and the signed proof says so', async () => {
  const { tenantId, podId, vmid, email, order } = await furnished()
  const elsewhere = await app.tenant()
  const both = await person(app, 'TENANT_ADMIN', tenantId)
  await app.as(({ tx }) =>
    sql`insert into role_grants (id, user_id, role_id, tenant_id, created_at)
      select gen_random_uuid(), ${both.id}, id, ${elsewhere}, now() from roles where key = 'TENANT_USER' and builtin`.execute(
      tx,
    ),
  )
  await close(tenantId)
  await coolOff()
  await closed(tenantId)
  expect(guestsOf(app, podId)).toEqual([])
  const tables = await app.as((ctx) => tenantTables(ctx.tx))
  const left = await fingerprints(app, tenantId)
  for (const { name, through } of tables)
    if (!(name in KEPT_TABLES) && through === null) expect(left[name], name).toBe('0:')
  for (const name of ['invoices', 'ledger_entries', 'payments', 'audit_events'])
    expect(left[name], name).not.toBe('0:')
  expect(
    await rowsOf(
      app,
      sql`select name, email, company, addresses, custom from customers where id = ${order.customerId}`,
    ),
  ).toEqual([{ name: 'Erased', email: 'erased@example.invalid', company: null, addresses: [], custom: {} }])
  expect(
    await rowsOf(app, sql`select count(*)::int as n from customers where tenant_id = ${tenantId}`),
  ).toEqual([{ n: 1 }])
  const users = (await rowsOf(app, sql<{ email: string }>`select email from users`)).map((user) => user.email)
  expect(users).not.toContain(email)
  expect(users).toContain(both.email)
  const [invoice] = await rowsOf(
    app,
    sql<{ buyer: object }>`select buyer from invoices where tenant_id = ${tenantId}`,
  )
  expect(JSON.stringify(invoice?.buyer)).toContain('Ada Example')
  const proof = (await app.admin.get<ClosureProof>(`${pathOf(tenantId)}/close/proof`)).body
  const hash = createHash('sha256').update(canonicalJson(proof.document)).digest()
  expect(hash.toString('hex')).toBe(proof.sha256)
  const key = createPublicKey({ key: Buffer.from(proof.publicKey, 'base64'), format: 'der', type: 'spki' })
  expect(verify(null, hash, key, Buffer.from(proof.signature, 'base64'))).toBe(true)
  expect(proof.document).toMatchObject({
    tenant: { id: tenantId },
    pods: [{ id: podId, vmid, state: 'deleted' }],
    kept: { invoices: 1, customers: 1 },
  })
  const erased = proof.document['erased'] as Record<string, number>
  expect(erased).toMatchObject({ users: 1, cloud_pods: 1, customer_notes: 1, api_keys: 1 })
  const [event] = await rowsOf(
    app,
    sql<{
      details: object
    }>`select details from audit_events where action = 'TENANT_CLOSED' and tenant_id = ${tenantId}`,
  )
  expect(event?.details).toMatchObject({ proofSha256: proof.sha256 })
  expect(
    (await app.admin.call('PATCH', `${pathOf(tenantId)}/settings`, { 'branding.name': 'Back' })).body,
  ).toMatchObject({
    code: 'invalid_state',
  })
  expect((await close(tenantId)).body).toMatchObject({ code: 'invalid_state' })
})

it('the real call needs the tenant’s name and a reason', async () => {
  const tenantId = await app.tenant()
  const path = `${pathOf(tenantId)}/close`
  expect(await app.admin.post(path, { name: 'other', reason: 'x' })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'name' }] },
  })
  expect(await app.admin.post(path, { name: await nameOf(tenantId) })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'reason' }] },
  })
  expect((await app.admin.get(`${path}/proof`)).body).toMatchObject({ code: 'invalid_state' })
  expect(await stateOf(tenantId)).toBe('active')
  const { api } = await keyOf(app, 'admin@example.com')
  expect((await api.post(path, { dryRun: true })).status).toBe(403)
})

it('a stuck job prevents the closing and is named', async () => {
  const { tenantId, jobId } = await delivered(app)
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'stuck', finished_at = null where id = ${jobId}`,
  )
  const plan = await app.admin.post<ClosureView>(`${pathOf(tenantId)}/close`, { dryRun: true })
  expect(plan.body.plan?.blockers[0]).toContain('cloudPod.create')
  expect((await close(tenantId)).body).toMatchObject({ code: 'invalid_state' })
})

it('closings at once are one, and an order at the same time is either in it or refused', async () => {
  const tenantId = await app.tenant()
  const orders = [await prepareOrder(app.admin, tenantId), await prepareOrder(app.admin, tenantId)]
  await withoutCoolingOff(tenantId)
  const [first, ordered, second, later] = await Promise.all([
    close(tenantId),
    app.admin.post(SUBSCRIPTIONS, orders[0]),
    close(tenantId),
    app.admin.post(SUBSCRIPTIONS, orders[1]),
  ])
  expect([first.status, second.status]).toEqual([202, 202])
  expect(first.body.closure?.id).toBe(second.body.closure?.id)
  for (const { status } of [ordered, later]) expect([201, 409]).toContain(status)
  await closed(tenantId)
  expect(
    await rowsOf(
      app,
      sql`select count(*)::int as n from subscriptions where tenant_id = ${tenantId} and ended_at is null`,
    ),
  ).toEqual([{ n: 0 }])
  expect(
    await rowsOf(
      app,
      sql`select count(*)::int as n from audit_events where tenant_id = ${tenantId} and action = 'TENANT_CLOSING'`,
    ),
  ).toEqual([{ n: 1 }])
})

it('a suspended tenant is closed; cancelled, it is still suspended and its pods stay off', async () => {
  const { tenantId, podId } = await delivered(app)
  await app.admin.post(`${pathOf(tenantId)}/suspend`, { reason: 'unpaid' })
  await until(async () => power(podId)[0] === 'stopped', 'the pod to be stopped')
  expect((await close(tenantId)).status).toBe(202)
  expect((await app.admin.post(`${pathOf(tenantId)}/restore`, {})).status).toBe(409)
  await cancel(tenantId)
  expect(await stateOf(tenantId)).toBe('suspended')
  expect(power(podId)).toEqual(['stopped'])
  await app.admin.post(`${pathOf(tenantId)}/restore`, {})
  await until(async () => power(podId)[0] === 'running', 'the pod to run again')
})

it('a pod that cannot be destroyed keeps the tenant closing, visibly, and is gone on its own once it can', async () => {
  const { tenantId, podId } = await delivered(app)
  await withoutCoolingOff(tenantId)
  app.sim.control.addFault({ path: '.', dropBefore: true, times: 1_000_000 })
  await close(tenantId)
  await until(
    async () => (await view(tenantId))?.waitingFor?.includes('1 CloudPods'),
    'the closing to say what it waits for',
  )
  const seen = await until(async () => {
    const closure = await view(tenantId)
    return closure?.pods[0]?.waitingFor && closure
  }, 'the pod to say what it waits for')
  expect(seen).toMatchObject({ state: 'destroying', counts: { pods: 1, gone: 0 } })
  expect(await stateOf(tenantId)).toBe('closing')
  expect((await cancel(tenantId)).body).toMatchObject({ code: 'invalid_state' })
  expect(
    await rowsOf(app, sql`select count(*)::int as n from customers where tenant_id = ${tenantId}`),
  ).toEqual([{ n: 1 }])
  app.sim.control.clearFaults()
  await closed(tenantId)
  expect(guestsOf(app, podId)).toEqual([])
})

it('nothing falls due and nothing is delivered while a tenant is being closed', async () => {
  const waiting = await placeOrder(app)
  await close(waiting.tenantId)
  expect((await pay(app.admin, waiting.invoice)).status).toBe(409)
  app.clock.offsetMs = 30 * 86_400_000
  await BillingService.endDue(app.root).finally(() => (app.clock.offsetMs = 0))
  expect((await showSubscription(app, waiting.subscription.id)).state).toBe('awaiting_payment')
})

it('the database erases nothing of a tenant that is not being erased, and never the books', async () => {
  const { tenantId } = await placeOrder(app)
  const erase = (table: string) =>
    app.as((ctx) =>
      sql`select erase_tenant_rows(${tenantId}, ${table}, null, null, null, 10)`.execute(ctx.tx),
    )
  await expect(erase('customer_notes')).rejects.toThrow('is not being erased')
  await app.as(async (ctx) => {
    await sql`update tenants set state = 'closing' where id = ${tenantId}`.execute(ctx.tx)
    await sql`insert into tenant_closures (id, tenant_id, state, reason, was, started_by, started_at, due_at)
      values (gen_random_uuid(), ${tenantId}, 'erasing', 'x', 'active', '{}', now(), now())`.execute(ctx.tx)
  })
  await expect(erase('invoices')).rejects.toThrow('are kept')
})

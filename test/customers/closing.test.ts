import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import type { MergePreview, Closing } from '../../shared/api/customerMerge.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { deliver, order, shop, type Shop } from '../billing/world.ts'
import { catalogue, pay } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

const CUSTOMERS = '/api/admin/customers'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app?.close())

const close = (id: string, body: object = {}) =>
  app.admin.post<Closing & Problem>(`${CUSTOMERS}/${id}/close`, body)
const get = async (id: string): Promise<Customer> =>
  (await app.admin.get<Customer>(`${CUSTOMERS}/${id}`)).body
const kinds = (of: Closing['ends']): string[] => of.map(({ kind }) => kind).toSorted()
const stateOf = async (id: string): Promise<string | undefined> => {
  const { body } = await app.admin.get<{ state: string }>(`/api/admin/billing/subscriptions/${id}`)
  return body.state
}

/** One order that nobody paid, one that runs. */
async function live(sold: Shop): Promise<{ unpaid: string; running: string }> {
  const unpaid = await app.as((ctx) => order(ctx, sold))
  const running = await app.as((ctx) => order(ctx, sold))
  await pay(app.admin, running.invoice)
  await app.as((ctx) => deliver(ctx, sold.tenantId, running.subscription.id))
  return { unpaid: unpaid.subscription.id, running: running.subscription.id }
}

test('a dry run says what would end and what prevents it, and changes nothing', async () => {
  const sold = await shop(app)
  const { unpaid, running } = await live(sold)
  const plain = await close(sold.customerId, { dryRun: true })
  expect(plain).toMatchObject({ status: 200, body: { closed: false, ends: [] } })
  expect(kinds(plain.body.blockers)).toEqual(['invoice', 'subscription', 'subscription'])
  const cancelling = await close(sold.customerId, { dryRun: true, cancelSubscriptions: true })
  expect(cancelling.body.blockers).toEqual([])
  expect(kinds(cancelling.body.ends)).toEqual([
    'cloudPod',
    'cloudPod',
    'invoice',
    'subscription',
    'subscription',
  ])
  expect((await get(sold.customerId)).state).toBe('active')
  expect([await stateOf(unpaid), await stateOf(running)]).toEqual(['awaiting_payment', 'active'])
})

test('closing is refused while something is live or owed, and with its cancellation ends all of it at once', async () => {
  const sold = await shop(app)
  const { unpaid, running } = await live(sold)
  const refused = await close(sold.customerId)
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(kinds(refused.body.details?.['blockers'] as Closing['ends'])).toContain('subscription')
  const closed = await close(sold.customerId, { cancelSubscriptions: true, reason: 'moved away' })
  expect(closed).toMatchObject({ status: 200, body: { closed: true, customer: { state: 'closed' } } })
  expect([await stateOf(unpaid), await stateOf(running)]).toEqual(['expired', 'terminating'])
  expect((await close(sold.customerId)).body.code).toBe('invalid_state')
})

test('an unpaid invoice of what was delivered prevents a closing, cancelled or not', async () => {
  const sold = await shop(app)
  const { running } = await live(sold)
  // As an invoice for a later period would be.
  await app.as((ctx) =>
    sql`update invoices set status = 'open', paid_minor = 0 where subscription_id = ${running}`.execute(
      ctx.tx,
    ),
  )
  const refused = await close(sold.customerId, { cancelSubscriptions: true })
  expect(refused.status).toBe(409)
  expect(kinds(refused.body.details?.['blockers'] as Closing['ends'])).toEqual(['invoice'])
  expect(await stateOf(running)).toBe('active')
})

test('a pod without a subscription has to be destroyed by somebody first', async () => {
  const sold = await shop(app)
  const { plan, blueprint } = await catalogue(app.admin)
  const hostname = `pod-${newId().slice(-10)}`
  const body = {
    tenantId: sold.tenantId,
    customerId: sold.customerId,
    planId: plan.id,
    blueprintId: blueprint.id,
    hostname,
  }
  expect((await app.admin.post('/api/admin/hosting/cloudpods', body)).status).toBe(202)
  const refused = await close(sold.customerId, { dryRun: true, cancelSubscriptions: true })
  expect(refused.body.blockers).toMatchObject([{ kind: 'cloudPod', label: hostname }])
})

test('credit prevents a closing until somebody says that it stays; what a cancellation gives back counts', async () => {
  const sold = await shop(app)
  const paid = await app.as((ctx) => order(ctx, sold))
  await pay(app.admin, paid.invoice)
  const dry = await close(sold.customerId, { dryRun: true, cancelSubscriptions: true })
  expect(dry.body.blockers).toMatchObject([{ kind: 'credit', label: '4.99 EUR' }])
  const refused = await close(sold.customerId, { cancelSubscriptions: true })
  expect(refused).toMatchObject({ status: 409 })
  expect(refused.body.detail).toContain('4.99 EUR')
  expect(await stateOf(paid.subscription.id)).toBe('provisioning')
  const closed = await close(sold.customerId, { cancelSubscriptions: true, keepCredit: true })
  expect(closed.body).toMatchObject({ closed: true })
})

test('a closed customer orders nothing until it is reopened', async () => {
  const sold = await shop(app)
  await close(sold.customerId)
  await expect(app.as((ctx) => order(ctx, sold))).rejects.toMatchObject({ code: 'invalid_state' })
  await expect(
    app.as(async (ctx) => {
      const { plan, blueprint } = await catalogue(app.admin)
      return cloudPodService.create(ctx, {
        tenantId: sold.tenantId,
        customerId: sold.customerId,
        planId: plan.id,
        blueprintId: blueprint.id,
        hostname: 'pod',
        sshKeys: null,
        region: null,
      })
    }),
  ).rejects.toMatchObject({ code: 'invalid_state' })
  const opened = await app.admin.post<Customer>(`${CUSTOMERS}/${sold.customerId}/reopen`, {})
  expect(opened).toMatchObject({ status: 200, body: { state: 'active', closedAt: null } })
  expect((await app.admin.post(`${CUSTOMERS}/${sold.customerId}/reopen`, {})).status).toBe(409)
  await app.as((ctx) => order(ctx, sold))
})

test('an order beside a closing is refused or prevents it', async () => {
  const sold = await shop(app)
  for (let round = 0; round < 4; round++) {
    const [closed, ordered] = await Promise.all([
      close(sold.customerId),
      app.as((ctx) => order(ctx, sold)).catch(() => undefined),
    ])
    expect((closed.status === 200) !== (ordered !== undefined)).toBe(true)
    if (ordered)
      await app.as((ctx) =>
        BillingService.cancel(ctx, sold.tenantId, ordered.subscription.id, { when: 'now', reason: '' }),
      )
    else await app.admin.post(`${CUSTOMERS}/${sold.customerId}/reopen`, {})
  }
})

test('whoever may close but not cancel subscriptions cannot close with their cancellation', async () => {
  const sold = await shop(app)
  const { api } = await keyOf(app, 'admin@example.com', { scopes: ['customers:close'] })
  const path = `${CUSTOMERS}/${sold.customerId}/close`
  const answer = await api.post<Problem>(path, { cancelSubscriptions: true })
  expect(answer).toMatchObject({ status: 403, body: { details: { permission: 'subscriptions:write' } } })
  expect((await api.post(path, {})).status).toBe(200)
})

const CANARY = 'Hildegard'

test('erasing a closed customer leaves no personal data but what its documents must keep', async () => {
  const sold = await shop(app)
  const path = `${CUSTOMERS}/${sold.customerId}`
  await app.admin.call('PATCH', path, {
    name: CANARY,
    company: CANARY,
    email: `${CANARY}@example.com`,
    tags: [CANARY],
    taxIds: [{ type: 'other', country: 'IT', value: CANARY }],
    addresses: [{ kind: 'billing', line1: CANARY, city: CANARY, country: 'IT' }],
    externalRef: CANARY,
  })
  await app.admin.post(`${path}/contacts`, { name: CANARY, email: 'bob@example.com' })
  await app.admin.post(`${path}/notes`, { text: CANARY })
  const paid = await app.as((ctx) => order(ctx, sold))
  const older = await app.admin.post<Customer>(CUSTOMERS, {
    tenantId: sold.tenantId,
    name: `${CANARY} before`,
    email: 'ada@example.com',
  })
  const { token } = (await app.admin.get<MergePreview>(`${path}/merge?from=${older.body.id}`)).body
  expect((await app.admin.post(`${path}/merge`, { from: older.body.id, token })).status).toBe(200)
  expect((await app.admin.post(`${path}/erase`, { reason: 'x' })).status).toBe(409)
  await close(sold.customerId, { cancelSubscriptions: true })
  const erased = await app.admin.post<Customer>(`${path}/erase`, { reason: 'asked for' })
  expect(erased).toMatchObject({ status: 200, body: { name: 'Erased customer', addresses: [], tags: [] } })

  const holding = async (table: string): Promise<number | undefined> =>
    app.as(async (ctx) => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)} t
        where tenant_id = ${sold.tenantId} and strpos(lower(t::text), ${CANARY.toLowerCase()}) > 0`.execute(
        ctx.tx,
      )
      return rows[0]?.n
    })
  for (const table of ['customers', 'customer_contacts', 'customer_notes', 'cloud_pods', 'provisioning_jobs'])
    expect(await holding(table), table).toBe(0)
  // Kept: the invoice as it was issued, and the audit log.
  expect(await holding('invoices')).toBe(1)
  expect((await pay(app.admin, paid.invoice)).status).toBe(409)
  for (const more of ['reopen', 'erase'])
    expect(
      (await app.admin.post(`${path}/${more}`, { ...(more === 'erase' && { reason: 'x' }) })).status,
    ).toBe(409)
  expect((await app.admin.call('PATCH', path, { name: CANARY })).status).toBe(409)
  expect((await app.admin.post(`${path}/notes`, { text: CANARY })).status).toBe(409)
})

test('nothing is erased while something of the customer is still being destroyed', async () => {
  const sold = await shop(app)
  await live(sold)
  await close(sold.customerId, { cancelSubscriptions: true })
  const path = `${CUSTOMERS}/${sold.customerId}/erase`
  expect(await app.admin.post<Problem>(path, { reason: 'x' })).toMatchObject({ status: 409 })
})

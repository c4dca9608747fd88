import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Invoice } from '../../shared/api/billing.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { CustomerContact, CustomerNote, CustomerStatistics } from '../../shared/api/customerFile.ts'
import type { MergePreview } from '../../shared/api/customerMerge.ts'
import type { Customer } from '../../shared/api/customers.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { books, order, shop, type Shop } from '../billing/world.ts'
import { ownerOf } from '../rules/rows.ts'
import { pay } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

const CUSTOMERS = '/api/admin/customers'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app?.close())

const add = async (more: object = {}, tenant = tenantId): Promise<Customer> => {
  const body = { tenantId: tenant, name: 'Ada', email: 'ada@example.com', ...more }
  return (await app.admin.post<Customer>(CUSTOMERS, body)).body
}
const get = async (id: string): Promise<Customer> =>
  (await app.admin.get<Customer>(`${CUSTOMERS}/${id}`)).body
const preview = (into: string, from: string) =>
  app.admin.get<MergePreview & Problem>(`${CUSTOMERS}/${into}/merge?from=${from}`)
const merge = (into: string, body: object) =>
  app.admin.post<Customer & Problem>(`${CUSTOMERS}/${into}/merge`, body)
async function merged(into: string, from: string, choices: object = {}): Promise<Customer> {
  const answer = await merge(into, { from, token: (await preview(into, from)).body.token, choices })
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 })
  return answer.body
}
const timeline = async (id: string): Promise<string[]> =>
  (await app.admin.get<Page<AuditEvent>>(`/api/admin/audit/events?targetId=${id}`)).body.items.map(
    ({ action }) => action,
  )

/** A customer with an unpaid order, a paid one, and credit from one that was paid and cancelled; contact and note. */
async function busy(sold: Shop): Promise<Invoice> {
  const unpaid = await app.as((ctx) => order(ctx, sold, 'year'))
  for (const cancelled of [false, true]) {
    const paid = await app.as((ctx) => order(ctx, sold))
    await pay(app.admin, paid.invoice)
    if (cancelled)
      await app.as((ctx) =>
        BillingService.cancel(ctx, sold.tenantId, paid.subscription.id, { when: 'now', reason: 'x' }),
      )
  }
  const path = `${CUSTOMERS}/${sold.customerId}`
  await app.admin.post(`${path}/contacts`, { name: 'Bob', email: 'bob@example.com' })
  await app.admin.post(`${path}/notes`, { text: 'Pays by cheque.' })
  return unpaid.invoice
}

test('a merge moves everything the other customer has, and the books still agree', async () => {
  const sold = await shop(app)
  const unpaid = await busy(sold)
  const into = await add({ name: 'Grace' }, sold.tenantId)
  const before = await app.as((ctx) => books(ctx, sold.tenantId))
  const statistics = async (id: string) =>
    (await app.admin.get<CustomerStatistics>(`${CUSTOMERS}/${id}/statistics`)).body
  const had = await statistics(sold.customerId)
  const seen = (await preview(into.id, sold.customerId)).body
  expect(Object.fromEntries(seen.moves.map(({ kind, count }) => [kind, count]))).toEqual({
    subscriptions: 3,
    cloud_pods: 3,
    invoices: 3,
    payments: 2,
    customer_contacts: 1,
    customer_notes: 1,
  })
  expect(seen.balances).toEqual([
    { owes: { amount: '5990', currency: 'EUR' }, credit: { amount: '499', currency: 'EUR' } },
  ])
  expect(seen.warnings.join(' ')).toContain('keep the buyer that is printed on them: Ada')
  await merged(into.id, sold.customerId)

  expect(await statistics(into.id)).toEqual(had)
  const empty = { currency: 'EUR', open: '0', overdue: '0', paid: '0', credit: '0' }
  expect(await statistics(sold.customerId)).toEqual({ subscriptions: {}, cloudPods: {}, money: [empty] })
  const after = await app.as((ctx) => books(ctx, sold.tenantId))
  expect(after).toEqual({ ...before, unbalanced: [], gaps: [] })
  const kept = async <T>(what: string) =>
    (await app.admin.get<Page<T>>(`${CUSTOMERS}/${into.id}/${what}`)).body.items
  expect(await kept<CustomerContact>('contacts')).toMatchObject([{ name: 'Bob' }])
  expect(await kept<CustomerNote>('notes')).toMatchObject([{ text: 'Pays by cheque.' }])
  // What was issued to Ada says Ada, and can still be paid: the money is then the survivor's.
  const buyer = await app.as((ctx) =>
    sql<{ buyer: { name: string } }>`select buyer from invoices where id = ${unpaid.id}`.execute(ctx.tx),
  )
  expect(buyer.rows[0]?.buyer.name).toBe('Ada')
  expect((await pay(app.admin, unpaid)).status).toBe(201)
  expect((await statistics(into.id)).money).toMatchObject([{ open: '0', credit: '499' }])
  expect((await app.as((ctx) => books(ctx, sold.tenantId))).unbalanced).toEqual([])
})

test('the merged customer leads to the survivor, and nothing about it can be changed any more', async () => {
  const sold = await shop(app)
  const [into, from] = [await add({ name: 'Grace' }, sold.tenantId), await get(sold.customerId)]
  await merged(into.id, from.id)
  expect(await get(from.id)).toMatchObject({
    state: 'merged',
    name: 'Ada',
    mergedInto: { id: into.id, name: 'Grace' },
  })
  const path = `${CUSTOMERS}/${from.id}`
  const refusals = [
    app.admin.call('PATCH', path, { name: 'New' }),
    app.admin.post(`${path}/contacts`, { name: 'Bob', email: 'bob@example.com' }),
    app.admin.post(`${path}/notes`, { text: 'A note.' }),
    app.admin.post(`${path}/close`, {}),
    app.admin.post(`${path}/reopen`, {}),
    app.admin.post(`${path}/erase`, { reason: 'x' }),
    merge(into.id, { from: from.id, token: 'x' }),
    merge(from.id, { from: into.id, token: 'x' }),
  ]
  for (const answer of await Promise.all(refusals))
    expect(answer).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  await expect(app.as((ctx) => order(ctx, sold))).rejects.toMatchObject({ code: 'invalid_state' })
  expect(await timeline(into.id)).toContain('CUSTOMER_MERGED')
  expect(await timeline(from.id)).toContain('CUSTOMER_MERGED_AWAY')
  const owner = await ownerOf(app.ownerUrl)
  await expect(owner.query(`update customers set name = 'x' where id = $1`, [from.id])).rejects.toMatchObject(
    { code: '42501' },
  )
  await owner.close()
})

test('each field is of the side that was chosen for it; of lists both sides can stay', async () => {
  for (const key of ['size', 'colour'])
    await app.admin.post('/api/admin/customer-fields', { tenantId, key, label: key, type: 'text' })
  const address = {
    kind: 'billing',
    line1: 'Via Roma 1',
    line2: '',
    city: 'Bolzano',
    region: '',
    postalCode: '',
    country: 'IT',
  }
  const other = { ...address, line1: 'Via Milano 2' }
  const into = await add({ tags: ['vip'], addresses: [address], custom: { size: 'L' }, externalRef: 'R-1' })
  const from = await add({
    name: 'Grace',
    company: 'Analytical Engines',
    tags: ['vip', 'north'],
    addresses: [other],
    taxIds: [{ type: 'vat', country: 'DE', value: 'DE136695976' }],
    custom: { size: 'M', colour: 'red' },
    externalRef: 'R-2',
  })
  const { fields } = (await preview(into.id, from.id)).body
  expect(fields.map(({ field }) => field)).toEqual(
    'name company externalRef tags addresses taxIds custom.colour custom.size'.split(' '),
  )
  const after = await merged(into.id, from.id, { name: 'take', externalRef: 'take', 'custom.size': 'take' })
  expect(after).toMatchObject({
    name: 'Grace',
    company: 'Analytical Engines',
    email: 'ada@example.com',
    externalRef: 'R-2',
    tags: ['vip', 'north'],
    addresses: [address, { ...other, kind: 'other' }],
    taxIds: [{ value: 'DE136695976' }],
    custom: { size: 'M', colour: 'red' },
  })
  expect((await get(from.id)).externalRef).toBeNull()
})

test('a merge is refused when anything of its preview has changed, and for choices that there are not', async () => {
  const [into, from] = [await add(), await add({ name: 'Grace' })]
  const { token } = (await preview(into.id, from.id)).body
  const wrong = await merge(into.id, { from: from.id, token, choices: { balance: 'take' } })
  expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'choices.balance' }] } })
  expect((await merge(into.id, { from: from.id, token, choices: { name: 'both' } })).status).toBe(422)
  await app.admin.post(`${CUSTOMERS}/${from.id}/notes`, { text: 'News.' })
  const late = await merge(into.id, { from: from.id, token })
  expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
  expect((await get(from.id)).state).toBe('active')
  await merged(into.id, from.id)
})

test('a merge with itself, with a closed customer, or across tenants does not happen', async () => {
  const [into, from, elsewhere] = [await add(), await add(), await add({}, await app.tenant())]
  expect((await preview(into.id, into.id)).body.code).toBe('conflict')
  expect((await preview(into.id, elsewhere.id)).status).toBe(404)
  expect((await merge(into.id, { from: elsewhere.id, token: 'x' })).status).toBe(404)
  await app.admin.post(`${CUSTOMERS}/${from.id}/close`, {})
  expect((await preview(into.id, from.id)).body.code).toBe('invalid_state')
})

test('two merges in opposite directions at the same time end in one', async () => {
  for (let round = 0; round < 5; round++) {
    const pair = [await add(), await add({ name: 'Grace' })] as const
    const ways = [pair, pair.toReversed() as unknown as typeof pair]
    const tokens = await Promise.all(
      ways.map(async ([into, from]) => (await preview(into.id, from.id)).body.token),
    )
    const answers = await Promise.all(
      ways.map(([into, from], at) => merge(into.id, { from: from.id, token: tokens[at] })),
    )
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '409'])
    const states = await Promise.all(pair.map(async ({ id }) => (await get(id)).state))
    expect(states.toSorted()).toEqual(['active', 'merged'])
  }
})

test('orders and payments beside a merge end with the survivor, or are refused; the books agree', async () => {
  const sold = await shop(app)
  const into = await add({ name: 'Grace' }, sold.tenantId)
  const open = await app.as((ctx) => order(ctx, sold))
  const { token } = (await preview(into.id, sold.customerId)).body
  const [payment, done] = await Promise.all([
    pay(app.admin, open.invoice),
    merge(into.id, { from: sold.customerId, token }),
    app.as((ctx) => order(ctx, sold)).catch(() => undefined),
  ])
  expect(payment.status).toBe(201)
  if (done.status !== 200) await merged(into.id, sold.customerId)
  const left = await app.as((ctx) =>
    sql<{ n: number }>`select (select count(*) from subscriptions where customer_id = ${sold.customerId})::int
      + (select count(*) from payments where customer_id = ${sold.customerId})::int
      + (select count(*) from (select account_id from ledger_entries e join ledger_accounts a on a.id = e.account_id
          where a.customer_id = ${sold.customerId} group by 1 having sum(e.amount_minor) <> 0) left_over)::int as n`.execute(
      ctx.tx,
    ),
  )
  expect(left.rows[0]?.n).toBe(0)
  expect((await app.as((ctx) => books(ctx, sold.tenantId))).unbalanced).toEqual([])
})

test('an invoice or a payment changes its owner by a merge only', async () => {
  const sold = await shop(app)
  await pay(app.admin, (await app.as((ctx) => order(ctx, sold))).invoice)
  const stranger = await add({}, sold.tenantId)
  for (const table of ['invoices', 'payments'])
    await expect(
      app.as((ctx) =>
        sql`update ${sql.table(table)} set customer_id = ${stranger.id} where customer_id = ${sold.customerId}`.execute(
          ctx.tx,
        ),
      ),
    ).rejects.toMatchObject({ code: '42501' })
})

test('every table that points to a customer is moved by a merge, or stands here with a reason', async () => {
  const owner = await ownerOf(app.ownerUrl)
  const rows = await owner.query<{
    name: string
  }>(`select distinct conrelid::regclass::text as name from pg_constraint
    where contype = 'f' and confrelid = 'customers'::regclass order by 1`)
  await owner.close()
  const stay = {
    billing_customers: 'who he is at the provider; his payment methods still lead there',
    customers: 'leads to the survivor',
    ledger_accounts: 'the balance is posted over',
    tax_id_checks: 'follow his tax ids, which leave him',
    tax_evidence: 'was found out about him alone; the survivor is taxed by his own',
    payment_attempts: 'whom a payment was asked of; the money goes with its invoice',
  }
  const moved = [
    'billing_record_invoices',
    'billing_record_services',
    'cloud_pods',
    'customer_contacts',
    'customer_notes',
    'domains',
    'invoices',
    'payment_methods',
    'payments',
    'subscriptions',
  ]
  expect(rows.map(({ name }) => name)).toEqual([...Object.keys(stay), ...moved].toSorted())
})

test('a role that may change customers may still not merge them', async () => {
  const [into, from] = [await add(), await add()]
  const { api } = await keyOf(app, 'admin@example.com', { scopes: ['customers:read', 'customers:update'] })
  expect((await api.get(`${CUSTOMERS}/${into.id}/merge?from=${from.id}`)).status).toBe(403)
  expect((await api.post(`${CUSTOMERS}/${into.id}/merge`, { from: from.id, token: 'x' })).status).toBe(403)
})

test('a key that is limited to one customer cannot draw another one into it', async () => {
  const [into, from] = [await add(), await add({ name: 'Grace' })]
  const resources = [{ type: 'customer', id: into.id }] as const
  const { api } = await keyOf(app, 'admin@example.com', { tenantId, resources })
  expect((await api.get(`${CUSTOMERS}/${into.id}`)).status).toBe(200)
  const { token } = (await preview(into.id, from.id)).body
  for (const answer of [
    await api.get(`${CUSTOMERS}/${into.id}/merge?from=${from.id}`),
    await api.post(`${CUSTOMERS}/${into.id}/merge`, { from: from.id, token }),
    await api.post(`${CUSTOMERS}/${into.id}/close`, { cancelSubscriptions: true }),
  ])
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  expect((await get(from.id)).state).toBe('active')
})

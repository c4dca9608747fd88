import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { CustomerContact, CustomerNote, CustomerStatistics } from '../../shared/api/customerFile.ts'
import { newId } from '../../src/lib/ids.ts'
import * as customerService from '../../src/services/customerService.ts'
import { order, shop } from '../billing/world.ts'
import { pay } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'

const CUSTOMERS = '/api/admin/customers'

let app: TestApp
let customer: Customer
beforeAll(async () => {
  app = await startApp({ worker: false })
  const body = { tenantId: await app.tenant(), name: 'Ada', email: 'ada@example.com' }
  customer = (await app.admin.post<Customer>(CUSTOMERS, body)).body
})
afterAll(() => app?.close())

test('a contact is kept with its topics, changed by its version, and removed', async () => {
  const path = `${CUSTOMERS}/${customer.id}/contacts`
  const body = { name: 'Bob', email: 'bob@example.com', topics: ['billing', 'abuse'] }
  const made = await app.admin.post<CustomerContact & Problem>(path, body)
  expect(made).toMatchObject({ status: 201, body: { ...body, customerId: customer.id, phone: '' } })
  expect((await app.admin.post(path, { ...body, topics: ['gossip'] })).status).toBe(422)
  const one = `/api/admin/customer-contacts/${made.body.id}`
  const change = (version: string) =>
    app.admin.call<CustomerContact>('PATCH', one, { phone: '+39 0471' }, { 'if-match': version })
  expect((await change('"v7"')).status).toBe(412)
  expect((await change('"v1"')).body).toMatchObject({ phone: '+39 0471', topics: body.topics, version: 2 })
  expect((await app.admin.get<Page<CustomerContact>>(path)).body.items).toHaveLength(1)
  expect((await app.admin.call('DELETE', one)).status).toBe(204)
  expect((await app.admin.get<Page<CustomerContact>>(path)).body.items).toEqual([])
})

test('a note tells its author and time, keeps its author when another changes it, and can be pinned', async () => {
  const path = `${CUSTOMERS}/${customer.id}/notes`
  const owner = await app.login('TENANT_OWNER', customer.tenantId)
  const made = await owner.post<CustomerNote>(path, { text: 'Pays by cheque.' })
  expect(made).toMatchObject({ status: 201, body: { pinned: false } })
  expect(made.body.author).toContain('tenant_owner')
  const one = `/api/admin/customer-notes/${made.body.id}`
  const pinned = await app.admin.call<CustomerNote>('PATCH', one, { pinned: true })
  expect(pinned.body).toEqual({ ...made.body, pinned: true, version: 2 })
  await app.admin.post(path, { text: 'Another.' })
  expect((await app.admin.get<Page<CustomerNote>>(`${path}?pinned=true`)).body.items).toEqual([pinned.body])
  expect((await app.admin.call('DELETE', one)).status).toBe(204)
  expect((await app.admin.get<Page<CustomerNote>>(path)).body.items).toHaveLength(1)
})

test.each(['contacts', 'notes'] as const)('hundreds of %s are read page by page, each once', async (what) => {
  const made = await app.admin.post<Customer>(CUSTOMERS, {
    tenantId: customer.tenantId,
    name: 'Grace',
    email: 'grace@example.com',
  })
  const { id } = made.body
  await app.as((ctx) =>
    what === 'contacts'
      ? sql`insert into customer_contacts (id, tenant_id, customer_id, name, email, topics, created_at)
          select gen_random_uuid(), ${customer.tenantId}, ${id}, 'Nr ' || n, n || '@example.com', '{general}', now()
          from generate_series(1, 450) n`.execute(ctx.tx)
      : sql`insert into customer_notes (id, tenant_id, customer_id, text, author, pinned, created_at)
          select gen_random_uuid(), ${customer.tenantId}, ${id}, 'Nr ' || n, 'x', n % 2 = 0, now()
          from generate_series(1, 450) n`.execute(ctx.tx),
  )
  const all = async (query: string): Promise<string[]> => {
    const ids: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const next: string = cursor && `&cursor=${cursor}`
      const path = `${CUSTOMERS}/${id}/${what}?${query}${next}`
      const { body } = await app.admin.get<Page<{ id: string }>>(path)
      ids.push(...body.items.map((one) => one.id))
      cursor = body.nextCursor
    }
    return ids
  }
  const down = await all('limit=200')
  expect(new Set(down).size).toBe(450)
  expect(down).toEqual(down.toSorted().toReversed())
  expect(await all('limit=7&sort=createdAt')).toEqual(down.toReversed())
  expect(await all('')).toEqual(down)
  expect((await app.admin.get(`${CUSTOMERS}/${id}/${what}?limit=201`)).status).toBe(422)
  if (what === 'notes') expect(await all('limit=200&pinned=true')).toHaveLength(225)
})

test('the statistics are what the subscriptions, pods, invoices, payments and the ledger say', async () => {
  const sold = await shop(app)
  const path = `${CUSTOMERS}/${sold.customerId}/statistics`
  const none = await app.admin.get<CustomerStatistics>(path)
  expect(none.body).toEqual({ subscriptions: {}, cloudPods: {}, money: [] })
  const paid = await app.as((ctx) => order(ctx, sold))
  await app.as((ctx) => order(ctx, sold, 'year'))
  if (!paid.invoice) throw new Error('the order has no invoice')
  await pay(app.admin, paid.invoice)
  const figures = await app.admin.get<CustomerStatistics>(path)
  expect(figures.body).toEqual({
    subscriptions: { awaiting_payment: 1, provisioning: 1 },
    cloudPods: { creating: 1, reserved: 1 },
    money: [{ currency: 'EUR', open: '5990', overdue: '0', paid: '499', credit: '0' }],
  })
  app.clock.offsetMs = 60 * 86_400_000
  const account = newId()
  // What a refund to the customer's credit looks like in the ledger.
  await app.as(async (ctx) => {
    const tx = newId()
    await sql`insert into ledger_accounts (id, tenant_id, code, customer_id, currency)
      values (${account}, ${sold.tenantId}, 'credit', ${sold.customerId}, 'EUR')`.execute(ctx.tx)
    await sql`insert into ledger_tx (id, tenant_id, kind, source_type, source_id, occurred_at)
      values (${tx}, ${sold.tenantId}, 'test', 'test', ${tx}, now())`.execute(ctx.tx)
    await sql`insert into ledger_entries (tenant_id, tx_id, account_id, currency, amount_minor)
      select ${sold.tenantId}, ${tx}, id, 'EUR', case when code = 'credit' then -250 else 250 end
      from ledger_accounts where tenant_id = ${sold.tenantId} and code in ('credit', 'cash')`.execute(ctx.tx)
  })
  const later = await app.as((ctx) => customerService.statistics(ctx, sold.tenantId, sold.customerId))
  app.clock.offsetMs = 0
  expect(later.money).toEqual([
    { currency: 'EUR', open: '5990', overdue: '5990', paid: '499', credit: '250' },
  ])
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { deliver, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
let owner: Owner
let seller: Shop
beforeAll(async () => {
  app = await startApp({ worker: false })
  owner = await ownerOf(app.ownerUrl)
  seller = await shop(app)
})
afterAll(async () => {
  await owner.close()
  await app.close()
})

const DAY = 86_400_000
const shift = (date: Date, ms: number): Date => new Date(date.getTime() + ms)

/** A statement as the application's role, in the scope of the platform. */
const asApp = (text: string, values: unknown[] = []): Promise<unknown> =>
  app.root.db.pool.connect().then(async (client) => {
    try {
      await client.query(`begin; select set_config('app.scope', 'platform', true)`)
      return await client.query(text, values)
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

const active = async (): Promise<{ subscriptionId: string; invoiceId: string }> => {
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller, 'year'))
  await app.as((ctx) =>
    BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment(invoice.total.amount)),
  )
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  return { subscriptionId: subscription.id, invoiceId: invoice.id }
}

test.each(['number', 'total_minor', 'issue_date', 'buyer', 'currency', 'tenant_id', 'issued_at'])(
  'the %s of an issued invoice cannot be changed, by the application or by the owner of the database',
  async (column) => {
    const { invoice } = await app.as((ctx) => order(ctx, seller))
    const value: Record<string, string> = {
      number: `'INV-9'`,
      total_minor: 'total_minor + 1, subtotal_minor = subtotal_minor + 1',
      issue_date: `issue_date + 1`,
      buyer: `'{}'`,
      currency: `'USD'`,
      tenant_id: 'gen_random_uuid()',
      issued_at: 'now()',
    }
    const statement = `update invoices set ${column} = ${value[column]} where id = $1`
    await expect(asApp(statement, [invoice.id])).rejects.toMatchObject({ code: '42501' })
    await expect(owner.query(statement, [invoice.id])).rejects.toThrow('immutable')
  },
)

describe('the customer_id of an issued invoice', () => {
  const move = 'update invoices set customer_id = $2 where id = $1'
  const merge = `update customers set state = 'merged', merged_into = $2 where id = $1`
  const add = async (): Promise<string> => {
    const customer = { tenantId: seller.tenantId, name: 'Bob', email: `${newId()}@example.com` }
    return (await app.admin.post<{ id: string }>('/api/admin/customers', customer)).body.id
  }
  const soldTo = async (customerId: string): Promise<string> =>
    (await app.as((ctx) => order(ctx, { ...seller, customerId }))).invoice.id
  const expectKept = async (invoiceId: string, customerId: string): Promise<void> => {
    await expect(asApp(move, [invoiceId, customerId])).rejects.toMatchObject({ code: '42501' })
    await expect(owner.query(move, [invoiceId, customerId])).rejects.toThrow('belongs to its customer')
  }

  test('cannot be changed without a merge, by the application or by the owner of the database', async () => {
    const [from, stranger] = [await add(), await add()]
    const invoiceId = await soldTo(from)
    await expectKept(invoiceId, stranger)
    await expectKept(invoiceId, newId())
    // Of those who have part in a merge: of another customer into it, of another customer into theirs.
    await owner.query(merge, [await add(), from])
    await owner.query(merge, [await add(), stranger])
    await expectKept(invoiceId, stranger)
  })

  test('follows a merge into the survivor, not to anybody else and not back, and nothing moves with it', async () => {
    const [from, into, stranger] = [await add(), await add(), await add()]
    const [mine, theirs] = [await soldTo(from), await soldTo(into)]
    await owner.query(merge, [from, into])
    await expectKept(mine, stranger)
    await expectKept(theirs, from)
    const more = 'update invoices set customer_id = $2, buyer = $3 where id = $1'
    await expect(asApp(more, [mine, into, {}])).rejects.toMatchObject({ code: '42501' })
    await expect(owner.query(more, [mine, into, {}])).rejects.toThrow('immutable')
    await asApp(move, [mine, into])
    await owner.query(move, [mine, into])
    await expectKept(mine, from)
  })

  test('is not moved by a table that only looks like the customers', async () => {
    const [from, stranger] = [await add(), await add()]
    const invoiceId = await soldTo(from)
    const claim = `create temporary table customers on commit drop as
      select '${from}'::uuid as id, 'merged' as state, '${stranger}'::uuid as merged_into`
    const moved = `update invoices set customer_id = '${stranger}' where id = '${invoiceId}'`
    await expect(asApp(`${claim}; ${moved}`)).rejects.toThrow('belongs to its customer')
    await expect(owner.query(`begin; ${claim}; ${moved}`)).rejects.toThrow('belongs to its customer')
    await owner.query('rollback')
  })
})

test('an issued invoice and its lines cannot be removed', async () => {
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  for (const [table, column] of [
    ['invoice_lines', 'invoice_id'],
    ['invoices', 'id'],
  ] as const) {
    const statement = `delete from ${table} where ${column} = $1`
    await expect(asApp(statement, [invoice.id]), table).rejects.toMatchObject({ code: '42501' })
    await expect(owner.query(statement, [invoice.id]), table).rejects.toMatchObject({ code: '42501' })
  }
})

test('the money on an invoice line cannot be changed by the application', async () => {
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  for (const change of [
    'net_minor = 1, gross_minor = 1',
    `description = 'x'`,
    'item_id = null',
    `kind = 'manual'`,
  ]) {
    const statement = `update invoice_lines set ${change} where invoice_id = $1`
    await expect(asApp(statement, [invoice.id]), change).rejects.toMatchObject({ code: '42501' })
  }
})

test('a credit note cannot be changed or removed', async () => {
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: 'x' }),
  )
  const notes = await owner.query<{ id: string; number: string }>(
    'select id, number from credit_notes where invoice_id = $1',
    [invoice.id],
  )
  expect(notes).toHaveLength(1)
  for (const statement of [
    `update credit_notes set reason = 'y' where id = $1`,
    'delete from credit_notes where id = $1',
  ]) {
    await expect(asApp(statement, [notes[0]?.id])).rejects.toMatchObject({ code: '42501' })
    await expect(owner.query(statement, [notes[0]?.id])).rejects.toThrow('append-only')
  }
})

test('a payment and a posting cannot be changed or removed', async () => {
  await active()
  for (const statement of [
    'update payments set amount_minor = 1',
    'delete from payments',
    'delete from payment_allocations',
    'update payment_allocations set amount_minor = 1',
    'update ledger_entries set amount_minor = 1',
    'delete from ledger_entries',
    `update ledger_tx set memo = 'x'`,
  ]) {
    await expect(asApp(statement), statement).rejects.toMatchObject({ code: '42501' })
  }
})

test('an invoice keeps the customer as they were when it was issued', async () => {
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  await app.admin.call('PATCH', `/api/admin/customers/${seller.customerId}`, { name: 'Grace' })
  const [row] = await owner.query<{ buyer: { name: string } }>('select buyer from invoices where id = $1', [
    invoice.id,
  ])
  expect(row?.buyer.name).toBe('Ada')
})

test('no instant of a subscription is billed twice, a neighbouring period is, and a voided one frees its time', async () => {
  const { invoiceId } = await active()
  const [line] = await owner.query<{ id: string; item_id: string; from: Date; to: Date }>(
    `select id, item_id, lower(period) as from, upper(period) as to from invoice_lines
     where invoice_id = $1 and kind = 'recurring'`,
    [invoiceId],
  )
  if (!line) throw new Error('the invoice has no recurring line')
  const days = (line.to.getTime() - line.from.getTime()) / 86_400_000
  expect([365, 366]).toContain(days)
  let no = 10
  const bill = (from: Date, to: Date): Promise<unknown> => {
    const values = [newId(), seller.tenantId, invoiceId, no++, line.item_id, from, to, newId()]
    return owner.query(
      `insert into invoice_lines (id, tenant_id, invoice_id, line_no, item_id, kind, period, description,
         unit_minor, net_minor, gross_minor, dedupe_key)
       values ($1, $2, $3, $4, $5, 'recurring', tstzrange($6, $7), 'again', 1, 1, 1, $8)`,
      values,
    )
  }
  await expect(bill(line.from, line.to)).rejects.toMatchObject({ code: '23P01' })
  await expect(bill(shift(line.to, -1_000), shift(line.to, DAY))).rejects.toMatchObject({ code: '23P01' })
  await expect(bill(shift(line.from, -DAY), shift(line.from, 1_000))).rejects.toMatchObject({ code: '23P01' })
  await expect(bill(shift(line.from, DAY), shift(line.from, 2 * DAY))).rejects.toMatchObject({
    code: '23P01',
  })
  await bill(line.to, shift(line.to, DAY))
  await bill(shift(line.from, -DAY), line.from)
  await owner.query('update invoice_lines set voided = true where id = $1', [line.id])
  await bill(line.from, line.to)
})

test('the period of a line is written once, with the delivery, and fixed from then on', async () => {
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  const period = async (): Promise<unknown> =>
    (
      await owner.query<{ period: unknown }>('select period from invoice_lines where invoice_id = $1', [
        invoice.id,
      ])
    )[0]?.period
  expect(await period()).toBeNull()
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment('499')))
  expect(await period()).toBeNull()
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  expect(await period()).not.toBeNull()
  const move = `update invoice_lines set period = tstzrange(now(), now() + interval '1 day') where invoice_id = $1`
  await expect(asApp(move, [invoice.id])).rejects.toThrow('is fixed')
})

test('a delivery that is reported twice begins one contract', async () => {
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment('499')))
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  const first = await app.as((ctx) => BillingService.get(ctx, seller.tenantId, subscription.id))
  app.clock.offsetMs = 40 * 86_400_000
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  app.clock.offsetMs = 0
  expect(await app.as((ctx) => BillingService.get(ctx, seller.tenantId, subscription.id))).toEqual({
    ...first,
    pod: expect.anything(),
  })
})

test('two live prices of one plan for the same currency and interval are refused', async () => {
  const price = { currency: 'EUR', interval: 'month', unitMinor: '1' }
  const body = {
    code: `twice-${newId().slice(-8)}`,
    name: 'x',
    cores: 1,
    memoryMb: 512,
    diskGb: 4,
    prices: [price, price],
  }
  const answer = await app.admin.post('/api/admin/billing/plans', body)
  expect(answer.status).toBe(409)
})

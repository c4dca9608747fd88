import { sql } from 'kysely'
import type { Invoice, Plan } from '../../shared/api/billing.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { Ctx } from '../../src/context.ts'
import * as pods from '../../src/db/cloudPods.ts'
import { newId } from '../../src/lib/ids.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { catalogue } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'

export type Shop = { tenantId: string; customerId: string; plan: Plan; blueprintId: string }

/** Room for as many pods as billing needs: what it costs is the subject, not where it runs. */
export async function makeRoom(app: TestApp): Promise<void> {
  const { body } = await app.admin.get<{ items: { name: string }[] }>('/api/admin/provisioning/nodes')
  for (const { name } of body.items) {
    const room = { cpuOvercommit: 100, memoryOvercommit: 100, diskGb: 1_000_000 }
    await app.admin.post('/api/admin/provisioning/nodes', { clusterId: app.clusterId, name, ...room })
  }
  const range = { gateway: '10.99.0.1', rangeStart: '10.99.0.10', rangeEnd: '10.99.250.250' }
  const pool = { clusterId: app.clusterId, name: 'room', network: '10.99.0.0/16', ...range }
  const answer = await app.admin.post('/api/admin/provisioning/ip-pools', pool)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
}

/** A tenant that sells one plan: by the month, and by the year with a set-up fee. */
export async function shop(app: TestApp): Promise<Shop> {
  const tenantId = await app.tenant()
  const { body: plan } = await app.admin.post<Plan>('/api/admin/billing/plans', {
    tenantId,
    code: `plan-${newId().slice(-10)}`,
    name: 'Plan',
    cores: 1,
    memoryMb: 512,
    diskGb: 4,
    prices: [
      { currency: 'EUR', interval: 'month', unitMinor: '499' },
      { currency: 'EUR', interval: 'year', unitMinor: '4990', setupMinor: '1000' },
      { currency: 'EUR', interval: 'day', unitMinor: '0' },
    ],
  })
  const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
  const { body } = await app.admin.post<Customer>('/api/admin/customers', customer)
  const { blueprint } = await catalogue(app.admin)
  return { tenantId, customerId: body.id, plan, blueprintId: blueprint.id }
}

type Ordered = Awaited<ReturnType<typeof BillingService.create>>
type Wished = Partial<Parameters<typeof BillingService.create>[2]>

/** Orders something with whatever else is wished; what is tried first has no invoice. */
export const orderAs = (ctx: Ctx, { tenantId, customerId, plan, blueprintId }: Shop, wished: Wished = {}) =>
  BillingService.create(ctx, tenantId, {
    customerId,
    planId: plan.id,
    priceId: plan.prices.find((price) => price.interval === 'month')?.id ?? '',
    blueprintId,
    hostname: `pod-${newId().slice(-12)}`,
    sshKeys: null,
    region: null,
    coupon: null,
    addons: [],
    shownTotalMinor: null,
    ...wished,
  })

export async function order(
  ctx: Ctx,
  seller: Shop,
  interval: 'day' | 'month' | 'year' = 'month',
): Promise<Ordered & { invoice: Invoice }> {
  const priceId = seller.plan.prices.find((price) => price.interval === interval)?.id ?? ''
  const { invoice, ...ordered } = await orderAs(ctx, seller, { priceId })
  if (invoice === null) throw new Error('the order has no invoice')
  return { ...ordered, invoice }
}

export const payment = (amountMinor: bigint | string, reference = newId()) =>
  ({ amountMinor: String(amountMinor), currency: 'EUR', method: 'cash', reference }) as const

/** What the last step of a creation job does: the pod was proven to run. */
export async function deliver(ctx: Ctx, tenantId: string, subscriptionId: string): Promise<void> {
  const pod = await pods.ofSubscription(ctx.tx, tenantId, subscriptionId)
  if (!pod) throw new Error('the subscription has no pod')
  await BillingService.podDelivered(ctx, await cloudPodService.markActive(ctx, tenantId, pod.id, {}))
}

export type Books = {
  /** Transactions of the ledger that do not sum to zero, or have no entries. */
  unbalanced: string[]
  receivable: bigint
  credit: bigint
  cash: bigint
  revenue: bigint
  tax: bigint
  badDebt: bigint
  /** What is open on the invoices, what was paid, issued and credited. */
  open: bigint
  paid: bigint
  issued: bigint
  credited: bigint
  payments: bigint
  /** Numbers that do not follow one another. */
  gaps: string[]
}

/** The tenant's ledger and its documents, each summed by itself. */
export async function books(ctx: Ctx, tenantId: string): Promise<Books> {
  const one = async <T>(query: ReturnType<typeof sql<T>>): Promise<T> => {
    const { rows } = await query.execute(ctx.tx)
    if (!rows[0]) throw new Error('no row')
    return rows[0]
  }
  const ledger = await one(sql<Pick<Books, 'receivable' | 'credit' | 'cash' | 'revenue' | 'tax' | 'badDebt'>>`
    select coalesce(sum(amount_minor) filter (where code = 'receivable'), 0)::bigint as receivable,
      coalesce(sum(amount_minor) filter (where code = 'credit'), 0)::bigint as credit,
      coalesce(sum(amount_minor) filter (where code = 'cash'), 0)::bigint as cash,
      coalesce(sum(amount_minor) filter (where code = 'revenue'), 0)::bigint as revenue,
      coalesce(sum(amount_minor) filter (where code = 'tax'), 0)::bigint as tax,
      coalesce(sum(amount_minor) filter (where code = 'bad_debt'), 0)::bigint as "badDebt"
    from ledger_entries e join ledger_accounts a on a.id = e.account_id where e.tenant_id = ${tenantId}`)
  const documents = await one(sql<Pick<Books, 'open' | 'paid' | 'issued' | 'credited'>>`
    select coalesce(sum(greatest(total_minor - paid_minor - credited_minor, 0)) filter (where status <> 'uncollectible'), 0)::bigint as open,
      coalesce(sum(paid_minor), 0)::bigint as paid, coalesce(sum(total_minor), 0)::bigint as issued,
      coalesce(sum(credited_minor), 0)::bigint as credited from invoices where tenant_id = ${tenantId}`)
  const { payments } = await one(sql<{
    payments: bigint
  }>`select coalesce(sum(amount_minor), 0)::bigint as payments
    from payments where tenant_id = ${tenantId} and status = 'succeeded'`)
  const { rows: wrong } = await sql<{
    id: string
  }>`select t.id from ledger_tx t left join ledger_entries e on e.tx_id = t.id
    where t.tenant_id = ${tenantId} group by t.id, e.currency having coalesce(sum(e.amount_minor), 0) <> 0`.execute(
    ctx.tx,
  )
  const { rows: gaps } = await sql<{ number: string }>`select number from (
      select number, row_number() over (partition by kind order by number) as place from (
        select 'invoice' as kind, number from invoices where tenant_id = ${tenantId} union all
        select 'credit note', number from credit_notes where tenant_id = ${tenantId}) documents) numbered
    where regexp_replace(number, '^.*-', '')::bigint <> place`.execute(ctx.tx)
  return {
    ...ledger,
    ...documents,
    payments,
    unbalanced: wrong.map((row) => row.id),
    gaps: gaps.map((row) => row.number),
  }
}

import { sql, type Insertable, type Selectable } from 'kysely'
import type { SubscriptionState } from '../../shared/states/billingSubscription.ts'
import { inScope, isOne, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { InvoiceLinesTable, InvoicesTable } from './types.ts'

export type InvoiceRow = Selectable<InvoicesTable>
export type LineRow = Selectable<InvoiceLinesTable>

/**
 * The next number of a tenant's series, as `INV-000042`. The row lock makes issuing serial per series, so a
 * rolled-back issue leaves no gap; the date never runs backwards within a series.
 */
export async function nextNumber(
  tx: Tx,
  values: { newId: string; tenantId: string; kind: 'invoice' | 'credit_note'; date: string },
): Promise<{ seriesId: string; number: string; issueDate: string }> {
  const prefix = values.kind === 'invoice' ? 'INV' : 'CN'
  await sql`insert into invoice_series (id, tenant_id, kind, prefix) values (${values.newId}, ${values.tenantId}, ${values.kind}, ${prefix})
    on conflict (tenant_id, kind) do nothing`.execute(tx)
  const { rows } = await sql<{ id: string; no: bigint; prefix: string; issue_date: string }>`
    update invoice_series set next_no = next_no + 1, last_issue_date = greatest(last_issue_date, ${values.date}::date)
    where tenant_id = ${values.tenantId} and kind = ${values.kind}
    returning id, next_no - 1 as no, prefix, last_issue_date as issue_date`.execute(tx)
  const row = rows[0]
  if (!row) throw new Error(`tenant ${values.tenantId} has no ${values.kind} series`)
  return {
    seriesId: row.id,
    number: `${row.prefix}-${row.no.toString().padStart(6, '0')}`,
    issueDate: row.issue_date,
  }
}

export async function insert(
  tx: Tx,
  invoice: Insertable<InvoicesTable>,
  lines: Insertable<InvoiceLinesTable>[],
): Promise<void> {
  await tx.insertInto('invoices').values(invoice).execute()
  await tx.insertInto('invoice_lines').values(lines).execute()
}

export function lock(tx: Tx, tenantId: string, id: string): Promise<InvoiceRow | undefined> {
  return tx
    .selectFrom('invoices')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function lockOfSubscription(tx: Tx, subscriptionId: string): Promise<InvoiceRow[]> {
  return tx
    .selectFrom('invoices')
    .selectAll()
    .where('subscription_id', '=', subscriptionId)
    .orderBy('id')
    .forUpdate()
    .execute()
}

/** Nobody issues an invoice, and so uses credit of this tenant, until the transaction ends. */
export async function lockSeries(tx: Tx, tenantId: string): Promise<void> {
  await sql`select 1 from invoice_series where tenant_id = ${tenantId} and kind = 'invoice' for update`.execute(
    tx,
  )
}

export async function setMoney(
  tx: Tx,
  id: string,
  change: { status?: InvoiceRow['status']; paid_minor?: bigint; credited_minor?: bigint },
): Promise<void> {
  await tx.updateTable('invoices').set(change).where('id', '=', id).execute()
}

/** Credited lines no longer occupy their period. */
export async function voidLines(tx: Tx, invoiceId: string): Promise<void> {
  await tx.updateTable('invoice_lines').set({ voided: true }).where('invoice_id', '=', invoiceId).execute()
}

/** Fixes the period of a subscription's first recurring line, which began with the delivery. */
export async function fixFirstPeriod(tx: Tx, subscriptionId: string, start: Date, end: Date): Promise<void> {
  await sql`update invoice_lines l set period = tstzrange(${start}, ${end}) from invoices i
    where i.id = l.invoice_id and i.subscription_id = ${subscriptionId} and l.kind = 'recurring' and l.period is null
      and not l.voided`.execute(tx)
}

export async function allocate(
  tx: Tx,
  values: {
    payment_id: string
    invoice_id: string
    tenant_id: string
    amount_minor: bigint
    created_at: Date
  },
): Promise<void> {
  await tx.insertInto('payment_allocations').values(values).execute()
}

const view = (tx: Tx) =>
  tx
    .selectFrom('invoices')
    .innerJoin('customers as customer', 'customer.id', 'invoices.customer_id')
    .selectAll('invoices')
    .select('customer.name as customer_name')

export type InvoiceView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export function find(tx: Tx, tenantId: string, id: string): Promise<InvoiceView | undefined> {
  return view(tx).where('invoices.tenant_id', '=', tenantId).where('invoices.id', '=', id).executeTakeFirst()
}

export type InvoiceFilter = {
  status?: InvoiceRow['status']
  subscriptionId?: string
  customerId?: string
  dueBefore?: string
}

export function list(tx: Tx, scope: Scope, filter: InvoiceFilter, options: ListOptions) {
  let query = view(tx).where(inScope(scope, 'invoices.tenant_id'))
  if (filter.status) query = query.where(isOne('invoices.status', filter.status))
  if (filter.subscriptionId) query = query.where('invoices.subscription_id', '=', filter.subscriptionId)
  if (filter.dueBefore) query = query.where('invoices.due_date', '<', filter.dueBefore)
  if (filter.customerId) query = query.where('invoices.customer_id', '=', filter.customerId)
  return keysetPage(query, 'invoices.id', options)
}

export type Sold = {
  subscription: { id: string; name: string; state: SubscriptionState } | null
  domain: { id: string; name: string } | null
}

/** What an invoice is for: a subscription, or what was asked of a domain's registry. */
export async function soldBy(tx: Tx, tenantId: string, id: string): Promise<Sold> {
  const { rows } = await sql<Sold>`
    select case when s.id is not null then jsonb_build_object('id', s.id, 'state', s.state, 'name', coalesce(
        (select p.hostname from cloud_pods p where p.subscription_id = s.id order by p.id desc limit 1), plan.name))
      end as subscription,
      case when d.id is not null then jsonb_build_object('id', d.id, 'name', d.unicode_name) end as domain
    from invoices i
      left join subscriptions s on s.id = i.subscription_id and s.tenant_id = i.tenant_id
      left join cloud_pod_plans plan on plan.id = s.plan_id
      left join domain_operations o on o.invoice_id = i.id and o.tenant_id = i.tenant_id
      left join domains d on d.id = o.domain_id
    where i.tenant_id = ${tenantId} and i.id = ${id}`.execute(tx)
  return rows[0] ?? { subscription: null, domain: null }
}

export function linesOf(tx: Tx, invoiceIds: readonly string[]): Promise<LineRow[]> {
  return tx
    .selectFrom('invoice_lines')
    .selectAll()
    .where(sql<boolean>`invoice_id = any (${[...invoiceIds]}::uuid[])`)
    .orderBy('line_no')
    .execute()
}

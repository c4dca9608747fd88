import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** What belongs to a customer and moves with it. Ledger entries do not: they are posted over. */
const MOVING = [
  'subscriptions',
  'cloud_pods',
  'invoices',
  'payments',
  'customer_contacts',
  'customer_notes',
  'domains',
  'billing_record_services',
  'billing_record_invoices',
] as const
type Moving = (typeof MOVING)[number]

const LABEL: Record<Moving, string> = {
  subscriptions: `(select p.name from cloud_pod_plans p where p.id = t.plan_id) || ', ' || t.state`,
  cloud_pods: `t.hostname || ', ' || t.state`,
  invoices: `coalesce(t.number, 'draft') || ', ' || t.status`,
  payments: `t.external_id`,
  customer_contacts: `t.name || ' <' || t.email || '>'`,
  customer_notes: `left(t.text, 80)`,
  domains: `t.unicode_name`,
  billing_record_services: `t.product || ', ' || t.status`,
  billing_record_invoices: `t.number || ', ' || t.status`,
}

export type Moved = { kind: Moving; count: number; first: { id: string; label: string }[] }

/** How much of each kind belongs to a customer, and the newest of them by name. */
export async function belongings(
  tx: Tx,
  tenantId: string,
  customerId: string,
  shown: number,
): Promise<Moved[]> {
  const each = MOVING.map(
    (table) => sql`select ${sql.lit(table)} as kind,
      (select count(*)::int from ${sql.table(table)} t where t.tenant_id = ${tenantId} and t.customer_id = ${customerId}) as count,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'label', label)), '[]') from (
        select t.id, ${sql.raw(LABEL[table])} as label from ${sql.table(table)} t
        where t.tenant_id = ${tenantId} and t.customer_id = ${customerId} order by t.id desc limit ${shown}) newest) as first`,
  )
  const { rows } = await sql<Moved>`${sql.join(each, sql` union all `)}`.execute(tx)
  return rows
}

/** Locks what money depends on, so that no payment or cancellation falls between looking and moving. */
export async function lockMoney(tx: Tx, tenantId: string, customerId: string): Promise<void> {
  for (const table of ['subscriptions', 'invoices'] as const)
    await sql`select 1 from ${sql.table(table)} where tenant_id = ${tenantId} and customer_id = ${customerId}
      order by id for update`.execute(tx)
}

export type Balance = { account: 'receivable' | 'credit'; currency: string; amount_minor: bigint }

/** What the ledger says of a customer, where it is not zero. Debits are positive: credit in hand is negative. */
export async function balances(tx: Tx, tenantId: string, customerId: string): Promise<Balance[]> {
  const { rows } = await sql<Balance>`
    select a.code as account, a.currency, sum(e.amount_minor)::bigint as amount_minor
    from ledger_accounts a join ledger_entries e on e.account_id = a.id
    where a.tenant_id = ${tenantId} and a.customer_id = ${customerId}
    group by a.code, a.currency having sum(e.amount_minor) <> 0 order by a.currency, a.code`.execute(tx)
  return rows
}

/** Says into whom a customer went. Only then do its things move: the database asks. */
export async function markMerged(
  tx: Tx,
  customerId: string,
  change: { into: string; at: Date; keepsRef: boolean },
): Promise<void> {
  await sql`update customers set state = 'merged', merged_into = ${change.into}, updated_at = ${change.at}, version = version + 1,
    external_ref = case when ${change.keepsRef} then external_ref end where id = ${customerId}`.execute(tx)
}

export async function moveAll(tx: Tx, tenantId: string, from: string, into: string): Promise<void> {
  for (const table of MOVING)
    await sql`update ${sql.table(table)} set customer_id = ${into}
      where tenant_id = ${tenantId} and customer_id = ${from}`.execute(tx)
}

export type Open = { id: string; label: string; state: string; subscription_id: string | null }

/** Subscriptions that have not ended. */
export async function liveSubscriptions(tx: Tx, tenantId: string, customerId: string): Promise<Open[]> {
  const { rows } = await sql<Open>`select s.id, s.state, s.id as subscription_id,
      coalesce((select p.hostname from cloud_pods p where p.subscription_id = s.id order by p.id desc limit 1), 'no host name') as label
    from subscriptions s where s.tenant_id = ${tenantId} and s.customer_id = ${customerId} and s.ended_at is null order by s.id`.execute(
    tx,
  )
  return rows
}

/** Pods that exist or are about to, with the subscription that ends them, if any. */
export async function livePods(tx: Tx, tenantId: string, customerId: string): Promise<Open[]> {
  const { rows } = await sql<Open>`select id, hostname as label, state, subscription_id from cloud_pods
    where tenant_id = ${tenantId} and customer_id = ${customerId} and state not in ('failed', 'deleted') order by id`.execute(
    tx,
  )
  return rows
}

export type Unpaid = Open & { currency: string; open_minor: bigint }

export async function unpaidInvoices(tx: Tx, tenantId: string, customerId: string): Promise<Unpaid[]> {
  const { rows } = await sql<Unpaid>`select id, number as label, status as state, subscription_id, currency,
      total_minor - paid_minor - credited_minor as open_minor
    from invoices where tenant_id = ${tenantId} and customer_id = ${customerId} and status = 'open'
      and total_minor > paid_minor + credited_minor order by id`.execute(tx)
  return rows
}

/** What was paid for subscriptions, by currency: credited when they end undelivered. */
export async function paidFor(
  tx: Tx,
  tenantId: string,
  subscriptionIds: readonly string[],
): Promise<{ currency: string; paid_minor: bigint }[]> {
  const { rows } = await sql<{ currency: string; paid_minor: bigint }>`
    select currency, sum(paid_minor)::bigint as paid_minor from invoices
    where tenant_id = ${tenantId} and subscription_id = any (${[...subscriptionIds]}::uuid[]) and total_minor > credited_minor
    group by currency`.execute(tx)
  return rows
}

/** A customer and everybody who was merged into it, over any number of merges. */
export async function withMerged(tx: Tx, tenantId: string, customerId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`with recursive all_of as (
      select id from customers where tenant_id = ${tenantId} and id = ${customerId}
      union select c.id from customers c join all_of on c.merged_into = all_of.id where c.tenant_id = ${tenantId})
    select id from all_of`.execute(tx)
  return rows.map((row) => row.id)
}

/** Takes the personal data out of customers. What the law wants kept is in their documents, which do not change. */
export async function erase(tx: Tx, ids: readonly string[], at: Date): Promise<void> {
  const these = sql`any (${[...ids]}::uuid[])`
  await sql`update customers set name = 'Erased customer', company = null, email = 'erased-' || id || '@erased.invalid',
      language = null, group_id = null, tags = '{}', addresses = '[]', tax_ids = '[]', custom = '{}', search_more = '',
      external_ref = null, erased_at = ${at}, updated_at = ${at}, version = version + 1
    where id = ${these} and erased_at is null`.execute(tx)
  await sql`delete from customer_contacts where customer_id = ${these}`.execute(tx)
  await sql`update payment_methods set brand = null, last4 = null, exp_month = null, exp_year = null, is_default = false
    where customer_id = ${these}`.execute(tx)
  await sql`update billing_customers set asked = '{}' where customer_id = ${these} and external_id is not null`.execute(
    tx,
  )
  await sql`delete from customer_notes where customer_id = ${these}`.execute(tx)
  await sql`delete from tax_evidence where customer_id = ${these}`.execute(tx)
  await sql`update cloud_pods set ssh_keys = null, version = version + 1
    where customer_id = ${these} and ssh_keys is not null`.execute(tx)
}

/** The payments of a customer, and who is printed on its invoices. */
export async function documents(tx: Tx, tenantId: string, customerId: string) {
  const payments = await tx
    .selectFrom('payments')
    .select(['id', 'amount_minor', 'currency', 'method', 'external_id', 'status', 'received_at'])
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .orderBy('id')
    .execute()
  const invoices = await tx
    .selectFrom('invoices')
    .select(['id', 'buyer'])
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .execute()
  return {
    payments,
    buyers: new Map(invoices.map(({ id, buyer }) => [id, buyer as Record<string, unknown>])),
  }
}

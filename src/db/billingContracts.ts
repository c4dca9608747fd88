import { sql, type Selectable } from 'kysely'
import { LIVE_STATES, RUNNING_STATES } from '../../shared/states/billingSubscription.ts'
import type { Tx } from './index.ts'
import type { PriceRow, SubscriptionRow } from './billing.ts'
import { tenantIsActive } from './billing.ts'
import type { InvoiceLinesTable } from './types.ts'

export type ContractRow = SubscriptionRow &
  Pick<PriceRow, 'interval' | 'interval_count' | 'unit_minor' | 'setup_minor' | 'paused_minor'> & {
    plan_name: string
    item_id: string
    due: string[]
    protected: boolean
    disputed: boolean
    /** Its customer has left a payment method. */
    has_method: boolean
    coupon_percent_ppm: number | null
    coupon_amount_minor: bigint | null
    coupon_plan_ids: string[] | null
    coupon_code: string | null
    /** The change that is planned or being carried out, if there is one. */
    open_change: 'planned' | 'working' | null
    change_id: string | null
    change_plan_id: string | null
    change_addons: unknown
    change_period_no: number | null
    change_interval: PriceRow['interval'] | null
    change_interval_count: number | null
    change_unit_minor: bigint | null
    change_setup_minor: bigint | null
    change_plan_name: string | null
  }

/** Takes the rows of those that nobody else has just now. */
export async function lockFree(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{
    id: string
  }>`select id from subscriptions where id = any (${[...ids]}::uuid[]) for update skip locked`.execute(tx)
  return rows.map((row) => row.id)
}

/** What decides about the future of contracts. To be read after their rows were locked: a payment may have been waited for. */
export async function contractsOf(tx: Tx, ids: readonly string[]): Promise<ContractRow[]> {
  // One is mostly asked for, and then its plan is kept: to plan so many joins takes longer than to make them.
  const which = ids.length === 1 ? sql`s.id = ${ids[0]}` : sql`s.id = any (${[...ids]}::uuid[])`
  const { rows } = await sql<ContractRow>`
    select s.*, r.interval, r.interval_count, r.unit_minor, r.setup_minor, r.paused_minor, p.name as plan_name,
      k.percent_ppm as coupon_percent_ppm, k.amount_minor as coupon_amount_minor, k.plan_ids as coupon_plan_ids, k.code as coupon_code,
      exists (select from payment_methods m where m.customer_id = s.customer_id and m.state = 'active') as has_method,
      (select i.id from subscription_items i where i.subscription_id = s.id and i.removed_at is null order by i.slot limit 1)
        as item_id,
      -- What is owed again since a dispute was lost is due since then.
      array(select greatest(i.due_date, (select max((d.closed_at at time zone s.billing_tz)::date) from payment_allocations a
          join payment_disputes d on d.payment_id = a.payment_id and d.state = 'lost' where a.invoice_id = i.id))::text
        from invoices i where i.subscription_id = s.id and i.status = 'open' order by 1) as due,
      exists (select from payment_disputes d join payment_allocations a on a.payment_id = d.payment_id
        join invoices i on i.id = a.invoice_id where i.subscription_id = s.id and d.closed_at is null) as disputed,
      coalesce((select c.protected from cloud_pods c where c.subscription_id = s.id order by c.id desc limit 1), false) as protected,
      c.state as open_change, c.id as change_id, c.to_plan_id as change_plan_id, c.to_addons as change_addons, c.period_no as change_period_no, cr.interval as change_interval, cr.interval_count as change_interval_count,
      cr.unit_minor as change_unit_minor,
      case when cr.id = s.price_id then 0 else cr.setup_minor end as change_setup_minor, cp.name as change_plan_name
    from subscriptions s join prices r on r.id = s.price_id join cloud_pod_plans p on p.id = s.plan_id
      left join coupons k on k.id = s.coupon_id
      left join subscription_changes c on c.subscription_id = s.id and c.state in ('planned', 'working')
      left join prices cr on cr.id = c.to_price_id left join cloud_pod_plans cp on cp.id = c.to_plan_id
    where ${which}`.execute(tx)
  return rows
}

/** What happens next, without being a change of the subscription. */
export async function noteNext(tx: Tx, id: string, next: { what: string; at: Date } | null): Promise<void> {
  await sql`update subscriptions set next_step = ${next?.what ?? null}, next_step_at = ${next?.at ?? null}
    where id = ${id}`.execute(tx)
}

/** Something that what happens next depends on has changed: it is found out anew. Absent: for one tenant, or for all. */
export async function lookAgain(
  tx: Tx,
  of: { id: string } | { tenantId: string | null },
  at: Date,
): Promise<void> {
  const which =
    'id' in of
      ? sql`id = ${of.id}`
      : sql`state = any (${[...RUNNING_STATES]}) and (${of.tenantId}::uuid is null or tenant_id = ${of.tenantId})`
  await sql`update subscriptions set next_step = 'look', next_step_at = ${at} where ${which}`.execute(tx)
}

export type DueStep = { id: string; tenant_id: string; what: string }
/** Steps of a kind whose time came after `from` and until `to`. */
export type Kind = { what: string; from: Date | null; to: Date }

/** The next of each kind that are due, those first that have waited longest. */
export async function dueSteps(tx: Tx, kinds: readonly Kind[], limit: number): Promise<DueStep[]> {
  const asked = JSON.stringify(kinds)
  const { rows } = await sql<DueStep>`select due.id, due.tenant_id, due.what
    from jsonb_to_recordset(${asked}::jsonb) as kind (what text, "from" timestamptz, "to" timestamptz)
      cross join lateral (select id, tenant_id, next_step as what from subscriptions
        where next_step = kind.what and next_step_at <= kind.to
          and next_step_at > coalesce(kind.from, '-infinity') and ${tenantIsActive}
        order by next_step_at limit ${limit}) due`.execute(tx)
  return rows
}

/** How many of a kind are due, of how many contracts there are. */
export async function countDue(tx: Tx, { what, from, to }: Kind): Promise<{ wanted: number; total: number }> {
  const { rows } = await sql<{ wanted: number; total: number }>`select
      (select count(*)::int from subscriptions where next_step = ${what} and next_step_at <= ${to}
        and next_step_at > ${from ?? '-infinity'}::timestamptz and ${tenantIsActive}) as wanted,
      (select count(*)::int from subscriptions where state = any (${[...LIVE_STATES]})) as total`.execute(tx)
  return rows[0] ?? { wanted: 0, total: 0 }
}

export type Soon = Pick<
  SubscriptionRow,
  'id' | 'tenant_id' | 'customer_id' | 'billing_tz' | 'payment_due_at'
> & { label: string; customer_name: string }

/** Of all tenants the subscriptions and unpaid orders to which something happens, those first to which it happens next. */
export async function soonest(tx: Tx, limit: number): Promise<Soon[]> {
  const { rows } = await sql<Soon>`select s.id, s.tenant_id, s.customer_id, s.billing_tz,
      case when s.state = 'awaiting_payment' then s.payment_due_at end as payment_due_at,
      coalesce((select c.hostname from cloud_pods c where c.subscription_id = s.id order by c.id desc limit 1), p.name) as label,
      coalesce(k.company, k.name) as customer_name
    from subscriptions s join cloud_pod_plans p on p.id = s.plan_id join customers k on k.id = s.customer_id
    where s.next_step_at is not null or (s.state = 'awaiting_payment' and s.payment_due_at is not null)
    order by coalesce(s.next_step_at, s.payment_due_at), s.id limit ${limit}`.execute(tx)
  return rows
}

/** When something happens next to any of them after a time. */
export async function nextAt(tx: Tx, after: Date): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`select least(
      (select min(next_step_at) from subscriptions where next_step_at > ${after}),
      (select min(cancel_at) from subscriptions where cancel_at > ${after} and ended_at is null),
      (select min(payment_due_at) from subscriptions where payment_due_at > ${after} and state = 'awaiting_payment')) as at`.execute(
    tx,
  )
  return rows[0]?.at ?? null
}

/** What a customer has in hand. */
export async function creditOf(
  tx: Tx,
  tenantId: string,
  customerId: string,
  currency: string,
): Promise<bigint> {
  const { rows } = await sql<{ credit: bigint }>`select coalesce(-sum(e.amount_minor), 0)::bigint as credit
    from ledger_accounts a join ledger_entries e on e.account_id = a.id
    where a.tenant_id = ${tenantId} and a.code = 'credit' and a.currency = ${currency}
      and coalesce(a.customer_id, '00000000-0000-0000-0000-000000000000') = ${customerId}`.execute(tx)
  return rows[0]?.credit ?? 0n
}

/** Issued invoices of a subscription for periods that begin at `at` or later, and are not taken back. */
export async function invoicesFrom(tx: Tx, subscriptionId: string, at: Date): Promise<string[]> {
  const { rows } = await sql<{
    id: string
  }>`select distinct i.id from invoices i join invoice_lines l on l.invoice_id = i.id
    where i.subscription_id = ${subscriptionId} and l.kind = 'recurring' and not l.voided and lower(l.period) >= ${at}`.execute(
    tx,
  )
  return rows.map((row) => row.id)
}

type BilledLine = Pick<
  Selectable<InvoiceLinesTable>,
  'unit_minor' | 'tax_category' | 'tax_ppm' | 'tax_included' | 'tax_reason'
>

/** What an item was billed for a time, with its add-ons, less its discount and what was credited of it, unless that was taken back. */
export async function billedFor(tx: Tx, itemId: string, at: Date): Promise<BilledLine | undefined> {
  const { rows } = await sql<BilledLine>`select l.tax_category, l.tax_ppm, l.tax_included, l.tax_reason,
      (l.unit_minor + coalesce((select sum(d.unit_minor) from invoice_lines d
        where d.invoice_id = l.invoice_id and d.item_id = l.item_id and d.kind in ('discount', 'addon')), 0)
      - coalesce((select sum(case when d.tax_included then c.gross_minor else c.net_minor end)
        from credit_note_lines c join invoice_lines d on d.id = c.invoice_line_id
        where d.invoice_id = l.invoice_id and d.item_id = l.item_id and d.kind in ('recurring', 'discount', 'addon')), 0))::bigint as unit_minor
    from invoice_lines l where l.item_id = ${itemId} and l.kind = 'recurring' and not l.voided and l.period @> ${at}::timestamptz`.execute(
    tx,
  )
  return rows[0]
}

/** Issued invoices that an item stands on and that are not taken back. */
export async function invoicesOfItem(tx: Tx, itemId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select distinct invoice_id as id from invoice_lines
    where item_id = ${itemId} and kind = 'recurring' and not voided`.execute(tx)
  return rows.map((row) => row.id)
}

/** What is paid, and whose delivery has failed or had no news since. */
export async function undelivered(tx: Tx, since: Date): Promise<{ n: number; example: string | null }> {
  const { rows } = await sql<{ n: number; example: string | null }>`
    select count(*)::int as n, min((select c.hostname from cloud_pods c where c.subscription_id = s.id order by c.id desc limit 1)) as example
    from subscriptions s where s.state = 'provisioning' and (s.delivery_problem is not null or s.updated_at <= ${since})`.execute(
    tx,
  )
  return rows[0] ?? { n: 0, example: null }
}

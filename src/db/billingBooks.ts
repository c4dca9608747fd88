import { sql, type RawBuilder } from 'kysely'
import { LIVE_STATES, RUNNING_STATES } from '../../shared/states/billingSubscription.ts'
import type { Tx } from './index.ts'

/** So many of a kind are told at once; further ones are when these are over. */
export const MOST = 100

/** Both sides of one comparison are read by one statement, so that nothing comes between them. */
const rowsOf = async <T>(tx: Tx, query: RawBuilder<T>): Promise<T[]> => (await query.execute(tx)).rows

/** `here`: what the ledger, or the document itself, says; `there`: what follows from the others. */
type Sums = { currency: string; here: bigint; there: bigint }

/** Postings whose entries do not sum to zero. */
export const unbalanced = (tx: Tx, tenantId: string) =>
  rowsOf(
    tx,
    sql<{ id: string; kind: string; at: Date; currency: string; minor: bigint }>`select t.id, t.kind,
        t.occurred_at as at, e.currency, sum(e.amount_minor)::bigint as minor
      from ledger_tx t join ledger_entries e on e.tx_id = t.id where t.tenant_id = ${tenantId}
      group by t.id, e.currency having sum(e.amount_minor) <> 0 order by t.id limit ${MOST}`,
  )

/** Customers of whom the ledger says another receivable than is open on their invoices. */
export const receivables = (tx: Tx, tenantId: string) =>
  rowsOf(
    tx,
    sql<Sums & { customer_id: string }>`
      with ledger as (select a.customer_id, a.currency, sum(e.amount_minor) as minor from ledger_accounts a
          join ledger_entries e on e.account_id = a.id
          where a.tenant_id = ${tenantId} and a.code = 'receivable' group by 1, 2),
        documents as (select customer_id, currency, sum(greatest(total_minor - paid_minor - credited_minor, 0)) as minor
          from invoices where tenant_id = ${tenantId} and status not in ('draft', 'uncollectible') group by 1, 2)
      select customer_id, currency,
        coalesce(l.minor, 0)::bigint as here, coalesce(d.minor, 0)::bigint as there
      from ledger l full join documents d using (customer_id, currency)
      where coalesce(l.minor, 0) <> coalesce(d.minor, 0) order by customer_id limit ${MOST}`,
  )

/** Currencies in which the ledger says other money than payments, refunds and disputes have moved. */
export const cash = (tx: Tx, tenantId: string) =>
  rowsOf(
    tx,
    sql<Sums>`
      with ledger as (select e.currency, sum(e.amount_minor) as minor from ledger_accounts a
          join ledger_entries e on e.account_id = a.id where a.tenant_id = ${tenantId} and a.code = 'cash' group by 1),
        moved as (select currency, sum(minor) as minor from (
          select currency, amount_minor as minor from payments
            where tenant_id = ${tenantId} and status in ('succeeded', 'refunded')
          union all select currency, -amount_minor from payment_refunds
            where tenant_id = ${tenantId} and state = 'succeeded'
          union all select currency, -withdrawn_minor from payment_disputes where tenant_id = ${tenantId}
          union all select coalesce(fee_currency, currency), -fee_minor from payment_disputes
            where tenant_id = ${tenantId}) parts group by 1)
      select currency, coalesce(l.minor, 0)::bigint as here, coalesce(m.minor, 0)::bigint as there
      from ledger l full join moved m using (currency)
      where coalesce(l.minor, 0) <> coalesce(m.minor, 0) order by currency`,
  )

type InvoiceSums = {
  id: string
  number: string
  currency: string
  total: bigint
  lines: bigint
  credited: bigint
  notes: bigint
  paid: bigint
  /** What payments and credit in hand have paid of it, and what of that may be owed again by refunds and disputes. */
  came: bigint
  back: bigint
}

/**
 * Invoices whose amounts do not follow from their lines, credit notes and payments. What was given back of a payment is taken from
 * the customer's credit first: it lowers what is paid by so much at most.
 */
export const invoices = (tx: Tx, tenantId: string) =>
  rowsOf(
    tx,
    sql<InvoiceSums>`
      with lines as (select invoice_id, sum(gross_minor) as minor from invoice_lines where tenant_id = ${tenantId} group by 1),
        notes as (select invoice_id, sum(total_minor) as minor from credit_notes where tenant_id = ${tenantId} group by 1),
        used as (select t.source_id as invoice_id, -sum(e.amount_minor) as minor from ledger_tx t
          join ledger_entries e on e.tx_id = t.id join ledger_accounts a on a.id = e.account_id and a.code = 'receivable'
          where t.tenant_id = ${tenantId} and t.source_type = 'invoice' and t.kind = 'use_credit' group by 1),
        lost as (select payment_id, sum(minor) as minor from (
            select payment_id, amount_minor as minor from payment_refunds
              where tenant_id = ${tenantId} and (state = 'succeeded' or ended_at is not null and external_id is not null)
            union all select payment_id, greatest(amount_minor, lost_minor) from payment_disputes where tenant_id = ${tenantId}) parts
          group by 1),
        came as (select p.invoice_id, sum(p.amount_minor) as minor, sum(coalesce(l.minor, 0)) as back
          from payment_allocations p left join lost l on l.payment_id = p.payment_id
          where p.tenant_id = ${tenantId} group by 1)
      select * from (
        select i.id, i.number, i.currency, i.total_minor as total, coalesce(l.minor, 0)::bigint as lines,
          i.credited_minor as credited, coalesce(n.minor, 0)::bigint as notes, i.paid_minor as paid,
          (coalesce(c.minor, 0) + coalesce(u.minor, 0))::bigint as came, coalesce(c.back, 0)::bigint as back
        from invoices i left join lines l on l.invoice_id = i.id left join notes n on n.invoice_id = i.id
          left join used u on u.invoice_id = i.id left join came c on c.invoice_id = i.id
        where i.tenant_id = ${tenantId} and i.status <> 'draft') sums
      where total <> lines or credited <> notes or paid > came or paid < came - back order by id limit ${MOST}`,
  )

/** Series that have given out more numbers than there are documents, or others. */
export const gaps = (tx: Tx, tenantId: string) =>
  rowsOf(
    tx,
    sql<{ id: string; kind: 'invoice' | 'credit_note'; count: number; first: string[] }>`
      with missing as (select s.id, s.kind, s.prefix || '-' || lpad(n::text, greatest(6, length(n::text)), '0') as number
        from invoice_series s cross join lateral generate_series(1, s.next_no - 1) n where s.tenant_id = ${tenantId})
      select id, kind, count(*)::int as count, (array_agg(number order by length(number), number))[1:5] as first
      from missing m where not exists (select from invoices i where i.series_id = m.id and i.number = m.number)
        and not exists (select from credit_notes c where c.series_id = m.id and c.number = m.number)
      group by id, kind order by kind`,
  )

type Contract = { id: string; label: string; state: string }
const LABEL = sql`coalesce((select p.hostname from cloud_pods p where p.subscription_id = s.id order by p.id desc limit 1),
  s.id::text)`

/** Paid, and there is no pod. `delivery`: it has not come since then, or has failed. */
export const undelivered = (tx: Tx, tenantId: string, delivery: Date) =>
  rowsOf(
    tx,
    sql<
      Contract & { problem: string | null }
    >`select s.id, ${LABEL} as label, s.state, s.delivery_problem as problem
      from subscriptions s where s.tenant_id = ${tenantId} and (
        s.state = any (${[...RUNNING_STATES]}) and not exists (select from cloud_pods p
          where p.subscription_id = s.id and p.state in ('active', 'creating'))
        or s.state = 'provisioning' and (s.delivery_problem is not null or s.updated_at <= ${delivery}))
      order by s.id limit ${MOST}`,
  )

/**
 * Delivered, and the present period has no invoice that was not taken back, or has ended before `since` without another one. What a
 * pause has moved was billed for the days before.
 */
export const unbilled = (tx: Tx, tenantId: string, since: Date) =>
  rowsOf(
    tx,
    sql<Contract & { until: Date }>`select s.id, ${LABEL} as label, s.state, upper(s.current_period) as until
      from subscriptions s where s.tenant_id = ${tenantId} and s.state = any (${[...LIVE_STATES]})
        and (upper(s.current_period) <= ${since} or not exists (select from subscription_items t
          join invoice_lines l on l.item_id = t.id where t.subscription_id = s.id and l.kind = 'recurring' and not l.voided
            and l.period && tstzrange(lower(s.current_period) - make_interval(days => s.moved_days), upper(s.current_period))))
      order by s.id limit ${MOST}`,
  )

/** Stopped for what it owes, or still being brought back since `since`, and nothing is overdue. */
export const stopped = (tx: Tx, tenantId: string, since: Date) =>
  rowsOf(
    tx,
    sql<Contract>`select s.id, ${LABEL} as label, s.state from subscriptions s
      where s.tenant_id = ${tenantId} and s.updated_at <= ${since}
        and not exists (select from invoices i where i.subscription_id = s.id and i.status = 'open'
          and i.due_date < (${since}::timestamptz at time zone s.billing_tz)::date)
        and (s.state in ('suspending', 'suspended', 'unsuspending') or s.state in ('trialing', 'active', 'grace')
          and exists (select from tenant_suspensions t where t.subscription_id = s.id and t.ended_at is null))
      order by s.id limit ${MOST}`,
  )

/** Pods of contracts that have ended. */
export const outlived = (tx: Tx, tenantId: string) =>
  rowsOf(
    tx,
    sql<
      Contract & { pod: string; pod_state: string; ended: Date }
    >`select s.id, p.hostname as label, s.state, p.id as pod,
        p.state as pod_state, s.ended_at as ended
      from subscriptions s join cloud_pods p on p.subscription_id = s.id
      where s.tenant_id = ${tenantId} and s.ended_at is not null and p.state in ('reserved', 'creating', 'active')
      order by s.id limit ${MOST}`,
  )

import { sql } from 'kysely'
import { LIVE_STATES } from '../../shared/states/billingSubscription.ts'
import type { TaxCategory } from '../../shared/states/tax.ts'
import type { Scope, Tx } from './index.ts'
import { inScope } from './list.ts'

/** The first day and the one after the last. */
export type Days = { from: string; to: string }

export type Recurring = { currency: string; subscriptions: number; monthly: bigint }

/**
 * What live subscriptions come to in a month, each rounded once: a year has 12 months, 52 weeks, 365 days. A price that has the tax
 * in it counts without, by the rate of its newest invoice.
 */
export async function recurring(tx: Tx, scope: Scope): Promise<Recurring[]> {
  const { rows } = await sql<Recurring>`
    select currency, count(*)::int as subscriptions, sum(div(2 * part + whole, 2 * whole))::bigint as monthly from (
      select s.currency, (r.unit_minor + coalesce((select sum((a ->> 'quantity')::bigint * (a ->> 'unitMinor')::bigint)
            from jsonb_array_elements(s.addons) a), 0))::numeric * 1000000
          * case r.interval when 'week' then 52 when 'day' then 365 else 1 end as part,
        (1000000 + case when l.tax_included then l.tax_ppm else 0 end)::numeric * r.interval_count
          * case r.interval when 'month' then 1 else 12 end as whole
      from subscriptions s join prices r on r.id = s.price_id
        left join lateral (select tax_included, tax_ppm from invoice_lines l join invoices i on i.id = l.invoice_id
          where i.subscription_id = s.id and l.kind = 'recurring' and not l.voided order by l.period desc nulls last limit 1) l on true
      where s.state = any (${[...LIVE_STATES]}) and ${inScope(scope, 's.tenant_id')}) each
    group by currency order by currency`.execute(tx)
  return rows
}

export type Churn = { currency: string; atStart: number; began: number; ended: number; lost: number }

/** Delivered subscriptions: those that were there on the first day, began, ended, and of the first ended. */
export async function churn(tx: Tx, scope: Scope, { from, to }: Days): Promise<Churn[]> {
  const [first, after] = [
    sql`(${from}::date)::timestamp at time zone 'UTC'`,
    sql`(${to}::date)::timestamp at time zone 'UTC'`,
  ]
  const there = sql`started_at < ${first} and (ended_at is null or ended_at >= ${first})`
  const ended = sql`ended_at >= ${first} and ended_at < ${after}`
  const { rows } = await sql<Churn>`select currency, count(*) filter (where ${there})::int as "atStart",
      count(*) filter (where started_at >= ${first})::int as began, count(*) filter (where ${ended})::int as ended,
      count(*) filter (where ${there} and ${ended})::int as lost
    from subscriptions where started_at < ${after} and (ended_at is null or ended_at >= ${first})
      and ${inScope(scope, 'tenant_id')}
    group by currency order by currency`.execute(tx)
  return rows
}

export type Aged = {
  currency: string
  notDue: bigint
  to30: bigint
  to60: bigint
  to90: bigint
  over90: bigint
  total: bigint
}

const part = (condition: ReturnType<typeof sql>, name: string) =>
  sql`coalesce(sum(open) filter (where ${condition}), 0)::bigint as ${sql.ref(name)}`

/** What is open on invoices, by how many days after the due date `today` is. */
export async function aged(tx: Tx, scope: Scope, today: string): Promise<Aged[]> {
  const { rows } = await sql<Aged>`select currency, ${part(sql`late <= 0`, 'notDue')},
      ${part(sql`late between 1 and 30`, 'to30')}, ${part(sql`late between 31 and 60`, 'to60')},
      ${part(sql`late between 61 and 90`, 'to90')}, ${part(sql`late > 90`, 'over90')}, sum(open)::bigint as total
    from (select currency, ${today}::date - due_date as late, total_minor - paid_minor - credited_minor as open
      from invoices where status = 'open' and ${inScope(scope, 'tenant_id')}) each
    group by currency order by currency`.execute(tx)
  return rows
}

export type Taxed = {
  month: string
  currency: string
  category: TaxCategory | null
  ratePpm: number
  net: bigint
  tax: bigint
}

/** Lines of invoices less what credit notes take back of them, by the documents' own days. */
export async function taxes(tx: Tx, scope: Scope, { from, to }: Days): Promise<Taxed[]> {
  const { rows } =
    await sql<Taxed>`select to_char(day, 'YYYY-MM') as month, currency, category, ppm as "ratePpm",
      sum(net)::bigint as net, sum(tax)::bigint as tax
    from (select i.issue_date as day, i.currency, l.kind, l.tax_category as category, l.tax_ppm as ppm, l.net_minor as net,
          l.tax_minor as tax
        from invoices i join invoice_lines l on l.invoice_id = i.id
        where i.issue_date >= ${from} and i.issue_date < ${to} and ${inScope(scope, 'i.tenant_id')}
      union all select n.issue_date, n.currency, l.kind, l.tax_category, l.tax_ppm, -c.net_minor, -c.tax_minor
        from credit_notes n join credit_note_lines c on c.credit_note_id = n.id join invoice_lines l on l.id = c.invoice_line_id
        where n.issue_date >= ${from} and n.issue_date < ${to} and ${inScope(scope, 'n.tenant_id')}) line
    where kind <> 'carried'
    group by 1, 2, 3, 4 order by 1, 2, 3 nulls last, 4`.execute(tx)
  return rows
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'

type Whose = { tenantId: string; customerId: string; currency: string }

/** The accounts of a customer, as their unique index finds them. */
const accountsOf = ({ tenantId, customerId, currency }: Whose) => sql`select id from ledger_accounts
  where tenant_id = ${tenantId} and code in ('receivable', 'credit') and currency = ${currency}
    and coalesce(customer_id, '00000000-0000-0000-0000-000000000000') = ${customerId}`

/** What a customer was given by hand, less what was taken back: ever, and since a time. */
export async function grantedTo(
  tx: Tx,
  whose: Whose,
  since: Date,
): Promise<{ ever: bigint; lately: bigint }> {
  const { rows } = await sql<{ ever: bigint; lately: bigint }>`select
      coalesce(-sum(e.amount_minor), 0)::bigint as ever,
      coalesce(-sum(e.amount_minor) filter (where t.occurred_at > ${since}), 0)::bigint as lately
    from ledger_entries e join ledger_tx t on t.id = e.tx_id and t.tenant_id = ${whose.tenantId}
    where e.account_id in (${accountsOf(whose)}) and t.kind = 'grant'`.execute(tx)
  return rows[0] ?? { ever: 0n, lately: 0n }
}

/** What a customer owed less what he had in hand, before a time. */
export async function balanceBefore(tx: Tx, whose: Whose, at: Date): Promise<bigint> {
  const { rows } = await sql<{ balance: bigint }>`select coalesce(sum(e.amount_minor), 0)::bigint as balance
    from ledger_entries e join ledger_tx t on t.id = e.tx_id and t.tenant_id = ${whose.tenantId}
    where e.account_id in (${accountsOf(whose)}) and t.occurred_at < ${at}`.execute(tx)
  return rows[0]?.balance ?? 0n
}

export type Movement = { at: Date; kind: string; label: string; amount_minor: bigint }

/** What changed what a customer owes or has in hand from a time until another, the oldest first. */
export async function movements(
  tx: Tx,
  whose: Whose,
  { from, to }: { from: Date; to: Date },
  limit: number,
): Promise<Movement[]> {
  const { rows } = await sql<Movement>`
    select t.occurred_at as at, t.kind, moved.amount_minor,
      coalesce(nullif(t.memo, ''), i.number, n.number,
        case when p.provider = 'manual' then substr(p.external_id, length(p.method) + 2) else p.external_id end, r.reason, '') as label
    from (select e.tx_id, sum(e.amount_minor)::bigint as amount_minor from ledger_entries e
        where e.account_id in (${accountsOf(whose)}) group by e.tx_id) moved
      join ledger_tx t on t.id = moved.tx_id and t.tenant_id = ${whose.tenantId}
      left join invoices i on t.source_type = 'invoice' and i.id = t.source_id
      left join credit_notes n on t.source_type = 'credit_note' and n.id = t.source_id
      left join payments p on t.source_type = 'payment' and p.id = t.source_id
      left join payment_refunds r on t.source_type = 'refund' and r.id = t.source_id
    where t.occurred_at >= ${from} and t.occurred_at < ${to} and moved.amount_minor <> 0
    order by t.occurred_at, t.id limit ${limit}`.execute(tx)
  return rows
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'
import type { JobRow } from './queue.ts'

/** What a rehearsal of a job needs: it is taken as a worker takes it, and what it writes is read back. */

/** Takes a waiting or stuck job, whatever it waits for. Null when it is over, or running. */
export async function take(tx: Tx, id: string, worker: string): Promise<JobRow | null> {
  const { rows } = await sql<JobRow>`update provisioning_jobs_live set
      state = 'running', fence = fence + 1, lease_owner = ${worker}, lease_until = clock_timestamp() + interval '1 h',
      attempts = 0, lost_leases = 0, deadline_at = null, waiting_for = null
    where id = ${id} and state in ('scheduled', 'blocked', 'ready', 'stuck') returning *`.execute(tx)
  return rows[0] ?? null
}

export type TableChange = { table: string; inserted: number; updated: number; deleted: number }

/** Rows that the open transaction has written, by table; partitions count for their table. */
export async function changes(tx: Tx): Promise<TableChange[]> {
  const { rows } = await sql<TableChange>`
    select coalesce(pg_partition_root(relid), relid)::regclass::text as "table", sum(n_tup_ins)::int as inserted,
      sum(n_tup_upd)::int as updated, sum(n_tup_del)::int as deleted
    from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0
    group by 1 order by 1`.execute(tx)
  return rows
}

/** What the open transaction has said in the audit log, as the job. */
export function events(tx: Tx, job: JobRow, since: Date) {
  return tx
    .selectFrom('audit_events')
    .select(['action', 'target_type', 'target_label', 'outcome', 'diff'])
    .where('request_id', '=', job.id)
    .where('at', '>=', since)
    .orderBy('at')
    .orderBy('id')
    .execute()
}

export type Money = { currency: string; invoicedMinor: bigint; creditedMinor: bigint }

/** What was invoiced and credited for the pod that a job is about. */
export async function money(tx: Tx, job: JobRow): Promise<Money[]> {
  if (job.subject_type !== 'cloudPod') return []
  const { rows } = await sql<Money>`
    with own as (
      select i.id, i.currency, i.total_minor from cloud_pods p join invoices i on i.subscription_id = p.subscription_id
      where p.id = ${job.subject_id})
    select currency, sum(total_minor)::bigint as "invoicedMinor",
      coalesce(sum((select sum(total_minor) from credit_notes n where n.invoice_id = own.id)), 0)::bigint as "creditedMinor"
    from own group by currency order by currency`.execute(tx)
  return rows
}

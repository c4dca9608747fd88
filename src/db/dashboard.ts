import { sql, type RawBuilder } from 'kysely'
import type { FindingKind } from '../../shared/states/finding.ts'
import type { Scope, Tx } from './index.ts'
import { inScope } from './list.ts'
import type { JobRow } from './queue.ts'

async function rowsOf<T>(tx: Tx, query: RawBuilder<T>): Promise<T[]> {
  return (await query.execute(tx)).rows
}

/** Jobs that are not over, by state. */
export const openJobs = (tx: Tx, scope: Scope) =>
  rowsOf(
    tx,
    sql<{ state: JobRow['state']; count: number }>`select state, count(*)::int as count
      from provisioning_jobs_live where state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')
        and ${inScope(scope, 'tenant_id')} group by state`,
  )

/** Jobs that ended from then on, by the hour in which they did. What ended more than a day ago is in the history. */
export const endedJobs = (tx: Tx, scope: Scope, since: Date) =>
  rowsOf(
    tx,
    sql<{ hour: Date; succeeded: number; failed: number }>`select date_trunc('hour', finished_at) as hour,
        (count(*) filter (where state = 'succeeded'))::int as succeeded,
        (count(*) filter (where state = 'failed'))::int as failed
      from provisioning_jobs_live where finished_at >= ${since} and ${inScope(scope, 'tenant_id')} group by 1`,
  )

/** What is due before that day and not paid, by currency. */
export const overdue = (tx: Tx, scope: Scope, before: string) =>
  rowsOf(
    tx,
    sql<{ currency: string; count: number; open: bigint }>`select currency, count(*)::int as count,
        sum(total_minor - paid_minor - credited_minor)::bigint as open
      from invoices where status = 'open' and due_date < ${before} and ${inScope(scope, 'tenant_id')}
      group by currency order by currency`,
  )

export const openFindings = (tx: Tx) =>
  rowsOf(
    tx,
    sql<{ kind: FindingKind; count: number }>`select kind, count(*)::int as count from findings
      where state = 'open' group by kind order by kind`,
  )

/** Certificates that end before that day, and those with a problem. */
export async function certificates(tx: Tx, scope: Scope, before: string) {
  const [found] = await rowsOf(
    tx,
    sql<{ ending: number; problems: number }>`select
      (select count(*)::int from ssl_certificates where state <> 'removed' and not_after < ${before}::date::timestamptz
        and ${inScope(scope, 'tenant_id')}) as ending,
      (select count(*)::int from ssl_certificates where state <> 'removed' and problem_code is not null
        and ${inScope(scope, 'tenant_id')}) as problems`,
  )
  return found ?? { ending: 0, problems: 0 }
}

/** Domains that expire before that day, and those that nobody has proven to be theirs. */
export async function domains(tx: Tx, scope: Scope, before: string) {
  const [found] = await rowsOf(
    tx,
    sql<{ ending: number; unproven: number }>`select
      (select count(*)::int from domains where ended_at is null and expires_at < ${before}::date::timestamptz
        and ${inScope(scope, 'tenant_id')}) as ending,
      (select count(*)::int from domains where ended_at is null and verified_at is null
        and ${inScope(scope, 'tenant_id')}) as unproven`,
  )
  return found ?? { ending: 0, unproven: 0 }
}

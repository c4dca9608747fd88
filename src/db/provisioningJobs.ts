import { sql } from 'kysely'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { JobRow } from './queue.ts'

export type JobFilter = {
  state?: JobRow['state']
  queue?: string
  subjectType?: string
  subjectId?: string
}

export function list(tx: Tx, scope: Scope, filter: JobFilter, options: ListOptions) {
  let query = tx
    .selectFrom('provisioning_jobs')
    .selectAll()
    .where(inScope(scope, 'provisioning_jobs.tenant_id'))
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.queue) query = query.where('queue', '=', filter.queue)
  if (filter.subjectType) query = query.where('subject_type', '=', filter.subjectType)
  if (filter.subjectId) query = query.where('subject_id', '=', filter.subjectId)
  return keysetPage(query, 'provisioning_jobs.id', options)
}

export function find(tx: Tx, id: string): Promise<JobRow | undefined> {
  return tx.selectFrom('provisioning_jobs').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The last lines of a job's log, oldest first. */
export async function log(tx: Tx, jobId: string, lines: number) {
  const rows = await tx
    .selectFrom('provisioning_job_logs')
    .selectAll()
    .where('job_id', '=', jobId)
    .orderBy('id', 'desc')
    .limit(lines)
    .execute()
  return rows.toReversed()
}

/** A place in the stream of changes: the transaction and the job. Every older change has been seen. */
export type Cursor = { changed: string; id: string }

const NIL = '00000000-0000-0000-0000-000000000000'

export async function now(tx: Tx): Promise<Cursor> {
  const { rows } = await sql<{
    xmin: string
  }>`select pg_snapshot_xmin(pg_current_snapshot())::text as xmin`.execute(tx)
  return { changed: rows[0]?.xmin ?? '0', id: NIL }
}

/**
 * Jobs changed after the cursor, in order. Only transactions older than every running one are read, so a change that
 * commits late is never skipped.
 */
export async function changedSince(tx: Tx, scope: Scope, cursor: Cursor, limit: number) {
  const { rows } = await sql<
    JobRow & { changed: string }
  >`select j.*, j.changed::text as changed from provisioning_jobs j
    where (j.changed, j.id) > (${cursor.changed}::xid8, ${cursor.id}::uuid)
      and j.changed < pg_snapshot_xmin(pg_current_snapshot()) and ${inScope(scope, 'j.tenant_id')}
    order by j.changed, j.id limit ${limit}`.execute(tx)
  return rows
}

/** Figures for the metrics page: jobs by queue and state, and the age of the oldest ready one in seconds. */
export async function depth(tx: Tx) {
  const { rows } = await sql<{ queue: string; state: string; jobs: number; oldest: number }>`
    select queue, state, count(*)::int as jobs,
      coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
    from provisioning_jobs where state in ('scheduled', 'blocked', 'ready', 'running', 'stuck') group by queue, state`.execute(
    tx,
  )
  return rows
}

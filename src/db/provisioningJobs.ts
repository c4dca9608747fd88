import { sql } from 'kysely'
import { inScope, isOne, isThis, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { JobRow } from './queue.ts'

export type JobFilter = {
  state?: JobRow['state']
  queue?: string
  kind?: string
  subjectType?: string
  subjectId?: string
  endedSince?: string
}

const ENDED: readonly JobRow['state'][] = ['succeeded', 'failed', 'cancelled']

export function list(tx: Tx, scope: Scope, filter: JobFilter, options: ListOptions) {
  let query = tx
    .selectFrom('provisioning_jobs')
    .selectAll()
    .where(inScope(scope, 'provisioning_jobs.tenant_id'))
  if (filter.state) query = query.where(isOne('state', filter.state))
  if (filter.state && !ENDED.includes(filter.state))
    // Says nothing more, but spares the history.
    query = query.where(sql<boolean>`month = 'infinity'`)
  if (filter.queue) query = query.where('queue', '=', filter.queue)
  if (filter.kind) query = query.where(isThis('kind', filter.kind))
  if (filter.subjectType) query = query.where(isThis('subject_type', filter.subjectType))
  if (filter.endedSince) {
    const since = new Date(filter.endedSince)
    query = query.where('finished_at', '>=', since)
    // Says nothing more, but spares the months before.
    query = query.where(sql<boolean>`month >= date_trunc('month', ${since}::timestamptz)::date`)
  }
  if (filter.subjectId) query = query.where('subject_id', '=', filter.subjectId)
  return keysetPage(query, 'provisioning_jobs.id', options)
}

export function find(tx: Tx, id: string): Promise<JobRow | undefined> {
  return tx.selectFrom('provisioning_jobs').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Whether anything is still to be done to a pod, or waits for a person. */
export async function hasUnfinished(tx: Tx, tenantId: string, podId: string): Promise<boolean> {
  const { rows } = await sql`select from provisioning_jobs_live where tenant_id = ${tenantId}
    and serial_key = ${`cloudPod:${podId}`} and state not in ('succeeded', 'failed', 'cancelled') limit 1`.execute(
    tx,
  )
  return rows.length > 0
}

/** Whether a pod's guest is still to be made by its own job. */
export async function isBeingMade(tx: Tx, podId: string): Promise<boolean> {
  const { rows } = await sql`select from provisioning_jobs_live where serial_key = ${`cloudPod:${podId}`}
    and kind = 'cloudPod.create' and state not in ('succeeded', 'failed', 'cancelled') limit 1`.execute(tx)
  return rows.length > 0
}

/** Whether a pod's guest is still to be made, and its cluster has never been asked for it. */
export async function isUnasked(tx: Tx, podId: string): Promise<boolean> {
  const { rows } = await sql`select from provisioning_jobs_live j where serial_key = ${`cloudPod:${podId}`}
    and kind = 'cloudPod.create' and state not in ('succeeded', 'failed', 'cancelled')
    and not exists (select from provisioning_job_steps s where s.queue = j.queue and s.job_id = j.id and s.saved is not null)
    limit 1`.execute(tx)
  return rows.length > 0
}

/** What a job about this waits for outside, null when none does. */
export async function waitsFor(tx: Tx, type: string, id: string): Promise<string | null> {
  const { rows } = await sql<{ words: string }>`select waiting_for as words from provisioning_jobs_live
    where subject_type = ${type} and subject_id = ${id} and waiting_for is not null
      and state in ('scheduled', 'ready', 'running') order by created_at limit 1`.execute(tx)
  return rows[0]?.words ?? null
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

/** PostgreSQL's text of a snapshot, `xmin:xmax:xip,…`: which transactions have been seen, however late others commit. */
export type Snapshot = string

export type Change = JobRow & { changed: string }

/** Where the stream of changes stands. `place` is kept unless it is of a database that had come further than this one. */
export async function streamStart(tx: Tx, place: Snapshot | undefined): Promise<Snapshot> {
  const { rows } = await sql<{ start: string }>`
    select (case when pg_snapshot_xmax(${place ?? null}::pg_snapshot) <= pg_snapshot_xmax(now) then ${place ?? null}::pg_snapshot else now end)::text as start
    from pg_current_snapshot() as now`.execute(tx)
  return rows[0]?.start ?? ''
}

/**
 * Jobs whose last change is visible now and was not in `seen`, in the order of their transactions from `after` on, and
 * the present snapshot.
 */
export async function changedSince(
  tx: Tx,
  scope: Scope,
  seen: Snapshot,
  after: Pick<Change, 'changed' | 'id'> | undefined,
  limit: number,
): Promise<{ changes: Change[]; now: Snapshot }> {
  const from = after
    ? sql`(j.changed, j.id) > (${after.changed}::xid8, ${after.id}::uuid)`
    : sql`j.changed >= pg_snapshot_xmin(${seen}::pg_snapshot)`
  const { rows } = await sql<{ now: string } & (Change | { id: null })>`
    select present.now::text as now, j.* from pg_current_snapshot() as present(now) left join lateral (
      select j.*, j.changed::text as changed from provisioning_jobs_live j
      where ${from} and not pg_visible_in_snapshot(j.changed, ${seen}::pg_snapshot) and ${inScope(scope, 'j.tenant_id')}
      order by j.changed, j.id limit ${limit}) j on true`.execute(tx)
  return { changes: rows.filter((row) => row.id !== null), now: rows[0]?.now ?? seen }
}

/** Figures for the metrics page: jobs by queue and state, and the age of the oldest ready one in seconds. */
export async function depth(tx: Tx) {
  const { rows } = await sql<{ queue: string; state: string; jobs: number; oldest: number }>`
    select queue, state, count(*)::int as jobs,
      coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
    from provisioning_jobs_live where state in ('scheduled', 'blocked', 'ready', 'running', 'stuck') group by queue, state`.execute(
    tx,
  )
  return rows
}

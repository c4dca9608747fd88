import { sql } from 'kysely'
import type { PauseOf } from '../../shared/states/provisioningJob.ts'
import type { Tx } from './index.ts'

/** What operators set: pauses, and how many jobs of a kind may run at once. */
type Pause = { what: PauseOf; which: string; reason: string; by: unknown; at: Date }

export async function pauses(tx: Tx): Promise<Pause[]> {
  const { rows } = await sql<Pause>`select what, which, reason, paused_by as by, paused_at as at
    from job_pauses order by what, which`.execute(tx)
  return rows
}

export async function isStopped(tx: Tx): Promise<boolean> {
  const { rows } = await sql`select from job_pauses where what = 'all'`.execute(tx)
  return rows.length > 0
}

/** False: it was paused already. */
export async function pause(tx: Tx, entry: Pause): Promise<boolean> {
  const { rows } = await sql`insert into job_pauses (what, which, reason, paused_by, paused_at)
    values (${entry.what}, ${entry.which}, ${entry.reason}, ${JSON.stringify(entry.by)}::jsonb, ${entry.at})
    on conflict do nothing returning what`.execute(tx)
  return rows.length === 1
}

/** False: it was not paused. */
export async function resume(tx: Tx, what: PauseOf, which: string): Promise<boolean> {
  const { rows } =
    await sql`delete from job_pauses where what = ${what} and which = ${which} returning what`.execute(tx)
  return rows.length === 1
}

type Limit = { name: string; capacity: number; running: number }

/** Every limit that has a row or a running job, with how many jobs of it are running. */
export async function limits(tx: Tx): Promise<Limit[]> {
  const { rows } = await sql<Limit>`
    with running as (
      select s.name, count(*)::int as jobs from provisioning_jobs_live j, unnest(string_to_array(j.lane, ' ')) as s (name)
      where j.state = 'running' and j.lane <> '' group by 1)
    select n.name, l.capacity, coalesce(r.jobs, 0) as running
    from (select name from job_limits union select name from running) n
    left join running r on r.name = n.name
    join lateral (select capacity from job_limits
      where job_limits.name in (n.name, split_part(n.name, ':', 1) || ':*')
      order by job_limits.name = n.name desc limit 1) l on true
    order by n.name`.execute(tx)
  return rows
}

/** @returns the capacity before, null when it had none of its own */
export async function setLimit(tx: Tx, name: string, capacity: number | null): Promise<number | null> {
  const { rows } = await sql<{ capacity: number }>`select capacity from job_limits where name = ${name}
    for update`.execute(tx)
  await (
    capacity === null
      ? sql`delete from job_limits where name = ${name}`
      : sql`insert into job_limits values (${name}, ${capacity})
          on conflict (name) do update set capacity = excluded.capacity`
  ).execute(tx)
  return rows[0]?.capacity ?? null
}

type QueueFigures = {
  queue: string
  scheduled: number
  blocked: number
  ready: number
  running: number
  stuck: number
  oldest_ready: Date | null
  succeeded: number
  failed: number
}

/** What waits and runs in each queue now, and what ended in it since `since`. */
export async function queueFigures(tx: Tx, since: Date): Promise<QueueFigures[]> {
  const { rows } = await sql<QueueFigures>`select q.queue,
      coalesce(sum(jobs) filter (where state = 'scheduled'), 0)::int as scheduled,
      coalesce(sum(jobs) filter (where state = 'blocked'), 0)::int as blocked,
      coalesce(sum(jobs) filter (where state = 'ready'), 0)::int as ready,
      coalesce(sum(jobs) filter (where state = 'running'), 0)::int as running,
      coalesce(sum(jobs) filter (where state = 'stuck'), 0)::int as stuck,
      min(oldest) filter (where state = 'ready') as oldest_ready,
      coalesce(sum(jobs) filter (where state = 'succeeded'), 0)::int as succeeded,
      coalesce(sum(jobs) filter (where state = 'failed'), 0)::int as failed
    from (
      select queue, state, count(*) as jobs, min(created_at) as oldest from provisioning_jobs_live
      where state in ('scheduled', 'blocked', 'ready', 'running', 'stuck') group by 1, 2
      union all
      select queue, state, count(*), null from provisioning_jobs_live
      where finished_at >= ${since} and state in ('succeeded', 'failed') group by 1, 2) q
    group by 1`.execute(tx)
  return rows
}

/** Jobs that have waited since `before` for something that does not come, with what one of them waits for. */
export async function longWaiting(
  tx: Tx,
  before: Date,
): Promise<{ queue: string; n: number; example: string }[]> {
  const { rows } = await sql<{ queue: string; n: number; example: string }>`
    select queue, count(*)::int as n, min(waiting_for) as example from provisioning_jobs_live
    where state = 'scheduled' and waiting_for is not null and started_at < ${before} group by queue order by queue`.execute(
    tx,
  )
  return rows
}

type KindFigures = {
  kind: string
  waiting: number
  running: number
  succeeded: number
  failed: number
  stuck: number
}

/** The same by kind of job. */
export async function kindFigures(tx: Tx, since: Date): Promise<KindFigures[]> {
  const { rows } = await sql<KindFigures>`select kind,
      (count(*) filter (where state in ('scheduled', 'blocked', 'ready')))::int as waiting,
      (count(*) filter (where state = 'running'))::int as running,
      (count(*) filter (where state = 'succeeded'))::int as succeeded,
      (count(*) filter (where state = 'failed'))::int as failed,
      (count(*) filter (where state = 'stuck'))::int as stuck
    from provisioning_jobs_live
    where state in ('scheduled', 'blocked', 'ready', 'running', 'stuck') or finished_at >= ${since}
    group by 1 order by 1`.execute(tx)
  return rows
}

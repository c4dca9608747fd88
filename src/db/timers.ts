import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** Registers timers that are new, due at once, and returns the names of all that are due. */
export async function due(tx: Tx, timers: readonly { name: string; everyMs: number }[]): Promise<string[]> {
  const given = JSON.stringify(timers.map(({ name, everyMs }) => ({ name, secs: everyMs / 1000 })))
  await sql`insert into timers as t (name, next_run_at, every)
    select name, clock_timestamp(), make_interval(secs => secs)
    from jsonb_to_recordset(${given}::jsonb) as given (name text, secs float8)
    where not exists (select from timers k where k.name = given.name and k.every = make_interval(secs => given.secs))
    on conflict (name) do update set every = excluded.every,
      next_run_at = least(t.next_run_at, clock_timestamp() + excluded.every)`.execute(tx)
  const { rows } = await sql<{
    name: string
  }>`select name from timers where next_run_at <= clock_timestamp()`.execute(tx)
  return rows.map((row) => row.name)
}

/**
 * Takes a due timer; false when another worker was faster, or is still at it: unless it died five minutes ago. The next
 * time is counted from now: what was missed while nobody ran is made up for by one run, not by one for each time.
 */
export async function claim(tx: Tx, name: string, everyMs: number): Promise<boolean> {
  const { rows } = await sql`update timers set last_started_at = clock_timestamp(),
      next_run_at = clock_timestamp() + make_interval(secs => ${everyMs / 1000})
    where name = ${name} and next_run_at <= clock_timestamp()
      and (last_started_at is null or last_finished_at >= last_started_at
        or last_started_at < clock_timestamp() - interval '5 minutes')
    returning name`.execute(tx)
  return rows.length === 1
}

export async function finish(tx: Tx, name: string, error: string | null): Promise<void> {
  await sql`update timers set last_finished_at = clock_timestamp(), last_error = ${error},
      last_success_at = case when ${error}::text is null then clock_timestamp() else last_success_at end
    where name = ${name}`.execute(tx)
}

type Listed = {
  name: string
  every_s: number | null
  next_run_at: Date
  last_started_at: Date | null
  last_finished_at: Date | null
  last_success_at: Date | null
  last_error: string | null
  late_s: number
}

/** All timers with how many seconds each is late. */
export async function list(tx: Tx): Promise<Listed[]> {
  const { rows } = await sql<Listed>`select name, extract(epoch from every)::float8 as every_s, next_run_at,
      last_started_at, last_finished_at, last_success_at, last_error,
      greatest(0, extract(epoch from clock_timestamp() - next_run_at))::float8 as late_s
    from timers order by name`.execute(tx)
  return rows
}

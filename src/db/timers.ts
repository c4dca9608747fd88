import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** Registers timers that are new, due at once, and returns the names of all that are due. */
export async function due(tx: Tx, names: readonly string[]): Promise<string[]> {
  await sql`insert into timers (name, next_run_at) select name, clock_timestamp()
    from unnest(${[...names]}::text[]) as t (name) where not exists (select from timers where timers.name = t.name)
    on conflict do nothing`.execute(tx)
  const { rows } = await sql<{
    name: string
  }>`select name from timers where next_run_at <= clock_timestamp()`.execute(tx)
  return rows.map((row) => row.name)
}

/** Takes a due timer; false when another worker was faster, or is still at it: unless it died five minutes ago. */
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
  await sql`update timers set last_finished_at = clock_timestamp(), last_error = ${error} where name = ${name}`.execute(
    tx,
  )
}

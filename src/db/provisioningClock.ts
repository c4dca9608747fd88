import { sql } from 'kysely'
import { Client } from 'pg'
import type { RealSystem } from '../../shared/api/provisioningClock.ts'
import type { Tx } from './index.ts'

/** The fact about the installation that says how far its time is ahead, and whether it is being advanced. */
export const KEY = 'simulatedClock'

/**
 * The sessions of a process with a simulated clock find these two functions before those of PostgreSQL, so that leases,
 * timers and the queue go by the same time as everything else. They are made by `prepare` alone, so never in production.
 */
export const AHEAD = '-c search_path=simulated,pg_catalog,public'

const FUNCTIONS = `
  create schema if not exists simulated;
  create or replace function simulated.ahead() returns interval language sql stable as $$
    select coalesce((select (value ->> 'aheadMs')::float8 from public.installation where key = '${KEY}'), 0)
      * interval '1 millisecond' $$;
  create or replace function simulated.clock_timestamp() returns timestamptz language sql volatile as $$
    select pg_catalog.clock_timestamp() + simulated.ahead() $$;
  create or replace function simulated.now() returns timestamptz language sql stable as $$
    select pg_catalog.now() + simulated.ahead() $$;
  grant usage on schema simulated to mpanel_app`

/**
 * Gives a database that one process alone uses a clock that can be moved. What ran when the process before it died does not
 * run any more.
 * @param url of its owner
 * @returns by how many milliseconds its time is ahead
 */
export async function prepare(url: string): Promise<number> {
  const client = new Client({ connectionString: url, application_name: 'mpanel clock' })
  await client.connect()
  try {
    await client.query(FUNCTIONS)
    await client.query(`update timers set last_finished_at = last_started_at
      where last_started_at > coalesce(last_finished_at, '-infinity')`)
    const { rows } = await client.query<{ value: { aheadMs?: number } }>(
      'select value from installation where key = $1',
      [KEY],
    )
    return rows[0]?.value.aheadMs ?? 0
  } finally {
    await client.end()
  }
}

/** Months for which partitions are needed beyond those of the machine's time. */
export const monthsIn = (ms: number): number => Math.ceil(ms / (28 * 86_400_000))

/** One advances the clock at a time, until the end of the transaction. */
export async function lock(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${KEY}, 0))`.execute(tx)
}

/**
 * Takes along over a jump what is not to notice it: log-ins, the leases of jobs, the workers' signs of life. Timers whose time
 * comes within it are due at its end, and not late.
 */
export async function moveAlong(tx: Tx, byMs: number, to: Date): Promise<void> {
  const by = sql`make_interval(secs => ${byMs / 1000})`
  await sql`update sessions set expires_at = expires_at + ${by}, last_seen_at = last_seen_at + ${by},
      verified_at = verified_at + ${by}, previous_until = previous_until + ${by} where revoked_at is null`.execute(
    tx,
  )
  await sql`update provisioning_jobs_live set lease_until = lease_until + ${by} where state = 'running'`.execute(
    tx,
  )
  await sql`update workers set seen_at = seen_at + ${by}`.execute(tx)
  await sql`update timers set next_run_at = ${to} where next_run_at < ${to}`.execute(tx)
}

/** Lets timers that are run often run once more now. */
export async function runAgain(tx: Tx, atMostEveryMs: number, at: Date): Promise<void> {
  await sql`update timers set next_run_at = ${at}
    where every <= make_interval(secs => ${atMostEveryMs / 1000}) and next_run_at > ${at}`.execute(tx)
}

/** What is still at work: timers that were due at `since`, and jobs that can run now or in a moment. */
export type AtWork = { timers: number; jobs: number; example: string | null }

export async function atWork(tx: Tx, since: Date, timers: readonly string[]): Promise<AtWork> {
  const { rows } = await sql<AtWork>`select
      (select count(*)::int from timers where name = any (${[...timers]})
        and (next_run_at <= ${since} or last_started_at > coalesce(last_finished_at, '-infinity'))) as timers,
      count(*)::int as jobs, min(kind || ' (' || subject_label || ')') as example
    from provisioning_jobs_live where state in ('ready', 'running')
      or (state = 'scheduled' and run_at <= clock_timestamp() + interval '3 seconds')`.execute(tx)
  return rows[0] ?? { timers: 0, jobs: 0, example: null }
}

/** Whether anything was changed since: a job that looks and finds all as it should be has changed nothing. */
export async function hasHappened(tx: Tx, since: Date): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`select exists (select from audit_events
    where at >= ${since} and action !~ '^(ALERT|JOB)_') as has`.execute(tx)
  return rows[0]?.has === true
}

/** How many jobs have failed, or wait for a person, since. */
export async function failedSince(tx: Tx, since: Date): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from provisioning_jobs_live
    where (state = 'failed' and finished_at >= ${since}) or (state = 'stuck' and created_at >= ${since})`.execute(
    tx,
  )
  return rows[0]?.n ?? 0
}

/** The outside systems that are used and that none of our simulators is. @param whmcs where the simulated WHMCS is */
export async function realSystems(
  tx: Tx,
  whmcs: string | null,
): Promise<{ kind: RealSystem; id: string; name: string }[]> {
  const { rows } = await sql<{ kind: RealSystem; id: string; name: string }>`
    select 'cluster' as kind, id, name from clusters where not simulated and state <> 'removed'
    union all select 'paymentProvider', id, coalesce(account, url, kind) from billing_providers
      where not simulated and kind <> 'manual' and retired_at is null
        and (kind <> 'whmcs' or rtrim(url, '/') is distinct from ${whmcs})
    union all select 'registrar', id, name from registrar_accounts where not simulated and state <> 'retired'
    union all select 'dnsServer', id, name from dns_servers where kind <> 'zonefiles'
    union all select 'certificateIssuer', id, name from ssl_issuers where kind <> 'private' and state = 'active'
    union all select 'addressSource', id, name from ip_sources
    union all select 'identityProvider', id, name from sso_providers where enabled
    union all select 'auditReceiver', id, name from audit_sinks where state = 'active'
    union all select 'webhook', id, url from audit_webhooks where state = 'enabled'
    order by 1, 3`.execute(tx)
  return rows
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** Figures of the database itself, for whoever has to find out why it is slow or wrong. Nothing of what it holds. */

export type TableFigures = { name: string; rows: number; bytes: number; deadRows: number }

/** Every table with its partitions: rows as PostgreSQL estimates them, bytes with indexes. The largest first. */
export async function tables(tx: Tx): Promise<TableFigures[]> {
  const { rows } = await sql<TableFigures>`
    select c.relname as name, greatest(c.reltuples, 0)::float8 as rows, pg_total_relation_size(c.oid)::float8 as bytes,
      coalesce(s.n_dead_tup, 0)::float8 as "deadRows"
    from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    order by 3 desc, 1`.execute(tx)
  return rows
}

/** What was set otherwise than PostgreSQL comes, but for paths, names and addresses. */
export async function settings(tx: Tx): Promise<Record<string, string>> {
  const { rows } = await sql<{ name: string; value: string }>`
    select name, setting || coalesce(' ' || unit, '') as value from pg_settings
    where source not in ('default', 'client', 'session') and vartype <> 'string' order by name`.execute(tx)
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

export type Sessions = { state: string; sessions: number; longestSeconds: number }

/**
 * The sessions of this database by state, with the longest transaction of each. Asked as the login itself, which all servers and
 * workers share: a role is not told what the sessions of others do.
 */
export async function sessions(tx: Tx): Promise<Sessions[]> {
  await sql`set local role none`.execute(tx)
  const { rows } = await sql<Sessions>`
    select coalesce(state, 'background') as state, count(*)::int as sessions,
      coalesce(extract(epoch from clock_timestamp() - min(xact_start)), 0)::float8 as "longestSeconds"
    from pg_stat_activity where datname = current_database() group by 1 order by 1`.execute(tx)
  await sql`set local role mpanel_app`.execute(tx)
  return rows
}

export type Rights = {
  version: string
  now: Date
  /** The login of this process. */
  role: string
  /** Whom the tables belong to, and so the functions that search. */
  owner: string
  ownerBypassesRowSecurity: boolean
  /** Whether the login can become somebody who changes tables, policies and triggers, or whom policies do not bind. */
  isOwner: boolean
}

export async function rights(tx: Tx): Promise<Rights> {
  const { rows } = await sql<Rights>`
    select current_setting('server_version') as version, clock_timestamp() as now, session_user::text as role,
      o.rolname as owner, o.rolbypassrls or o.rolsuper as "ownerBypassesRowSecurity",
      exists (select from pg_roles r where pg_has_role(session_user, r.oid, 'member')
        and (r.rolsuper or r.rolbypassrls or r.rolcreaterole
          or r.oid in (select relowner from pg_class where relnamespace = 'public'::regnamespace)
          or r.oid in (select datdba from pg_database where datname = current_database()))) as "isOwner"
    from pg_class t join pg_roles o on o.oid = t.relowner where t.oid = 'tenants'::regclass`.execute(tx)
  const [row] = rows
  if (!row) throw new Error('the database says nothing of itself')
  return row
}

export async function migrations(tx: Tx): Promise<{ name: string; appliedAt: Date }[]> {
  const { rows } = await sql<{ name: string; appliedAt: Date }>`
    select name, applied_at as "appliedAt" from schema_migrations order by name`.execute(tx)
  return rows
}

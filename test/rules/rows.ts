import { sql } from 'kysely'
import { Client } from 'pg'
import type { TestApp } from '../support/app.ts'

export type Owner = {
  query<R extends object>(text: string, values?: unknown[]): Promise<R[]>
  close(): Promise<void>
}

/** A connection as the owner of a database, in the scope of the platform. */
export async function ownerOf(ownerUrl: string): Promise<Owner> {
  const client = new Client({ connectionString: ownerUrl })
  await client.connect()
  await client.query(`select set_config('app.scope', 'platform', false)`)
  return {
    query: async <R extends object>(text: string, values: unknown[] = []) =>
      (await client.query<R>(text, values)).rows,
    close: () => client.end(),
  }
}

/** Every table with tenant_id, except partitions. */
export async function tenantTables(app: TestApp): Promise<string[]> {
  return app.as(async (ctx) => {
    const { rows } = await sql<{
      name: string
    }>`select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`.execute(
      ctx.tx,
    )
    return rows.map((row) => row.name)
  })
}

type Prints = (tenantId: string) => Promise<Record<string, string>>

/** Planning a statement over every table takes longer than running it, so each app has a connection that keeps the plan. */
const prints = new WeakMap<TestApp, Promise<Prints>>()

/** A fingerprint of all rows of a tenant, by table. That somebody was refused is written down, but changes nothing. */
export async function rowsOf(app: TestApp, tenantId: string): Promise<Record<string, string>> {
  const made = prints.get(app) ?? openPrints(app)
  prints.set(app, made)
  return (await made)(tenantId)
}

async function openPrints(app: TestApp): Promise<Prints> {
  const client = new Client({ connectionString: app.ownerUrl })
  // It ends with the database.
  client.on('error', () => undefined)
  await client.connect()
  await client.query(
    `set plan_cache_mode = force_generic_plan; select set_config('app.scope', 'platform', false)`,
  )
  // A timer counts anew whenever it runs.
  const tables = (await tenantTables(app)).filter((table) => table !== 'tenant_figures')
  const parts = tables.map(
    (table) => `select '${table}' as name, count(*)::text || ':' ||
      coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as print from ${table} t
      where tenant_id = $1 ${table === 'audit_events' ? "and action <> 'ACCESS_DENIED'" : ''}`,
  )
  const text = parts.join(' union all ')
  return async (tenantId) => {
    const { rows } = await client.query<{ name: string; print: string }>({
      name: 'prints',
      text,
      values: [tenantId],
    })
    return Object.fromEntries(rows.map((row) => [row.name, row.print]))
  }
}

import { sql } from 'kysely'
import { Client } from 'pg'
import type { TestApp } from '../support/app.ts'

export type Owner = {
  query<R extends object>(text: string, values?: unknown[]): Promise<R[]>
  close(): Promise<void>
}

/** A connection as the owner of a database, in the scope of the platform. */
export async function ownerOf(databaseUrl: string): Promise<Owner> {
  const client = new Client({ connectionString: databaseUrl })
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

let tables: string[] | undefined

/** A fingerprint of all rows of a tenant, by table. That somebody was refused is written down, but changes nothing. */
export async function rowsOf(app: TestApp, tenantId: string): Promise<Record<string, string>> {
  tables ??= await tenantTables(app)
  const parts = tables.map(
    (table) => sql`select ${sql.lit(table)} as name, count(*)::text || ':' ||
      coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as print from ${sql.table(table)} t
      where tenant_id = ${tenantId} ${table === 'audit_events' ? sql`and action <> 'ACCESS_DENIED'` : sql``}`,
  )
  return app.as(async (ctx) => {
    const { rows } = await sql<{
      name: string
      print: string
    }>`${sql.join(parts, sql` union all `)}`.execute(ctx.tx)
    return Object.fromEntries(rows.map((row) => [row.name, row.print]))
  })
}

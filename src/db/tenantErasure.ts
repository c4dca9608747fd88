import { sql, type RawBuilder } from 'kysely'
import type { Tx } from './index.ts'
import { belonging, type TenantTable } from './tenantRows.ts'

const ERASED = 'erased@example.invalid'

/** Removes up to `limit` of a tenant's rows. @returns how many */
export async function eraseRows(
  tx: Tx,
  { name, through }: TenantTable,
  tenantId: string,
  limit: number,
): Promise<number> {
  const { rows } = await sql<{
    n: number
  }>`select erase_tenant_rows(${tenantId}, ${name}, ${through?.column ?? null},
    ${through?.parent ?? null}, ${through?.parentColumn ?? null}, ${limit})::int as n`.execute(tx)
  return rows[0]?.n ?? 0
}

export async function eraseUsers(tx: Tx, tenantId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select erase_tenant_users(${tenantId})::int as n`.execute(tx)
  return rows[0]?.n ?? 0
}

/** Customers to whom no invoice, payment or subscription points. */
export async function eraseCustomers(tx: Tx, tenantId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select erase_tenant_customers(${tenantId})::int as n`.execute(tx)
  return rows[0]?.n ?? 0
}

/** Lets the addresses that rest or are kept back no longer say whose they were. */
export async function forgetAddresses(tx: Tx, tenantId: string): Promise<number> {
  const { numAffectedRows } = await sql`update ip_addresses set tenant_id = null
    where tenant_id = ${tenantId} and state in ('quarantined', 'kept')`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

type Column = { name: string; type: string; required: boolean; fallback: string | null }

/**
 * Empties every column of the customers that remain but those named in `kept`: null where that is allowed, else the
 * column's default. A column that a later migration adds is emptied as well.
 * @returns how many rows were emptied
 */
export async function blankCustomers(
  tx: Tx,
  tenantId: string,
  kept: readonly string[],
  limit: number,
): Promise<number> {
  const { rows: columns } = await sql<Column>`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
      pg_get_expr(d.adbin, d.adrelid) as fallback
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'customers'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`.execute(
    tx,
  )
  const merged = sql`state = 'merged'`
  const fixed: Record<string, RawBuilder<unknown>> = {
    name: sql.lit('Erased'),
    email: sql.lit(ERASED),
    // A customer that was merged into another stays so.
    state: sql`case when ${merged} then state else 'closed' end`,
    closed_at: sql`case when ${merged} then closed_at else coalesce(closed_at, now()) end`,
    erased_at: sql`now()`,
  }
  const changes = columns
    .filter(({ name }) => !kept.includes(name))
    .map(({ name, required, fallback }) => {
      const value = fixed[name] ?? (required && fallback !== null ? sql.raw(fallback) : sql`null`)
      return sql`${sql.ref(name)} = ${value}`
    })
  const { numAffectedRows } = await sql`update customers set ${sql.join(changes)} where id = any (array(
    select id from customers where tenant_id = ${tenantId} and erased_at is null limit ${limit}))`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

/** How many rows of each table are a tenant's. */
export async function countRows(
  tx: Tx,
  tables: readonly TenantTable[],
  tenantId: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table.name)} t
      where ${belonging(table, tenantId)}`.execute(tx)
    counts[table.name] = rows[0]?.n ?? 0
  }
  return counts
}

/** What a dry run lists: how many there are, and the first names. */
export async function named(tx: Tx, tenantId: string, limit: number) {
  const of = async (query: ReturnType<typeof sql<{ name: string; n: number }>>) => {
    const { rows } = await query.execute(tx)
    return { count: rows[0]?.n ?? 0, names: rows.map((row) => row.name) }
  }
  const id = tenantId
  const first = sql`limit ${limit}`
  return {
    cloudPods: await of(sql`select hostname as name, count(*) over ()::int as n from cloud_pods
      where tenant_id = ${id} and state not in ('failed', 'deleted') order by hostname ${first}`),
    addresses: await of(sql`select host(address) as name, count(*) over ()::int as n from ip_addresses
      where tenant_id = ${id} and pod_id is not null order by address ${first}`),
    subscriptions:
      await of(sql`select p.name || ' of ' || c.name as name, count(*) over ()::int as n from subscriptions s
      join customers c on c.id = s.customer_id join cloud_pod_plans p on p.id = s.plan_id
      where s.tenant_id = ${id} and s.state not in ('terminated', 'expired') order by s.id ${first}`),
    customers: await of(sql`select name, count(*) over ()::int as n from customers
      where tenant_id = ${id} order by name, id ${first}`),
    users: await of(
      sql`select email as name, count(*) over ()::int as n from users_of_tenant_only(${id}) ${first}`,
    ),
    apiKeys: await of(sql`select name, count(*) over ()::int as n from api_keys
      where tenant_id = ${id} and revoked_at is null order by name, id ${first}`),
  }
}

export type Kept = { openInvoices: number; invoices: number; payments: number; ledger: number; audit: number }

/** What the law keeps of a tenant. */
export async function keptOf(tx: Tx, tenantId: string): Promise<Kept> {
  const { rows } = await sql<Kept>`select
    (select count(*)::int from invoices where tenant_id = ${tenantId} and status = 'open') as "openInvoices",
    (select count(*)::int from invoices where tenant_id = ${tenantId}) as invoices,
    (select count(*)::int from payments where tenant_id = ${tenantId}) as payments,
    (select count(*)::int from ledger_tx where tenant_id = ${tenantId}) as ledger,
    (select count(*)::int from audit_events where tenant_id = ${tenantId}) as audit`.execute(tx)
  return rows[0] ?? { openInvoices: 0, invoices: 0, payments: 0, ledger: 0, audit: 0 }
}

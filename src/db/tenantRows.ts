import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** A table with rows of tenants, as the catalogue knows it: a table that a later migration adds is found as well. */
export type TenantTable = {
  name: string
  columns: string[]
  /** Null: it has tenant_id. Otherwise its rows belong to the tenant of the row that this column points to. */
  through: { column: string; parent: string; parentColumn: string } | null
}

/** Every table whose rows belong to tenants, by name. */
export async function tenantTables(tx: Tx): Promise<TenantTable[]> {
  const { rows } = await sql<{ name: string; columns: string[]; own: boolean }>`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns,
      bool_or(a.attname = 'tenant_id') as own
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    group by c.relname order by c.relname collate "C"`.execute(tx)
  const own = new Set(rows.filter((row) => row.own).map((row) => row.name))
  const keys = await foreignKeys(tx)
  return rows.flatMap(({ name, columns }): TenantTable[] => {
    if (own.has(name)) return [{ name, columns, through: null }]
    const key = keys.find((one) => one.child === name && own.has(one.parent) && one.columns.length === 1)
    const [column, parentColumn] = [key?.columns[0], key?.parentColumns[0]]
    return key && column !== undefined && parentColumn !== undefined
      ? [{ name, columns, through: { column, parent: key.parent, parentColumn } }]
      : []
  })
}

export type ForeignKey = { child: string; parent: string; columns: string[]; parentColumns: string[] }

/** Which table points to which, without the partitions. */
export async function foreignKeys(tx: Tx): Promise<ForeignKey[]> {
  const { rows } = await sql<ForeignKey>`
    select child.relname as child, parent.relname as parent,
      (select array_agg(a.attname::text order by k.n) from unnest(f.conkey) with ordinality k (no, n)
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.no) as columns,
      (select array_agg(a.attname::text order by k.n) from unnest(f.confkey) with ordinality k (no, n)
        join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.no) as "parentColumns"
    from pg_constraint f join pg_class child on child.oid = f.conrelid join pg_class parent on parent.oid = f.confrelid
    where f.contype = 'f' and f.conparentid = 0 and child.relnamespace = 'public'::regnamespace
      and not child.relispartition
    order by child.relname, f.conname`.execute(tx)
  return rows
}

/** The condition that says which rows `t` of a table are a tenant's. */
export const belonging = ({ through }: TenantTable, tenantId: string) =>
  through === null
    ? sql<boolean>`t.tenant_id = ${sql.lit(tenantId)}`
    : sql<boolean>`exists (select from ${sql.table(through.parent)} p
        where p.${sql.ref(through.parentColumn)} = t.${sql.ref(through.column)} and p.tenant_id = ${sql.lit(tenantId)})`

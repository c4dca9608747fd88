import { sql, type ReferenceExpression, type SelectQueryBuilder } from 'kysely'
import type { Scope } from './index.ts'

export type ListOptions = { limit: number; cursor?: string | undefined; sort: 'createdAt' | '-createdAt' }
export type PageOf<T> = { items: T[]; nextCursor: string | null }

/**
 * One page of a list by keyset: ids are UUID v7, so their order is that of creation, and the last id is the cursor.
 * @param idColumn the qualified id column, such as `cloud_pods.id`
 */
export async function keysetPage<DB, TB extends keyof DB, O extends { id: string }>(
  query: SelectQueryBuilder<DB, TB, O>,
  idColumn: ReferenceExpression<DB, TB> & string,
  options: ListOptions,
): Promise<PageOf<O>> {
  const down = options.sort === '-createdAt'
  let paged = query.orderBy(sql.ref(idColumn), down ? 'desc' : 'asc').limit(options.limit + 1)
  if (options.cursor !== undefined) {
    paged = paged.where(
      sql<boolean>`${sql.ref(idColumn)} ${sql.raw(down ? '<' : '>')} ${options.cursor}::uuid`,
    )
  }
  const rows = await paged.execute()
  const items = rows.slice(0, options.limit)
  return { items, nextCursor: rows.length > options.limit ? (items.at(-1)?.id ?? null) : null }
}

/**
 * Narrows a query to the scope's tenants explicitly, so that the planner sees it; row-level security does so again.
 * A single tenant by `=`, which lets an index on (tenant_id, id) give the rows of a page in their order.
 */
export function inScope(scope: Scope, column: string) {
  if (scope === 'platform') return sql<boolean>`true`
  const [only, ...others] = scope
  return only !== undefined && others.length === 0
    ? sql<boolean>`${sql.ref(column)} = ${only}::uuid`
    : sql<boolean>`${sql.ref(column)} = any (${[...scope]}::uuid[])`
}

/**
 * `column = value` with the value in the text, for one of few known values such as a state: each gets a plan of its own, which
 * knows how rare it is and may use an index of the rare ones.
 */
export const isOne = (column: string, value: string) => sql<boolean>`${sql.ref(column)} = ${sql.lit(value)}`

/**
 * `column = value` for a value that may be rare or of most rows: planned for this very one, since a statement with a list is
 * not kept (src/lib/preparing.ts).
 */
export const isThis = (column: string, value: string) =>
  sql<boolean>`${sql.ref(column)} = (${[value]}::text[])[1]`

/** A LIKE pattern that finds `text` anywhere, its own wildcards taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`

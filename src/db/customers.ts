import { sql, type Insertable, type Updateable } from 'kysely'
import type { CustomerFilter } from '../../shared/api/customers.ts'
import { likesOf } from '../lib/searchTerms.ts'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions, type PageOf } from './list.ts'
import type { CustomersTable } from './types.ts'

type View = NonNullable<Awaited<ReturnType<typeof find>>>

const views = (tx: Tx) =>
  tx
    .selectFrom('customers')
    .leftJoin('customer_groups', 'customer_groups.id', 'customers.group_id')
    .leftJoin('customers as survivor', 'survivor.id', 'customers.merged_into')
    .selectAll('customers')
    .select(['customer_groups.name as group_name', 'survivor.name as survivor_name'])

export async function insert(tx: Tx, customer: Insertable<CustomersTable>): Promise<void> {
  await tx.insertInto('customers').values(customer).execute()
}

export function find(tx: Tx, tenantId: string, id: string) {
  return views(tx)
    .where('customers.tenant_id', '=', tenantId)
    .where('customers.id', '=', id)
    .executeTakeFirst()
}

/** Several customers of a tenant. */
export function findAll(tx: Tx, tenantId: string, ids: readonly string[]) {
  return views(tx)
    .where('customers.tenant_id', '=', tenantId)
    .where(sql<boolean>`customers.id = any (${[...ids]}::uuid[])`)
    .execute()
}

const stateOf = (tx: Tx, tenantId: string, id: string) =>
  tx
    .selectFrom('customers')
    .select(['id', 'version', 'state', 'erased_at'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)

/** Locks a customer and tells its version and state. Nothing new can point to it until the transaction ends. */
export const lock = (tx: Tx, tenantId: string, id: string) =>
  stateOf(tx, tenantId, id).forUpdate().executeTakeFirst()

/** The state of a customer, who is neither merged nor closed until the transaction ends. */
export const keep = (tx: Tx, tenantId: string, id: string) =>
  stateOf(tx, tenantId, id).forKeyShare().executeTakeFirst()

export async function update(tx: Tx, id: string, change: Updateable<CustomersTable>): Promise<void> {
  await tx
    .updateTable('customers')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

export async function list(
  tx: Tx,
  scope: Scope,
  filter: CustomerFilter,
  options: ListOptions,
): Promise<PageOf<View>> {
  const rare = Boolean(filter.tag) || (filter.state !== undefined && filter.state !== 'active')
  if (filter.q?.trim() || rare) return listFound(tx, filter, options)
  let query = views(tx).where(inScope(scope, 'customers.tenant_id'))
  if (filter.state) query = query.where('customers.state', '=', filter.state)
  if (filter.groupId) query = query.where('customers.group_id', '=', filter.groupId)
  return keysetPage(query, 'customers.id', options)
}

/** A page of those with the words of `q` and with what few have, by the function of the database that may use the indexes for it. */
async function listFound(tx: Tx, filter: CustomerFilter, options: ListOptions): Promise<PageOf<View>> {
  const likes = likesOf(filter.q ?? '')
  if (filter.q?.trim() && likes.length === 0) return { items: [], nextCursor: null }
  const found = sql<string>`(select customers_found(${likes}::text[], ${filter.state ?? null},
    ${filter.groupId ?? null}::uuid, ${filter.tag?.toLowerCase() || null}, ${options.cursor ?? null}::uuid,
    ${options.sort === '-createdAt'}, ${options.limit + 1}))`
  return keysetPage(views(tx).where('customers.id', 'in', found), 'customers.id', options)
}

import { sql, type Insertable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { containing, inScope, keysetPage, type ListOptions } from './list.ts'
import type { CustomersTable } from './types.ts'

export function insert(tx: Tx, customer: Insertable<CustomersTable>) {
  return tx.insertInto('customers').values(customer).returningAll().executeTakeFirstOrThrow()
}

export function find(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customers')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
}

export function lock(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customers')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function update(tx: Tx, id: string, change: Updateable<CustomersTable>) {
  return tx
    .updateTable('customers')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export function list(tx: Tx, scope: Scope, filter: { q?: string }, options: ListOptions) {
  let query = tx.selectFrom('customers').selectAll().where(inScope(scope, 'customers.tenant_id'))
  if (filter.q) {
    query = query.where(
      sql<boolean>`(name || ' ' || coalesce(company, '') || ' ' || email) ilike ${containing(filter.q)}`,
    )
  }
  return keysetPage(query, 'customers.id', options)
}

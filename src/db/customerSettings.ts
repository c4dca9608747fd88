import { sql, type Insertable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { CustomerFieldsTable, CustomerGroupsTable } from './types.ts'

export function listGroups(tx: Tx, scope: Scope, options: ListOptions) {
  const query = tx
    .selectFrom('customer_groups')
    .selectAll()
    .where(inScope(scope, 'customer_groups.tenant_id'))
  return keysetPage(query, 'customer_groups.id', options)
}

export function insertGroup(tx: Tx, group: Insertable<CustomerGroupsTable>) {
  return tx.insertInto('customer_groups').values(group).returningAll().executeTakeFirstOrThrow()
}

/** Locks the group against a customer joining it until the transaction ends. */
export function lockGroup(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customer_groups')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

/** A group that stays until the transaction ends. */
export function keepGroup(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customer_groups')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst()
}

export function updateGroup(tx: Tx, id: string, change: Updateable<CustomerGroupsTable>) {
  return tx
    .updateTable('customer_groups')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteGroup(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('customer_groups').where('id', '=', id).execute()
}

export async function groupIsUsed(tx: Tx, id: string): Promise<boolean> {
  const row = await tx
    .selectFrom('customers')
    .select('id')
    .where('group_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export function listFields(tx: Tx, scope: Scope, options: ListOptions) {
  const query = tx
    .selectFrom('customer_fields')
    .selectAll()
    .where(inScope(scope, 'customer_fields.tenant_id'))
  return keysetPage(query, 'customer_fields.id', options)
}

/** All definitions of a tenant, kept as they are until the transaction ends. */
export function keepFields(tx: Tx, tenantId: string) {
  return tx
    .selectFrom('customer_fields')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('id')
    .forShare()
    .execute()
}

export function insertField(tx: Tx, field: Insertable<CustomerFieldsTable>) {
  return tx.insertInto('customer_fields').values(field).returningAll().executeTakeFirstOrThrow()
}

export function lockField(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customer_fields')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function updateField(tx: Tx, id: string, change: Updateable<CustomerFieldsTable>) {
  return tx
    .updateTable('customer_fields')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteField(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('customer_fields').where('id', '=', id).execute()
}

export async function fieldIsUsed(tx: Tx, tenantId: string, key: string): Promise<boolean> {
  const { rows } =
    await sql`select 1 from customers where tenant_id = ${tenantId} and custom ? ${key} limit 1`.execute(tx)
  return rows.length > 0
}

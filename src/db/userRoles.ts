import { sql, type Insertable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { RolesTable } from './types.ts'

/** Whether somebody in scope holds it. One grant is looked for, since built-in roles have as many as there are tenants. */
const held = (scope: Scope) =>
  scope === 'platform'
    ? sql<boolean>`coalesce(roles.id = (select g.role_id from role_grants g where g.role_id >= roles.id
        order by g.role_id limit 1), false)`
    : sql<boolean>`exists (select from role_grants g where g.role_id = roles.id and ${inScope(scope, 'g.tenant_id')})`

const view = (tx: Tx, scope: Scope) =>
  tx
    .selectFrom('roles')
    .selectAll('roles')
    .select(
      sql<string[]>`(select coalesce(array_agg(p.permission order by p.permission), '{}')
        from role_permissions p where p.role_id = roles.id)`.as('permissions'),
    )
    .select(held(scope).as('held'))

export type RoleRow = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

/** A tenant sees its own roles and the built-in ones, not those that the platform has made for itself. */
const seen = (scope: Scope) =>
  scope === 'platform'
    ? sql<boolean>`true`
    : sql<boolean>`(roles.builtin or roles.tenant_id = any (${[...scope]}::uuid[]))`

export const find = (tx: Tx, scope: Scope, id: string): Promise<RoleRow | undefined> =>
  view(tx, scope).where('roles.id', '=', id).where(seen(scope)).executeTakeFirst()

/** Locks the role, so that what is granted and what it holds do not change at the same time. */
export async function lock(tx: Tx, scope: Scope, id: string): Promise<RoleRow | undefined> {
  await tx.selectFrom('roles').select('id').where('id', '=', id).where(seen(scope)).forUpdate().execute()
  return find(tx, scope, id)
}

export function list(
  tx: Tx,
  scope: Scope,
  filter: { kind?: 'builtin' | 'platform' | 'tenant' },
  options: ListOptions,
) {
  let query = view(tx, scope).where(seen(scope))
  if (filter.kind !== undefined) query = query.where('roles.builtin', '=', filter.kind === 'builtin')
  if (filter.kind === 'platform') query = query.where('roles.tenant_id', 'is', null)
  if (filter.kind === 'tenant') query = query.where('roles.tenant_id', 'is not', null)
  return keysetPage(query, 'roles.id', options)
}

export async function insert(tx: Tx, role: Insertable<RolesTable>): Promise<void> {
  await tx.insertInto('roles').values(role).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<RolesTable>): Promise<void> {
  await tx
    .updateTable('roles')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

export async function setPermissions(tx: Tx, roleId: string, permissions: readonly string[]): Promise<void> {
  await tx.deleteFrom('role_permissions').where('role_id', '=', roleId).execute()
  const rows = permissions.map((permission) => ({ role_id: roleId, permission }))
  if (rows.length > 0) await tx.insertInto('role_permissions').values(rows).execute()
}

export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('roles').where('id', '=', id).execute()
}

export async function isHeld(tx: Tx, id: string): Promise<boolean> {
  return (
    (await tx
      .selectFrom('role_grants')
      .select('id')
      .where('role_id', '=', id)
      .limit(1)
      .executeTakeFirst()) !== undefined
  )
}

/** Whether an identity provider gives it to people who sign up. */
export async function isPromised(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql`select from sso_providers where sign_up_role_id = ${id} limit 1`.execute(tx)
  return rows.length > 0
}

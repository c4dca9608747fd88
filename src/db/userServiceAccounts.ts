import { sql, type Insertable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { ServiceAccountsTable } from './types.ts'

const view = (tx: Tx, at: Date) =>
  tx
    .selectFrom('service_accounts as a')
    .innerJoin('users as u', 'u.id', 'a.id')
    .leftJoin('tenants as t', 't.id', 'a.tenant_id')
    .where('a.deleted_at', 'is', null)
    .select(['a.id', 'a.tenant_id', 't.name as tenant_name', 'u.name', 'u.email', 'u.state'])
    .select(['a.description', 'a.version', 'a.created_at'])
    .select(
      sql<number>`(select count(*)::int from api_keys k where k.user_id = a.id and k.revoked_at is null
        and k.expires_at > ${at})`.as('keys'),
    )
    .select(
      sql<{ roleId: string; name: string }[]>`(select coalesce(jsonb_agg(jsonb_build_object('roleId', r.id,
        'name', r.name) order by r.name), '[]') from role_grants g join roles r on r.id = g.role_id
        where g.user_id = a.id and (g.expires_at is null or g.expires_at > ${at}))`.as('roles'),
    )

export type AccountRow = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const list = (tx: Tx, scope: Scope, at: Date, options: ListOptions) =>
  keysetPage(view(tx, at).where(inScope(scope, 'a.tenant_id')), 'a.id', options)

export const find = (tx: Tx, scope: Scope, id: string, at: Date): Promise<AccountRow | undefined> =>
  view(tx, at).where('a.id', '=', id).where(inScope(scope, 'a.tenant_id')).executeTakeFirst()

export const lock = (tx: Tx, scope: Scope, id: string, at: Date): Promise<AccountRow | undefined> =>
  view(tx, at).where('a.id', '=', id).where(inScope(scope, 'a.tenant_id')).forUpdate('a').executeTakeFirst()

export async function insert(tx: Tx, account: Insertable<ServiceAccountsTable>): Promise<void> {
  await tx.insertInto('service_accounts').values(account).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<ServiceAccountsTable>): Promise<void> {
  await tx
    .updateTable('service_accounts')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Takes away all roles of a user in the transaction's scope. */
export async function takeAll(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom('role_grants').where('user_id', '=', userId).execute()
}

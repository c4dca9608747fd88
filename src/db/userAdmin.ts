import { sql, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { containing, inScope, isOne, keysetPage, type ListOptions } from './list.ts'
import type { UsersTable } from './types.ts'

export type GrantRow = {
  roleId: string
  role: string
  roleName: string
  tenantId: string | null
  tenantName: string | null
  builtin: boolean
  permissions: string[]
  roleTenantId: string | null
  requiresMfa: boolean
  /** Nothing counts in a tenant that is suspended or closed. */
  inForce: boolean
}

/** Row-level security hides the grants outside of the transaction's tenants. */
const view = (tx: Tx) =>
  tx
    .selectFrom('users')
    .select(['users.id', 'users.email', 'users.name', 'users.state', 'users.version', 'users.created_at'])
    .select([
      sql<boolean>`has_second_factor(users.id)`.as('mfa'),
      sql<Date | null>`(select h.at from login_history h where h.user_id = users.id and h.outcome = 'success'
        order by h.id desc limit 1)`.as('last_login_at'),
    ])
    .select(['users.kind', 'users.home_tenant_id'])
    // Service accounts have pages of their own; one that was removed is nobody's user any more.
    .where(
      sql<boolean>`not exists (select from service_accounts a where a.id = users.id and a.deleted_at is not null)`,
    )

export type UserRow = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

/** From tenants one sees the users who were granted something in them. */
const seen = (scope: Scope) =>
  scope === 'platform'
    ? sql<boolean>`true`
    : sql<boolean>`exists (select from role_grants g where g.user_id = users.id and g.tenant_id = any (${[...scope]}::uuid[]))`

export const find = (tx: Tx, scope: Scope, id: string): Promise<UserRow | undefined> =>
  view(tx).where('users.id', '=', id).where(seen(scope)).executeTakeFirst()

export const lock = (tx: Tx, scope: Scope, id: string): Promise<UserRow | undefined> =>
  view(tx).where('users.id', '=', id).where(seen(scope)).forUpdate().executeTakeFirst()

export type UserFilter = { q?: string; state?: 'active' | 'disabled'; roleId?: string }

export function list(tx: Tx, scope: Scope, filter: UserFilter, options: ListOptions) {
  let query = view(tx).where(seen(scope))
  if (filter.state) query = query.where(isOne('users.state', filter.state))
  if (filter.roleId)
    query = query.where(
      sql<boolean>`exists (select from role_grants g where g.user_id = users.id and g.role_id = ${filter.roleId}
        and ${inScope(scope, 'g.tenant_id')})`,
    )
  if (filter.q) query = query.where(sql<boolean>`users.search_text like search_fold(${containing(filter.q)})`)
  return keysetPage(query, 'users.id', options)
}

/** The grants of these users in scope that have not run out. */
export async function grantsOf(
  tx: Tx,
  scope: Scope,
  userIds: readonly string[],
  at: Date,
): Promise<(GrantRow & { userId: string })[]> {
  const within = scope === 'platform' ? sql`true` : sql`g.tenant_id = any (${[...scope]}::uuid[])`
  const { rows } = await sql<GrantRow & { userId: string }>`select g.user_id as "userId", r.id as "roleId",
      r.key as role, r.name as "roleName", g.tenant_id as "tenantId", t.name as "tenantName", r.builtin,
      r.tenant_id as "roleTenantId", r.requires_mfa as "requiresMfa", coalesce(t.state = 'active', true) as "inForce",
      (select coalesce(array_agg(p.permission), '{}') from role_permissions p where p.role_id = r.id) as permissions
    from role_grants g join roles r on r.id = g.role_id left join tenants t on t.id = g.tenant_id
    where g.user_id = any (${[...userIds]}::uuid[]) and ${within} and (g.expires_at is null or g.expires_at > ${at})
    order by g.tenant_id nulls first, r.key`.execute(tx)
  return rows
}

export async function update(tx: Tx, id: string, change: Updateable<UsersTable>): Promise<void> {
  await tx
    .updateTable('users')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

type Grant = { userId: string; roleId: string; tenantId: string | null }

/** False: it was granted before. */
export async function insertGrant(
  tx: Tx,
  grant: Grant & { id: string; by: string; at: Date },
): Promise<boolean> {
  const { rows } = await sql`insert into role_grants (id, user_id, role_id, tenant_id, granted_by, created_at)
    values (${grant.id}, ${grant.userId}, ${grant.roleId}, ${grant.tenantId}, ${grant.by}, ${grant.at})
    on conflict do nothing returning id`.execute(tx)
  return rows.length === 1
}

/** False: there was no such grant. */
export async function deleteGrant(tx: Tx, { userId, roleId, tenantId }: Grant): Promise<boolean> {
  const { rows } = await sql`delete from role_grants where user_id = ${userId} and role_id = ${roleId}
    and tenant_id is not distinct from ${tenantId}::uuid returning id`.execute(tx)
  return rows.length === 1
}

/** Whether another active person holds a role there. Whoever asks holds the lock until the end of the transaction. */
export async function hasOtherHolder(
  tx: Tx,
  { userId, roleId, tenantId }: Grant,
  at: Date,
): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`holders:${roleId}:${tenantId ?? ''}`}, 0))`.execute(
    tx,
  )
  const { rows } = await sql`select 1 from role_grants g join users u on u.id = g.user_id
    where g.role_id = ${roleId} and g.tenant_id is not distinct from ${tenantId}::uuid and g.user_id <> ${userId}
      and u.state = 'active' and u.kind = 'person' and (g.expires_at is null or g.expires_at > ${at}) limit 1`.execute(
    tx,
  )
  return rows.length === 1
}

/** Ends one session of a user, or all. Answers how many. */
export async function endSessions(tx: Tx, userId: string, at: Date, sessionId?: string): Promise<number> {
  let query = tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
  if (sessionId !== undefined) query = query.where('id', '=', sessionId)
  return (await query.returning('id').execute()).length
}

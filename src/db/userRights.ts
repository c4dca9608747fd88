import { sql } from 'kysely'
import type { Tx } from './index.ts'
import type { Resource } from './userKeys.ts'
import type { Grant } from './users.ts'

/**
 * The grants of an active user at a time, undefined when there is no such user any more. They count also while a tenant
 * is suspended: what was begun before goes on afterwards.
 */
export async function grantsOfUser(tx: Tx, id: string, at: Date): Promise<Grant[] | undefined> {
  const { rows } = await sql<{ grants: Grant[] }>`select user_grants_anywhere(u.id, ${at}) as grants
    from users u where u.id = ${id} and u.state = 'active'`.execute(tx)
  return rows[0]?.grants
}

/** A live API key at a time, with the grants of its owner. */
export async function liveApiKey(tx: Tx, id: string, at: Date) {
  const { rows } = await sql<{
    tenant_id: string | null
    scopes: string[]
    resources: Resource[]
    grants: Grant[]
  }>`
    select k.tenant_id, k.scopes, k.resources, user_grants_anywhere(u.id, ${at}) as grants from api_keys k join users u on u.id = k.user_id
    where k.id = ${id} and k.revoked_at is null and k.expires_at > ${at} and u.state = 'active'`.execute(tx)
  return rows[0]
}

/** The one tenant in which a user was granted something; null when there are several, none, or he is the platform's. */
export async function onlyTenantOf(tx: Tx, userId: string): Promise<string | null> {
  const { rows } = await sql<{ tenant: string | null }>`select distinct tenant_id as tenant from role_grants
    where user_id = ${userId} limit 2`.execute(tx)
  return rows.length === 1 ? (rows[0]?.tenant ?? null) : null
}

/**
 * The addresses of the people who hold a permission in a tenant by a role there (null: on the platform), in the order of
 * the alphabet. The whole platform must be seen.
 * @param builtin keys of the built-in roles that have the permission
 */
export async function emailsOfHolders(
  tx: Tx,
  tenantId: string | null,
  { permission, builtin }: { permission: string; builtin: readonly string[] },
  at: Date,
): Promise<string[]> {
  const { rows } = await sql<{ email: string }>`
    select distinct u.email from users u join role_grants g on g.user_id = u.id join roles r on r.id = g.role_id
      where u.state = 'active' and u.kind = 'person' and g.tenant_id is not distinct from ${tenantId}::uuid
        and (g.expires_at is null or g.expires_at > ${at})
        and case when r.builtin then r.key = any (${builtin}::text[])
          else exists (select from role_permissions p where p.role_id = r.id and p.permission = ${permission}) end
      order by u.email`.execute(tx)
  return rows.map(({ email }) => email)
}

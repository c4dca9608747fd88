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

/**
 * How a user is written to. brand: the one tenant in which he was granted something; null when there are several, none, or he is
 * the platform's. language: null when he has chosen none.
 */
export async function readerOf(
  tx: Tx,
  userId: string,
): Promise<{ brand: string | null; language: string | null }> {
  const { rows } = await sql<{ brands: (string | null)[]; language: string | null }>`select u.language,
      array(select distinct g.tenant_id from role_grants g where g.user_id = u.id limit 2) as brands
    from users u where u.id = ${userId}`.execute(tx)
  const { brands = [], language = null } = rows[0] ?? {}
  return { brand: brands.length === 1 ? (brands[0] ?? null) : null, language }
}

/**
 * The people who hold a permission in a tenant by a role there (null: on the platform), by the alphabet
 * of their addresses. The whole platform must be seen.
 * @param builtin keys of the built-in roles that have the permission
 */
export async function holdersOf(
  tx: Tx,
  tenantId: string | null,
  { permission, builtin }: { permission: string; builtin: readonly string[] },
  at: Date,
): Promise<{ email: string; language: string | null }[]> {
  const { rows } = await sql<{ email: string; language: string | null }>`
    select distinct u.email, u.language from users u join role_grants g on g.user_id = u.id join roles r on r.id = g.role_id
      where u.state = 'active' and u.kind = 'person' and g.tenant_id is not distinct from ${tenantId}::uuid
        and (g.expires_at is null or g.expires_at > ${at})
        and case when r.builtin then r.key = any (${builtin}::text[])
          else exists (select from role_permissions p where p.role_id = r.id and p.permission = ${permission}) end
      order by u.email`.execute(tx)
  return rows
}

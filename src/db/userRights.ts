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

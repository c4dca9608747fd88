import { sql, type Insertable } from 'kysely'
import type { Database, Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { ApiKeysTable } from './types.ts'
import type { Grant } from './users.ts'

export type Resource = { type: string; id: string }

/** Networks are written as they are meant: `192.0.2.7/24` is `192.0.2.0/24`. */
export async function insert(
  tx: Tx,
  {
    resources,
    allowed_cidrs,
    ...key
  }: Omit<Insertable<ApiKeysTable>, 'resources'> & { resources: Resource[] },
): Promise<void> {
  await tx
    .insertInto('api_keys')
    .values({
      ...key,
      resources: JSON.stringify(resources),
      allowed_cidrs: sql`array(select network(n::inet) from unnest(${[...(allowed_cidrs ?? [])]}::text[]) n)`,
    })
    .execute()
}

const view = (tx: Tx) =>
  tx
    .selectFrom('api_keys as k')
    .innerJoin('users as u', 'u.id', 'k.user_id')
    .leftJoin('tenants as t', 't.id', 'k.tenant_id')
    .select(['k.id', 'k.name', 'k.prefix', 'k.user_id', 'k.tenant_id', 't.name as tenant_name', 'k.scopes'])
    .select([
      'k.created_at',
      'k.expires_at',
      'k.revoked_at',
      'k.last_used_at',
      'k.last_used_ip',
      'k.replaces',
    ])
    .select(['k.version', 'u.email', 'u.name as user_name', 'u.kind'])
    .select([sql<Resource[]>`k.resources`.as('resources')])
    .select(sql<string[]>`k.allowed_cidrs::text[]`.as('networks'))
    .select(sql<boolean>`exists (select from api_keys n where n.replaces = k.id)`.as('rotated'))

export type KeyRow = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const find = (tx: Tx, id: string): Promise<KeyRow | undefined> =>
  view(tx).where('k.id', '=', id).executeTakeFirst()

/** Locks a key, which nobody changes or rotates meanwhile; of one user when named. */
export const lock = (tx: Tx, id: string, userId?: string): Promise<KeyRow | undefined> =>
  view(tx)
    .where('k.id', '=', id)
    .$if(userId !== undefined, (query) => query.where('k.user_id', '=', userId ?? ''))
    .forUpdate('k')
    .executeTakeFirst()

export const listOfUser = (tx: Tx, userId: string, options: ListOptions) =>
  keysetPage(view(tx).where('k.user_id', '=', userId), 'k.id', options)

export const list = (tx: Tx, scope: Scope, filter: { userId?: string | undefined }, options: ListOptions) =>
  keysetPage(
    view(tx)
      .where(inScope(scope, 'k.tenant_id'))
      .$if(filter.userId !== undefined, (query) => query.where('k.user_id', '=', filter.userId ?? '')),
    'k.id',
    options,
  )

export async function rename(tx: Tx, id: string, name: string): Promise<void> {
  await tx
    .updateTable('api_keys')
    .set({ name, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Ends a key at a time that is not later than its own. */
export async function endBy(tx: Tx, id: string, at: Date): Promise<void> {
  await tx
    .updateTable('api_keys')
    .set({ expires_at: sql`least(expires_at, ${at})`, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Revokes one key, or all of a user. @returns how many were not before */
export async function revoke(tx: Tx, which: { id: string } | { userId: string }, at: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ revoked_at: at, version: sql`version + 1` })
    .where('revoked_at', 'is', null)
    .where('id' in which ? 'id' : 'user_id', '=', 'id' in which ? which.id : which.userId)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

export type FoundKey = {
  id: string
  name: string
  user_id: string
  email: string
  user_name: string
  tenant_id: string | null
  scopes: string[]
  resources: Resource[]
  last_used_at: Date | null
  last_used_ip: string | null
  has_mfa: boolean
  grants: Grant[]
}

/** The live API key of a token with its owner; undefined also when the caller's address is not allowed. */
export async function identify(
  { pool }: Database,
  tokenHash: Buffer,
  at: Date,
  ip: string | undefined,
): Promise<FoundKey | undefined> {
  const { rows } = await pool.query<FoundKey>({
    name: 'find_api_key',
    text: 'select k.*, has_second_factor(k.user_id) as has_mfa from identify_api_key($1, $2, $3) k',
    values: [tokenHash, at, ip ?? null],
  })
  return rows[0]
}

/** Of calls at the same moment one is enough: none waits for another to be written down. */
export async function touch(tx: Tx, id: string, at: Date, ip: string | undefined): Promise<void> {
  await tx
    .updateTable('api_keys')
    .set({ last_used_at: at, last_used_ip: ip ?? null })
    .where('id', '=', tx.selectFrom('api_keys').select('id').where('id', '=', id).forUpdate().skipLocked())
    .execute()
}

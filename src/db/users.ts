import { sql, type Insertable } from 'kysely'
import type { Database, Tx } from './index.ts'
import type { ApiKeysTable, SessionsTable, UsersTable } from './types.ts'

export function findByEmail(tx: Tx, email: string) {
  return tx.selectFrom('users').selectAll().where('email', '=', email.toLowerCase()).executeTakeFirst()
}

export function insert(tx: Tx, user: Insertable<UsersTable>) {
  return tx.insertInto('users').values(user).returningAll().executeTakeFirstOrThrow()
}

export async function anyUser(tx: Tx): Promise<boolean> {
  return (await tx.selectFrom('users').select('id').limit(1).executeTakeFirst()) !== undefined
}

export async function grant(
  tx: Tx,
  values: { id: string; userId: string; role: string; tenantId: string | null; at: Date },
): Promise<boolean> {
  const { rows } = await sql`insert into role_grants (id, user_id, role_id, tenant_id, created_at)
    select ${values.id}, ${values.userId}, r.id, ${values.tenantId}, ${values.at} from roles r
    where r.key = ${values.role} and r.builtin returning id`.execute(tx)
  return rows.length === 1
}

/** Whether all that the user was granted is in tenants that are not active. */
export async function isShutOut(tx: Tx, userId: string, at: Date): Promise<boolean> {
  const { rows } = await sql<{ out: boolean }>`select user_is_shut_out(${userId}, ${at}) as out`.execute(tx)
  return rows[0]?.out ?? false
}

export type Grant = {
  roleId: string
  key: string
  name: string
  tenantId: string | null
  /** Of a custom role; null for a built-in one, whose permissions the code knows. */
  permissions: string[] | null
  /** Its users can do nothing before they have a second factor. */
  requiresMfa: boolean
}

export function tenantsOf(tx: Tx, ids: readonly string[]) {
  return tx
    .selectFrom('tenants')
    .select(['id', 'name', 'slug'])
    .where('id', 'in', [...ids, EMPTY])
    .orderBy('name')
    .execute()
}
/** `in ()` is no SQL: a list that may be empty gets an id that no row has. */
const EMPTY = '00000000-0000-0000-0000-000000000000'

export async function insertSession(tx: Tx, session: Insertable<SessionsTable>): Promise<void> {
  await tx.insertInto('sessions').values(session).execute()
}

export type FoundSession = {
  id: string
  user_id: string
  email: string
  name: string
  last_seen_at: Date
  verified_at: Date
  has_mfa: boolean
  grants: Grant[]
}

/** The live session of a token with its user; undefined when it is unknown, revoked, idle too long or expired. */
export async function findSession(
  { pool }: Database,
  tokenHash: Buffer,
  at: Date,
  idleMs: number,
): Promise<FoundSession | undefined> {
  const { rows } = await pool.query<FoundSession>({
    name: 'find_session',
    text: `select s.id, u.id as user_id, u.email, u.name, s.last_seen_at, s.verified_at, user_grants(u.id, $2) as grants,
        has_second_factor(u.id) as has_mfa
      from sessions s join users u on u.id = s.user_id
      where s.token_hash = $1 and not s.pending and u.state = 'active' and s.revoked_at is null and s.expires_at > $2 and s.last_seen_at > $3`,
    values: [tokenHash, at, new Date(at.getTime() - idleMs)],
  })
  return rows[0]
}

export async function touchSession(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('sessions').set({ last_seen_at: at }).where('id', '=', id).execute()
}

export async function revokeSession(tx: Tx, id: string, at: Date): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
}

export async function insertApiKey(tx: Tx, key: Insertable<ApiKeysTable>): Promise<void> {
  await tx.insertInto('api_keys').values(key).execute()
}

export type FoundKey = {
  id: string
  name: string
  user_id: string
  email: string
  user_name: string
  tenant_id: string | null
  scopes: string[]
  last_used_at: Date | null
  has_mfa: boolean
  grants: Grant[]
}

/** The live API key of a token with its owner; undefined also when the caller's address is not allowed. */
export async function findApiKey(
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

export async function touchApiKey(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('api_keys').set({ last_used_at: at }).where('id', '=', id).execute()
}

export function tenantBySlug(tx: Tx, slug: string) {
  return tx.selectFrom('tenants').select('id').where('slug', '=', slug).executeTakeFirst()
}

import { sql, type Insertable } from 'kysely'
import type { Database, Tx } from './index.ts'
import type { SessionsTable, UsersTable } from './types.ts'

export function findByEmail(tx: Tx, email: string) {
  return tx.selectFrom('users').selectAll().where('email', '=', email.toLowerCase()).executeTakeFirst()
}

/** A person who may log in. */
export function findActive(tx: Tx, id: string) {
  return tx
    .selectFrom('users')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'active')
    .where('kind', '=', 'person')
    .executeTakeFirst()
}

export function insert(tx: Tx, user: Insertable<UsersTable>) {
  return tx.insertInto('users').values(user).returningAll().executeTakeFirstOrThrow()
}

/** What a user is told about himself. */
export async function aboutSelf(
  tx: Tx,
  id: string,
): Promise<{ hasPassword: boolean; language: string | null }> {
  const row = await tx
    .selectFrom('users')
    .select(['language', sql<boolean>`password_hash is not null`.as('hasPassword')])
    .where('id', '=', id)
    .executeTakeFirst()
  return row ?? { hasPassword: false, language: null }
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
  expires_at: Date
  has_mfa: boolean
  sso_mfa: boolean
  grants: Grant[]
  /** The operator who acts under the user's name, with his own session. */
  impersonator: FoundImpersonator | null
}

type FoundImpersonator = {
  id: string
  email: string
  name: string
  hasMfa: boolean
  grants: Grant[]
  parentId: string
  reason: string
  readOnly: boolean
}

/** The sessions that are looked for, each by $1; the proof that a token was replaced for does not count for that one. */
const SESSION_BY = {
  token: { where: 's.token_hash = $1', verifiedAt: 's.verified_at' },
  previousToken: {
    where: 's.previous_token_hash = $1 and s.previous_until > $2',
    verifiedAt: 'to_timestamp(0)',
  },
  id: { where: 's.id = $1', verifiedAt: 's.verified_at' },
} as const

/**
 * A live session with its user, by the hash of its token, or of the one before while that counts, or by its id; undefined
 * when it is unknown, revoked, idle too long or expired. An operator's under another name ends with his own session, and
 * when he is disabled.
 */
export async function findSession(
  { pool }: Database,
  by: keyof typeof SESSION_BY,
  value: Buffer | string,
  at: Date,
  idleMs: number,
): Promise<FoundSession | undefined> {
  const { where, verifiedAt } = SESSION_BY[by]
  const { rows } = await pool.query<FoundSession>({
    name: `find_session_by_${by}`,
    text: `select s.id, u.id as user_id, u.email, u.name, s.last_seen_at, ${verifiedAt} as verified_at, s.expires_at,
        user_grants(u.id, $2) as grants, has_second_factor(u.id) as has_mfa, s.sso_mfa,
        case when i.id is not null then jsonb_build_object('id', i.id, 'email', i.email, 'name', i.name,
          'hasMfa', has_second_factor(i.id), 'grants', user_grants(i.id, $2), 'parentId', s.parent_id,
          'reason', s.reason, 'readOnly', s.read_only) end as impersonator
      from sessions s join users u on u.id = s.user_id
        left join users i on i.id = s.impersonator_id left join sessions p on p.id = s.parent_id
      where ${where} and not s.pending and u.state = 'active' and s.revoked_at is null and s.expires_at > $2 and s.last_seen_at > $3
        and (s.impersonator_id is null or (i.state = 'active' and p.revoked_at is null and p.expires_at > $2))`,
    values: [value, at, new Date(at.getTime() - idleMs)],
  })
  return rows[0]
}

export async function touchSession(tx: Tx, id: string, at: Date): Promise<void> {
  await tx
    .updateTable('sessions')
    // Never back: a simulated clock may have moved it on meanwhile.
    .set({ last_seen_at: sql`greatest(last_seen_at, ${at})` })
    .where('id', '=', tx.selectFrom('sessions').select('id').where('id', '=', id).forUpdate().skipLocked())
    .execute()
}

export async function revokeSession(tx: Tx, id: string, at: Date): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
}

export function tenantBySlug(tx: Tx, slug: string) {
  return tx.selectFrom('tenants').select('id').where('slug', '=', slug).executeTakeFirst()
}

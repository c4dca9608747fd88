import { sql } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'

/** One more try with a pending session; undefined when it has ended or has no tries left. */
export async function tryPending(tx: Tx, tokenHash: Buffer, at: Date, tries: number) {
  return tx
    .updateTable('sessions')
    .set({ attempts: sql`attempts + 1` })
    .from('users')
    .whereRef('users.id', '=', 'sessions.user_id')
    .where('users.state', '=', 'active')
    .where('sessions.token_hash', '=', tokenHash)
    .where('sessions.pending', '=', true)
    .where('sessions.revoked_at', 'is', null)
    .where('sessions.expires_at', '>', at)
    .where('sessions.attempts', '<', tries)
    .returning(['sessions.id', 'users.id as user_id', 'users.email', 'users.password_hash'])
    .executeTakeFirst()
}

/** A pending session that a second factor could still be given to; asking takes no try. */
export async function findPending(tx: Tx, tokenHash: Buffer, at: Date, tries: number) {
  return tx
    .selectFrom('sessions')
    .select(['id', 'user_id'])
    .where('token_hash', '=', tokenHash)
    .where('pending', '=', true)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .where('attempts', '<', tries)
    .executeTakeFirst()
}

/** @returns false when it had ended before */
export async function endPending(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function markVerified(
  tx: Tx,
  id: string,
  by: 'password' | 'totp' | 'recovery_code' | 'passkey' | 'sso',
  at: Date,
): Promise<void> {
  await tx.updateTable('sessions').set({ verified_by: by, verified_at: at }).where('id', '=', id).execute()
}

/**
 * Gives a live session a new token.
 * @param previousUntil until when the present one counts as well; null: not at all. Within that time it has no third one.
 * @returns until when the session lasts, undefined when it has ended or had a new token just now
 */
export async function renewToken(
  tx: Tx,
  id: string,
  tokenHash: Buffer,
  at: Date,
  previousUntil: Date | null,
): Promise<Date | undefined> {
  let query = tx
    .updateTable('sessions')
    .set((row) => ({
      token_hash: tokenHash,
      previous_token_hash: previousUntil && row.ref('token_hash'),
      previous_until: previousUntil,
      last_seen_at: sql<Date>`greatest(last_seen_at, ${at})`,
    }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
  if (previousUntil)
    query = query.where((row) => row.or([row('previous_until', 'is', null), row('previous_until', '<=', at)]))
  return (await query.returning('expires_at').executeTakeFirst())?.expires_at
}

/** @returns false when `before` is no longer the stored hash */
export async function replacePasswordHash(
  tx: Tx,
  userId: string,
  before: string,
  hash: string,
  at: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ password_hash: hash, updated_at: at })
    .where('id', '=', userId)
    .where('password_hash', '=', before)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Whatever it was before. @returns false when there is no such active user */
export async function setPasswordHash(tx: Tx, userId: string, hash: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ password_hash: hash, updated_at: at })
    .where('id', '=', userId)
    .where('state', '=', 'active')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

const live = (tx: Tx, userId: string, at: Date, idleMs: number) =>
  tx
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', userId)
    .where('pending', '=', false)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .where('last_seen_at', '>', new Date(at.getTime() - idleMs))

/** The sessions with which a user could act now. Those of operators under their name are told apart from these. */
export const listLive = (tx: Tx, userId: string, at: Date, idleMs: number, options: ListOptions) =>
  keysetPage(live(tx, userId, at, idleMs).where('impersonator_id', 'is', null), 'sessions.id', options)

/**
 * Ends a user's oldest sessions beyond a number. Parallel log-ins of one user count one after the other.
 * @returns the ids of those that were ended
 */
export async function endBeyond(
  tx: Tx,
  userId: string,
  most: number,
  at: Date,
  idleMs: number,
): Promise<string[]> {
  await sql`select from users where id = ${userId} for no key update`.execute(tx)
  const rows = await tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where(
      'id',
      'in',
      live(tx, userId, at, idleMs)
        .clearSelect()
        .select('id')
        .where('impersonator_id', 'is', null)
        .orderBy('id', 'desc')
        .offset(most),
    )
    .returning('id')
    .execute()
  return rows.map(({ id }) => id)
}

/** Ends one session of a user. @returns false when there is no such live one */
export async function endOne(tx: Tx, userId: string, id: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Ends every session of a user but one, also the pending ones. @returns how many */
export async function endOthers(tx: Tx, userId: string, keep: string | null, at: Date): Promise<number> {
  let query = tx
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
  if (keep !== null) query = query.where('id', '!=', keep)
  return Number((await query.executeTakeFirst()).numUpdatedRows)
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'

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
    .returning(['sessions.id', 'users.id as user_id', 'users.email'])
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
  by: 'password' | 'totp' | 'recovery_code',
  at: Date,
): Promise<void> {
  await tx.updateTable('sessions').set({ verified_by: by, verified_at: at }).where('id', '=', id).execute()
}

export async function setPasswordHash(tx: Tx, userId: string, hash: string, at: Date): Promise<void> {
  await tx
    .updateTable('users')
    .set({ password_hash: hash, updated_at: at })
    .where('id', '=', userId)
    .execute()
}

import { sql, type Insertable } from 'kysely'
import type { Tx } from './index.ts'
import type { PasskeyChallengesTable, UserPasskeysTable } from './types.ts'

export type Purpose = 'register' | 'log_in' | 'second_step' | 'step_up'

export async function insertChallenge(tx: Tx, values: Insertable<PasskeyChallengesTable>): Promise<void> {
  await tx.insertInto('passkey_challenges').values(values).execute()
}

/** Uses up a challenge. @returns undefined when it is unknown, used, too old, or meant for something else */
export async function takeChallenge(
  tx: Tx,
  id: string,
  { purpose, sessionId }: { purpose: Purpose; sessionId: string | null },
  at: Date,
): Promise<string | undefined> {
  const row = await tx
    .deleteFrom('passkey_challenges')
    .where('id', '=', id)
    .where('purpose', '=', purpose)
    .where('session_id', 'is not distinct from', sessionId)
    .returning(['challenge', 'expires_at'])
    .executeTakeFirst()
  return row && row.expires_at > at ? row.challenge : undefined
}

export async function forgetChallenges(tx: Tx, before: Date): Promise<void> {
  await tx.deleteFrom('passkey_challenges').where('expires_at', '<', before).execute()
}

/** @returns undefined when the credential is known already */
export function insert(tx: Tx, values: Insertable<UserPasskeysTable>) {
  return tx
    .insertInto('user_passkeys')
    .values(values)
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .returningAll()
    .executeTakeFirst()
}

export function listOf(tx: Tx, userId: string) {
  return tx.selectFrom('user_passkeys').selectAll().where('user_id', '=', userId).orderBy('id').execute()
}

/** A passkey with its user. */
export function findByCredential(tx: Tx, credentialId: Buffer) {
  return tx
    .selectFrom('user_passkeys as p')
    .innerJoin('users as u', 'u.id', 'p.user_id')
    .select(['p.id', 'p.name', 'p.user_id', 'p.credential_id', 'p.public_key', 'p.counter', 'p.transports'])
    .select(['u.email', 'u.password_hash', 'u.state'])
    .where('p.credential_id', '=', credentialId)
    .executeTakeFirst()
}

export function rename(tx: Tx, userId: string, id: string, name: string) {
  return tx
    .updateTable('user_passkeys')
    .set({ name })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returningAll()
    .executeTakeFirst()
}

export function remove(tx: Tx, userId: string, id: string) {
  return tx
    .deleteFrom('user_passkeys')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returning('name')
    .executeTakeFirst()
}

/**
 * Notes a use. A counter that does not grow belongs to a copy, unless the authenticator has none and always says 0.
 * @returns false when it did not grow, or the passkey is gone
 */
export async function use(
  tx: Tx,
  id: string,
  { counter, backedUp, at }: { counter: bigint; backedUp: boolean; at: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('user_passkeys')
    .set({ counter, backed_up: backedUp, last_used_at: at })
    .where('id', '=', id)
    .where(sql<boolean>`(counter < ${counter} or (counter = 0 and ${counter}::bigint = 0))`)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

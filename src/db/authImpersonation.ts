import { sql } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'

/** A user with what decides about acting under their name; undefined when there is none. */
export async function subject(tx: Tx, userId: string) {
  return tx
    .selectFrom('users')
    .select(['id', 'email', 'kind', 'state'])
    .where('id', '=', userId)
    .executeTakeFirst()
}

/** How an operator has proven who he is, and until when his session lasts. */
export async function proofOf(tx: Tx, sessionId: string) {
  return tx
    .selectFrom('sessions')
    .select(['verified_by', 'sso_mfa', 'expires_at'])
    .select(sql<boolean>`has_second_factor(user_id)`.as('has_mfa'))
    .where('id', '=', sessionId)
    .executeTakeFirst()
}

/** Gives a live session a new token. @returns until when it lasts, undefined when it has ended */
export async function renewToken(tx: Tx, id: string, tokenHash: Buffer, at: Date): Promise<Date | undefined> {
  const row = await tx
    .updateTable('sessions')
    .set({ token_hash: tokenHash, last_seen_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .returning('expires_at')
    .executeTakeFirst()
  return row?.expires_at
}

/** When somebody acted under this user's name. */
export const listOfUser = (tx: Tx, userId: string, options: ListOptions) =>
  keysetPage(
    tx
      .selectFrom('sessions as s')
      .innerJoin('users as i', 'i.id', 's.impersonator_id')
      .select(['s.id', 's.created_at', 's.reason', 's.read_only', 'i.email', 'i.name'])
      .select(sql<Date>`least(s.expires_at, s.revoked_at)`.as('ended_at'))
      .where('s.user_id', '=', userId),
    's.id',
    options,
  )

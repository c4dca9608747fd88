import { sql, type Insertable } from 'kysely'
import type { Tx } from './index.ts'
import type { SingleUseTokensTable } from './types.ts'

export type Purpose = SingleUseTokensTable['purpose']

export async function insert(tx: Tx, token: Insertable<SingleUseTokensTable>): Promise<void> {
  await tx.insertInto('single_use_tokens').values(token).execute()
}

/** What a token that still counts is for; it stays unused. */
export function find(tx: Tx, purpose: Purpose, hash: Buffer, at: Date) {
  return tx
    .selectFrom('single_use_tokens')
    .select(['subject_id', 'email', 'expires_at'])
    .where('token_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', at)
    .executeTakeFirst()
}

/** Uses a token up. Of parallel uses one gets what it is for, all others undefined. */
export function use(tx: Tx, purpose: Purpose, hash: Buffer, at: Date) {
  return tx
    .updateTable('single_use_tokens')
    .set({ used_at: at })
    .where('token_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', at)
    .returning(['subject_id', 'email'])
    .executeTakeFirst()
}

/** Makes all unused tokens of a subject worthless. */
export async function endAll(tx: Tx, purpose: Purpose, subjectId: string, at: Date): Promise<void> {
  await tx
    .updateTable('single_use_tokens')
    .set({ used_at: at })
    .where('subject_id', '=', subjectId)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .execute()
}

/** How many were made for a subject since. */
export async function countSince(tx: Tx, purpose: Purpose, subjectId: string, since: Date): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from single_use_tokens
    where subject_id = ${subjectId} and purpose = ${purpose} and created_at > ${since}`.execute(tx)
  return rows[0]?.n ?? 0
}

export async function forgetBefore(tx: Tx, at: Date): Promise<void> {
  await tx.deleteFrom('single_use_tokens').where('expires_at', '<', at).execute()
}

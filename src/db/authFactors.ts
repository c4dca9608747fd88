import type { Tx } from './index.ts'

export function findTotp(tx: Tx, userId: string) {
  return tx.selectFrom('user_totp').selectAll().where('user_id', '=', userId).executeTakeFirst()
}

/** Begins an enrolment, in place of one that was never confirmed. @returns false when there is a confirmed one */
export async function beginTotp(tx: Tx, userId: string, secret: Buffer, at: Date): Promise<boolean> {
  const row = await tx
    .insertInto('user_totp')
    .values({ user_id: userId, secret, created_at: at })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet({ secret, created_at: at, last_step: 0 })
        .where('user_totp.confirmed_at', 'is', null),
    )
    .returning('user_id')
    .executeTakeFirst()
  return row !== undefined
}

export async function confirmTotp(tx: Tx, userId: string, at: Date): Promise<void> {
  await tx.updateTable('user_totp').set({ confirmed_at: at }).where('user_id', '=', userId).execute()
}

/** Takes a time step, which nobody can take again. @returns false when it or a later one is taken */
export async function takeStep(tx: Tx, userId: string, step: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('user_totp')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function removeTotp(tx: Tx, userId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('user_totp')
    .where('user_id', '=', userId)
    .where('confirmed_at', 'is not', null)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export async function replaceCodes(
  tx: Tx,
  userId: string,
  hashes: readonly Buffer[],
  at: Date,
): Promise<void> {
  await tx.deleteFrom('user_recovery_codes').where('user_id', '=', userId).execute()
  if (hashes.length === 0) return
  await tx
    .insertInto('user_recovery_codes')
    .values(hashes.map((hash) => ({ code_hash: hash, user_id: userId, created_at: at })))
    .execute()
}

/** Uses up a recovery code. @returns false when it is unknown or used */
export async function useCode(tx: Tx, userId: string, hash: Buffer, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('user_recovery_codes')
    .set({ used_at: at })
    .where('user_id', '=', userId)
    .where('code_hash', '=', hash)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function codesLeft(tx: Tx, userId: string): Promise<number> {
  const row = await tx
    .selectFrom('user_recovery_codes')
    .select((eb) => eb.fn.countAll<bigint>().as('n'))
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

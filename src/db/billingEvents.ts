import { sql, type Insertable } from 'kysely'
import type { Tx } from './index.ts'
import type { BillingEventsTable } from './types.ts'

/** Keeps a message. @returns false for one that was kept before */
export async function insertOnce(tx: Tx, event: Insertable<BillingEventsTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('billing_events')
    .values(event)
    .onConflict((on) => on.columns(['provider_id', 'event_id']).doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** The messages about one thing that nobody has gone after yet. */
export const waiting = async (tx: Tx, providerId: string, target: string): Promise<string[]> =>
  (
    await tx
      .selectFrom('billing_events')
      .select('id')
      .where('provider_id', '=', providerId)
      .where('target', '=', target)
      .where('state', '=', 'new')
      .execute()
  ).map(({ id }) => id)

export async function settle(
  tx: Tx,
  ids: readonly string[],
  { state, problem, at }: { state: 'done' | 'ignored' | 'parked'; problem: string | null; at: Date },
): Promise<void> {
  await tx
    .updateTable('billing_events')
    .set({ state, problem, settled_at: at })
    .where(sql<boolean>`id = any (${[...ids]}::uuid[])`)
    .where('state', '=', 'new')
    .execute()
}

export async function removeOld(tx: Tx, before: Date): Promise<void> {
  await sql`delete from billing_events where received_at < ${before} and state <> 'new'`.execute(tx)
}

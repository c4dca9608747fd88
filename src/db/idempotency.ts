import { sql } from 'kysely'
import type { Tx } from './index.ts'

export type Stored = { request_hash: Buffer; status: number | null; response: unknown }

/**
 * Takes a key for this transaction. A concurrent request with the same key waits here until the first has committed
 * (then its answer is returned) or rolled back (then this one goes on).
 * @returns null when the key is new and now ours
 */
export async function claim(
  tx: Tx,
  values: { subject: string; key: string; requestHash: Buffer; at: Date },
): Promise<Stored | null> {
  const { rows } = await sql`insert into idempotency_keys (subject, key, request_hash, created_at)
    values (${values.subject}, ${values.key}, ${values.requestHash}, ${values.at})
    on conflict (subject, key) do nothing returning key`.execute(tx)
  if (rows.length === 1) return null
  const found = await tx
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'status', 'response'])
    .where('subject', '=', values.subject)
    .where('key', '=', values.key)
    .executeTakeFirstOrThrow()
  return found
}

export async function store(
  tx: Tx,
  values: { subject: string; key: string; status: number; response: unknown },
): Promise<void> {
  await tx
    .updateTable('idempotency_keys')
    .set({ status: values.status, response: JSON.stringify(values.response) })
    .where('subject', '=', values.subject)
    .where('key', '=', values.key)
    .execute()
}

/** Forgets answers that are older than a client may still ask for. */
export async function forgetBefore(tx: Tx, at: Date): Promise<void> {
  await tx.deleteFrom('idempotency_keys').where('created_at', '<', at).execute()
}

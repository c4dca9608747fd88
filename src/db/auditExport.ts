import { sql } from 'kysely'
import { slice, type AuditFilter } from './audit.ts'
import { EVENT, type BatchRow, type SealedEvent } from './auditSeals.ts'
import type { Scope, Tx } from './index.ts'

/** An event with its place in the sealed log; `batch` null: it waits to be sealed. `position` counts from 0. */
export type PlacedEvent = SealedEvent & { micros: bigint; batch: bigint | null; position: number | null }

/** One page of a filter, oldest first. The batch of an event is the first one that ends after it and names it. */
export async function placedEvents(
  tx: Tx,
  scope: Scope,
  filter: AuditFilter,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<PlacedEvent[]> {
  const page = slice(tx, scope, filter, { down: false, limit, after })
  const { rows } = await sql<PlacedEvent>`select ${sql.raw(EVENT)}, e.micros, b.number as batch, b.position
    from (${page}) e left join lateral (
      select number, array_position(events, e.id) - 1 as position from audit_batches
      where last_at >= date_trunc('milliseconds', e.at) and first_at <= e.at and e.id = any (events)
      order by last_at, number limit 1) b on true
    order by e.at, e.id`.execute(tx)
  return rows
}

export const batchesNamed = (tx: Tx, numbers: readonly bigint[]): Promise<BatchRow[]> =>
  tx
    .selectFrom('audit_batches')
    .selectAll()
    .where('number', 'in', numbers.length === 0 ? [0n] : [...numbers])
    .execute()

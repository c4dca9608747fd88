import { sql } from 'kysely'
import { beyond, MICROS, pageOf, placeOf, type EventRow } from './audit.ts'
import { inScope } from './list.ts'
import type { Scope, Tx } from './index.ts'

/** More things than this belong to one thing only where nobody reads a timeline to its end. */
const MAX_THINGS = 200

/** What belongs to a thing: of a customer its file, its subscriptions with their invoices, and its pods. */
const belonging = (type: string, id: string) => {
  if (type === 'customer')
    return sql`select 'contact' as type, id from customer_contacts where customer_id = ${id}
      union all select 'note', id from customer_notes where customer_id = ${id}
      union all select 'subscription', id from subscriptions where customer_id = ${id}
      union all select 'invoice', id from invoices where customer_id = ${id}
      union all select 'cloudPod', id from cloud_pods where customer_id = ${id}
      union all select 'domain', id from domains where customer_id = ${id}`
  if (type === 'subscription')
    return sql`select 'cloudPod' as type, id from cloud_pods where subscription_id = ${id}
      union all select 'invoice', id from invoices where subscription_id = ${id}`
  return sql`select null::text as type, null::uuid as id where false`
}

/** The ids of a thing and of what belongs to it, with the jobs that work on any of these. */
export async function thingsOf(tx: Tx, type: string, id: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with things as (select ${type}::text as type, ${id}::uuid as id
      union (${belonging(type, id)} limit ${MAX_THINGS}))
    select id from things union
    (select j.id from things t join provisioning_jobs j on j.subject_type = t.type and j.subject_id = t.id
      order by j.id desc limit ${MAX_THINGS})`.execute(tx)
  return rows.map((row) => row.id)
}

/** The events of some things, newest first: of each at most a page by the index, then the newest of all. */
export async function eventsOf(
  tx: Tx,
  scope: Scope,
  targetIds: readonly string[],
  options: { limit: number; cursor?: string | undefined },
) {
  const place = options.cursor === undefined ? sql<boolean>`true` : beyond(placeOf(options.cursor), true)
  const { rows } = await sql<EventRow & { micros: bigint }>`
    select found.* from unnest(${[...targetIds]}::text[]) as thing(id) cross join lateral (
      select e.*, ${MICROS} as micros from audit_events e
      where e.target_id = thing.id and ${inScope(scope, 'e.tenant_id')} and ${place}
      order by e.at desc, e.id desc limit ${options.limit + 1}) found
    order by found.at desc, found.id desc limit ${options.limit + 1}`.execute(tx)
  return pageOf(rows, options.limit)
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'

export type Found = { id: string; external_ref: string | null; email: string }

/** The customers of a tenant that rows of a file may mean. Those who were merged are found by their id only. */
export async function candidates(
  tx: Tx,
  tenantId: string,
  by: { ids: string[]; refs: string[]; emails: string[] },
): Promise<Found[]> {
  const { rows } = await sql<Found>`
    select id, external_ref, lower(email) as email from customers where tenant_id = ${tenantId}
      and (id = any (${by.ids}::uuid[]) or (state <> 'merged'
        and (external_ref = any (${by.refs}) or lower(email) = any (${by.emails}))))
    order by id`.execute(tx)
  return rows
}

/** Groups by their names in lower case. */
export async function groupsByName(
  tx: Tx,
  tenantId: string,
  names: string[],
): Promise<Map<string, { id: string; name: string }>> {
  const { rows } = await sql<{ id: string; name: string; key: string }>`
    select id, name, lower(name) as key from customer_groups
    where tenant_id = ${tenantId} and lower(name) in (select lower(n) from unnest(${names}::text[]) n)`.execute(
    tx,
  )
  return new Map(rows.map(({ id, name, key }) => [key, { id, name }]))
}

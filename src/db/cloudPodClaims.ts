import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** What is to be said about an address in the NetBox of its pool, and what it is said for. */
export type Claim = {
  id: string
  poolId: string
  address: string
  wanted: 'reserved' | 'active' | 'deprecated' | 'gone'
  version: number
  settled: boolean
  /** It was seen there. */
  netboxId: number | null
  refused: boolean
  takingOver: boolean
  /** Who holds it here. */
  podId: string | null
  tenantId: string | null
  hostname: string | null
  reverseName: string | null
  /** Why it is kept back. */
  note: string | null
}

const CLAIMS = sql`select c.id, c.pool_id as "poolId", host(c.address) as address, c.wanted, c.version,
    c.settled = c.version as settled, c.netbox_id::float8 as "netboxId", c.refused, c.taking_over as "takingOver",
    a.pod_id as "podId", a.tenant_id as "tenantId", p.hostname, a.reverse_name as "reverseName", a.note
  from ip_claims c
  left join ip_addresses a on a.pool_id = c.pool_id and a.address = c.address and c.wanted <> 'gone'
  left join cloud_pods p on p.id = a.pod_id`

/** What NetBox is to be told now, what is to go first: that frees what others wait for. */
export async function untold(tx: Tx, poolId: string, at: Date, limit: number): Promise<Claim[]> {
  const { rows } = await sql<Claim>`${CLAIMS} where c.pool_id = ${poolId} and c.settled < c.version
      and (c.retry_at is null or c.retry_at <= ${at})
    order by (c.wanted = 'gone') desc, c.id limit ${limit}`.execute(tx)
  return rows
}

export async function ofPool(tx: Tx, poolId: string): Promise<Claim[]> {
  const { rows } = await sql<Claim>`${CLAIMS} where c.pool_id = ${poolId}`.execute(tx)
  return rows
}

/** A claim as it is now, locked. */
export async function lock(tx: Tx, id: string): Promise<Claim | undefined> {
  await sql`select from ip_claims where id = ${id} for update`.execute(tx)
  const { rows } = await sql<Claim>`${CLAIMS} where c.id = ${id}`.execute(tx)
  return rows[0]
}

/** What is held of an address, whatever was claimed of it before. */
export async function holding(tx: Tx, poolId: string, address: string): Promise<Claim | undefined> {
  const { rows } = await sql<Claim>`${CLAIMS} where c.pool_id = ${poolId} and c.address = ${address}::inet
    and c.wanted <> 'gone' for update of c`.execute(tx)
  return rows[0]
}

export async function exists(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql`select from ip_claims where id = ${id}`.execute(tx)
  return rows.length > 0
}

type Said = Pick<Claim, 'id' | 'version'>

/** It was said as it was wanted at that version; what has changed since is said the next time. */
export async function settle(
  tx: Tx,
  { id, version }: Said,
  { netboxId, refused }: { netboxId: number | null; refused: boolean },
): Promise<void> {
  await sql`update ip_claims set settled = ${version}, netbox_id = ${netboxId}, refused = ${refused},
    taking_over = taking_over and version <> ${version}, problem = null, retry_at = null where id = ${id}`.execute(
    tx,
  )
}

/** Nothing of it is in NetBox any more. */
export async function forget(tx: Tx, { id, version }: Said): Promise<void> {
  await sql`delete from ip_claims where id = ${id} and version = ${version} and wanted = 'gone'`.execute(tx)
}

export async function postpone(tx: Tx, id: string, problem: string, until: Date): Promise<void> {
  await sql`update ip_claims set problem = ${problem}, retry_at = ${until} where id = ${id}`.execute(tx)
}

/** It is said anew. */
export async function again(tx: Tx, id: string, { takingOver = false, isLost = false } = {}): Promise<void> {
  await sql`update ip_claims set version = version + 1, refused = false, taking_over = ${takingOver}, problem = null,
    retry_at = null, netbox_id = case when ${isLost} then null else netbox_id end where id = ${id}`.execute(
    tx,
  )
}

/** What stands in NetBox with our mark, and is nobody's here, is to go. */
export async function insertGone(
  tx: Tx,
  { id, poolId, address, netboxId }: { id: string; poolId: string; address: string; netboxId: number },
): Promise<void> {
  await sql`insert into ip_claims (id, pool_id, address, wanted, netbox_id)
    values (${id}, ${poolId}, ${address}::inet, 'gone', ${netboxId}) on conflict (id) do nothing`.execute(tx)
}

/** Addresses that a pod is to get, and of which NetBox has not said yet that they are ours. */
export async function openOf(tx: Tx, podId: string): Promise<{ address: string; refused: boolean }[]> {
  const { rows } = await sql<{ address: string; refused: boolean }>`
    select host(a.address) as address, c.refused from ip_addresses a
    join ip_claims c on c.pool_id = a.pool_id and c.address = a.address and c.wanted <> 'gone'
    where a.pod_id = ${podId} and a.state = 'reserved' and c.netbox_id is null order by a.address`.execute(tx)
  return rows
}

/** Gives a pod another address of the same pool instead, null when none is free. The cluster's row is locked. */
export async function exchange(tx: Tx, poolId: string, address: string): Promise<string | null> {
  const { rows } = await sql<{ address: string }>`update ip_addresses set address = free
    from next_free_address(${poolId}) as free
    where pool_id = ${poolId} and ip_addresses.address = ${address}::inet and free is not null
    returning host(free) as address`.execute(tx)
  return rows[0]?.address ?? null
}

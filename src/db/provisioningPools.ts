import { sql, type Insertable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import { ofPresentCluster } from './provisioningInfrastructure.ts'
import type { IpPoolsTable } from './types.ts'

/** What a pool of /64s gives out is the first address in each: the ends of its range are such addresses. */
const endOf = (address: string, podPrefix: number | null) =>
  podPrefix === null
    ? address
    : sql<string>`host(network(set_masklen(${address}::inet, ${podPrefix}::int)))::inet + 1`

export async function insertPool(tx: Tx, pool: Insertable<IpPoolsTable>): Promise<string> {
  const { id } = await tx
    .insertInto('ip_pools')
    .values({
      ...pool,
      range_start: endOf(pool.range_start, pool.pod_prefix ?? null),
      range_end: endOf(pool.range_end, pool.pod_prefix ?? null),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

const countOf = (state: 'quarantined' | 'kept') =>
  sql<number>`(select count(*)::int from ip_addresses a where a.pool_id = ip_pools.id and a.state = ${state})`

const poolView = (tx: Tx) =>
  tx
    .selectFrom('ip_pools')
    .selectAll()
    .select([
      sql<number>`(select count(*)::int from ip_addresses a
        where a.pool_id = ip_pools.id and a.state in ('reserved', 'assigned', 'releasing'))`.as('used'),
      sql<number | null>`ip_pool_size(ip_pools)::float8`.as('size'),
      countOf('quarantined').as('quarantined'),
      countOf('kept').as('kept'),
    ])
    .where(ofPresentCluster('ip_pools.cluster_id'))

export const listPools = (tx: Tx, options: ListOptions) => keysetPage(poolView(tx), 'ip_pools.id', options)

export const findPool = (tx: Tx, id: string) => poolView(tx).where('ip_pools.id', '=', id).executeTakeFirst()

export function lockPool(tx: Tx, id: string) {
  return tx.selectFrom('ip_pools').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
}

type PoolChange = Omit<Updateable<IpPoolsTable>, 'range_start' | 'range_end'> & {
  range_start?: string | undefined
  range_end?: string | undefined
}

export async function updatePool(
  tx: Tx,
  { id, podPrefix }: { id: string; podPrefix: number | null },
  { range_start: first, range_end: last, ...change }: PoolChange,
): Promise<void> {
  await tx
    .updateTable('ip_pools')
    .set({
      ...change,
      range_start: first === undefined ? undefined : endOf(first, podPrefix),
      range_end: last === undefined ? undefined : endOf(last, podPrefix),
    })
    .where('id', '=', id)
    .execute()
}

/** Removes a pool and what is kept back in it. @throws DatabaseError 23503 when a pod holds an address of it */
export async function deletePool(tx: Tx, id: string): Promise<void> {
  await sql`delete from ip_addresses where pool_id = ${id} and state = 'kept'`.execute(tx)
  await tx.deleteFrom('ip_pools').where('id', '=', id).execute()
}

export type AddressRow = {
  address: string
  state: 'reserved' | 'assigned' | 'releasing' | 'quarantined' | 'kept'
  podId: string | null
  tenantId: string | null
  hostname: string | null
  until: Date | null
  note: string | null
}

/** The addresses of a pool that are not free, in their order from `after` on. */
export async function addressesIn(
  tx: Tx,
  poolId: string,
  after: string | undefined,
  limit: number,
): Promise<AddressRow[]> {
  const { rows } = await sql<AddressRow>`select host(a.address) as address, a.state, a.pod_id as "podId",
      a.tenant_id as "tenantId", p.hostname, a.until, a.note
    from ip_addresses a left join cloud_pods p on p.id = a.pod_id
    where a.pool_id = ${poolId} and (${after ?? null}::inet is null or a.address > ${after ?? null}::inet)
    order by a.address limit ${limit}`.execute(tx)
  return rows
}

/** Keeps a free address back. False: it is not free. */
export async function keepAddress(
  tx: Tx,
  { poolId, address, note, at }: { poolId: string; address: string; note: string; at: Date },
): Promise<boolean> {
  const { rows } = await sql`insert into ip_addresses (pool_id, address, state, note, created_at)
    select id, ${address}::inet, 'kept', ${note}, ${at} from ip_pools where id = ${poolId}
    on conflict do nothing returning address`.execute(tx)
  return rows.length > 0
}

/** Of a pool of /64s only the first address of each counts: that is what a pod would hold. */
export async function isInPool(tx: Tx, poolId: string, address: string): Promise<boolean> {
  const { rows } = await sql`select from ip_pools where id = ${poolId} and ${address}::inet <<= network::inet
      and (pod_prefix is null or ${address}::inet = host(network(set_masklen(${address}::inet, pod_prefix)))::inet + 1)`.execute(
    tx,
  )
  return rows.length > 0
}

export async function addressIn(
  tx: Tx,
  poolId: string,
  address: string,
): Promise<AddressRow['state'] | null> {
  const { rows } = await sql<{ state: AddressRow['state'] }>`select state from ip_addresses
    where pool_id = ${poolId} and address = ${address}::inet for update`.execute(tx)
  return rows[0]?.state ?? null
}

export async function freeAddress(tx: Tx, poolId: string, address: string): Promise<void> {
  await sql`delete from ip_addresses where pool_id = ${poolId} and address = ${address}::inet
    and state in ('kept', 'quarantined')`.execute(tx)
}

/** Active pools of which little is left: used, of how many. One that cannot be used up is never among them. */
export async function nearlyUsedUp(tx: Tx): Promise<{ name: string; used: number; size: number }[]> {
  const { rows } = await sql<{ name: string; used: number; size: number }>`
    select p.name, u.used, s.size
    from ip_pools p join clusters c on c.id = p.cluster_id and c.state <> 'removed'
    cross join lateral (select ip_pool_size(p)::float8 as size) s
    cross join lateral (select count(*)::int as used from ip_addresses a
      where a.pool_id = p.id and a.address between p.range_start and p.range_end) u
    where p.state = 'active' and u.used >= 0.9 * s.size order by p.name`.execute(tx)
  return rows
}

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

const poolView = (tx: Tx) =>
  tx
    .selectFrom('ip_pools')
    .innerJoinLateral(
      sql<{ used: number; quarantined: number; kept: number }>`(select
        (count(*) filter (where a.state in ('reserved', 'assigned', 'releasing')))::int as used,
        (count(*) filter (where a.state = 'quarantined'))::int as quarantined,
        (count(*) filter (where a.state = 'kept'))::int as kept
        from ip_addresses a where a.pool_id = ip_pools.id)`.as('counted'),
      (join) => join.onTrue(),
    )
    .selectAll('ip_pools')
    .select(['counted.used', 'counted.quarantined', 'counted.kept'])
    .select([
      sql<number | null>`ip_pool_size(ip_pools)::float8`.as('size'),
      sql<string | null>`(select name from ip_sources where id = ip_pools.source_id)`.as('source_name'),
      sql<number>`(select count(*)::int from ip_pool_taken t where t.pool_id = ip_pools.id)`.as('taken'),
      sql<number>`(select count(*)::int from ip_claims c where c.pool_id = ip_pools.id and c.settled < c.version)`.as(
        'untold',
      ),
      sql<string | null>`(select min(c.problem) from ip_claims c where c.pool_id = ip_pools.id)`.as(
        'untold_problem',
      ),
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

/** Whether its NetBox still has something to be told, or to let go of. */
export async function hasClaims(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql`select from ip_claims where pool_id = ${id} limit 1`.execute(tx)
  return rows.length > 0
}

/** Removes a pool and what is kept back in it. @throws DatabaseError 23503 when a pod holds an address of it */
export async function deletePool(tx: Tx, id: string): Promise<void> {
  await sql`delete from ip_addresses where pool_id = ${id} and state = 'kept'`.execute(tx)
  await tx.deleteFrom('ip_pools').where('id', '=', id).execute()
}

export type AddressRow = {
  address: string
  state: 'reserved' | 'assigned' | 'releasing' | 'quarantined' | 'kept' | 'elsewhere'
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
  // Each of the two gives its first by its key, or all of the pool would be sorted.
  const first = (alias: string) =>
    sql`${after === undefined ? sql`true` : sql`${sql.ref(`${alias}.address`)} > ${after}::inet`}
      order by ${sql.ref(`${alias}.address`)} limit ${limit}`
  const { rows } = await sql<AddressRow>`select host(a.address) as address, a.state, a.pod_id as "podId",
      a.tenant_id as "tenantId", p.hostname, a.until, a.note
    from ((select o.address, o.state, o.pod_id, o.tenant_id, o.until, o.note from ip_addresses o
        where o.pool_id = ${poolId} and ${first('o')})
      union all (select t.address, 'elsewhere', null, null, null, null from ip_pool_taken t where t.pool_id = ${poolId}
        and not exists (select from ip_addresses b where b.pool_id = t.pool_id and b.address = t.address)
        and ${first('t')})) a
    left join cloud_pods p on p.id = a.pod_id
    order by a.address limit ${limit}`.execute(tx)
  return rows
}

/** The addresses of a pool that have a reverse name, with it. */
export async function namesIn(tx: Tx, poolId: string): Promise<{ address: string; name: string }[]> {
  const { rows } = await sql<{ address: string; name: string }>`
    select host(address) as address, reverse_name as name from ip_addresses
    where pool_id = ${poolId} and reverse_name is not null order by address`.execute(tx)
  return rows
}

/** Keeps a free address back. False: it is not free, here or in the NetBox of the pool. */
export async function keepAddress(
  tx: Tx,
  { poolId, address, note, at }: { poolId: string; address: string; note: string; at: Date },
): Promise<boolean> {
  const { rows } = await sql`insert into ip_addresses (pool_id, address, state, note, created_at)
    select id, ${address}::inet, 'kept', ${note}, ${at} from ip_pools where id = ${poolId}
      and not exists (select from ip_pool_taken t where t.pool_id = ${poolId} and t.address = ${address}::inet)
      and not exists (select from ip_claims c where c.pool_id = ${poolId} and c.address = ${address}::inet)
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
): Promise<Exclude<AddressRow['state'], 'elsewhere'> | null> {
  const { rows } = await sql<{
    state: Exclude<AddressRow['state'], 'elsewhere'>
  }>`select state from ip_addresses
    where pool_id = ${poolId} and address = ${address}::inet for update`.execute(tx)
  return rows[0]?.state ?? null
}

export async function freeAddress(tx: Tx, poolId: string, address: string): Promise<void> {
  await sql`delete from ip_addresses where pool_id = ${poolId} and address = ${address}::inet
    and state in ('kept', 'quarantined')`.execute(tx)
}

/** Pools whose NetBox is not what they say it is, or does not take what it is told. */
export async function atOddsWithSource(tx: Tx): Promise<{ name: string; problem: string }[]> {
  const { rows } = await sql<{ name: string; problem: string }>`
    select p.name, coalesce(p.source_problem, u.problem,
      case when s.health = 'failing' then s.health_message end) as problem
    from ip_pools p join ip_sources s on s.id = p.source_id join clusters c on c.id = p.cluster_id and c.state <> 'removed'
    left join lateral (select min(problem) as problem from ip_claims where pool_id = p.id) u on true
    where p.source_problem is not null or u.problem is not null or s.health = 'failing' order by p.name`.execute(
    tx,
  )
  return rows
}

/** Active pools of which little is left: used, of how many. One that cannot be used up is never among them. */
export async function nearlyUsedUp(tx: Tx): Promise<{ name: string; used: number; size: number }[]> {
  const { rows } = await sql<{ name: string; used: number; size: number }>`
    select p.name, u.used, s.size
    from ip_pools p join clusters c on c.id = p.cluster_id and c.state <> 'removed'
    cross join lateral (select ip_pool_size(p)::float8 as size) s
    cross join lateral (select count(*)::int as used from (select address from ip_addresses where pool_id = p.id
        union select address from ip_pool_taken where pool_id = p.id) a
      where a.address between p.range_start and p.range_end) u
    where p.state = 'active' and u.used >= 0.9 * s.size order by p.name`.execute(tx)
  return rows
}

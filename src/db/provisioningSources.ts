import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { IpSourcesTable } from './types.ts'

export type SourceRow = Selectable<IpSourcesTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('ip_sources')
    .selectAll()
    .select(sql<number>`(select count(*)::int from ip_pools p where p.source_id = ip_sources.id)`.as('pools'))

export type SourceView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const list = (tx: Tx, options: ListOptions) => keysetPage(view(tx), 'ip_sources.id', options)

export const find = (tx: Tx, id: string): Promise<SourceView | undefined> =>
  view(tx).where('ip_sources.id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, id: string): Promise<SourceRow | undefined> =>
  tx.selectFrom('ip_sources').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

export async function insert(tx: Tx, source: Insertable<IpSourcesTable>): Promise<void> {
  await tx.insertInto('ip_sources').values(source).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<IpSourcesTable>): Promise<void> {
  await tx.updateTable('ip_sources').set(change).where('id', '=', id).execute()
}

/** @throws DatabaseError 23503 when a pool takes its addresses from it */
export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('ip_sources').where('id', '=', id).execute()
}

/** A pool as it is compared with its source. */
export type SourcedPool = {
  id: string
  name: string
  clusterId: string
  network: string
  prefix: number
  /** Null: it is not in the network, as a link-local one. */
  gateway: string | null
  sourceId: string
  sourcePrefix: number
  sourceVrf: number | null
  comparedAt: Date | null
}

const POOL = sql`id, name, cluster_id as "clusterId", network::text as network, masklen(network) as prefix,
  case when gateway <<= network::inet then host(gateway) end as gateway, source_id as "sourceId",
  source_prefix::float8 as "sourcePrefix", source_vrf::float8 as "sourceVrf", compared_at as "comparedAt"`

export async function findPool(tx: Tx, id: string): Promise<SourcedPool | undefined> {
  const { rows } =
    await sql<SourcedPool>`select ${POOL} from ip_pools where id = ${id} and source_id is not null`.execute(
      tx,
    )
  return rows[0]
}

/**
 * Whose turn it is: pools about which no job of this kind waits or runs.
 * @param which `all` of present clusters, or those with something that their NetBox is to be told by then
 */
export async function poolsWithout(
  tx: Tx,
  kind: string,
  which: 'all' | { untoldAt: Date },
): Promise<{ id: string; name: string }[]> {
  const turn =
    which === 'all'
      ? sql`exists (select from clusters c where c.id = p.cluster_id and c.state <> 'removed')`
      : sql`p.compared_at is not null and exists (select from ip_claims where pool_id = p.id and settled < version
          and (retry_at is null or retry_at <= ${which.untoldAt}))`
  const { rows } = await sql<{ id: string; name: string }>`
    select p.id, p.name from ip_pools p where p.source_id is not null and ${turn}
      and not exists (select from provisioning_jobs_live j where j.queue = 'system' and j.kind = ${kind}
        and j.subject_id = p.id and j.state not in ('succeeded', 'failed', 'cancelled'))
    order by p.id`.execute(tx)
  return rows
}

export async function noteCompared(
  tx: Tx,
  poolId: string,
  { problem, vrf, at }: { problem: string | null; vrf: number | null; at: Date | null },
): Promise<void> {
  await sql`update ip_pools set compared_at = ${at}, source_problem = ${problem}, source_vrf = ${vrf}
    where id = ${poolId}`.execute(tx)
}

/** What others hold, as it is now; of ranges that count as full only what the pool could give out. */
export async function replaceTaken(
  tx: Tx,
  poolId: string,
  addresses: readonly string[],
  full: readonly { first: string; last: string }[],
): Promise<void> {
  const [firsts, lasts] = [full.map(({ first }) => first), full.map(({ last }) => last)]
  const now = sql`select a as address from unnest(${[...addresses]}::inet[]) as a
    union select greatest(first, p.range_start) + n from ip_pools p
      cross join unnest(${firsts}::inet[], ${lasts}::inet[]) as f (first, last)
      cross join lateral generate_series(0, least(last, p.range_end) - greatest(first, p.range_start)) as n
      where p.id = ${poolId} and family(first) = family(p.range_start)
        and least(last, p.range_end) >= greatest(first, p.range_start)`
  await sql`delete from ip_pool_taken where pool_id = ${poolId} and address not in (${now})`.execute(tx)
  await sql`insert into ip_pool_taken (pool_id, address) select ${poolId}, now.address from (${now}) as now
    on conflict do nothing`.execute(tx)
}

/** The largest number of addresses that a range takes from a pool; null: none does. */
export async function largestOverlap(
  tx: Tx,
  poolId: string,
  full: readonly { first: string; last: string }[],
): Promise<number | null> {
  const [firsts, lasts] = [full.map(({ first }) => first), full.map(({ last }) => last)]
  const { rows } = await sql<{ n: number | null }>`
    select max(case when family(first) = 6 and masklen(inet_merge(greatest(first, p.range_start),
        least(last, p.range_end))) < 70 then 'infinity'::float8
      else (least(last, p.range_end) - greatest(first, p.range_start) + 1)::float8 end) as n
    from ip_pools p cross join unnest(${firsts}::inet[], ${lasts}::inet[]) as f (first, last)
    where p.id = ${poolId} and family(first) = family(p.range_start)
      and least(last, p.range_end) >= greatest(first, p.range_start)`.execute(tx)
  return rows[0]?.n ?? null
}

export async function addTaken(tx: Tx, poolId: string, address: string): Promise<void> {
  await sql`insert into ip_pool_taken (pool_id, address) values (${poolId}, ${address}::inet)
    on conflict do nothing`.execute(tx)
}

import { sql, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { IpPoolsTable } from './types.ts'

export type Family = 4 | 6
export type PoolRow = Selectable<IpPoolsTable>

/** The pools of a cluster that give out addresses of a family, in the order in which they do: what others hold is known of them. */
export async function activePools(tx: Tx, clusterId: string, family: Family): Promise<PoolRow[]> {
  return tx
    .selectFrom('ip_pools')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('state', '=', 'active')
    .where(IS_READY)
    .where(sql<boolean>`family(network) = ${family}`)
    .orderBy('name')
    .execute()
}

const IS_READY = sql<boolean>`(source_id is null or (compared_at is not null and source_problem is null))`

export type AddressOf = {
  podId: string
  tenantId: string
  at: Date
  /** The address a pod is made with. */
  isPrimary: boolean
  /** Told to the guest by the hypervisor. */
  onCard: boolean
}

/** Takes the lowest free address of a pool for a pod, null when none is free. The cluster's row is locked. */
export async function reserveAddress(tx: Tx, poolId: string, of: AddressOf): Promise<string | null> {
  const { rows } = await sql<{ address: string }>`
    insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, is_primary, on_card, created_at)
    select ${poolId}, free, ${of.tenantId}, 'reserved', ${of.podId}, ${of.isPrimary}, ${of.onCard}, ${of.at}
    from next_free_address(${poolId}) as free where free is not null returning host(address) as address`.execute(
    tx,
  )
  return rows[0]?.address ?? null
}

/** Takes this address of a pool for a pod. False: it is not free. The cluster's row is locked. */
export async function reserveGiven(tx: Tx, poolId: string, address: string, of: AddressOf): Promise<boolean> {
  const { rows } = await sql`
    insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, is_primary, on_card, created_at)
    values (${poolId}, ${address}::inet, ${of.tenantId}, 'reserved', ${of.podId}, ${of.isPrimary}, ${of.onCard}, ${of.at})
    on conflict (pool_id, address) do nothing returning address`.execute(tx)
  return rows.length > 0
}

/** Whether others hold it in the NetBox of its pool, or it is still ours there. */
export async function isTaken(tx: Tx, poolId: string, address: string): Promise<boolean> {
  const { rows } =
    await sql`select from ip_pool_taken where pool_id = ${poolId} and address = ${address}::inet
    union all select from ip_claims where pool_id = ${poolId} and address = ${address}::inet limit 1`.execute(
      tx,
    )
  return rows.length > 0
}

/** The pool out of which an address may be given, null when no pool of the cluster has it. */
export async function poolOf(tx: Tx, clusterId: string, address: string): Promise<PoolRow | null> {
  const { rows } = await sql<PoolRow>`select * from ip_pools where cluster_id = ${clusterId}
      and ${address}::inet <<= network::inet and ${address}::inet <> gateway
      and (family(network) = 4 or host(${address}::inet) <> host(network))
      and (pod_prefix is null or ${address}::inet = host(network(set_masklen(${address}::inet, pod_prefix)))::inet + 1)
    limit 1`.execute(tx)
  return rows[0] ?? null
}

export type PodAddress = {
  address: string
  prefix: number
  gateway: string
  bridge: string
  vlan: number | null
  dnsServers: string[]
  onCard: boolean
  isPrimary: boolean
  /** From what the guest may send: the address, or its whole /64. */
  source: string
}

export type HeldAddress = PodAddress & {
  state: 'reserved' | 'assigned' | 'releasing'
  reverseName: string | null
  reverseSeen: unknown
  poolId: string
  poolName: string
}

/** All that a pod holds, the primary one first; also what is on its way in or out. */
export async function held(tx: Tx, podId: string): Promise<HeldAddress[]> {
  const { rows } = await sql<HeldAddress>`select host(a.address) as address,
      coalesce(p.pod_prefix, masklen(p.network)) as prefix, host(p.gateway) as gateway, p.bridge, p.vlan,
      array(select host(d) from unnest(p.dns_servers) as d) as "dnsServers",
      case when p.pod_prefix is null then host(a.address) else network(set_masklen(a.address, p.pod_prefix))::text end
        as source,
      a.on_card as "onCard", a.is_primary as "isPrimary", a.state, a.reverse_name as "reverseName",
      a.reverse_seen as "reverseSeen",
      p.id as "poolId", p.name as "poolName"
    from ip_addresses a join ip_pools p on p.id = a.pool_id
    where a.pod_id = ${podId} order by a.is_primary desc, a.on_card desc, a.address`.execute(tx)
  return rows
}

/** As the database writes an address. */
export async function canonical(tx: Tx, address: string): Promise<string> {
  const { rows } = await sql<{ text: string }>`select host(${address}::inet) as text`.execute(tx)
  return rows[0]?.text ?? address
}

/** What the guest of a pod should have. */
export const addressesOf = async (tx: Tx, podId: string): Promise<PodAddress[]> =>
  (await held(tx, podId)).filter(({ state }) => state !== 'releasing')

export async function assignAddresses(tx: Tx, podId: string): Promise<void> {
  await sql`update ip_addresses set state = 'assigned' where pod_id = ${podId} and state = 'reserved'`.execute(
    tx,
  )
}

export async function setState(
  tx: Tx,
  podId: string,
  address: string,
  state: 'assigned' | 'releasing',
): Promise<void> {
  await sql`update ip_addresses set state = ${state}
    where pod_id = ${podId} and address = ${address}::inet`.execute(tx)
}

export async function setReverseName(
  tx: Tx,
  podId: string,
  address: string,
  name: string | null,
): Promise<void> {
  await sql`update ip_addresses set reverse_name = ${name}, reverse_look_at = null
    where pod_id = ${podId} and address = ${address}::inet`.execute(tx)
}

/** Takes an address off a pod, or (null) all of them; what may have been in use rests before it is given again. */
export async function restAddresses(tx: Tx, podId: string, address: string | null, at: Date): Promise<void> {
  await sql`update ip_addresses a set state = 'quarantined', pod_id = null, reverse_name = null, reverse_seen = null, is_primary = false,
    on_card = true, until = ${at}::timestamptz + make_interval(hours => p.quarantine_hours)
    from ip_pools p where p.id = a.pool_id and a.pod_id = ${podId}
      and (${address}::inet is null or a.address = ${address}::inet)`.execute(tx)
}

/** Lets what a pod holds of its tenant's quota be what it holds. */
export async function countAddresses(tx: Tx, podId: string): Promise<void> {
  await sql`update cloud_pod_reservations set addresses =
      (select count(*) from ip_addresses where pod_id = ${podId}) where pod_id = ${podId}`.execute(tx)
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** The VMIDs of a cluster that pods hold. */
export async function heldVmids(tx: Tx, clusterId: string): Promise<number[]> {
  const { rows } = await sql<{ vmid: number }>`select vmid from vmid_reservations
    where cluster_id = ${clusterId} and state = 'reserved'`.execute(tx)
  return rows.map(({ vmid }) => vmid)
}

/** Takes a VMID that a guest has already, also one that was thought to be a stranger's. False: a pod holds it. */
export async function takeVmid(
  tx: Tx,
  { clusterId, vmid, podId, at }: { clusterId: string; vmid: number; podId: string; at: Date },
): Promise<boolean> {
  const { rows } = await sql`insert into vmid_reservations (cluster_id, vmid, state, pod_id, created_at)
    values (${clusterId}, ${vmid}, 'reserved', ${podId}, ${at})
    on conflict (cluster_id, vmid) do update set state = 'reserved', pod_id = excluded.pod_id, until = null
      where vmid_reservations.state <> 'reserved' returning vmid`.execute(tx)
  return rows.length > 0
}

export type FoundPool = { id: string; name: string; bridge: string; vlan: number | null }

/** The pool of a cluster whose network has this address; the smallest network of several. */
export async function poolWith(tx: Tx, clusterId: string, address: string): Promise<FoundPool | undefined> {
  const { rows } = await sql<FoundPool>`select id, name, bridge, vlan from ip_pools
    where cluster_id = ${clusterId} and ${address}::inet <<= network::inet and ${address}::inet <> gateway
      and (pod_prefix is null or ${address}::inet = host(network(set_masklen(${address}::inet, pod_prefix)))::inet + 1)
    order by masklen(network) desc, name limit 1`.execute(tx)
  return rows[0]
}

/** Takes one address for a pod, also one that was kept back or rests. False: another pod holds it. */
export async function takeAddress(
  tx: Tx,
  given: { poolId: string; address: string; tenantId: string; podId: string; at: Date; isPrimary: boolean },
): Promise<boolean> {
  const { rows } =
    await sql`insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, is_primary, created_at)
    values (${given.poolId}, ${given.address}::inet, ${given.tenantId}, 'reserved', ${given.podId}, ${given.isPrimary},
      ${given.at})
    on conflict (pool_id, address) do update set state = 'reserved', pod_id = excluded.pod_id, on_card = true,
        is_primary = excluded.is_primary, tenant_id = excluded.tenant_id, until = null, note = null
      where ip_addresses.state in ('kept', 'quarantined') returning pod_id`.execute(tx)
  return rows.length > 0
}

/** The pod that holds an address. */
export async function holderOf(
  tx: Tx,
  poolId: string,
  address: string,
): Promise<{ podId: string; tenantId: string } | undefined> {
  const { rows } = await sql<{ podId: string; tenantId: string }>`
    select p.id as "podId", p.tenant_id as "tenantId" from ip_addresses a join cloud_pods p on p.id = a.pod_id
    where a.pool_id = ${poolId} and a.address = ${address}::inet`.execute(tx)
  return rows[0]
}

/** Frees the addresses of a cluster's pools that were kept back with a note that begins so. */
export async function freeWithNote(
  tx: Tx,
  clusterId: string,
  start: string,
): Promise<{ id: string; name: string; address: string; note: string }[]> {
  const { rows } = await sql<{ id: string; name: string; address: string; note: string }>`
    delete from ip_addresses a using ip_pools p
    where p.id = a.pool_id and p.cluster_id = ${clusterId} and a.state = 'kept' and starts_with(a.note, ${start})
    returning p.id, p.name, host(a.address) as address, a.note`.execute(tx)
  return rows
}

/** A node of a cluster by its name. */
export async function nodeNamed(tx: Tx, clusterId: string, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from nodes
    where cluster_id = ${clusterId} and name = ${name}`.execute(tx)
  return rows[0]?.id
}

/** A guest that did not become a pod keeps its VMID and its address: nobody else gets them. */
export async function leaveToStranger(tx: Tx, podId: string, note: string): Promise<void> {
  await sql`update vmid_reservations set state = 'foreign', pod_id = null where pod_id = ${podId}`.execute(tx)
  await sql`update ip_addresses set state = 'kept', pod_id = null, is_primary = false, reverse_name = null, note = ${note}
    where pod_id = ${podId}`.execute(tx)
}

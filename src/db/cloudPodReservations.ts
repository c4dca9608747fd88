import { sql, type Selectable } from 'kysely'
import type { CpuLevel } from '../../shared/cpuLevels.ts'
import { restAddresses } from './cloudPodAddresses.ts'
import type { Tx } from './index.ts'
import type { CloudPodQuotasTable } from './types.ts'

export type Resources = { cores: number; memoryMb: number; diskGb: number }
export type Usage = Resources & { pods: number }
/** What counts against a tenant's quota. */
export type QuotaUse = Usage & { addresses: number; snapshots: number; backups: number }

/** Of snapshots and backups: one that is being made, and one that was made and is not proven gone. */
export const counted = sql`state <> 'deleted' and (state = 'creating' or taken_at is not null)`

type QuotaState = { quota: Selectable<CloudPodQuotasTable>; used: QuotaUse }

const quotaOf = (tx: Tx, tenantId: string) =>
  tx.selectFrom('cloud_pod_quotas').selectAll().where('tenant_id', '=', tenantId)

async function used(tx: Tx, tenantId: string): Promise<QuotaUse> {
  const { rows } = await sql<QuotaUse>`select count(*)::int as pods, coalesce(sum(cores), 0)::int as cores,
      coalesce(sum(memory_mb), 0)::int as "memoryMb", (coalesce(sum(disk_gb), 0) + (select coalesce(sum(t.disk_gb), 0)
        from cloud_pod_templates t where t.tenant_id = ${tenantId} and t.ended_at is null))::int as "diskGb",
      coalesce(sum(addresses), 0)::int as addresses,
      (select count(*)::int from cloud_pod_snapshots where tenant_id = ${tenantId} and ${counted}) as snapshots,
      (select count(*)::int from cloud_pod_backups where tenant_id = ${tenantId} and ${counted}) as backups
    from cloud_pod_reservations where tenant_id = ${tenantId}`.execute(tx)
  return rows[0] ?? { pods: 0, cores: 0, memoryMb: 0, diskGb: 0, addresses: 0, snapshots: 0, backups: 0 }
}

/** Locks the tenant's quota row and sums what is reserved under it. Undefined: the tenant has no quota. */
export async function lockQuota(tx: Tx, tenantId: string): Promise<QuotaState | undefined> {
  const quota = await quotaOf(tx, tenantId).forUpdate().executeTakeFirst()
  return quota && { quota, used: await used(tx, tenantId) }
}

/** The same for showing, without the lock. */
export async function readQuota(tx: Tx, tenantId: string): Promise<QuotaState | undefined> {
  const quota = await quotaOf(tx, tenantId).executeTakeFirst()
  return quota && { quota, used: await used(tx, tenantId) }
}

export type Candidate = {
  clusterId: string
  clusterName: string
  nodeId: string
  nodeName: string
  status: 'online' | 'offline' | 'unknown'
  nodeState: 'active' | 'drained'
  storage: string | null
  cores: number
  memoryMb: number
  diskGb: number
  cpuOvercommit: number
  memoryOvercommit: number
  headroomPercent: number
  tags: string[]
  region: string | null
  /** Null: not known, or no x86-64. */
  cpuLevel: CpuLevel | null
}

const candidates = sql`select c.id as "clusterId", c.name as "clusterName", n.id as "nodeId", n.name as "nodeName",
    n.status, n.state as "nodeState", n.storage, n.cores, n.memory_mb as "memoryMb", n.disk_gb as "diskGb",
    n.cpu_overcommit::float8 as "cpuOvercommit", n.memory_overcommit::float8 as "memoryOvercommit",
    n.headroom_percent as "headroomPercent", n.tags, c.region, n.cpu_level as "cpuLevel"
  from nodes n join clusters c on c.id = n.cluster_id`

/** The nodes that have the blueprint's image, their clusters locked in one order: two orders never choose at once. */
export async function lockCandidates(tx: Tx, blueprintId: string): Promise<Candidate[]> {
  await sql`select from clusters where state = 'active' and id in (
      select n.cluster_id from cloud_pod_blueprint_images i join nodes n on n.id = i.node_id where i.blueprint_id = ${blueprintId})
    order by id for no key update`.execute(tx)
  const { rows } = await sql<Candidate>`${candidates} join cloud_pod_blueprint_images i on i.node_id = n.id
    where i.blueprint_id = ${blueprintId} and c.state = 'active' order by c.name, n.name`.execute(tx)
  return rows
}

/** The nodes of a cluster, or one of them alone; the cluster is locked as for any order. */
export async function lockCandidatesOf(
  tx: Tx,
  { clusterId, nodeId }: { clusterId: string; nodeId: string | null },
): Promise<Candidate[]> {
  await lockCluster(tx, clusterId)
  const { rows } = await sql<Candidate>`${candidates}
    where c.id = ${clusterId} and c.state = 'active' and (${nodeId}::uuid is null or n.id = ${nodeId})
    order by n.name`.execute(tx)
  return rows
}

/** Every node of a cluster, which may be paused: its pods move all the same. It is locked as for any order. */
export async function lockNodesOf(tx: Tx, clusterId: string): Promise<Candidate[]> {
  await lockCluster(tx, clusterId)
  const { rows } = await sql<Candidate>`${candidates} where c.id = ${clusterId} order by n.name`.execute(tx)
  return rows
}

/** The node of a pod, whatever state it is in. The caller has locked its cluster. */
export async function nodeOf(tx: Tx, nodeId: string): Promise<Candidate | undefined> {
  const { rows } = await sql<Candidate>`${candidates} where n.id = ${nodeId}`.execute(tx)
  return rows[0]
}

export async function nodeUsage(tx: Tx, clusterId: string): Promise<Map<string, Usage>> {
  const { rows } = await sql<Usage & { nodeId: string }>`select node_id as "nodeId", pods::int, cores::int,
    memory_mb::int as "memoryMb", disk_gb::int as "diskGb" from node_usage(${clusterId})`.execute(tx)
  return new Map(rows.map(({ nodeId, ...usage }) => [nodeId, usage]))
}

/** How many pods of a tenant each node holds. */
export async function podsOfTenant(tx: Tx, tenantId: string): Promise<Map<string, number>> {
  const { rows } = await sql<{
    nodeId: string
    pods: number
  }>`select node_id as "nodeId", count(*)::int as pods
    from cloud_pod_reservations where tenant_id = ${tenantId} group by 1`.execute(tx)
  return new Map(rows.map(({ nodeId, pods }) => [nodeId, pods]))
}

export async function reserveCapacity(
  tx: Tx,
  values: Resources & { podId: string; tenantId: string; nodeId: string; at: Date },
): Promise<void> {
  await tx
    .insertInto('cloud_pod_reservations')
    .values({
      pod_id: values.podId,
      tenant_id: values.tenantId,
      node_id: values.nodeId,
      cores: values.cores,
      memory_mb: values.memoryMb,
      disk_gb: values.diskGb,
      created_at: values.at,
    })
    .execute()
}

/** Sets what a pod holds of its tenant's quota and of its node. A pod that holds nothing any more is left so. */
export async function setCapacity(tx: Tx, podId: string, size: Resources): Promise<void> {
  await tx
    .updateTable('cloud_pod_reservations')
    .set({ cores: size.cores, memory_mb: size.memoryMb, disk_gb: size.diskGb })
    .where('pod_id', '=', podId)
    .execute()
}

/** Lets a pod's reservation count on another node. The cluster's row is locked. */
export async function moveCapacity(tx: Tx, podId: string, nodeId: string): Promise<void> {
  await tx
    .updateTable('cloud_pod_reservations')
    .set({ node_id: nodeId })
    .where('pod_id', '=', podId)
    .execute()
}

/** The lowest VMID of the cluster's range that nobody holds, null when all are held. The cluster's row is locked. */
export async function freeVmid(tx: Tx, clusterId: string): Promise<number | null> {
  const { rows } = await sql<{ vmid: number }>`select candidate as vmid from clusters c cross join lateral (
      select c.vmid_min as candidate
      union all select v.vmid + 1 from vmid_reservations v where v.cluster_id = c.id) g
    where c.id = ${clusterId} and candidate between c.vmid_min and c.vmid_max
      and not exists (select from vmid_reservations v where v.cluster_id = c.id and v.vmid = g.candidate)
    order by candidate limit 1`.execute(tx)
  return rows[0]?.vmid ?? null
}

export async function lockCluster(tx: Tx, clusterId: string): Promise<void> {
  await sql`select from clusters where id = ${clusterId} for no key update`.execute(tx)
}

export async function reserveVmid(
  tx: Tx,
  clusterId: string,
  vmid: number,
  podId: string,
  at: Date,
): Promise<void> {
  await sql`insert into vmid_reservations (cluster_id, vmid, state, pod_id, created_at)
    values (${clusterId}, ${vmid}, 'reserved', ${podId}, ${at})`.execute(tx)
}

/** A guest that is not ours holds this VMID: it is never offered again until a person frees it. */
export async function markVmidForeign(tx: Tx, clusterId: string, vmid: number): Promise<void> {
  await sql`update vmid_reservations set state = 'foreign', pod_id = null, template_id = null where cluster_id = ${clusterId} and vmid = ${vmid}`.execute(
    tx,
  )
}

/**
 * Gives back everything a pod holds. What may have been in use rests first: addresses for their pool's quarantine,
 * the VMID for `vmidHours`. What was never used (`rest` false) is free at once.
 */
export async function release(
  tx: Tx,
  podId: string,
  at: Date,
  rest: boolean,
  vmidHours: number,
): Promise<void> {
  await sql`delete from cloud_pod_reservations where pod_id = ${podId}`.execute(tx)
  await sql`delete from cloud_pod_security_groups where pod_id = ${podId}`.execute(tx)
  await sql`update cloud_pod_migrations set state = 'failed', problem = 'The pod is gone.', ended_at = ${at}
    where pod_id = ${podId} and state = 'moving'`.execute(tx)
  await sql`update cloud_pod_rebuilds set state = 'gone', ended_at = ${at}
    where pod_id = ${podId} and ended_at is null`.execute(tx)
  if (!rest) {
    await sql`delete from vmid_reservations where pod_id = ${podId}`.execute(tx)
    await sql`delete from ip_addresses where pod_id = ${podId}`.execute(tx)
    return
  }
  await sql`update vmid_reservations set state = 'quarantined', pod_id = null,
    until = ${at}::timestamptz + make_interval(hours => ${vmidHours}) where pod_id = ${podId}`.execute(tx)
  await restAddresses(tx, podId, null, at)
}

/** Ends quarantines that are over. */
export async function endQuarantines(tx: Tx, at: Date): Promise<void> {
  await sql`delete from ip_addresses where state = 'quarantined' and until <= ${at}`.execute(tx)
  await sql`delete from vmid_reservations where state = 'quarantined' and until <= ${at}`.execute(tx)
}

import { sql, type Selectable } from 'kysely'
import type { Decision, FindingKind, FindingState } from '../../shared/states/finding.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { Tx } from './index.ts'
import type { FindingsTable } from './types.ts'

export type FindingRow = Selectable<FindingsTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('findings')
    .innerJoin('clusters', 'clusters.id', 'findings.cluster_id')
    .leftJoin('cloud_pods as pod', 'pod.id', 'findings.pod_id')
    .leftJoin('ip_pools as pool', 'pool.id', 'findings.pool_id')
    .selectAll('findings')
    .select([
      'clusters.name as cluster_name',
      'pod.tenant_id as tenant_id',
      'pod.hostname as hostname',
      'pod.subscription_id as subscription_id',
      'pool.name as pool_name',
    ])

export type FindingView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export type FindingFilter = {
  state?: FindingState | undefined
  kind?: FindingKind | undefined
  podId?: string | undefined
}

export function list(tx: Tx, { state, kind, podId }: FindingFilter, options: ListOptions) {
  let query = view(tx)
  if (state) query = query.where('findings.state', '=', state)
  if (kind) query = query.where('findings.kind', '=', kind)
  if (podId) query = query.where('findings.pod_id', '=', podId)
  return keysetPage(query, 'findings.id', options)
}

export const find = (tx: Tx, id: string): Promise<FindingView | undefined> =>
  view(tx).where('findings.id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, id: string): Promise<FindingRow | undefined> =>
  tx.selectFrom('findings').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

/** What is not over yet at a VMID of a cluster. Locked. */
export const liveAt = (tx: Tx, clusterId: string, vmid: number): Promise<FindingRow[]> =>
  tx
    .selectFrom('findings')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('vmid', '=', vmid)
    .where('state', '<>', 'closed')
    .orderBy('id')
    .forUpdate()
    .execute()

export type LiveFinding = Pick<FindingRow, 'kind' | 'pod_id' | 'label'> & { vmid: number }

/** All about guests of a cluster that is not over yet. */
export const liveOf = (tx: Tx, clusterId: string): Promise<LiveFinding[]> =>
  tx
    .selectFrom('findings')
    .select(['kind', 'vmid', 'pod_id', 'label'])
    .where('cluster_id', '=', clusterId)
    .where('state', '<>', 'closed')
    .where('vmid', 'is not', null)
    .$narrowType<{ vmid: number }>()
    .execute()

/** What is not over yet about addresses of a pool. Locked. */
export const liveOfPool = (tx: Tx, poolId: string): Promise<FindingRow[]> =>
  tx
    .selectFrom('findings')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where('state', '<>', 'closed')
    .orderBy('id')
    .forUpdate()
    .execute()

/** What an adoption takes over; `entry`: what a repair deletes in NetBox. */
export type Facts = {
  node?: string
  size?: { cores: number; memoryMb: number; diskGb: number }
  entry?: { id: string; netboxId: number }
}
/** A guest, or an address of a pool. */
export type About = { vmid: number | null; pool?: { id: string; address: string } }
export type Difference = {
  kind: FindingKind
  label: string
  expected: string
  found: string
  facts?: Facts
}

export async function insert(
  tx: Tx,
  finding: Difference & About & { id: string; clusterId: string; podId: string | null; at: Date },
): Promise<FindingRow> {
  return tx
    .insertInto('findings')
    .values({
      id: finding.id,
      kind: finding.kind,
      cluster_id: finding.clusterId,
      vmid: finding.vmid,
      pool_id: finding.pool?.id ?? null,
      address: finding.pool?.address ?? null,
      pod_id: finding.podId,
      label: finding.label,
      expected: finding.expected,
      found: finding.found,
      facts: JSON.stringify(finding.facts ?? {}),
      state: 'open',
      first_seen_at: finding.at,
      last_seen_at: finding.at,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export type Change = {
  state?: FindingState
  outcome?: 'repaired' | 'adopted' | 'vanished'
  expected?: string
  found?: string
  facts?: string
  problem?: string | null
  job_id?: string | null
  last_seen_at?: Date
  closed_at?: Date
}

export async function update(tx: Tx, id: string, change: Change): Promise<void> {
  await tx.updateTable('findings').set(change).where('id', '=', id).execute()
}

export async function noteDecision(
  tx: Tx,
  id: string,
  { decision, by, reason }: { decision: Decision; by: unknown; reason: string | null },
): Promise<void> {
  await tx
    .updateTable('findings')
    .set({ decision, decided_by: JSON.stringify(by), reason })
    .where('id', '=', id)
    .execute()
}

/** Ends all that is not over about a VMID: its guest is not that of a pod any more. */
export async function closeAt(tx: Tx, clusterId: string, vmid: number, at: Date): Promise<void> {
  await tx
    .updateTable('findings')
    .set({ state: 'closed', outcome: 'vanished', closed_at: at })
    .where('cluster_id', '=', clusterId)
    .where('vmid', '=', vmid)
    .where('state', '<>', 'closed')
    .execute()
}

/** Ends all that is not over about a cluster that is taken away. */
export async function closeAllOf(tx: Tx, clusterId: string, at: Date): Promise<void> {
  await tx
    .updateTable('findings')
    .set({ state: 'closed', outcome: 'vanished', closed_at: at })
    .where('cluster_id', '=', clusterId)
    .where('state', '<>', 'closed')
    .execute()
}

/** How many wait for a decision, by kind. */
export async function openByKind(tx: Tx): Promise<{ kind: FindingKind; n: number }[]> {
  const { rows } = await sql<{ kind: FindingKind; n: number }>`select kind, count(*)::int as n from findings
    where state = 'open' group by kind order by kind`.execute(tx)
  return rows
}

/** A pod as a sweep compares it with what its cluster lists. */
export type SweptPod = {
  id: string
  tenantId: string
  vmid: number
  hostname: string
  kind: 'vm' | 'ct'
  state: string
  node: string
  cores: number
  memoryMb: number
  diskGb: number
  power: 'running' | 'stopped' | 'unknown'
  pendingRestart: boolean
  version: number
  suspended: boolean
  /** Something is being done to it, or waits for a person. */
  busy: boolean
}

/** Every pod of a cluster that holds a VMID, those first whose configuration was not compared for longest. */
export async function podsOf(tx: Tx, clusterId: string): Promise<SweptPod[]> {
  const { rows } = await sql<SweptPod>`
    with busy as materialized (
      select distinct subject_id as id from provisioning_jobs_live
      where queue = 'cloud_pod' and subject_type = 'cloudPod' and state not in ('succeeded', 'failed', 'cancelled'))
    select p.id, p.tenant_id as "tenantId", p.vmid, p.hostname, p.kind, p.state, n.name as node, p.cores,
      p.memory_mb as "memoryMb", p.disk_gb as "diskGb", p.power_state as power, p.pending_restart as "pendingRestart",
      p.version, p.action is not null or p.id in (select id from busy) as busy,
      exists (select from tenant_suspended_pods s join tenant_suspensions t on t.id = s.suspension_id
        where s.pod_id = p.id and t.ended_at is null) as suspended
    from cloud_pods p join nodes n on n.id = p.node_id
    where p.cluster_id = ${clusterId} and p.state not in ('failed', 'deleted')
    order by p.config_checked_at nulls first`.execute(tx)
  return rows
}

/** Marks pods whose whole configuration was compared and is as it should be. They are not changed by that. */
export async function noteChecked(tx: Tx, podIds: readonly string[], at: Date): Promise<void> {
  await sql`update cloud_pods set config_checked_at = ${at} where id = any (${[...podIds]}::uuid[])`.execute(
    tx,
  )
}

/**
 * The cluster was compared: so is the power of its pods, as it was known, but of `without`. Of those that the comparison before
 * still said something of, that is kept in their own rows, unless somebody has them locked, who then writes more.
 */
export async function noteSwept(
  tx: Tx,
  clusterId: string,
  at: Date,
  without: readonly string[],
): Promise<void> {
  const ids = sql`${[...without]}::uuid[]`
  await sql`update cloud_pods p set power_checked_at = c.swept_at from clusters c
    where c.id = ${clusterId} and p.id in (select id from cloud_pods
      where cluster_id = c.id and id = any (${ids}) and id <> all (c.swept_without) and state = 'active'
        and power_checked_at < c.swept_at for update skip locked)`.execute(tx)
  await sql`update clusters set swept_at = ${at}, swept_without = ${ids} where id = ${clusterId}`.execute(tx)
}

export const countActive = async (tx: Tx): Promise<number> => {
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from cloud_pods where state = 'active'`.execute(tx)
  return rows[0]?.n ?? 0
}

/** The pod that once had this id, and whether it still holds a guest. */
export async function ownerOf(
  tx: Tx,
  podId: string,
): Promise<{ id: string; hostname: string; live: boolean; clusterId: string; vmid: number } | undefined> {
  const { rows } = await sql<{
    id: string
    hostname: string
    live: boolean
    clusterId: string
    vmid: number
  }>`
    select id, hostname, state not in ('failed', 'deleted') as live, cluster_id as "clusterId", vmid
    from cloud_pods where id = ${podId}`.execute(tx)
  return rows[0]
}

/** Whether a pod that lives holds this VMID, for its guest or for a second one, or a template does. */
export async function isHeld(tx: Tx, clusterId: string, vmid: number): Promise<boolean> {
  const { rows } = await sql`select from cloud_pods where cluster_id = ${clusterId} and vmid = ${vmid}
      and state not in ('failed', 'deleted')
    union all select from cloud_pod_rebuilds r join nodes n on n.id = r.node_id
      where n.cluster_id = ${clusterId} and r.vmid = ${vmid} and r.ended_at is null
    union all select from cloud_pod_templates where cluster_id = ${clusterId} and vmid = ${vmid} and ended_at is null
    limit 1`.execute(tx)
  return rows.length > 0
}

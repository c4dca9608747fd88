import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { PodRow } from './cloudPods.ts'
import type { CloudPodMigrationsTable } from './types.ts'

export type MigrationRow = Selectable<CloudPodMigrationsTable>

export async function insert(tx: Tx, migration: Insertable<CloudPodMigrationsTable>): Promise<void> {
  await tx.insertInto('cloud_pod_migrations').values(migration).execute()
}

export function lock(tx: Tx, tenantId: string, id: string): Promise<MigrationRow | undefined> {
  return tx
    .selectFrom('cloud_pod_migrations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export async function update(tx: Tx, id: string, change: Updateable<CloudPodMigrationsTable>): Promise<void> {
  await tx.updateTable('cloud_pod_migrations').set(change).where('id', '=', id).execute()
}

/** Where a migration goes: the node's name, and where disks lie there. */
export function target(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('cloud_pod_migrations as m')
    .innerJoin('nodes as n', 'n.id', 'm.to_node_id')
    .select(['n.id as nodeId', 'n.name as node', 'n.storage', 'm.state'])
    .where('m.tenant_id', '=', tenantId)
    .where('m.id', '=', id)
    .executeTakeFirst()
}

export type Left = {
  id: string
  tenant_id: string
  tenant: string
  hostname: string
  state: PodRow['state']
  action: PodRow['action']
  migration: MigrationRow['state'] | null
  to_node: string | null
  problem: string | null
  job_id: string | null
}

/** The pods that a node has, with what became of the last try since `since` to move each, and how many they are at the same time. */
export async function podsLeft(
  tx: Tx,
  nodeId: string,
  since: Date | null,
  limit: number,
): Promise<{ pods: Left[]; total: number }> {
  const { rows: pods } = await sql<Left & { total: number }>`
    with here as (select * from cloud_pods
      where node_id = ${nodeId} and state in ('reserved', 'creating', 'active', 'recoverable', 'deleting'))
    select (select count(*)::int from here) as total, p.id, p.tenant_id, t.name as tenant, p.hostname, p.state, p.action, m.state as migration, n.name as to_node,
      m.problem, m.job_id
    from here p join tenants t on t.id = p.tenant_id
    left join lateral (select * from cloud_pod_migrations where pod_id = p.id and created_at >= ${since}
      order by id desc limit 1) m on true
    left join nodes n on n.id = m.to_node_id
    order by p.id limit ${limit}`.execute(tx)
  return { pods, total: pods[0]?.total ?? 0 }
}

/** Pods of a node that are not on their way and were not tried since `since`, in the order of their making. */
export async function nextToMove(
  tx: Tx,
  nodeId: string,
  since: Date,
  limit: number,
): Promise<{ id: string }[]> {
  const { rows } = await sql<{ id: string }>`select p.id from cloud_pods p
    where p.node_id = ${nodeId} and p.state = 'active' and p.action is null
      and not exists (select from cloud_pod_migrations m where m.pod_id = p.id and m.created_at >= ${since})
    order by p.id limit ${limit}`.execute(tx)
  return rows
}

/** How many pods have left a node since `since`. */
export async function countMoved(tx: Tx, nodeId: string, since: Date): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from cloud_pod_migrations
    where from_node_id = ${nodeId} and created_at >= ${since} and state = 'done'`.execute(tx)
  return rows[0]?.n ?? 0
}

/** Nodes that are being emptied, and of which something may be left. */
export async function emptying(tx: Tx): Promise<{ id: string; emptying_at: Date }[]> {
  const { rows } = await sql<{ id: string; emptying_at: Date }>`select id, emptying_at from nodes
    where emptying_at is not null order by id`.execute(tx)
  return rows
}

export type NodeToEmpty = {
  id: string
  cluster_id: string
  name: string
  state: 'active' | 'drained'
  emptying_at: Date | null
}

export async function lockNode(tx: Tx, id: string): Promise<NodeToEmpty | undefined> {
  const { rows } = await sql<NodeToEmpty>`select id, cluster_id, name, state, emptying_at from nodes
    where id = ${id} for no key update`.execute(tx)
  return rows[0]
}

export async function setEmptying(tx: Tx, id: string, at: Date | null): Promise<void> {
  await sql`update nodes set emptying_at = ${at}, state = case when ${at}::timestamptz is null then state else 'drained' end
    where id = ${id}`.execute(tx)
}

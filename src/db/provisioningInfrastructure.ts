import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { CpuLevel } from '../../shared/cpuLevels.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { CloudPodBlueprintsTable, ClustersTable, NodesTable } from './types.ts'

export type ClusterRow = Selectable<ClustersTable>
export type NodeRow = Selectable<NodesTable>

export function insertCluster(tx: Tx, cluster: Insertable<ClustersTable>): Promise<ClusterRow> {
  return tx.insertInto('clusters').values(cluster).returningAll().executeTakeFirstOrThrow()
}

export function findCluster(tx: Tx, id: string): Promise<ClusterRow | undefined> {
  return tx.selectFrom('clusters').selectAll().where('id', '=', id).executeTakeFirst()
}

export function lockClusterRow(tx: Tx, id: string): Promise<ClusterRow | undefined> {
  return tx.selectFrom('clusters').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
}

export function clusterByName(tx: Tx, name: string): Promise<ClusterRow | undefined> {
  return tx
    .selectFrom('clusters')
    .selectAll()
    .where('name', '=', name)
    .where('state', '<>', 'removed')
    .executeTakeFirst()
}

export async function countLivePods(tx: Tx, clusterId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from cloud_pods
    where cluster_id = ${clusterId} and state not in ('failed', 'deleted')`.execute(tx)
  return rows[0]?.n ?? 0
}

/** What belongs to a cluster that was removed is not listed. */
export const ofPresentCluster = (column: string) =>
  sql<boolean>`exists (select from clusters c where c.id = ${sql.ref(column)} and c.state <> 'removed')`

/** The clusters that are read: also a paused one has pods. The simulated one is not there while another one is used. */
export function watchedClusters(tx: Tx): Promise<ClusterRow[]> {
  return tx
    .selectFrom('clusters')
    .selectAll()
    .where(sql<boolean>`state = 'active' or (state = 'paused' and not simulated)`)
    .orderBy('name')
    .execute()
}

export async function updateCluster(tx: Tx, id: string, change: Updateable<ClustersTable>): Promise<void> {
  await tx.updateTable('clusters').set(change).where('id', '=', id).execute()
}

/** The simulated cluster takes new pods only while it is the one that is configured. */
export async function useSimulated(tx: Tx, active: boolean): Promise<void> {
  await tx
    .updateTable('clusters')
    .set({ state: active ? 'active' : 'paused' })
    .where('simulated', '=', true)
    .execute()
}

export async function hasImages(tx: Tx, clusterId: string): Promise<boolean> {
  const image = await tx
    .selectFrom('cloud_pod_blueprint_images as image')
    .innerJoin('nodes', 'nodes.id', 'image.node_id')
    .select('image.ref')
    .where('nodes.cluster_id', '=', clusterId)
    .limit(1)
    .executeTakeFirst()
  return image !== undefined
}

export function blueprintByCode(tx: Tx, code: string) {
  return tx.selectFrom('cloud_pod_blueprints').select('id').where('code', '=', code).executeTakeFirst()
}

export function listClusters(tx: Tx, options: ListOptions) {
  return keysetPage(
    tx.selectFrom('clusters').selectAll().where('state', '<>', 'removed'),
    'clusters.id',
    options,
  )
}

export type SeenNode = {
  name: string
  status: NodeRow['status']
  cores: number
  memoryMb: number
  /** Null: it cannot be asked at the moment. */
  cpu: { model: string; level: CpuLevel | null } | null
  storage: string | null
  backupStorage: string | null
  diskGb: number
}

/** Writes down what the cluster says of a node. Which storages are used stays as an operator has set them. */
export async function upsertNode(
  tx: Tx,
  values: { id: string; clusterId: string; at: Date } & SeenNode,
): Promise<string> {
  const { rows } = await sql<{ id: string }>`insert into nodes
      (id, cluster_id, name, status, cores, memory_mb, cpu_model, cpu_level, storage, backup_storage, disk_gb, seen_at, created_at)
    values (${values.id}, ${values.clusterId}, ${values.name}, ${values.status}, ${values.cores}, ${values.memoryMb},
      ${values.cpu?.model ?? null}, ${values.cpu?.level ?? null}, ${values.storage}, ${values.backupStorage}, ${values.diskGb}, ${values.at}, ${values.at})
    on conflict (cluster_id, name) do update set status = excluded.status, seen_at = excluded.seen_at,
      cores = case when excluded.cores > 0 then excluded.cores else nodes.cores end,
      memory_mb = case when excluded.memory_mb > 0 then excluded.memory_mb else nodes.memory_mb end,
      cpu_level = case when excluded.cpu_model is null then nodes.cpu_level else excluded.cpu_level end,
      cpu_model = coalesce(excluded.cpu_model, nodes.cpu_model),
      storage = coalesce(nodes.storage, excluded.storage),
      backup_storage = coalesce(nodes.backup_storage, excluded.backup_storage),
      disk_gb = case when nodes.disk_gb > 0 then nodes.disk_gb else excluded.disk_gb end
    returning id`.execute(tx)
  return rows[0]?.id ?? values.id
}

export function configureNode(
  tx: Tx,
  clusterId: string,
  name: string,
  change: Updateable<NodesTable>,
): Promise<NodeRow | undefined> {
  return tx
    .updateTable('nodes')
    .set(change)
    .where('cluster_id', '=', clusterId)
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst()
}

export function findNode(tx: Tx, clusterId: string, name: string): Promise<NodeRow | undefined> {
  return tx
    .selectFrom('nodes')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** The regions in which pods are placed, in their order. */
export async function regions(tx: Tx): Promise<string[]> {
  const rows = await tx
    .selectFrom('clusters')
    .select('region')
    .distinct()
    .where('state', '=', 'active')
    .where('region', 'is not', null)
    .orderBy('region')
    .execute()
  return rows.flatMap(({ region }) => region ?? [])
}

/** Where a node keeps the disks of its pods. */
export async function storageOf(tx: Tx, nodeId: string): Promise<string | null> {
  const row = await tx.selectFrom('nodes').select('storage').where('id', '=', nodeId).executeTakeFirst()
  return row?.storage ?? null
}

export function nodesOf(tx: Tx, clusterId: string): Promise<NodeRow[]> {
  return tx.selectFrom('nodes').selectAll().where('cluster_id', '=', clusterId).orderBy('name').execute()
}

export function listNodes(tx: Tx, options: ListOptions) {
  return keysetPage(
    tx.selectFrom('nodes').selectAll().where(ofPresentCluster('nodes.cluster_id')),
    'nodes.id',
    options,
  )
}

export type SeenTemplate = {
  nodeId: string
  kind: 'vm' | 'ct'
  ref: string
  name: string
  diskGb: number
  shared: boolean
}

export async function replaceTemplates(
  tx: Tx,
  clusterId: string,
  templates: readonly SeenTemplate[],
  at: Date,
): Promise<void> {
  await tx.deleteFrom('cluster_templates').where('cluster_id', '=', clusterId).execute()
  if (templates.length === 0) return
  await tx
    .insertInto('cluster_templates')
    .values(
      templates.map((template) => ({
        cluster_id: clusterId,
        node_id: template.nodeId,
        kind: template.kind,
        ref: template.ref,
        name: template.name,
        disk_gb: template.diskGb,
        shared: template.shared,
        seen_at: at,
      })),
    )
    .execute()
}

export function templatesOf(tx: Tx, clusterId: string) {
  return tx
    .selectFrom('cluster_templates')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('ref')
    .execute()
}

export function insertBlueprint(tx: Tx, blueprint: Insertable<CloudPodBlueprintsTable>) {
  return tx.insertInto('cloud_pod_blueprints').values(blueprint).returningAll().executeTakeFirstOrThrow()
}

export async function insertImages(
  tx: Tx,
  images: { blueprint_id: string; node_id: string; source_node_id: string; ref: string }[],
): Promise<void> {
  await tx.insertInto('cloud_pod_blueprint_images').values(images).execute()
}

export function findBlueprint(tx: Tx, id: string) {
  return tx.selectFrom('cloud_pod_blueprints').selectAll().where('id', '=', id).executeTakeFirst()
}

export function lockBlueprint(tx: Tx, id: string) {
  return tx
    .selectFrom('cloud_pod_blueprints')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
}

export function updateBlueprint(tx: Tx, id: string, change: Updateable<CloudPodBlueprintsTable>) {
  return tx
    .updateTable('cloud_pod_blueprints')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteImages(tx: Tx, blueprintId: string): Promise<void> {
  await tx.deleteFrom('cloud_pod_blueprint_images').where('blueprint_id', '=', blueprintId).execute()
}

/** @throws DatabaseError 23503 when something was made of it */
export async function deleteBlueprint(tx: Tx, id: string): Promise<void> {
  await deleteImages(tx, id)
  await tx.deleteFrom('cloud_pod_blueprints').where('id', '=', id).execute()
}

/** Blueprints of the catalogue and of the scope's tenants. */
export function listBlueprints(tx: Tx, scope: Scope, options: ListOptions) {
  const query = tx
    .selectFrom('cloud_pod_blueprints')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('cloud_pod_blueprints.tenant_id', 'is', null),
        inScope(scope, 'cloud_pod_blueprints.tenant_id'),
      ]),
    )
  return keysetPage(query, 'cloud_pod_blueprints.id', options)
}

export function imagesOf(tx: Tx, blueprintIds: readonly string[]) {
  return tx
    .selectFrom('cloud_pod_blueprint_images')
    .selectAll()
    .where(sql<boolean>`blueprint_id = any (${[...blueprintIds]}::uuid[])`)
    .orderBy('ref')
    .execute()
}

/** What the nodes and clusters among these ids are called. */
export async function namesOf(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from nodes where id = any(${[...ids]}::uuid[])
    union all select id, name from clusters where id = any(${[...ids]}::uuid[])`.execute(tx)
  return rows
}

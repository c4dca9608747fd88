import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { CloudPodRebuildsTable } from './types.ts'

export type RebuildRow = Selectable<CloudPodRebuildsTable>

export async function insert(tx: Tx, rebuild: Insertable<CloudPodRebuildsTable>): Promise<RebuildRow> {
  return tx.insertInto('cloud_pod_rebuilds').values(rebuild).returningAll().executeTakeFirstOrThrow()
}

export function lock(tx: Tx, tenantId: string, id: string): Promise<RebuildRow | undefined> {
  return tx
    .selectFrom('cloud_pod_rebuilds')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function update(tx: Tx, id: string, change: Updateable<CloudPodRebuildsTable>): Promise<RebuildRow> {
  return tx
    .updateTable('cloud_pod_rebuilds')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** The second guest of a pod with its place, whether it is being made, kept or removed. */
export function ofPod(tx: Tx, tenantId: string, podId: string) {
  return tx
    .selectFrom('cloud_pod_rebuilds as r')
    .innerJoin('nodes', 'nodes.id', 'r.node_id')
    .innerJoin('cloud_pod_blueprints as blueprint', 'blueprint.id', 'r.blueprint_id')
    .selectAll('r')
    .select([
      'nodes.name as node_name',
      'nodes.storage as storage',
      'nodes.cluster_id as cluster_id',
      'blueprint.name as blueprint_name',
    ])
    .where('r.tenant_id', '=', tenantId)
    .where('r.pod_id', '=', podId)
    .where('r.ended_at', 'is', null)
    .executeTakeFirst()
}

export type SecondGuest = NonNullable<Awaited<ReturnType<typeof ofPod>>>

/** Which nodes have an image of a blueprint. */
export async function nodesWithImage(tx: Tx, blueprintId: string): Promise<Set<string>> {
  const rows = await tx
    .selectFrom('cloud_pod_blueprint_images')
    .select('node_id')
    .where('blueprint_id', '=', blueprintId)
    .execute()
  return new Set(rows.map((row) => row.node_id))
}

export type OfferedBlueprint = Awaited<ReturnType<typeof blueprintsFor>>[number]

/** What a pod could be rebuilt from: active blueprints of its kind that its tenant sees, and the one it is made of. */
export function blueprintsFor(
  tx: Tx,
  pod: { tenant_id: string; kind: 'vm' | 'ct'; blueprint_id: string },
  limit: number,
) {
  return tx
    .selectFrom('cloud_pod_blueprints as b')
    .selectAll()
    .where('b.kind', '=', pod.kind)
    .where((eb) => eb.or([eb('b.tenant_id', 'is', null), eb('b.tenant_id', '=', pod.tenant_id)]))
    .where((eb) => eb.or([eb('b.state', '=', 'active'), eb('b.id', '=', pod.blueprint_id)]))
    .orderBy(sql`b.id = ${pod.blueprint_id}`, 'desc')
    .orderBy('b.name')
    .limit(limit)
    .execute()
}

export type Due = { id: string; tenant_id: string; pod_id: string }

/** Kept guests whose time is over, and about which nothing has failed; and how many are kept in all. */
export async function due(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<{ due: Due[]; wanted: number; total: number }> {
  const { rows } = await sql<Due>`select id, tenant_id, pod_id from cloud_pod_rebuilds
    where state = 'kept' and problem is null and kept_until <= ${now} order by kept_until, id limit ${limit}`.execute(
    tx,
  )
  const counted = await sql<{ wanted: number; total: number }>`select count(*)::int as total,
      (count(*) filter (where problem is null and kept_until <= ${now}))::int as wanted
    from cloud_pod_rebuilds where state = 'kept'`.execute(tx)
  return { due: rows, ...(counted.rows[0] ?? { wanted: 0, total: 0 }) }
}

/** VMIDs that second guests hold on a cluster. */
export async function vmidsOf(tx: Tx, clusterId: string): Promise<number[]> {
  const { rows } = await sql<{ vmid: number }>`select r.vmid from cloud_pod_rebuilds r
    join nodes n on n.id = r.node_id where n.cluster_id = ${clusterId} and r.ended_at is null`.execute(tx)
  return rows.map((row) => row.vmid)
}

/** The VMID of a guest that is proven gone rests before it is used again. */
export async function restVmid(
  tx: Tx,
  { clusterId, vmid }: { clusterId: string; vmid: number },
  until: Date,
): Promise<void> {
  await sql`update vmid_reservations set state = 'quarantined', pod_id = null, until = ${until}
    where cluster_id = ${clusterId} and vmid = ${vmid} and state = 'reserved'`.execute(tx)
}

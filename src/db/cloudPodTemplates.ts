import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { CloudPodTemplatesTable } from './types.ts'

export type TemplateRow = Selectable<CloudPodTemplatesTable>

export function insert(tx: Tx, template: Insertable<CloudPodTemplatesTable>): Promise<TemplateRow> {
  return tx.insertInto('cloud_pod_templates').values(template).returningAll().executeTakeFirstOrThrow()
}

/** Locks the template's row and reads it. */
export function lock(tx: Tx, tenantId: string, blueprintId: string): Promise<TemplateRow | undefined> {
  return tx
    .selectFrom('cloud_pod_templates')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('blueprint_id', '=', blueprintId)
    .forUpdate()
    .executeTakeFirst()
}

export function update(
  tx: Tx,
  blueprintId: string,
  change: Updateable<CloudPodTemplatesTable>,
): Promise<TemplateRow> {
  return tx
    .updateTable('cloud_pod_templates')
    .set(change)
    .where('blueprint_id', '=', blueprintId)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function remove(tx: Tx, blueprintId: string): Promise<void> {
  await tx.deleteFrom('cloud_pod_templates').where('blueprint_id', '=', blueprintId).execute()
}

/** A template with its place, and what its blueprint is called. */
export function find(tx: Tx, tenantId: string, blueprintId: string) {
  return tx
    .selectFrom('cloud_pod_templates as t')
    .innerJoin('nodes', 'nodes.id', 't.node_id')
    .innerJoin('cloud_pod_blueprints as b', 'b.id', 't.blueprint_id')
    .selectAll('t')
    .select(['nodes.name as node_name', 'nodes.storage as storage', 'b.code as code', 'b.name as name'])
    .where('t.tenant_id', '=', tenantId)
    .where('t.blueprint_id', '=', blueprintId)
    .executeTakeFirst()
}

export type TemplateView = NonNullable<Awaited<ReturnType<typeof find>>>

/** Those of blueprints, with the pods that they were made of. */
export function ofBlueprints(tx: Tx, blueprintIds: readonly string[]) {
  return tx
    .selectFrom('cloud_pod_templates as t')
    .innerJoin('cloud_pods as pod', 'pod.id', 't.pod_id')
    .select(['t.blueprint_id', 't.pod_id', 't.state', 't.problem', 't.disk_gb', 'pod.hostname'])
    .where(sql<boolean>`t.blueprint_id = any (${[...blueprintIds]}::uuid[])`)
    .execute()
}

export type TemplateOfBlueprint = Awaited<ReturnType<typeof ofBlueprints>>[number]

/** Those of a tenant that are not proven gone. */
export function liveOf(
  tx: Tx,
  tenantId: string,
): Promise<Pick<TemplateRow, 'blueprint_id' | 'pod_id' | 'state'>[]> {
  return tx
    .selectFrom('cloud_pod_templates')
    .select(['blueprint_id', 'pod_id', 'state'])
    .where('tenant_id', '=', tenantId)
    .where('ended_at', 'is', null)
    .orderBy('blueprint_id')
    .execute()
}

/** VMIDs that templates hold on a cluster. */
export async function vmidsOf(tx: Tx, clusterId: string): Promise<number[]> {
  const rows = await tx
    .selectFrom('cloud_pod_templates')
    .select('vmid')
    .where('cluster_id', '=', clusterId)
    .where('ended_at', 'is', null)
    .execute()
  return rows.map(({ vmid }) => vmid)
}

/** How many pods are just being made, or made anew, of a blueprint: they read its template. */
export async function countReaders(tx: Tx, blueprintId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select (
      (select count(*) from cloud_pods where blueprint_id = ${blueprintId} and state in ('reserved', 'creating'))
      + (select count(*) from cloud_pod_rebuilds where blueprint_id = ${blueprintId} and state = 'making'))::int as n`.execute(
    tx,
  )
  return rows[0]?.n ?? 0
}

/** Whether anything was ever made of a blueprint. */
export async function wasUsed(tx: Tx, blueprintId: string): Promise<boolean> {
  const { rows } = await sql`select from cloud_pods where blueprint_id = ${blueprintId}
    union all select from cloud_pod_rebuilds where blueprint_id = ${blueprintId} limit 1`.execute(tx)
  return rows.length > 0
}

/** The cluster's row is locked. */
export async function reserveVmid(
  tx: Tx,
  { clusterId, vmid, blueprintId, at }: { clusterId: string; vmid: number; blueprintId: string; at: Date },
): Promise<void> {
  await sql`insert into vmid_reservations (cluster_id, vmid, state, template_id, created_at)
    values (${clusterId}, ${vmid}, 'reserved', ${blueprintId}, ${at})`.execute(tx)
}

/** The VMIDs of a template that is proven gone rest before they are used again. */
export async function restVmids(tx: Tx, blueprintId: string, until: Date): Promise<void> {
  await sql`update vmid_reservations set state = 'quarantined', template_id = null, until = ${until}
    where template_id = ${blueprintId}`.execute(tx)
}

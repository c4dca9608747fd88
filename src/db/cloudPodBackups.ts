import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { CloudPodBackupsTable } from './types.ts'

export type BackupRow = Selectable<CloudPodBackupsTable>

export function insert(tx: Tx, backup: Insertable<CloudPodBackupsTable>): Promise<BackupRow> {
  return tx.insertInto('cloud_pod_backups').values(backup).returningAll().executeTakeFirstOrThrow()
}

/** Those of a pod that are not deleted, the newest first. */
export function ofPod(tx: Tx, tenantId: string, podId: string): Promise<BackupRow[]> {
  return tx
    .selectFrom('cloud_pod_backups')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('state', '<>', 'deleted')
    .orderBy('id', 'desc')
    .execute()
}

const byId = (tx: Tx, tenantId: string, podId: string, id: string) =>
  tx
    .selectFrom('cloud_pod_backups')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('id', '=', id)

/** Locks the backup's row and reads it. */
export function lock(tx: Tx, tenantId: string, podId: string, id: string): Promise<BackupRow | undefined> {
  return byId(tx, tenantId, podId, id).forUpdate().executeTakeFirst()
}

/** The backup as it is now, and the name of the node it was made on. */
export async function find(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<(BackupRow & { node_name: string }) | undefined> {
  return tx
    .selectFrom('cloud_pod_backups')
    .innerJoin('nodes', 'nodes.id', 'cloud_pod_backups.node_id')
    .selectAll('cloud_pod_backups')
    .select('nodes.name as node_name')
    .where('cloud_pod_backups.tenant_id', '=', tenantId)
    .where('cloud_pod_backups.id', '=', id)
    .executeTakeFirst()
}

export function update(tx: Tx, id: string, change: Updateable<CloudPodBackupsTable>): Promise<BackupRow> {
  return tx
    .updateTable('cloud_pod_backups')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Where backups of pods on this node go; null: nobody has said, and the node has no such storage. */
export async function storageOfNode(tx: Tx, nodeId: string): Promise<string | null> {
  const row = await tx
    .selectFrom('nodes')
    .select('backup_storage')
    .where('id', '=', nodeId)
    .executeTakeFirstOrThrow()
  return row.backup_storage
}

type Named = { id: string; tenant_id: string; pod_id: string }

/** Those of a tenant that is being closed, and that nobody deletes yet. */
export async function standing(tx: Tx, tenantId: string, limit: number): Promise<Named[]> {
  return tx
    .selectFrom('cloud_pod_backups')
    .select(['id', 'tenant_id', 'pod_id'])
    .where('tenant_id', '=', tenantId)
    .where('state', 'in', ['ready', 'failed'])
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** How many of a tenant are not proven gone. */
export async function countLeft(tx: Tx, tenantId: string): Promise<number> {
  const row = await tx
    .selectFrom('cloud_pod_backups')
    .select(({ fn }) => fn.countAll<string>().as('n'))
    .where('tenant_id', '=', tenantId)
    .where('state', '<>', 'deleted')
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/** Unprotected ones of pods that are gone; which of them are due, each tenant's setting says. */
export async function ofGonePods(
  tx: Tx,
  limit: number,
  after: string | null,
): Promise<(Named & { gone_at: Date })[]> {
  const { rows } = await sql<Named & { gone_at: Date }>`
    select b.id, b.tenant_id, b.pod_id, p.deleted_at as gone_at from cloud_pod_backups b
    join cloud_pods p on p.id = b.pod_id and p.state = 'deleted'
    where b.state in ('ready', 'failed') and not b.protected and (${after}::uuid is null or b.id > ${after})
    order by b.id limit ${limit}`.execute(tx)
  return rows
}

/** How many usable ones there are in all: what a brake measures by. */
export async function countReady(tx: Tx): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from cloud_pod_backups where state = 'ready'`.execute(tx)
  return rows[0]?.n ?? 0
}

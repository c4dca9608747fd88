import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { CloudPodSnapshotsTable } from './types.ts'

export type SnapshotRow = Selectable<CloudPodSnapshotsTable>

/** @returns nothing when the pod has one of that name */
export function insert(
  tx: Tx,
  snapshot: Insertable<CloudPodSnapshotsTable>,
): Promise<SnapshotRow | undefined> {
  return tx
    .insertInto('cloud_pod_snapshots')
    .values(snapshot)
    .onConflict((conflict) =>
      // A literal, as the index has it: a parameter would not name that index in a plan that is kept.
      conflict.columns(['pod_id', 'name']).where('state', '<>', sql.lit('deleted')).doNothing(),
    )
    .returningAll()
    .executeTakeFirst()
}

/** Those of a pod that are not deleted, the newest first. */
export function ofPod(tx: Tx, tenantId: string, podId: string): Promise<SnapshotRow[]> {
  return tx
    .selectFrom('cloud_pod_snapshots')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('state', '<>', 'deleted')
    .orderBy('id', 'desc')
    .execute()
}

/** Locks the snapshot's row and reads it. */
export function lock(tx: Tx, tenantId: string, podId: string, id: string): Promise<SnapshotRow | undefined> {
  return tx
    .selectFrom('cloud_pod_snapshots')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function update(tx: Tx, id: string, change: Updateable<CloudPodSnapshotsTable>): Promise<SnapshotRow> {
  return tx
    .updateTable('cloud_pod_snapshots')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** The pod is gone, and its snapshots with it. @returns how many there were */
export async function markAllDeleted(tx: Tx, tenantId: string, podId: string, at: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('cloud_pod_snapshots')
    .set({ state: 'deleted', deleted_at: at, problem: null })
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('state', '<>', 'deleted')
    .executeTakeFirstOrThrow()
  return Number(numUpdatedRows)
}

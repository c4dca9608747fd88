import { sql, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { CloudPodBackupSchedulesTable } from './types.ts'

export type ScheduleRow = Selectable<CloudPodBackupSchedulesTable>

export function find(tx: Tx, tenantId: string, podId: string): Promise<ScheduleRow | undefined> {
  return tx
    .selectFrom('cloud_pod_backup_schedules')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .executeTakeFirst()
}

export type ScheduleValues = Pick<
  ScheduleRow,
  | 'enabled'
  | 'frequency'
  | 'weekday'
  | 'hour'
  | 'keep_last'
  | 'keep_daily'
  | 'keep_weekly'
  | 'next_at'
  | 'problem'
  | 'updated_at'
>

/** The caller holds the pod's row. */
export function put(tx: Tx, tenantId: string, podId: string, values: ScheduleValues): Promise<ScheduleRow> {
  return tx
    .insertInto('cloud_pod_backup_schedules')
    .values({ ...values, pod_id: podId, tenant_id: tenantId })
    .onConflict((conflict) =>
      conflict
        .column('pod_id')
        .doUpdateSet({ ...values, version: sql`cloud_pod_backup_schedules.version + 1` }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Says when the next run is due, and why this one was not begun. */
export async function setNext(
  tx: Tx,
  tenantId: string,
  podId: string,
  next: { next_at: Date; problem: string | null },
): Promise<void> {
  await tx
    .updateTable('cloud_pod_backup_schedules')
    .set(next)
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('enabled', '=', true)
    .execute()
}

/** A pod that is gone needs none. */
export async function remove(tx: Tx, tenantId: string, podId: string): Promise<void> {
  await tx
    .deleteFrom('cloud_pod_backup_schedules')
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .execute()
}

/** What is due now, the longest waiting first: active pods of active tenants. */
export async function due(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<{ pod_id: string; tenant_id: string }[]> {
  const { rows } = await sql<{ pod_id: string; tenant_id: string }>`
    select s.pod_id, s.tenant_id from cloud_pod_backup_schedules s
    join cloud_pods p on p.id = s.pod_id and p.state = 'active'
    join tenants t on t.id = s.tenant_id and t.state = 'active'
    where s.enabled and s.next_at <= ${now} order by s.next_at limit ${limit}`.execute(tx)
  return rows
}

/** Schedules of pods with more scheduled backups than the newest that are always kept. */
export async function overfull(tx: Tx): Promise<(ScheduleRow & { time_zone: string })[]> {
  const { rows } = await sql<ScheduleRow & { time_zone: string }>`
    select s.*, t.billing_tz as time_zone from cloud_pod_backup_schedules s
    join tenants t on t.id = s.tenant_id and t.state = 'active'
    where s.enabled and s.keep_last < (select count(*) from cloud_pod_backups b
      where b.pod_id = s.pod_id and b.state = 'ready' and b.kind = 'scheduled' and not b.protected)
    order by s.pod_id`.execute(tx)
  return rows
}

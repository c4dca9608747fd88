import { sql, type Insertable, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { PodRow } from './cloudPods.ts'
import type { TenantSuspensionsTable } from './types.ts'

export type SuspensionRow = Selectable<TenantSuspensionsTable>

export async function insert(tx: Tx, suspension: Insertable<TenantSuspensionsTable>): Promise<void> {
  await tx.insertInto('tenant_suspensions').values(suspension).execute()
}

/** The tenant's own suspension that holds, or its last one. */
export function latest(tx: Tx, tenantId: string): Promise<SuspensionRow | undefined> {
  return tx
    .selectFrom('tenant_suspensions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('subscription_id', 'is', null)
    .where('pod_id', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** The suspension of one subscription that holds. */
export function ofSubscription(
  tx: Tx,
  tenantId: string,
  subscriptionId: string,
): Promise<SuspensionRow | undefined> {
  return tx
    .selectFrom('tenant_suspensions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('subscription_id', '=', subscriptionId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
}

/** The suspension of one pod, by the system that sells it, that holds. */
export function ofPod(tx: Tx, tenantId: string, podId: string): Promise<SuspensionRow | undefined> {
  return tx
    .selectFrom('tenant_suspensions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
}

export function find(tx: Tx, tenantId: string, id: string): Promise<SuspensionRow | undefined> {
  return tx
    .selectFrom('tenant_suspensions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
}

export async function end(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('tenant_suspensions').set({ ended_at: at }).where('id', '=', id).execute()
}

/** Every suspension that holds, but those of tenants that are being destroyed. */
export function holding(tx: Tx): Promise<{ id: string; tenant_id: string }[]> {
  return tx
    .selectFrom('tenant_suspensions as s')
    .select(['s.id', 's.tenant_id'])
    .where('s.ended_at', 'is', null)
    .where(
      sql<boolean>`not exists (select from tenant_closures c where c.tenant_id = s.tenant_id
        and c.state in ('destroying', 'erasing'))`,
    )
    .execute()
}

/** Pods that exist or are being made, of the tenant or of what the suspension is about, by id from `after` on. */
export function livePods(
  tx: Tx,
  { tenant_id, subscription_id, pod_id }: SuspensionRow,
  after: string,
  limit: number,
): Promise<PodRow[]> {
  let query = tx
    .selectFrom('cloud_pods')
    .selectAll()
    .where('tenant_id', '=', tenant_id)
    .where('state', 'in', ['creating', 'active'])
    .where('id', '>', after)
  if (subscription_id !== null) query = query.where('subscription_id', '=', subscription_id)
  if (pod_id !== null) query = query.where('id', '=', pod_id)
  return query.orderBy('id').limit(limit).execute()
}

/** Pods that a suspension concerned, by id from `after` on. */
export function podsOf(tx: Tx, suspensionId: string, after: string, limit: number): Promise<PodRow[]> {
  return tx
    .selectFrom('tenant_suspended_pods as stopped')
    .innerJoin('cloud_pods', 'cloud_pods.id', 'stopped.pod_id')
    .selectAll('cloud_pods')
    .where('stopped.suspension_id', '=', suspensionId)
    .where('stopped.pod_id', '>', after)
    .orderBy('stopped.pod_id')
    .limit(limit)
    .execute()
}

export async function concern(tx: Tx, suspensionId: string, pods: readonly PodRow[]): Promise<void> {
  if (pods.length === 0) return
  await tx
    .insertInto('tenant_suspended_pods')
    .values(pods.map((pod) => ({ suspension_id: suspensionId, tenant_id: pod.tenant_id, pod_id: pod.id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

type Place = { suspensionId: string; podId: string }

export type Remembered = { ran: boolean | null; ha: string | null }

/** Whether the pod ran before it was stopped (null: nobody has looked yet), and how its high availability was found. */
export async function remembered(tx: Tx, { suspensionId, podId }: Place): Promise<Remembered> {
  const row = await tx
    .selectFrom('tenant_suspended_pods')
    .select(['ran', 'ha_state'])
    .where('suspension_id', '=', suspensionId)
    .where('pod_id', '=', podId)
    .executeTakeFirst()
  return { ran: row?.ran ?? null, ha: row?.ha_state ?? null }
}

/**
 * Remembers what was seen first: a later look sees what the suspension itself has done. Of a pod that another suspension has
 * stopped before, that one knows how it was.
 */
export async function remember(
  tx: Tx,
  { suspensionId, podId }: Place,
  seen: { running: boolean; ha: string | null },
): Promise<void> {
  await sql`update tenant_suspended_pods s
    set (ran, ha_state) = (select coalesce(o.ran, ${seen.running}), case when o.ran is null then ${seen.ha} else o.ha_state end
      from (select) one left join lateral (select ran, ha_state from tenant_suspended_pods
        where pod_id = s.pod_id and suspension_id <> s.suspension_id and ran is not null and restored_at is null
        order by suspension_id limit 1) o on true)
    where s.suspension_id = ${suspensionId} and s.pod_id = ${podId} and s.ran is null`.execute(tx)
}

/**
 * Leaves what was remembered to another suspension that holds the same pod: that one brings it back.
 * @returns whether there is one
 */
export async function handOver(tx: Tx, { suspensionId, podId }: Place): Promise<boolean> {
  const { rows } = await sql`update tenant_suspended_pods s
    set ran = coalesce(s.ran, own.ran), ha_state = case when s.ran is null then own.ha_state else s.ha_state end
    from tenant_suspensions other, tenant_suspended_pods own
    where s.pod_id = ${podId} and s.suspension_id <> ${suspensionId} and other.id = s.suspension_id and other.ended_at is null
      and own.suspension_id = ${suspensionId} and own.pod_id = s.pod_id
    returning s.pod_id`.execute(tx)
  return rows.length > 0
}

export async function mark(
  tx: Tx,
  { suspensionId, podId }: Place,
  change: { stopped_at: Date | null } | { restored_at: Date },
): Promise<void> {
  await tx
    .updateTable('tenant_suspended_pods')
    .set(change)
    .where('suspension_id', '=', suspensionId)
    .where('pod_id', '=', podId)
    .execute()
}

/** The suspension under which a pod is to be stopped now; if there are several, the tenant's. */
export async function holdingPod(
  tx: Tx,
  tenantId: string,
  podId: string,
): Promise<Pick<SuspensionRow, 'id' | 'subscription_id' | 'pod_id' | 'reason'> | undefined> {
  return tx
    .selectFrom('tenant_suspended_pods as stopped')
    .innerJoin('tenant_suspensions as suspension', 'suspension.id', 'stopped.suspension_id')
    .select(['suspension.id', 'suspension.subscription_id', 'suspension.pod_id', 'suspension.reason'])
    .where('stopped.tenant_id', '=', tenantId)
    .where('stopped.pod_id', '=', podId)
    .where('suspension.ended_at', 'is', null)
    .orderBy(sql`coalesce(suspension.subscription_id, suspension.pod_id) is not null`)
    .limit(1)
    .executeTakeFirst()
}

export type SuspendedPod = {
  id: string
  hostname: string
  state: PodRow['state']
  ran: boolean | null
  stopped_at: Date | null
  restored_at: Date | null
  job_id: string | null
  job_state: string | null
  waiting_for: string | null
}

/** The pods of a suspension with the last job that stops or restores each. */
export async function progress(
  tx: Tx,
  { id, tenant_id }: SuspensionRow,
  limit: number,
): Promise<{ pods: SuspendedPod[]; counts: { pods: number; stopped: number; restored: number } }> {
  const { rows: pods } = await sql<SuspendedPod>`
    select p.id, p.hostname, p.state, s.ran, s.stopped_at, s.restored_at, j.id as job_id, j.state as job_state, j.waiting_for
    from tenant_suspended_pods s join cloud_pods p on p.id = s.pod_id
    left join lateral (select id, state, waiting_for from provisioning_jobs
      where subject_type = 'cloudPod' and subject_id = p.id and kind in ('cloudPod.suspend', 'cloudPod.resume')
      order by created_at desc limit 1) j on true
    where s.suspension_id = ${id} and s.tenant_id = ${tenant_id}
    order by (s.stopped_at is not null), s.pod_id limit ${limit}`.execute(tx)
  const { rows } = await sql<{ pods: number; stopped: number; restored: number }>`
    select count(*)::int as pods, count(stopped_at)::int as stopped, count(restored_at)::int as restored
    from tenant_suspended_pods where suspension_id = ${id} and tenant_id = ${tenant_id}`.execute(tx)
  return { pods, counts: rows[0] ?? { pods: 0, stopped: 0, restored: 0 } }
}

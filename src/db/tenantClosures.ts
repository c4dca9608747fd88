import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { TenantClosuresTable } from './types.ts'

export type ClosureRow = Selectable<TenantClosuresTable>

export async function insert(tx: Tx, closure: Insertable<TenantClosuresTable>): Promise<void> {
  await tx.insertInto('tenant_closures').values(closure).execute()
}

/** The closing that is going on, or the last one. */
export function latest(tx: Tx, tenantId: string): Promise<ClosureRow | undefined> {
  return tx
    .selectFrom('tenant_closures')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export function find(tx: Tx, tenantId: string, id: string): Promise<ClosureRow | undefined> {
  return tx
    .selectFrom('tenant_closures')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
}

export async function update(tx: Tx, id: string, change: Updateable<TenantClosuresTable>): Promise<void> {
  await tx.updateTable('tenant_closures').set(change).where('id', '=', id).execute()
}

/** Closings whose cooling-off is over. */
export function due(tx: Tx, at: Date): Promise<ClosureRow[]> {
  return tx
    .selectFrom('tenant_closures')
    .selectAll()
    .where('state', '=', 'cooling')
    .where('due_at', '<=', at)
    .execute()
}

/** Adds to what was erased of a table. */
export async function addErased(tx: Tx, id: string, table: string, rows: number): Promise<void> {
  await sql`update tenant_closures set erased = erased || jsonb_build_object(${table}::text,
    coalesce((erased ->> ${table}::text)::bigint, 0) + ${rows}::bigint) where id = ${id}`.execute(tx)
}

/** Subscriptions of a tenant that have not begun to end. */
export async function openSubscriptions(tx: Tx, tenantId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from subscriptions where tenant_id = ${tenantId}
    and state in ('awaiting_payment', 'provisioning', 'active') order by id limit ${limit}`.execute(tx)
  return rows.map((row) => row.id)
}

/** Pods of a tenant whose destruction nobody has ordered yet. */
export async function standingPods(tx: Tx, tenantId: string, limit: number) {
  return tx
    .selectFrom('cloud_pods')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('state', 'in', ['reserved', 'creating', 'active', 'recoverable'])
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .execute()
}

export type LiveJob = { id: string; kind: string; subject_label: string; state: string }

/** Jobs of a tenant that are not over, those that wait for a person first. */
export async function liveJobs(tx: Tx, tenantId: string, limit: number): Promise<LiveJob[]> {
  const { rows } = await sql<LiveJob>`select id, kind, subject_label, state from provisioning_jobs
    where tenant_id = ${tenantId} and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')
    order by state = 'stuck' desc, id limit ${limit}`.execute(tx)
  return rows
}

export type Held = { pods: number; addresses: number; capacity: number }

/** What of the infrastructure a tenant still holds. */
export async function held(tx: Tx, tenantId: string): Promise<Held> {
  const { rows } = await sql<Held>`select
    (select count(*)::int from cloud_pods where tenant_id = ${tenantId} and state not in ('failed', 'deleted')) as pods,
    (select count(*)::int from ip_addresses where tenant_id = ${tenantId} and pod_id is not null) as addresses,
    (select count(*)::int from cloud_pod_reservations where tenant_id = ${tenantId}) as capacity`.execute(tx)
  return rows[0] ?? { pods: 0, addresses: 0, capacity: 0 }
}

export type ClosingPod = {
  id: string
  hostname: string
  state: string
  job_id: string | null
  job_state: string | null
  waiting_for: string | null
}

/** The pods that have existed since the closing began, those still there first, with the jobs that destroy them. */
export async function progress(tx: Tx, closure: ClosureRow, limit: number) {
  const since = sql`p.tenant_id = ${closure.tenant_id}
    and (p.deleted_at is null or p.deleted_at >= ${closure.started_at}) and p.state <> 'failed'`
  const { rows: pods } = await sql<ClosingPod>`
    select p.id, p.hostname, p.state, j.id as job_id, j.state as job_state, j.waiting_for from cloud_pods p
    left join lateral (select id, state, waiting_for from provisioning_jobs
      where subject_type = 'cloudPod' and subject_id = p.id and kind = 'cloudPod.destroy'
      order by created_at desc limit 1) j on true
    where ${since} order by p.state = 'deleted', p.id limit ${limit}`.execute(tx)
  const { rows } = await sql<{ pods: number; gone: number }>`
    select count(*)::int as pods, count(p.deleted_at)::int as gone from cloud_pods p where ${since}`.execute(
    tx,
  )
  return { pods, counts: rows[0] ?? { pods: 0, gone: 0 } }
}

/** The job that closes, with what it waits for. */
export async function jobOf(tx: Tx, id: string) {
  const { rows } = await sql<{
    id: string
    state: string
    waiting_for: string | null
    problem: string | null
  }>`
    select id, state, waiting_for, error ->> 'message' as problem from provisioning_jobs
    where queue = 'system' and idempotency_key = ${`close:${id}`}`.execute(tx)
  return rows[0]
}

export type GonePod = { id: string; vmid: number; cluster: string; state: string; readBackAt: string | null }

/** Every pod a tenant ever had, with when the hypervisor said that its guest does not exist. */
export async function gonePods(tx: Tx, tenantId: string): Promise<GonePod[]> {
  const { rows } = await sql<GonePod>`
    select p.id, p.vmid, c.name as cluster, p.state,
      coalesce(s.output ->> 'at', to_char(p.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as "readBackAt"
    from cloud_pods p join clusters c on c.id = p.cluster_id
    left join lateral (select st.output from provisioning_jobs j
      join provisioning_job_steps st on st.queue = j.queue and st.job_id = j.id and st.name = 'prove' and st.state = 'done'
      where j.subject_type = 'cloudPod' and j.subject_id = p.id and j.kind = 'cloudPod.destroy'
      order by j.created_at desc limit 1) s on true
    where p.tenant_id = ${tenantId} order by p.id`.execute(tx)
  return rows
}

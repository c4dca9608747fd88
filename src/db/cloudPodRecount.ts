import { sql } from 'kysely'
import type { Tx } from './index.ts'
import { counted, type QuotaUse } from './cloudPodReservations.ts'

/**
 * How a pod and what is held for it contradict each other: a live pod that is not counted, one that is gone and counted,
 * one that is counted with another size, or another number of addresses, snapshots or backups.
 */
type Discrepancy = 'not_counted' | 'counted_though_gone' | 'counted_otherwise'

/** `excess`: what is counted beyond what the pod is; below 0, what is missing. */
export type Miscounted = {
  tenantId: string
  podId: string
  hostname: string
  problem: Discrepancy
  excess: QuotaUse
}

/** Being made or deleted, and no job does so. */
const abandoned = (id: 'snapshotId' | 'backupId') => sql`(s.state in ('creating', 'deleting')
  and not exists (select from provisioning_jobs_live j where j.queue = 'cloud_pod' and j.subject_type = 'cloudPod'
    and j.subject_id = s.pod_id and j.payload->>${sql.lit(id)} = s.id::text
    and j.state not in ('succeeded', 'failed', 'cancelled')))`

/**
 * Snapshots, backups and templates of pods that count and should not. A pod that is gone has taken its snapshots with it, not
 * its backups and templates.
 */
const excessive = sql`select pod_id, sum(snapshots)::int as snapshots, sum(backups)::int as backups, sum(disk_gb)::int as disk_gb
  from (
    select s.pod_id, 1 as snapshots, 0 as backups, 0 as disk_gb from (select * from cloud_pod_snapshots where ${counted}) s
    join cloud_pods p on p.id = s.pod_id where p.state in ('failed', 'deleted') or ${abandoned('snapshotId')}
    union all
    select s.pod_id, 0, 1, 0 from (select * from cloud_pod_backups where ${counted}) s where ${abandoned('backupId')}
    union all
    select t.pod_id, 0, 0, t.disk_gb from cloud_pod_templates t where t.state in ('making', 'removing')
      and not exists (select from provisioning_jobs_live j where j.queue = 'cloud_pod'
        and j.payload->>'blueprintId' = t.blueprint_id::text and j.state not in ('succeeded', 'failed', 'cancelled'))) e
  group by pod_id`

/**
 * Compares what pods hold of their tenants' quotas with the pods themselves, all at one moment. A pod that is being
 * destroyed may hold something or, when nothing was ever made of it, nothing. One that is being resized holds the
 * larger of both sizes.
 * @param tenantIds null: of all tenants
 */
export async function miscounted(
  tx: Tx,
  tenantIds: readonly string[] | null,
  limit: number,
): Promise<Miscounted[]> {
  const { rows } = await sql<Omit<Miscounted, 'excess'> & QuotaUse>`
    select p.tenant_id as "tenantId", p.id as "podId", p.hostname,
      case when lacks then 'not_counted' when is_gone then 'counted_though_gone' else 'counted_otherwise' end as problem,
      (case when lacks then -1 when is_gone and r.pod_id is not null then 1 else 0 end)::int as pods,
      (coalesce(r.cores, 0) - case when holds then p.cores else 0 end)::int as cores,
      (coalesce(r.memory_mb, 0) - case when holds then p.memory_mb else 0 end)::int as "memoryMb",
      (coalesce(r.disk_gb, 0) - case when holds then p.disk_gb else 0 end + coalesce(e.disk_gb, 0))::int as "diskGb",
      (coalesce(r.addresses, 0) - case when holds then held else 0 end)::int as addresses,
      coalesce(e.snapshots, 0) as snapshots, coalesce(e.backups, 0) as backups
    from cloud_pods p
    left join cloud_pod_reservations r on r.pod_id = p.id
    left join (${excessive}) e on e.pod_id = p.id
    cross join lateral (select p.state in ('failed', 'deleted') as is_gone,
      r.pod_id is null and p.state in ('reserved', 'creating', 'active', 'recoverable') as lacks,
      (select count(*)::int from ip_addresses a where a.pod_id = p.id) as held) g
    cross join lateral (select lacks or (r.pod_id is not null and not is_gone) as holds) h
    where (${tenantIds === null} or p.tenant_id = any (${[...(tenantIds ?? [])]}::uuid[]))
      and (e.pod_id is not null or case when r.pod_id is null then lacks
        else is_gone or r.addresses <> held or ((r.cores, r.memory_mb, r.disk_gb) is distinct from (p.cores, p.memory_mb, p.disk_gb)
          and not exists (select from provisioning_jobs_live j where j.queue = 'cloud_pod' and j.subject_type = 'cloudPod'
            and j.subject_id = p.id and j.kind = 'cloudPod.resize' and j.state not in ('succeeded', 'failed', 'cancelled')))
        end)
    order by p.tenant_id, p.id limit ${limit}`.execute(tx)
  return rows.map(({ tenantId, podId, hostname, problem, ...excess }) => ({
    tenantId,
    podId,
    hostname,
    problem,
    excess,
  }))
}

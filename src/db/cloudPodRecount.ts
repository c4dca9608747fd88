import { sql } from 'kysely'
import type { Tx } from './index.ts'
import type { QuotaUse } from './cloudPodReservations.ts'

/**
 * How a pod and what is held for it contradict each other: a live pod that is not counted, one that is gone and counted,
 * one that is counted with another size or another number of addresses.
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
      case when r.pod_id is null then 'not_counted' when is_gone then 'counted_though_gone' else 'counted_otherwise' end
        as problem,
      (case when r.pod_id is null then -1 when is_gone then 1 else 0 end)::int as pods,
      (coalesce(r.cores, 0) - case when is_gone then 0 else p.cores end)::int as cores,
      (coalesce(r.memory_mb, 0) - case when is_gone then 0 else p.memory_mb end)::int as "memoryMb",
      (coalesce(r.disk_gb, 0) - case when is_gone then 0 else p.disk_gb end)::int as "diskGb",
      (coalesce(r.addresses, 0) - case when is_gone then 0 else held end)::int as addresses
    from cloud_pods p
    left join cloud_pod_reservations r on r.pod_id = p.id
    cross join lateral (select p.state in ('failed', 'deleted') as is_gone,
      (select count(*)::int from ip_addresses a where a.pod_id = p.id) as held) g
    where (${tenantIds === null} or p.tenant_id = any (${[...(tenantIds ?? [])]}::uuid[]))
      and case when r.pod_id is null then p.state in ('reserved', 'creating', 'active', 'recoverable')
        else is_gone or r.addresses <> held or ((r.cores, r.memory_mb, r.disk_gb) is distinct from (p.cores, p.memory_mb, p.disk_gb)
          and not exists (select from provisioning_jobs_live j where j.queue = 'cloud_pod' and j.subject_type = 'cloudPod'
            and j.subject_id = p.id and j.kind = 'cloudPod.resize' and j.state not in ('succeeded', 'failed', 'cancelled')))
        end
    order by p.tenant_id, p.id limit ${limit}`.execute(tx)
  return rows.map(({ pods, cores, memoryMb, diskGb, addresses, ...row }) => ({
    ...row,
    excess: { pods, cores, memoryMb, diskGb, addresses },
  }))
}

import { sql } from 'kysely'
import type { OverLimit } from '../../shared/states/cloudPodTraffic.ts'
import type { Tx } from './index.ts'

/** The month that it is for a pod's tenant `t`. */
const thisMonth = (at: Date) => sql`date_trunc('month', ${at}::timestamptz at time zone t.billing_tz)::date`

/** What a pod has used of the traffic that its plan includes in the month that it is. */
const used = (at: Date) => sql`
  select p.id, p.tenant_id, p.throttled_at, plan.over_limit, m.month, m.told_percent,
    coalesce(m.bytes_in + m.bytes_out, 0) as used, plan.traffic_gb * 1000000000::bigint as included
  from cloud_pods p
  join cloud_pod_plans plan on plan.id = p.plan_id
  join tenants t on t.id = p.tenant_id
  left join cloud_pod_traffic m on m.pod_id = p.id and m.month = ${thisMonth(at)}
  where p.state = 'active'`

export type Told = {
  id: string
  tenantId: string
  hostname: string
  percent: 80 | 100
  month: string
  used: bigint
  included: bigint
  overLimit: OverLimit
}

/** Writes down, once each in a month, which pods have used 80 and 100 percent; whoever used more at once is told of that alone. */
export async function tell(tx: Tx, at: Date, limit: number): Promise<Told[]> {
  const { rows } = await sql<Told>`
    with reached as (
      select u.*, case when u.used >= u.included then 100 else 80 end as percent
      from (${used(at)} and plan.over_limit <> 'none' and m.pod_id is not null) u
      where u.used >= u.included * 0.8
    ), due as (select * from reached where percent > told_percent order by id limit ${limit})
    update cloud_pod_traffic m set told_percent = d.percent
    from due d join cloud_pods p on p.id = d.id
    where m.pod_id = d.id and m.month = d.month and m.told_percent < d.percent
    returning d.id, d.tenant_id as "tenantId", p.hostname, d.percent, d.month, d.used, d.included,
      d.over_limit as "overLimit"`.execute(tx)
  return rows
}

type Change = { id: string; tenantId: string }

/** Pods that have used up what is included and are not slowed down yet. */
export async function toThrottle(tx: Tx, at: Date, limit: number): Promise<Change[]> {
  const { rows } = await sql<Change>`
    select id, tenant_id as "tenantId" from (${used(at)} and plan.over_limit = 'throttle') u
    where throttled_at is null and used >= included order by id limit ${limit}`.execute(tx)
  return rows
}

/** Pods that are slowed down although they need not be any more: the month is another, or their plan includes more. */
export async function toLift(tx: Tx, at: Date, limit: number): Promise<Change[]> {
  const { rows } = await sql<Change>`
    select id, tenant_id as "tenantId" from (${used(at)} and p.throttled_at is not null) u
    where over_limit <> 'throttle' or included is null or used < included order by id limit ${limit}`.execute(
    tx,
  )
  return rows
}

const wanted = sql`case when p.throttled_at is null then plan.rate_mbps else least(plan.rate_mbps, p.throttle_mbps) end`

/** Pods whose card is not as fast as it should be, and to which nothing is being done. */
export async function toSet(tx: Tx, limit: number): Promise<(Change & { rateMbps: number | null })[]> {
  const { rows } = await sql<Change & { rateMbps: number | null }>`
    select p.id, p.tenant_id as "tenantId", ${wanted} as "rateMbps"
    from cloud_pods p join cloud_pod_plans plan on plan.id = p.plan_id
    where p.state = 'active' and p.action is null and ${wanted} is distinct from p.rate_mbps
      and not exists (select from provisioning_jobs_live j where j.queue = 'cloud_pod' and j.subject_type = 'cloudPod'
        and j.subject_id = p.id and j.state not in ('succeeded', 'failed', 'cancelled'))
    order by p.id limit ${limit}`.execute(tx)
  return rows
}

/** What a pod's plan says about its traffic. */
export async function termsOf(tx: Tx, tenantId: string, podId: string) {
  return tx
    .selectFrom('cloud_pods as pod')
    .innerJoin('cloud_pod_plans as plan', 'plan.id', 'pod.plan_id')
    .select([
      'plan.traffic_gb as trafficGb',
      'plan.over_limit as overLimit',
      'pod.rate_mbps as rateMbps',
      'pod.throttled_at as throttledAt',
    ])
    .where('pod.tenant_id', '=', tenantId)
    .where('pod.id', '=', podId)
    .executeTakeFirst()
}

import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** The counters of a pod's guest, as its cluster has told them. */
export type Reading = { podId: string; netIn: number; netOut: number; uptimeS: number }

/** By the clock of the database, which all workers share. */
export async function clock(tx: Tx): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`select clock_timestamp() as at`.execute(tx)
  return rows[0]?.at ?? new Date(0)
}

/** An uptime that went back, but not to where a restart since the last reading would have put it, is an older list. */
const STALE_S = 300

/**
 * Adds what the guests of a cluster have sent and received since each was last read. One statement for all, and nothing
 * for a guest that has been silent. Readings of a cluster are added one after the other; whoever asked the cluster
 * before the last ones were written adds nothing, so the order of two lists is never guessed.
 * @param asked when the cluster was asked, by `clock`
 * @param at in whose month it counts
 */
export async function add(
  tx: Tx,
  clusterId: string,
  { asked, at }: { asked: Date; at: Date },
  readings: readonly Reading[],
): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`traffic ${clusterId}`}, 0))`.execute(tx)
  const { numAffectedRows } = await sql`
    with seen as materialized (
      select s.*, p.tenant_id, date_trunc('month', ${at}::timestamptz at time zone t.billing_tz) at time zone t.billing_tz as begun,
        greatest(l.month, date_trunc('month', ${at}::timestamptz at time zone t.billing_tz)::date) as this_month,
        l.month, l.counter_in, l.counter_out,
        -- A guest that was started anew, or was given a new card, counts from 0.
        s.uptime_s < l.uptime_s or s.net_in < l.counter_in or s.net_out < l.counter_out as anew,
        s.uptime_s < l.uptime_s and s.uptime_s > extract(epoch from now() - l.read_at) + ${STALE_S} as stale
      from unnest(${readings.map(({ podId }) => podId)}::uuid[], ${readings.map(({ netIn }) => netIn)}::bigint[],
        ${readings.map(({ netOut }) => netOut)}::bigint[], ${readings.map(({ uptimeS }) => uptimeS)}::bigint[])
        as s (pod_id, net_in, net_out, uptime_s)
      join cloud_pods p on p.id = s.pod_id
      join tenants t on t.id = p.tenant_id
      left join lateral (select * from cloud_pod_traffic l where l.pod_id = s.pod_id order by month desc limit 1) l on true
      where l.read_at is null or l.read_at < ${asked})
    insert into cloud_pod_traffic as traffic
      (pod_id, tenant_id, month, bytes_in, bytes_out, counter_in, counter_out, uptime_s, read_at)
    select pod_id, tenant_id, this_month,
      case when month is null then case when ${at}::timestamptz - make_interval(secs => uptime_s) >= begun then net_in else 0 end
        when anew then net_in else net_in - counter_in end,
      case when month is null then case when ${at}::timestamptz - make_interval(secs => uptime_s) >= begun then net_out else 0 end
        when anew then net_out else net_out - counter_out end,
      net_in, net_out, uptime_s, now()
    from seen
    where month is null or (not stale and (anew or net_in <> counter_in or net_out <> counter_out))
    on conflict (pod_id, month) do update set
      bytes_in = traffic.bytes_in + excluded.bytes_in, bytes_out = traffic.bytes_out + excluded.bytes_out,
      counter_in = excluded.counter_in, counter_out = excluded.counter_out,
      uptime_s = excluded.uptime_s, read_at = excluded.read_at`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

export type Month = { month: string; bytesIn: bigint; bytesOut: bigint }

/** The months of a pod, the newest first. @param before a month such as `2026-11-01`, left out itself */
export async function months(
  tx: Tx,
  { tenantId, podId }: { tenantId: string; podId: string },
  { limit, before }: { limit: number; before: string | undefined },
): Promise<Month[]> {
  let query = tx
    .selectFrom('cloud_pod_traffic')
    .select(['month', 'bytes_in as bytesIn', 'bytes_out as bytesOut'])
    .where('tenant_id', '=', tenantId)
    .where('pod_id', '=', podId)
  if (before !== undefined) query = query.where('month', '<', before)
  return query.orderBy('month', 'desc').limit(limit).execute()
}

/** The month that it is where the tenant is billed. */
export async function monthOf(tx: Tx, tenantId: string, at: Date): Promise<string> {
  const { rows } = await sql<{ month: string }>`
    select date_trunc('month', ${at}::timestamptz at time zone billing_tz)::date as month
    from tenants where id = ${tenantId}`.execute(tx)
  return rows[0]?.month ?? ''
}

import { execute } from './database.ts'

export type AuditSizes = { events: number; tenants: number; months: number }

/** The partitions of the months before, which an installation of that age would have. */
export async function makeMonths(url: string, months: number): Promise<void> {
  await execute(
    url,
    `do $$ begin for i in 1 .. ${months} loop
      execute format('create table if not exists %I partition of audit_events for values from (%L) to (%L)',
        'audit_events_' || to_char(now() - make_interval(months => i), 'YYYY_MM'),
        to_char(now() - make_interval(months => i), 'YYYY-MM-01'), to_char(now() - make_interval(months => i - 1), 'YYYY-MM-01'));
    end loop; end $$`,
  )
}

/**
 * Events over all months in the order of time: 60 actions of which one is rare, 5,000 people, a tenth by the system, a
 * tenth in the first tenant. The columns are those that the writer fills, every check of the table holds.
 */
const rows = ({ events, tenants, months }: AuditSizes, from: number, to: number): string => `
  insert into audit_events (id, at, tenant_id, action, outcome, actor, actor_id, target_type, target_id, target_label,
    diff, details, request_id, correlation_id, ip, user_agent)
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008' || substr(md5('e' || i), 1, 15))::uuid, at,
    case when i % 20 = 0 then null when i % 10 = 3 then t.ids[1] else t.ids[1 + (i::bigint * 7919 / 7) % ${tenants}] end,
    case when i % 100000 = 7 then 'RARE_DONE' else 'THING_' || (i % 59) || '_DONE' end,
    case when i % 200 = 0 then 'denied' when i % 1000 = 1 then 'error' else 'success' end,
    case when i % 10 = 0 then jsonb_build_object('type', 'system', 'id', null, 'label', 'timer')
      else jsonb_build_object('type', 'user', 'id', md5((i % 4999)::text)::uuid::text, 'label', 'user' || i % 4999 || '@example.com') end,
    case when i % 10 > 0 then md5((i % 4999)::text)::uuid::text end,
    (array['customer', 'cloudPod', 'subscription', 'invoice', 'job'])[1 + i % 5], md5((i % 499979)::text)::uuid::text, 'thing ' || i,
    jsonb_build_object('state', array['creating', 'active'], 'version', array[i % 7, i % 7 + 1]),
    jsonb_build_object('reason', 'because of ' || i, 'hostname', 'web-' || i || '.example.com'),
    md5('r' || i)::uuid::text, md5('r' || i / 3)::uuid::text, '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'
  from generate_series(${from}, ${to}) i,
    lateral (select now() - interval '${months - 1} months' + i * (interval '${months - 1} months' / ${events}) as at) a,
    (select array(select id from tenants order by id) as ids) t`

const STEP = 500_000

/** Writes the events with these numbers. @param before a statement that each session begins with */
export async function writeEvents(
  url: string,
  sizes: AuditSizes,
  [from, to]: readonly [number, number],
  before = '',
): Promise<void> {
  for (let at = from; at <= to; at += STEP)
    await execute(url, `${before}; ${rows(sizes, at, Math.min(to, at + STEP - 1))}`)
}

/** The same without triggers, the indexes made afterwards: only so are many million rows there in minutes. */
export async function loadEvents(
  url: string,
  sizes: AuditSizes,
  range: readonly [number, number],
): Promise<void> {
  const indexes =
    range[1] - range[0] < 100_000
      ? []
      : await execute<{ name: string; definition: string }>(
          url,
          `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
      where i.indrelid = 'audit_events'::regclass and not i.indisprimary`,
        )
  for (const { name } of indexes) await execute(url, `drop index ${name}`)
  await writeEvents(url, sizes, range, 'set session_replication_role = replica; set synchronous_commit = off')
  for (const { definition } of indexes)
    await execute(url, `set maintenance_work_mem = '1GB'; ${definition.replace('ON ONLY', 'ON')}`)
}

import { systemOrigin, transaction } from '../src/context.ts'
import { newId } from '../src/lib/ids.ts'
import * as userService from '../src/services/userService.ts'
import { execute, type BenchDatabase } from './database.ts'
import { depsOf } from './podListData.ts'
import { ENDS, FIRST, MIDDLES, pick, ROOTS, TRADES } from './scaleWords.ts'

export const CUSTOMERS = 1_000_000
export const TENANTS = 10_000
const PODS = 100_000

/**
 * A million customers in the order of time over 10,000 tenants: every tenth belongs to the biggest, three to the
 * smallest, the rest to few large and many small ones; with contacts, groups, tags, pods, invoices and jobs.
 */
const bulk = (): string => `
set session_replication_role = replica;
set maintenance_work_mem = '1GB';
set synchronous_commit = off;
create temp table dropped as select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index i
  where indrelid in ('customers'::regclass, 'cloud_pods'::regclass) and not exists (select from pg_constraint where conindid = i.indexrelid);
do $$ declare d record; begin for d in select * from dropped loop execute 'drop index ' || d.name; end loop; end $$;
create temp table t as select id, row_number() over (order by id) - 1 as n from tenants where slug like 'tenant-%';
create unique index on t (n);
create temp table made as
  select i, (lpad(to_hex(1700000000000 + i * 1000::bigint), 12, '0') || '7000' || '8' || substr(md5(i::text), 1, 15))::uuid as id,
    case when i in (11, 400011, 900011) then 1 when i % 10 = 0 then 0
      else 2 + (${TENANTS - 2} * power((i::bigint * 7919 % 1000003) / 1000003.0, 2))::int % ${TENANTS - 2} end as n,
    ${pick(FIRST, 131)} as first, ${pick(ROOTS, 613)} || case when i % 2 = 0 then ${pick(MIDDLES, 47)} else '' end || ${pick(ENDS, 89)} as last,
    case when i % 3 = 0 then ${pick(TRADES, 17)} end as trade
  from generate_series(1, ${CUSTOMERS}) i;
insert into customer_groups (id, tenant_id, name, created_at)
  select gen_random_uuid(), id, 'Resellers', now() from t;
insert into customers (id, tenant_id, kind, name, company, email, country, currency, state, closed_at, tags, tax_ids, search_more, group_id, created_at, updated_at)
  select m.id, t.id, case when trade is null then 'person' else 'company' end, first || ' ' || last, last || ' ' || trade,
    search_fold(first || '.' || last) || i || '@' || case when i % 4 = 0 then 'example.org' else 'example.com' end, 'IT', 'EUR',
    case when i % 50 = 7 then 'closed' else 'active' end,
    case when i % 50 = 7 then to_timestamp(1700000000 + i) end,
    case when i % 5 = 0 then '{newsletter}' when i % 997 = 0 then '{vip}' else '{}' end::text[],
    case when trade is null then '[]' else jsonb_build_array(jsonb_build_object('type', 'vat', 'country', 'IT', 'value', 'IT' || lpad(i::text, 11, '0'))) end,
    case when trade is null then '' else 'IT' || lpad(i::text, 11, '0') end,
    case when i % 20 = 0 then g.id end, to_timestamp(1700000000 + i), to_timestamp(1700000000 + i)
  from made m join t on t.n = m.n join customer_groups g on g.tenant_id = t.id order by i;
insert into customer_contacts (id, tenant_id, customer_id, name, email, topics, created_at)
  select gen_random_uuid(), t.id, m.id, 'Billing', 'billing' || i || '@example.net', '{billing}', now()
  from made m join t on t.n = m.n where i % 5 = 1;
do $$
declare
  cluster uuid := gen_random_uuid(); node uuid := gen_random_uuid(); plan uuid := gen_random_uuid(); price uuid := gen_random_uuid();
  blueprint uuid := gen_random_uuid(); pool uuid := gen_random_uuid();
begin
  insert into clusters (id, name, api_url, token_id, token_secret_sealed, vmid_min, vmid_max, created_at)
    values (cluster, 'bench', 'https://bench.invalid', 'x', '', 100, 999999, now());
  insert into nodes (id, cluster_id, name, status, cores, memory_mb, created_at)
    values (node, cluster, 'pve1', 'online', 64, 1000000, now());
  insert into cloud_pod_plans (id, code, name, cores, memory_mb, disk_gb, created_at)
    values (plan, 'small', 'Small', 1, 2048, 20, now());
  insert into prices (id, plan_id, currency, "interval", unit_minor, created_at) values (price, plan, 'EUR', 'month', 500, now());
  insert into cloud_pod_blueprints (id, code, name, kind, created_at) values (blueprint, 'debian', 'Debian', 'vm', now());
  insert into ip_pools (id, cluster_id, name, network, gateway, range_start, range_end, created_at)
    values (pool, cluster, 'bench', '10.0.0.0/8', '10.0.0.1', '10.0.0.2', '10.255.255.254', now());
  insert into subscriptions (id, tenant_id, customer_id, state, plan_id, price_id, currency, billing_tz, payment_due_at, created_at, updated_at)
    select gen_random_uuid(), t.id, m.id, 'awaiting_payment', plan, price, 'EUR', 'UTC', now(), now(), now()
    from made m join t on t.n = m.n where i % ${CUSTOMERS / PODS} = 0 order by i;
  insert into cloud_pods (id, tenant_id, customer_id, subscription_id, hostname, kind, plan_id, blueprint_id, cores, memory_mb, disk_gb, cluster_id,
      node_id, vmid, mac, state, power_state, power_checked_at, created_at, updated_at)
    select (substr(m.id::text, 1, 19) || 'a' || substr(md5(i::text), 1, 15))::uuid, s.tenant_id, s.customer_id, s.id,
      case i % 3 when 0 then 'web' when 1 then 'mail' else 'db' end || i || '.' || search_fold(last) || '.example.com', 'vm', plan, blueprint, 1, 2048, 20,
      cluster, node, 100 + i / ${CUSTOMERS / PODS}, ('02' || lpad(to_hex(i), 10, '0'))::macaddr, 'active', 'running', now(), now(), now()
    from made m join subscriptions s on s.customer_id = m.id order by i;
  insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, created_at)
    select pool, '10.0.0.2'::inet + row_number() over (order by id), tenant_id, 'assigned', id, now() from cloud_pods;
  insert into invoices (id, tenant_id, customer_id, subscription_id, number, status, currency, issue_date, due_date, subtotal_minor, total_minor, paid_minor,
      buyer, seller, issued_at, created_at)
    select gen_random_uuid(), tenant_id, customer_id, id, 'INV-' || lpad((row_number() over ())::text, 7, '0'), 'paid', 'EUR', current_date, current_date, 500, 500, 500,
      '{}', '{}', now(), now() from subscriptions;
  insert into provisioning_jobs (id, queue, kind, tenant_id, subject_type, subject_id, subject_label, state, payload, idempotency_key, correlation_id, actor,
      max_attempts, created_at, finished_at, seq)
    select gen_random_uuid(), 'cloud_pod', 'cloudPod.create', tenant_id, 'cloudPod', id, hostname, 'succeeded', '{}', id::text, id::text, '{}', 3, now(), now(), 1
    from cloud_pods;
end $$;
do $$ declare d record; begin for d in select * from dropped loop execute d.definition; end loop; end $$;
insert into search_words select * from search_said_words() on conflict do nothing;
`

export type Caller = { name: string; key: string; tenantId: string | null }

/** All of it, and API keys of the platform's support and of the owners of the smallest and of the biggest tenant. */
export async function fillCustomers(database: BenchDatabase): Promise<Caller[]> {
  await execute(
    database.ownerUrl,
    `insert into tenants (id, name, slug, created_at, updated_at)
     select (lpad(to_hex(1690000000000 + i), 12, '0') || '70008' || substr(md5(i::text), 1, 15))::uuid,
       'Tenant ' || i, 'tenant-' || i, now(), now() from generate_series(1, ${TENANTS}) i`,
  )
  await execute(database.ownerUrl, bulk())
  await execute(database.ownerUrl, 'vacuum analyze')
  const ids = await execute<{ id: string }>(database.ownerUrl, 'select id from tenants order by id limit 2')
  const deps = depsOf(database)
  const keyOf = (role: 'SUPPORT' | 'TENANT_OWNER', tenantId: string | null): Promise<string> =>
    transaction(deps.root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
      const email = `${newId()}@example.com`
      const password = `large and full ${newId()}`
      await userService.createUser(ctx, { email, name: 'Bench', password, role, tenantId })
      const made = await userService.createApiKey(ctx, {
        email,
        name: 'bench',
        tenantId: null,
        scopes: [],
        days: 1,
      })
      return made.token
    })
  const [largest, smallest] = ids.map(({ id }) => id)
  if (largest === undefined || smallest === undefined) throw new Error('there are no tenants')
  const callers = [
    { name: 'platform', key: await keyOf('SUPPORT', null), tenantId: null },
    { name: 'tenant of 100,000', key: await keyOf('TENANT_OWNER', largest), tenantId: largest },
    { name: 'tenant of 3', key: await keyOf('TENANT_OWNER', smallest), tenantId: smallest },
  ]
  await deps.close()
  return callers
}

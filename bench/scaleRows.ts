import { ENDS, FIRST, MIDDLES, pick, ROOTS, TRADES } from './scaleWords.ts'

export type ScaleSizes = { tenants: number; customers: number; pods: number }

/** The id of the i-th of a kind: a UUID v7 of its place in time, the same in every run. */
const idOf = (kind: string, i = 'i'): string =>
  `(lpad(to_hex(1700000000000 + ${i}::bigint * 1000), 12, '0') || '70008' || substr(md5('${kind}' || ${i}), 1, 15))::uuid`

const at = 'to_timestamp(1700000000 + i)'

/** The tables that are filled; their other indexes are made afterwards. */
export const SCALE_TABLES = [
  'tenants',
  'users',
  'role_grants',
  'customers',
  'customer_groups',
  'customer_contacts',
  'subscriptions',
  'subscription_items',
  'cloud_pods',
  'ip_addresses',
  'provisioning_jobs',
  'invoices',
  'invoice_lines',
  'payments',
  'payment_allocations',
  'mails',
  'ledger_accounts',
  'ledger_tx',
  'ledger_entries',
  'domains',
  'dns_zones',
  'ssl_certificates',
  'ssl_certificate_versions',
]

/**
 * In the order of time: every tenth customer belongs to the biggest tenant, three to the smallest, the rest to few large
 * and many small ones; with an owner, contacts, groups and tags.
 */
export const people = ({ tenants, customers }: ScaleSizes): string[] => [
  `insert into tenants (id, name, slug, created_at, updated_at)
    select (lpad(to_hex(1690000000000 + i), 12, '0') || '70008' || substr(md5(i::text), 1, 15))::uuid,
      'Tenant ' || i, 'tenant-' || i, to_timestamp(1690000000 + i), to_timestamp(1690000000 + i) from generate_series(1, ${tenants}) i`,
  `create table bench_tenants as select id, row_number() over (order by id) - 1 as n from tenants where slug like 'tenant-%'`,
  'create unique index on bench_tenants (n)',
  `insert into users (id, email, name, created_at, updated_at, home_tenant_id)
    select ${idOf('user', 'n')}, 'owner' || n || '@example.com', ${pick(FIRST, 131).replaceAll('i::', 'n::')} || ' Owner', now(), now(), id from bench_tenants`,
  `insert into role_grants (id, user_id, role_id, tenant_id, created_at)
    select ${idOf('grant', 'n')}, ${idOf('user', 'n')}, (select id from roles where key = 'TENANT_OWNER' and tenant_id is null), id, now() from bench_tenants`,
  `insert into customer_groups (id, tenant_id, name, created_at) select ${idOf('group', 'n')}, id, 'Resellers', now() from bench_tenants`,
  `create table bench_customers as
    select i, ${idOf('')} as id, t.id as tenant_id, first, last, trade, t.n from (
      select i, case when i in (11, ${customers / 2 - 9}, ${customers - 9}) then 1 when i % 10 = 0 then 0
          else 2 + (${tenants - 2} * power((i::bigint * 7919 % 1000003) / 1000003.0, 2))::int % ${tenants - 2} end as n,
        ${pick(FIRST, 131)} as first, ${pick(ROOTS, 613)} || case when i % 2 = 0 then ${pick(MIDDLES, 47)} else '' end || ${pick(ENDS, 89)} as last,
        case when i % 3 = 0 then ${pick(TRADES, 17)} end as trade
      from generate_series(1, ${customers}) i) m join bench_tenants t using (n)`,
  `insert into customers (id, tenant_id, kind, name, company, email, country, currency, state, closed_at, tags, tax_ids, search_more, group_id, created_at, updated_at)
    select id, tenant_id, case when trade is null then 'person' else 'company' end, first || ' ' || last, last || ' ' || trade,
      search_fold(first || '.' || last) || i || '@' || case when i % 4 = 0 then 'example.org' else 'example.com' end, 'IT', 'EUR',
      case when i % 50 = 7 then 'closed' else 'active' end, case when i % 50 = 7 then ${at} end,
      case when i % 5 = 0 then '{newsletter}' when i % 997 = 0 then '{vip}' else '{}' end::text[],
      case when trade is null then '[]' else jsonb_build_array(jsonb_build_object('type', 'vat', 'country', 'IT', 'value', 'IT' || lpad(i::text, 11, '0'))) end,
      case when trade is null then '' else 'IT' || lpad(i::text, 11, '0') end,
      case when i % 20 = 0 then ${idOf('group', 'n')} end, ${at}, ${at}
    from bench_customers order by i`,
  `insert into customer_contacts (id, tenant_id, customer_id, name, email, topics, created_at)
    select ${idOf('contact')}, tenant_id, id, 'Billing', 'billing' || i || '@example.net', '{billing}', now()
    from bench_customers where i % 5 = 1 order by i`,
]

/** Addresses in a pool, of which 4,000 are given out; pods of a cluster, at most. */
const POOL = 4000
const CLUSTER = 50_000

/** For each pod a subscription, 90 % of them active, an address and the job that made it, most of them in the history. */
export const pods = ({ customers, pods: count }: ScaleSizes): string[] => [
  `do $$
  declare
    plan uuid := gen_random_uuid();
  begin
    insert into clusters (id, name, api_url, token_id, token_secret_sealed, vmid_min, vmid_max, created_at)
      select gen_random_uuid(), 'cluster ' || c, 'https://bench.invalid', 'x', '', 100, 99999999, now() from generate_series(0, ${Math.ceil(count / CLUSTER) - 1}) c;
    insert into nodes (id, cluster_id, name, status, cores, memory_mb, created_at)
      select gen_random_uuid(), c.id, 'pve' || i, 'online', 64, 1000000, now() from clusters c, generate_series(1, 100) i;
    insert into ip_pools (id, cluster_id, name, network, gateway, range_start, range_end, created_at)
      select gen_random_uuid(), c.id, 'pool ' || k, set_masklen(net, 20), net + 1, net + 2, net + 4094, now()
      from generate_series(0, ${Math.ceil(count / POOL) - 1}) k join clusters c on c.name = 'cluster ' || k * ${POOL} / ${CLUSTER},
        lateral (select '10.0.0.0'::inet + k * 4096 as net) n;
    insert into cloud_pod_plans (id, code, name, cores, memory_mb, disk_gb, created_at)
      values (plan, 'small', 'Small', 1, 2048, 20, now());
    insert into prices (id, plan_id, currency, "interval", unit_minor, created_at) values (gen_random_uuid(), plan, 'EUR', 'month', 500, now());
    insert into cloud_pod_blueprints (id, code, name, kind, created_at) values (gen_random_uuid(), 'debian', 'Debian', 'vm', now());
  end $$`,
  `create table bench_pods as
    select i / ${customers / count} as i, c.id as customer_id, c.tenant_id, c.last, p.id as plan_id, r.id as price_id, b.id as blueprint_id
    from bench_customers c, cloud_pod_plans p join prices r on r.plan_id = p.id, cloud_pod_blueprints b
    where c.i % ${customers / count} = 0 order by c.i`,
  `create table bench_places as
    select o.id as pool_id, (network(o.network)::inet - '10.0.0.0'::inet) / 4096 as pool, network(o.network)::inet as net, o.cluster_id,
      (select array_agg(id order by name) from nodes where cluster_id = o.cluster_id) as nodes
    from ip_pools o`,
  `insert into subscriptions (id, tenant_id, customer_id, state, plan_id, price_id, currency, billing_tz, payment_due_at, anchor_date, current_period,
      periods_billed, started_at, ended_at, next_step, next_step_at, created_at, updated_at)
    select ${idOf('subscription')}, tenant_id, customer_id, state, plan_id, price_id, 'EUR', 'UTC', case when state = 'awaiting_payment' then now() + interval '14 days' end,
      current_date - i % 28, tstzrange(date_trunc('day', now()) - i % 28 * interval '1 day', date_trunc('day', now()) + (29 - i % 28) * interval '1 day'), 1,
      ${at}, case when state = 'terminated' then now() end, case when state = 'active' then 'renew' end,
      case when state = 'active' then date_trunc('day', now()) + (29 - i % 28) * interval '1 day' end, ${at}, ${at}
    from bench_pods, lateral (select case when i % 100 < 90 then 'active' when i % 100 < 92 then 'grace' when i % 100 < 94 then 'suspended'
      when i % 100 < 95 then 'awaiting_payment' else 'terminated' end as state) s order by i`,
  `insert into subscription_items (id, tenant_id, subscription_id, price_id, created_at)
    select ${idOf('item')}, tenant_id, ${idOf('subscription')}, price_id, ${at} from bench_pods order by i`,
  `insert into cloud_pods (id, tenant_id, customer_id, subscription_id, hostname, kind, plan_id, blueprint_id, cores, memory_mb, disk_gb, cluster_id,
      node_id, vmid, mac, state, deleted_at, power_state, power_checked_at, tags, created_at, updated_at)
    select ${idOf('pod')}, tenant_id, customer_id, ${idOf('subscription')},
      case i % 3 when 0 then 'web' when 1 then 'mail' else 'db' end || i * ${customers / count} || '.' || search_fold(last) || '.example.com',
      'vm', plan_id, blueprint_id, 1, 2048, 20, cluster_id, nodes[1 + i % 100], 100 + i, ('02' || lpad(to_hex(i), 10, '0'))::macaddr,
      case when i % 100 < 95 then 'active' else 'deleted' end, case when i % 100 >= 95 then now() end, 'running', now(),
      case when i % 10 = 3 then '{production}' else '{}' end::text[], ${at}, ${at}
    from bench_pods join bench_places on pool = (i - 1) / ${POOL} order by i`,
  `insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, is_primary, created_at)
    select pool_id, net + 2 + (i - 1) % ${POOL}, tenant_id, 'assigned', ${idOf('pod')}, true, ${at}
    from bench_pods join bench_places on pool = (i - 1) / ${POOL} where i % 100 < 95 order by i`,
  `insert into provisioning_jobs (id, queue, kind, tenant_id, subject_type, subject_id, subject_label, state, payload, idempotency_key, correlation_id, actor,
      max_attempts, created_at, started_at, finished_at, seq, month, archive)
    select ${idOf('job')}, 'cloud_pod', 'cloudPod.create', tenant_id, 'cloudPod', ${idOf('pod')}, 'pod ' || i, case when i % 50 = 9 then 'failed' else 'succeeded' end, '{}',
      'create ' || i, 'create ' || i, '{"type": "system", "id": null, "label": "bench"}', 3, ended - interval '5 seconds', ended - interval '4 seconds', ended, 1,
      case when i > ${Math.floor(count * 0.99)} then 'infinity'::date else date_trunc('month', ended at time zone 'UTC')::date end,
      case when i > ${Math.floor(count * 0.99)} then null else '{"steps": [], "log": []}'::jsonb end
    from bench_pods, lateral (select now() - (${count} - i) * (interval '60 days' / ${count}) as ended) e order by i`,
]

/** One invoice for each pod, of which 2 % are open, the others paid; posted in the books as the services do. */
export const billing = (): string[] => [
  `insert into invoices (id, tenant_id, customer_id, subscription_id, number, status, currency, issue_date, due_date, subtotal_minor, total_minor, paid_minor,
      buyer, seller, issued_at, created_at)
    select ${idOf('invoice')}, tenant_id, customer_id, ${idOf('subscription')}, 'INV-' || lpad(i::text, 7, '0'), case when i % 50 = 1 then 'open' else 'paid' end, 'EUR',
      current_date - i % 28, current_date - i % 28 + 14, 500, 500, case when i % 50 = 1 then 0 else 500 end,
      jsonb_build_object('name', last), '{"name": "Example Ltd"}', ${at}, ${at} from bench_pods order by i`,
  `insert into invoice_lines (id, tenant_id, invoice_id, line_no, item_id, kind, period, description, unit_minor, net_minor, gross_minor, dedupe_key)
    select ${idOf('line')}, tenant_id, ${idOf('invoice')}, 1, ${idOf('item')}, 'recurring',
      tstzrange(date_trunc('day', now()) - i % 28 * interval '1 day', date_trunc('day', now()) + (29 - i % 28) * interval '1 day'),
      'Small', 500, 500, 500, 'line ' || i from bench_pods order by i`,
  `insert into payments (id, tenant_id, customer_id, external_id, method, currency, amount_minor, status, received_at, recorded_by, created_at)
    select ${idOf('payment')}, tenant_id, customer_id, 'transfer ' || i, 'bank_transfer', 'EUR', 500, 'succeeded', ${at}, '{"type": "system", "id": null, "label": "bench"}', ${at}
    from bench_pods where i % 50 <> 1 order by i`,
  `insert into payment_allocations (payment_id, invoice_id, tenant_id, amount_minor, created_at)
    select ${idOf('payment')}, ${idOf('invoice')}, tenant_id, 500, ${at} from bench_pods where i % 50 <> 1 order by i`,
  `insert into ledger_accounts (id, tenant_id, code, currency) select ${idOf('cash', 'n')}, id, 'cash', 'EUR' from bench_tenants
    union all select ${idOf('revenue', 'n')}, id, 'revenue', 'EUR' from bench_tenants`,
  `insert into ledger_accounts (id, tenant_id, code, customer_id, currency)
    select ${idOf('receivable')}, tenant_id, 'receivable', customer_id, 'EUR' from bench_pods`,
  `insert into ledger_tx (id, tenant_id, kind, source_type, source_id, occurred_at)
    select ${idOf('issued')}, tenant_id, 'issue', 'invoice', ${idOf('invoice')}, ${at} from bench_pods
    union all select ${idOf('paid')}, tenant_id, 'payment', 'payment', ${idOf('payment')}, ${at} from bench_pods where i % 50 <> 1`,
  `insert into ledger_entries (tenant_id, tx_id, account_id, currency, amount_minor)
    select b.tenant_id, tx, account, 'EUR', minor from bench_pods b join bench_tenants t on t.id = b.tenant_id, lateral (values
      (${idOf('issued')}, ${idOf('receivable')}, 500), (${idOf('issued')}, ${idOf('revenue', 't.n')}, -500),
      (${idOf('paid')}, ${idOf('cash', 't.n')}, 500), (${idOf('paid')}, ${idOf('receivable')}, -500)) v (tx, account, minor)
    where i % 50 <> 1 or tx = ${idOf('issued')}`,
  `insert into mails (id, tenant_id, recipient, subject, template, state, created_at, settled_at, invoice_id)
    select ${idOf('mail')}, tenant_id, 'customer' || i || '@example.com', 'Invoice ' || i, 'billing.invoice', 'sent', ${at}, ${at}, ${idOf('invoice')}
    from bench_pods where i % 2 = 0 order by i`,
]

/** A domain with zone and certificate for every fifth pod; one domain of a hundred is unproven, one certificate has a problem. */
export const names = (): string[] => [
  `create table bench_names as select *, 'd' || i || '.' || search_fold(last) || '.example' as name from bench_pods where i % 5 = 0 order by i`,
  `insert into domains (id, tenant_id, customer_id, name, unicode_name, registrable_name, proof, verified_at, created_at, updated_at, expires_at)
    select ${idOf('domain')}, tenant_id, customer_id, name, name, name, md5('proof' || i), case when i % 500 > 0 then now() end, ${at}, ${at},
      now() + i % 365 * interval '1 day' from bench_names order by i`,
  `insert into dns_zones (id, tenant_id, domain_id, server_id, name, state, applied_revision, applied_at, checked_at, compared_at, created_at)
    select ${idOf('zone')}, tenant_id, ${idOf('domain')}, s.id, b.name || '.', 'applied', 1, now(), now(), now(), ${at}
    from bench_names b, dns_servers s where s.kind = 'zonefiles' order by i`,
  `insert into ssl_certificates (id, tenant_id, names, name_set, source, state, version_id, not_after, due_at, checked_at, created_at, updated_at,
      problem_code, problem, failure_class)
    select ${idOf('certificate')}, tenant_id, array[name], encode(sha256(name::bytea), 'hex'), 'issued', 'issued', ${idOf('version')},
      now() + (1 + i % 89) * interval '1 day', now() + (1 + i % 59) * interval '1 day', now(), ${at}, ${at},
      case when i % 500 = 0 then 'dns' end, case when i % 500 = 0 then 'The name does not resolve.' end, case when i % 500 = 0 then 'validation' end
    from bench_names order by i`,
  `insert into ssl_certificate_versions (id, tenant_id, certificate_id, chain_pem, key_sealed, serial, fingerprint, issuer_name, key_type, not_before, not_after, created_at)
    select ${idOf('version')}, tenant_id, ${idOf('certificate')}, '', '', to_hex(i), encode(sha256(name::bytea), 'hex'), 'Example CA', 'ecdsa-p256',
      now() - interval '1 day', now() + (1 + i % 89) * interval '1 day', ${at} from bench_names order by i`,
]

/** What the timer of the dashboard would count tenant by tenant: 500 a month for each live subscription. */
export const figures = (): string => `insert into tenant_figures (tenant_id, subject, key, count, amount)
    select tenant_id, 'customer', state, count(*), 0 from customers group by 1, 3
    union all select tenant_id, 'cloudPod', state, count(*), 0 from cloud_pods group by 1, 3
    union all select tenant_id, 'subscription', state, count(*), 0 from subscriptions group by 1, 3
    union all select tenant_id, 'recurring', 'EUR', count(*), 500 * count(*) from subscriptions
      where state in ('active', 'grace', 'suspending', 'suspended', 'unsuspending') group by 1`

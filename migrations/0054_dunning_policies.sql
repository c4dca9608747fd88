select set_config('app.scope', 'platform', true);

-- What is done about unpaid invoices, in days after the due date. One row for each tenant that has chosen; without a tenant: the
-- platform's, for all others. Null days: never.
create table dunning_policies (
  id uuid primary key,
  tenant_id uuid references tenants,
  remind_after_days int[] not null check (cardinality(remind_after_days) <= 10),
  suspend_after_days int check (suspend_after_days between 1 and 365),
  terminate_after_days int check (terminate_after_days between 4 and 730),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (terminate_after_days >= suspend_after_days + 3)
);
create unique index dunning_policies_once on dunning_policies (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'));
select protect_tenant_table('dunning_policies', shared_rows => true);
grant select, insert, update, delete on dunning_policies to mpanel_app;

-- Nothing ends by itself until somebody has decided so.
insert into dunning_policies (id, tenant_id, remind_after_days, suspend_after_days, terminate_after_days, created_at, updated_at)
values (gen_random_uuid(), null, '{3,7}', 14, null, now(), now());

-- Files of customers on their way in: uploaded in pieces, read into rows, looked at, and imported row by row. Everything
-- stands in the database, so that any worker can go on where another has stopped.
create table customer_imports (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  state text not null default 'uploading' check (state in ('uploading', 'checking', 'checked', 'importing', 'done', 'failed')),
  name text not null check (length(name) between 1 and 200),
  requested_by jsonb not null,
  bytes bigint not null default 0,
  columns text[] not null default '{}',
  row_count int not null default 0,
  -- What the rows would do, and in the end what they did; the rows themselves are gone then.
  report jsonb,
  problem text,
  created_at timestamptz not null,
  finished_at timestamptz,
  expires_at timestamptz not null,
  unique (tenant_id, id),
  check ((finished_at is not null) = (state in ('done', 'failed'))),
  check ((problem is not null) = (state = 'failed'))
);
create index customer_imports_list on customer_imports (tenant_id, id desc);
create index customer_imports_end on customer_imports (expires_at);
select protect_tenant_table('customer_imports');
grant select, insert, update, delete on customer_imports to mpanel_app;

create table customer_import_chunks (
  import_id uuid not null,
  tenant_id uuid not null references tenants,
  number int not null check (number >= 0),
  data bytea not null,
  primary key (import_id, number),
  foreign key (tenant_id, import_id) references customer_imports (tenant_id, id) on delete cascade
);
select protect_tenant_table('customer_import_chunks');
grant select, insert, delete on customer_import_chunks to mpanel_app;

-- outcome: null until somebody has looked at the row. means: a hash of whom the row is about, the same for two rows about
-- the same customer. done: it was imported, or left out, and is not taken again.
create table customer_import_rows (
  import_id uuid not null,
  tenant_id uuid not null references tenants,
  line int not null check (line > 0),
  cells jsonb not null,
  outcome text check (outcome in ('create', 'update', 'unchanged', 'refused')),
  means text,
  customer_id uuid,
  plan jsonb,
  done boolean not null default false,
  primary key (import_id, line),
  foreign key (tenant_id, import_id) references customer_imports (tenant_id, id) on delete cascade,
  check ((outcome is null) = (plan is null)),
  check (outcome is not null or not done)
);
create index customer_import_rows_means on customer_import_rows (import_id, means) where means is not null;
create index customer_import_rows_done on customer_import_rows (import_id, customer_id) where done;
select protect_tenant_table('customer_import_rows');
grant select, insert, update, delete on customer_import_rows to mpanel_app;

-- The customers of a tenant that rows of a file may mean, but those whom this import has made or changed already: to the
-- rows behind, they are as they were. Those who were merged are found by their id only. Row-level security keeps
-- lower(email) from its index, so this runs with its owner's rights and applies the scope itself. Each value is looked up
-- by its index: while a tenant grows by thousands in a minute, the planner takes it for a small one and would read it whole.
create function customers_meant(p_tenant uuid, p_import uuid, p_ids uuid[], p_refs text[], p_emails text[])
returns table (id uuid, external_ref text, email text) language plpgsql stable security definer
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  if not (app_platform() or p_tenant = any (app_tenants())) then return; end if;
  return query
    with found as (
      select c.id, c.external_ref, lower(c.email) as email from unnest(p_ids) i join customers c on c.id = i
        where c.tenant_id = p_tenant
      union
      select c.id, c.external_ref, lower(c.email) from unnest(p_refs) r join customers c on c.external_ref = r
        where c.tenant_id = p_tenant and c.state <> 'merged'
      union
      select c.id, c.external_ref, lower(c.email) from unnest(p_emails) e join customers c on lower(c.email) = e
        where c.tenant_id = p_tenant and c.state <> 'merged'
    )
    select f.id, f.external_ref, f.email from found f
    where not exists (select from customer_import_rows r where r.import_id = p_import and r.customer_id = f.id and r.done)
    order by f.id;
end $$;
revoke all on function customers_meant from public;
grant execute on function customers_meant to mpanel_app;

-- Exports: everything that belongs to a tenant, as one file. It is kept in pieces, so that any server can hand it out
-- and no process ever holds all of it.
create table tenant_exports (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  state text not null default 'waiting' check (state in ('waiting', 'ready', 'failed')),
  requested_by jsonb not null,
  bytes bigint not null default 0,
  row_count bigint not null default 0,
  sha256 text,
  problem text,
  created_at timestamptz not null,
  finished_at timestamptz,
  expires_at timestamptz,
  unique (tenant_id, id),
  check ((state = 'ready') = (sha256 is not null)),
  check ((state = 'waiting') = (finished_at is null))
);
create unique index tenant_exports_waiting on tenant_exports (tenant_id) where state = 'waiting';
create index tenant_exports_list on tenant_exports (tenant_id, id desc);
create index tenant_exports_end on tenant_exports (expires_at) where expires_at is not null;
select protect_tenant_table('tenant_exports');
grant select, insert, update, delete on tenant_exports to mpanel_app;

create table tenant_export_chunks (
  export_id uuid not null,
  tenant_id uuid not null references tenants,
  number int not null check (number >= 0),
  data bytea not null,
  primary key (export_id, number),
  foreign key (tenant_id, export_id) references tenant_exports (tenant_id, id) on delete cascade
);
select protect_tenant_table('tenant_export_chunks');
grant select, insert, delete on tenant_export_chunks to mpanel_app;

-- The closing of a tenant. `was`: its state before, which a cancellation brings back; suspension_id: the suspension that
-- the closing itself began. `erased`: rows removed by table; `proof`: the signed document of what is gone.
create table tenant_closures (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  state text not null check (state in ('cooling', 'destroying', 'erasing', 'closed', 'cancelled')),
  reason text not null check (length(reason) between 1 and 500),
  was text not null check (was in ('active', 'suspended')),
  suspension_id uuid,
  started_by jsonb not null,
  started_at timestamptz not null,
  due_at timestamptz not null,
  ended_at timestamptz,
  pods jsonb not null default '[]',
  erased jsonb not null default '{}',
  proof jsonb,
  unique (tenant_id, id),
  check ((ended_at is not null) = (state in ('closed', 'cancelled'))),
  check ((proof is not null) = (state = 'closed'))
);
create unique index tenant_closures_open on tenant_closures (tenant_id) where ended_at is null;
create index tenant_closures_list on tenant_closures (tenant_id, id desc);
select protect_tenant_table('tenant_closures');
grant select, insert, update on tenant_closures to mpanel_app;

-- Nothing is erased of a tenant that is not being erased, and never what the law keeps.
create function require_erasing(p_tenant uuid) returns void language plpgsql as $$
begin
  if not exists (select from tenants where id = p_tenant and state = 'closing')
     or not exists (select from tenant_closures where tenant_id = p_tenant and state = 'erasing') then
    raise exception 'tenant % is not being erased', p_tenant using errcode = 'insufficient_privilege';
  end if;
end $$;

-- Removes some of a tenant's rows of a table, with its owner's rights: the application may not delete most of them.
-- p_column: the rows belong to the tenant of the row of p_parent that it points to. @returns how many
create function erase_tenant_rows(p_tenant uuid, p_table text, p_column text, p_parent text, p_parent_column text, p_limit int)
returns bigint language plpgsql security definer set search_path = public as $$
declare
  removed bigint;
  condition text := 't.tenant_id = $1';
begin
  perform require_erasing(p_tenant);
  if p_table = any (array['tenants', 'tenant_closures', 'audit_events', 'audit_holds', 'invoices', 'invoice_lines', 'invoice_series',
      'credit_notes', 'payments', 'payment_allocations', 'ledger_accounts', 'ledger_tx', 'ledger_entries']) then
    raise exception 'the rows of % are kept', p_table using errcode = 'insufficient_privilege';
  end if;
  if p_column is not null then
    condition := format('exists (select from %I p where p.%I = t.%I and p.tenant_id = $1)', p_parent, p_parent_column, p_column);
  end if;
  -- A job that is not over is somebody's work.
  if p_table = 'provisioning_jobs' then condition := condition || ' and t.finished_at is not null'; end if;
  execute format('delete from %1$I d using (select t.tableoid as part, t.ctid as place from %1$I t where %2$s limit $2) gone
    where d.tableoid = gone.part and d.ctid = gone.place', p_table, condition) using p_tenant, p_limit;
  get diagnostics removed = row_count;
  return removed;
end $$;

-- Removes customers to whom nothing points that is kept.
create function erase_tenant_customers(p_tenant uuid) returns bigint language plpgsql security definer set search_path = public as $$
declare removed bigint;
begin
  perform require_erasing(p_tenant);
  delete from customers c where c.tenant_id = p_tenant
    and not exists (select from subscriptions s where s.customer_id = c.id)
    and not exists (select from invoices i where i.customer_id = c.id)
    and not exists (select from payments p where p.customer_id = c.id)
    and not exists (select from ledger_accounts l where l.customer_id = c.id)
    and not exists (select from customers m where m.merged_into = c.id);
  get diagnostics removed = row_count;
  return removed;
end $$;

-- Users who may do something in this tenant and nowhere else. Grants of other tenants are seen for this question only.
create function users_of_tenant_only(p_tenant uuid) returns table (id uuid, email text) language plpgsql
security definer set search_path = public as $$
declare caller_scope text := coalesce(current_setting('app.scope', true), '');
begin
  perform set_config('app.scope', 'platform', true);
  return query select u.id, u.email from users u
    where exists (select from role_grants g where g.user_id = u.id and g.tenant_id = p_tenant)
      and not exists (select from role_grants g where g.user_id = u.id and g.tenant_id is distinct from p_tenant)
    order by u.email;
  perform set_config('app.scope', caller_scope, true);
end $$;

-- Removes them; what still points to one keeps an empty name.
create function erase_tenant_users(p_tenant uuid) returns bigint language plpgsql security definer set search_path = public as $$
declare
  one record;
  removed bigint := 0;
begin
  perform require_erasing(p_tenant);
  for one in select u.id from users_of_tenant_only(p_tenant) u loop
    begin
      update role_grants set granted_by = null where granted_by = one.id;
      delete from users where id = one.id;
    exception when foreign_key_violation then
      delete from sessions where user_id = one.id;
      delete from login_history where user_id = one.id;
      delete from user_totp where user_id = one.id;
      delete from user_recovery_codes where user_id = one.id;
      delete from user_passkeys where user_id = one.id;
      delete from role_grants where user_id = one.id;
      update users set email = 'erased-' || one.id || '@example.invalid', name = 'Erased', password_hash = null,
        state = 'disabled', updated_at = now() where id = one.id;
    end;
    removed := removed + 1;
  end loop;
  return removed;
end $$;
revoke all on function erase_tenant_rows, erase_tenant_customers, erase_tenant_users, users_of_tenant_only from public;
grant execute on function erase_tenant_rows, erase_tenant_customers, erase_tenant_users, users_of_tenant_only to mpanel_app;

-- Settings: a row only where somebody decided otherwise. tenant_id null: the platform's, inherited by every tenant.
create table settings (
  tenant_id uuid references tenants,
  key text not null check (length(key) <= 100),
  value jsonb not null,
  updated_at timestamptz not null
);
create unique index settings_once on settings (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), key);
select protect_tenant_table('settings', shared_rows => true);
grant select, insert, update, delete on settings to mpanel_app;

-- Why and since when a tenant is suspended; ended_at null: it still is.
create table tenant_suspensions (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  reason text not null check (length(reason) between 1 and 500),
  started_by jsonb not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id)
);
create unique index tenant_suspensions_open on tenant_suspensions (tenant_id) where ended_at is null;
create index tenant_suspensions_list on tenant_suspensions (tenant_id, id desc);
select protect_tenant_table('tenant_suspensions');
grant select, insert, update on tenant_suspensions to mpanel_app;

-- One row for each pod that a suspension stops. ran: what was read before it was stopped, written once, so that a
-- restoration starts exactly what ran.
create table tenant_suspended_pods (
  suspension_id uuid not null,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  ran boolean,
  stopped_at timestamptz,
  restored_at timestamptz,
  primary key (suspension_id, pod_id),
  foreign key (tenant_id, suspension_id) references tenant_suspensions (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id)
);
create index tenant_suspended_pods_pod on tenant_suspended_pods (tenant_id, pod_id);
select protect_tenant_table('tenant_suspended_pods');
grant select, insert, update on tenant_suspended_pods to mpanel_app;

create function tenant_is_active(p_tenant uuid) returns boolean language plpgsql as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  active boolean;
begin
  perform set_config('app.scope', 'platform', true);
  select state = 'active' into active from tenants where id = p_tenant;
  perform set_config('app.scope', caller_scope, true);
  return coalesce(active, false);
end $$;

-- What somebody was granted in a tenant that is not active counts for nothing until it is again. The functions that
-- find a caller keep their names, so every way to log in passes here.
alter function user_grants(uuid, timestamptz) rename to user_grants_anywhere;
create function user_grants(p_user uuid, p_at timestamptz) returns jsonb language plpgsql as $$
begin
  return (select coalesce(jsonb_agg(g), '[]') from jsonb_array_elements(user_grants_anywhere(p_user, p_at)) g
    where g->>'tenantId' is null or tenant_is_active((g->>'tenantId')::uuid));
end $$;
alter function identify_api_key(bytea, timestamptz, inet) rename to identify_api_key_anywhere;
create function identify_api_key(p_hash bytea, p_at timestamptz, p_ip inet)
returns table (id uuid, name text, user_id uuid, email text, user_name text, tenant_id uuid, scopes text[],
  last_used_at timestamptz, grants jsonb) language plpgsql as $$
begin
  return query select * from identify_api_key_anywhere(p_hash, p_at, p_ip) k
    where k.tenant_id is null or tenant_is_active(k.tenant_id);
end $$;

-- Whether everything somebody was granted is in tenants that are not active.
create function user_is_shut_out(p_user uuid, p_at timestamptz) returns boolean language sql as $$
  select jsonb_array_length(user_grants_anywhere(p_user, p_at)) > 0 and jsonb_array_length(user_grants(p_user, p_at)) = 0
$$;

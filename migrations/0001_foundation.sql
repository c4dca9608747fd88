-- The wall between tenants, and the tools every later table uses.
create extension if not exists btree_gist;
create extension if not exists pg_trgm;

-- The role requests and jobs work as. It owns nothing, so row-level security binds it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'mpanel_app') then
    create role mpanel_app nologin;
  end if;
exception when duplicate_object or unique_violation then null; -- another database of this server was faster
end $$;
do $$
begin
  execute format('grant mpanel_app to %I', current_user);
exception when unique_violation then null;
end $$;
grant usage on schema public to mpanel_app;

-- Tenant scope of the running transaction: 'platform', or the list of tenants in app.tenants. Neither set: nothing is seen.
create function app_platform() returns boolean language sql stable parallel safe
  as $$ select coalesce(current_setting('app.scope', true), '') = 'platform' $$;
create function app_tenants() returns uuid[] language sql stable parallel safe
  as $$ select coalesce(nullif(current_setting('app.tenants', true), ''), '{}')::uuid[] $$;

-- One policy for every table with tenant_id. `shared_rows`: rows without a tenant belong to the platform's
-- catalogue, which everybody may read and only the platform may write.
create function protect_tenant_table(table_name text, shared_rows boolean default false, tenant_column text default 'tenant_id')
returns void language plpgsql as $$
declare own text := format('(select app_platform()) or %I = any ((select app_tenants())::uuid[])', tenant_column);
begin
  execute format('alter table %I enable row level security', table_name);
  execute format('alter table %I force row level security', table_name);
  if shared_rows then
    execute format('create policy tenant_read on %I for select using (%s or %I is null)', table_name, own, tenant_column);
    execute format('create policy tenant_insert on %I for insert with check (%s)', table_name, own);
    execute format('create policy tenant_update on %I for update using (%s) with check (%s)', table_name, own, own);
    execute format('create policy tenant_delete on %I for delete using (%s)', table_name, own);
  else
    execute format('create policy tenant_wall on %I using (%s) with check (%s)', table_name, own, own);
  end if;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end $$;

create table tenants (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  state text not null default 'active' check (state in ('active', 'suspended', 'closing', 'closed')),
  billing_tz text not null default 'UTC',
  default_currency char(3) not null default 'EUR' check (default_currency ~ '^[A-Z]{3}$'),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
select protect_tenant_table('tenants', tenant_column => 'id');
grant select, insert, update on tenants to mpanel_app;

-- Logins. A user belongs to the platform and/or to tenants by role_grants.
create table users (
  id uuid primary key,
  email text not null check (email = lower(email) and email like '%_@_%'),
  name text not null,
  password_hash text,
  state text not null default 'active' check (state in ('active', 'disabled')),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index users_email on users (email);
grant select, insert, update on users to mpanel_app;

-- Built-in roles take their permissions from the code; role_permissions serves custom ones.
create table roles (
  id uuid primary key,
  tenant_id uuid references tenants,
  key text not null,
  name text not null,
  builtin boolean not null default false,
  created_at timestamptz not null
);
create unique index roles_key on roles (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), key);
select protect_tenant_table('roles', shared_rows => true);
create table role_permissions (
  role_id uuid not null references roles on delete cascade,
  permission text not null,
  primary key (role_id, permission)
);
insert into roles (id, key, name, builtin, created_at)
select gen_random_uuid(), key, name, true, now() from (values
  ('SUPER_ADMIN', 'Super administrator'), ('PLATFORM_ADMIN', 'Platform administrator'), ('SUPPORT', 'Support'),
  ('BILLING', 'Billing'), ('TENANT_OWNER', 'Tenant owner'), ('TENANT_ADMIN', 'Tenant administrator'),
  ('TENANT_USER', 'Tenant user')) as r (key, name);

-- tenant_id null: the grant holds for the platform and so for every tenant.
create table role_grants (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  role_id uuid not null references roles,
  tenant_id uuid references tenants,
  granted_by uuid references users,
  expires_at timestamptz,
  created_at timestamptz not null
);
create unique index role_grants_once on role_grants (user_id, role_id, coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'));
select protect_tenant_table('role_grants');
grant select, insert, delete on roles, role_permissions, role_grants to mpanel_app;

-- Only the SHA-256 of a token is stored: whoever reads the table cannot log in with it.
create table sessions (
  id uuid primary key,
  token_hash bytea not null unique,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  ip inet,
  user_agent text
);
create index sessions_user on sessions (user_id);
grant select, insert, update on sessions to mpanel_app;

create table api_keys (
  id uuid primary key,
  prefix text not null unique,
  token_hash bytea not null unique,
  name text not null,
  user_id uuid not null references users on delete cascade,
  tenant_id uuid references tenants,
  scopes text[] not null,
  allowed_cidrs cidr[] not null default '{}',
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_user on api_keys (user_id);
select protect_tenant_table('api_keys');
grant select, insert, update on api_keys to mpanel_app;

-- Who calls, with everything they were granted, in one statement: the wall is opened for it and for nothing else.
create function user_grants(p_user uuid, p_at timestamptz) returns jsonb language plpgsql as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  found jsonb;
begin
  perform set_config('app.scope', 'platform', true);
  select coalesce(jsonb_agg(jsonb_build_object('key', r.key, 'name', r.name, 'tenantId', g.tenant_id)), '[]') into found
  from role_grants g join roles r on r.id = g.role_id
  where g.user_id = p_user and (g.expires_at is null or g.expires_at > p_at);
  perform set_config('app.scope', caller_scope, true);
  return found;
end $$;

-- The live API key of a token with its owner; no row also when the caller's address is not allowed.
create function identify_api_key(p_hash bytea, p_at timestamptz, p_ip inet)
returns table (id uuid, name text, user_id uuid, email text, user_name text, tenant_id uuid, scopes text[],
  last_used_at timestamptz, grants jsonb) language plpgsql as $$
declare caller_scope text := coalesce(current_setting('app.scope', true), '');
begin
  perform set_config('app.scope', 'platform', true);
  return query select k.id, k.name, u.id, u.email, u.name, k.tenant_id, k.scopes, k.last_used_at, user_grants(u.id, p_at)
    from api_keys k join users u on u.id = k.user_id
    where k.token_hash = p_hash and u.state = 'active' and k.revoked_at is null and k.expires_at > p_at
      and (cardinality(k.allowed_cidrs) = 0 or p_ip <<= any (k.allowed_cidrs));
  perform set_config('app.scope', caller_scope, true);
end $$;

-- The answer to a POST that carried an Idempotency-Key, written in the transaction of its effect.
create table idempotency_keys (
  subject text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash bytea not null,
  status int,
  response jsonb,
  created_at timestamptz not null,
  primary key (subject, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
grant select, insert, update, delete on idempotency_keys to mpanel_app;

-- Secrets of this installation that the database must not be able to read, sealed by the secret key; and plain facts about it.
create table installation (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null
);
grant select, insert, update on installation to mpanel_app;

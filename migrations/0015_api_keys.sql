-- API keys in full: limited to named things, rotated, and of service accounts.
alter table users
  add column kind text not null default 'person' check (kind in ('person', 'service')),
  add constraint users_service_has_no_password check (kind = 'person' or password_hash is null);

-- A user for a program. It belongs to a tenant or to the platform (tenant_id null), and stays as a name of what it did
-- after it was removed.
create table service_accounts (
  id uuid primary key references users,
  tenant_id uuid references tenants,
  description text not null default '',
  version int not null default 1,
  created_by uuid references users,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index service_accounts_list on service_accounts (tenant_id, id desc);
select protect_tenant_table('service_accounts');
grant select, insert, update on service_accounts to mpanel_app;

-- `resources`: the only things, as [{"type", "id"}], that the key's calls may be about; none: no such limit.
alter table api_keys
  add column resources jsonb not null default '[]' check (jsonb_typeof(resources) = 'array'),
  add column last_used_ip inet,
  add column replaces uuid references api_keys,
  add column created_by uuid references users,
  add column version int not null default 1;
drop index api_keys_user;
create index api_keys_user on api_keys (user_id, id desc);
create index api_keys_list on api_keys (tenant_id, id desc);
create index api_keys_replaces on api_keys (replaces) where replaces is not null;

drop function identify_api_key(bytea, timestamptz, inet);
drop function identify_api_key_anywhere(bytea, timestamptz, inet);
-- The live API key of a token with its owner; no row also when the caller's address is not allowed, or the key's tenant
-- is not active.
create function identify_api_key(p_hash bytea, p_at timestamptz, p_ip inet)
returns table (id uuid, name text, user_id uuid, email text, user_name text, tenant_id uuid, scopes text[],
  resources jsonb, last_used_at timestamptz, last_used_ip inet, grants jsonb) language plpgsql as $$
declare caller_scope text := coalesce(current_setting('app.scope', true), '');
begin
  perform set_config('app.scope', 'platform', true);
  return query select k.id, k.name, u.id, u.email, u.name, k.tenant_id, k.scopes, k.resources, k.last_used_at,
      k.last_used_ip, user_grants(u.id, p_at)
    from api_keys k join users u on u.id = k.user_id
    where k.token_hash = p_hash and u.state = 'active' and k.revoked_at is null and k.expires_at > p_at
      and (cardinality(k.allowed_cidrs) = 0 or p_ip <<= any (k.allowed_cidrs))
      and (k.tenant_id is null or tenant_is_active(k.tenant_id));
  perform set_config('app.scope', caller_scope, true);
end $$;

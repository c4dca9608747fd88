-- Roles that people make, and the administration of users.
alter table roles
  add column version int not null default 1,
  add column updated_at timestamptz not null default now(),
  add constraint roles_custom_key check (builtin or key ~ '^[a-z0-9][a-z0-9-]{0,62}$' or key ~ '^[A-Z][A-Z0-9_]{0,62}$');
create index roles_tenant on roles (tenant_id, id);
create index role_grants_tenant on role_grants (tenant_id, user_id);
create index role_grants_role on role_grants (role_id);
grant update on roles to mpanel_app;

create index users_search on users using gin ((name || ' ' || email) gin_trgm_ops);

-- As before, and with what a role of people's own making may do (null: the code knows, it is a built-in one).
create or replace function user_grants(p_user uuid, p_at timestamptz) returns jsonb language plpgsql as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  found jsonb;
begin
  perform set_config('app.scope', 'platform', true);
  select coalesce(jsonb_agg(jsonb_build_object('roleId', r.id, 'key', r.key, 'name', r.name, 'tenantId', g.tenant_id,
      'permissions', case when not r.builtin then
        (select coalesce(jsonb_agg(p.permission), '[]') from role_permissions p where p.role_id = r.id) end)), '[]')
    into found
  from role_grants g join roles r on r.id = g.role_id
  where g.user_id = p_user and (g.expires_at is null or g.expires_at > p_at);
  perform set_config('app.scope', caller_scope, true);
  return found;
end $$;

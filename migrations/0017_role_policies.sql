-- Whether users of a role need a second factor, for built-in roles and those of people's own making.
alter table roles add column requires_mfa boolean not null default false;

-- As before, and with what the role asks of its users.
create or replace function user_grants_anywhere(p_user uuid, p_at timestamptz) returns jsonb language plpgsql as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  found jsonb;
begin
  perform set_config('app.scope', 'platform', true);
  select coalesce(jsonb_agg(jsonb_build_object('roleId', r.id, 'key', r.key, 'name', r.name, 'tenantId', g.tenant_id,
      'requiresMfa', r.requires_mfa, 'permissions', case when not r.builtin then
        (select coalesce(jsonb_agg(p.permission), '[]') from role_permissions p where p.role_id = r.id) end)), '[]')
    into found
  from role_grants g join roles r on r.id = g.role_id
  where g.user_id = p_user and (g.expires_at is null or g.expires_at > p_at);
  perform set_config('app.scope', caller_scope, true);
  return found;
end $$;

-- When a user last logged in.
create index login_history_success on login_history (user_id, id desc) where outcome = 'success';

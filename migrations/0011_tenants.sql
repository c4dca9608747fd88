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

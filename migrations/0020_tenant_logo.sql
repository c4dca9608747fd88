-- The logo of a tenant: its address holds its hash, so that it may be kept for ever by whoever has seen it.
create table tenant_logos (
  tenant_id uuid primary key references tenants,
  type text not null check (type in ('image/png', 'image/jpeg', 'image/webp')),
  width int not null check (width between 1 and 2000),
  height int not null check (height between 1 and 2000),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  data bytea not null check (length(data) between 1 and 200000),
  updated_at timestamptz not null
);
select protect_tenant_table('tenant_logos');
grant select, insert, update, delete on tenant_logos to mpanel_app;

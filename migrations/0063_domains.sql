select set_config('app.scope', 'platform', true);

-- Names that customers use with us. name: in full, lower case, other scripts as A-labels, without a last dot. registrable_name: the
-- part that is registered at a registry (of the Public Suffix List): whoever has proven that one is asked before others use names below.
-- registration: 'external' is registered elsewhere, and its owner proves it by a TXT record with proof; every other state is what the
-- registry says of a domain that is registered through us. dns: how far its zone is.
create table domains (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid,
  name text not null check (name ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$' and length(name) <= 253),
  unicode_name text not null,
  registrable_name text not null check (name = registrable_name or name like '%.' || registrable_name),
  registration text not null default 'external',
  proof text not null check (length(proof) between 20 and 100),
  verified_at timestamptz,
  checked_at timestamptz,
  check_fault text,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  constraint domains_registration check (registration in ('external', 'ended')),
  check ((registration = 'ended') = (ended_at is not null))
);
-- Many may claim a name; one has it.
create unique index domains_once on domains (name) where verified_at is not null and ended_at is null;
create unique index domains_once_in_tenant on domains (tenant_id, name) where ended_at is null;
create index domains_registrable on domains (registrable_name) where ended_at is null;
create index domains_list on domains (tenant_id, id desc);
create index domains_customer on domains (tenant_id, customer_id, id desc) where customer_id is not null;
create index domains_unverified on domains (coalesce(checked_at, created_at)) where verified_at is null and ended_at is null;
select protect_tenant_table('domains');
grant select, insert, update on domains to mpanel_app;

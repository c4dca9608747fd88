-- Premium names are sold at the registry's price and this margin; null: they are not. registry_limit_minor: below what the registry
-- itself says that the balance is low.
alter table registrar_accounts add column premium_margin_percent int check (premium_margin_percent between 0 and 1000);
alter table registrar_accounts add column registry_limit_minor bigint check (registry_limit_minor >= 0);

-- What registries ask for premium names, as a search has seen it: an order is made at what was seen, and no other price is paid.
-- prices: by deed, for a year, in the account's currency and without margin.
create table premium_quotes (
  account_id uuid not null references registrar_accounts,
  name text not null,
  prices jsonb not null,
  seen_at timestamptz not null,
  primary key (account_id, name)
);
create index premium_quotes_seen on premium_quotes (seen_at);
grant select, insert, update, delete on premium_quotes to mpanel_app;

-- A premium name of ours: what its registry asks for a year and for a restore, and what renewing was last seen to cost by whoever
-- ordered. Null: it is none.
alter table domains add column premium jsonb;

-- Whom a registry is told beside the holder, where an order says nothing: the tenant's, or the platform's.
create table domain_default_contacts (
  id uuid primary key,
  tenant_id uuid references tenants,
  role text not null check (role in ('admin', 'tech', 'billing')),
  data jsonb not null,
  updated_at timestamptz not null
);
create unique index domain_default_contacts_role
  on domain_default_contacts (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), role);
select protect_tenant_table('domain_default_contacts', shared_rows => true);
grant select, insert, update, delete on domain_default_contacts to mpanel_app;

-- A deed that the account had too little money for: since when it waits, and with how much in the account, where that is told.
alter table domain_operations add column held_at timestamptz;
alter table domain_operations add column held_balance_minor bigint;
-- short: none waits yet
create index domain_operations_held on domain_operations (account_id) where held_at is not null and ended_at is null;

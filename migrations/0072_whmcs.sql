select set_config('app.scope', 'platform', true);

-- WHMCS. url: where it is. authority: whose invoices count in this tenant, mPanel's own, or those of the provider, which are then
-- read as a record. read_at: when all of its books were read last.
alter table billing_providers
  add column url text,
  add column authority text not null default 'mpanel' check (authority in ('mpanel', 'provider')),
  add column read_at timestamptz,
  drop constraint billing_providers_kind_check,
  drop constraint billing_providers_check,
  drop constraint billing_providers_check1,
  add constraint billing_providers_kind_check check (kind in ('manual', 'stripe', 'whmcs')),
  add constraint billing_providers_key check ((kind = 'manual') = (key_sealed is null) and (kind = 'manual') = (live is null)),
  add constraint billing_providers_by_hand
    check (kind <> 'manual' or (account is null and webhook_secret_sealed is null and not charges_automatically)),
  add constraint billing_providers_whmcs check ((kind = 'whmcs') = (url is not null) and (kind <> 'whmcs' or tenant_id is not null)),
  add constraint billing_providers_authority check (authority = 'mpanel' or (kind = 'whmcs' and not charges_automatically));

alter table billing_events
  drop constraint billing_events_target_kind_check,
  add constraint billing_events_target_kind_check
    check (target_kind in ('payment', 'page', 'customer', 'method', 'client', 'service', 'invoice'));

-- A reading of a provider's books: check only compares, take takes over what is new. report: counts, totals by currency, differences.
create table billing_record_runs (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid not null references billing_providers,
  mode text not null check (mode in ('check', 'take')),
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  look bigint not null,
  report jsonb,
  problem text,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  check ((state = 'running') = (ended_at is null)),
  check ((state = 'done') = (report is not null)),
  check ((state = 'failed') = (problem is not null))
);
create unique index billing_record_runs_one on billing_record_runs (provider_id) where state = 'running';
create index billing_record_runs_list on billing_record_runs (tenant_id, id desc);
create index billing_record_runs_provider on billing_record_runs (provider_id, id desc);
select protect_tenant_table('billing_record_runs');
grant select, insert, update on billing_record_runs to mpanel_app;

-- What a provider sells that keeps the books itself. look: the number that was taken before it was looked at; gone_at: it was not
-- there any more when all of them were read.
create table billing_record_services (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid not null references billing_providers,
  customer_id uuid not null,
  external_id text not null,
  product text not null,
  name text not null,
  status text not null check (status in ('pending', 'active', 'suspended', 'ended', 'other')),
  currency char(3) not null,
  recurring_minor bigint not null,
  cycle text not null,
  since date,
  next_due date,
  look bigint not null,
  created_at timestamptz not null,
  gone_at timestamptz,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, external_id)
);
create index billing_record_services_list on billing_record_services (tenant_id, id desc);
create index billing_record_services_customer on billing_record_services (customer_id, id desc);
select protect_tenant_table('billing_record_services');
grant select, insert, update on billing_record_services to mpanel_app;

-- Its invoices with what was paid of them: history, in none of mPanel's series and not in its ledger. total_minor is what was left
-- after credit_minor.
create table billing_record_invoices (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid not null references billing_providers,
  customer_id uuid not null,
  external_id text not null,
  number text not null,
  status text not null check (status in ('draft', 'open', 'paid', 'cancelled', 'refunded', 'uncollectible', 'other')),
  currency char(3) not null,
  issued date,
  due date,
  subtotal_minor bigint not null,
  tax_minor bigint not null,
  credit_minor bigint not null,
  total_minor bigint not null,
  paid_minor bigint not null,
  lines jsonb not null,
  payments jsonb not null,
  look bigint not null,
  created_at timestamptz not null,
  gone_at timestamptz,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, external_id)
);
create index billing_record_invoices_list on billing_record_invoices (tenant_id, id desc);
create index billing_record_invoices_customer on billing_record_invoices (customer_id, id desc);
select protect_tenant_table('billing_record_invoices');
grant select, insert, update on billing_record_invoices to mpanel_app;

-- Who sells, as it stands on invoices, and how it is taxed. A tenant without a row issues invoices without tax.
create table tax_sellers (
  tenant_id uuid primary key references tenants,
  legal_name text not null check (length(legal_name) between 1 and 200),
  address jsonb not null,
  country char(2) not null check (country ~ '^[A-Z]{2}$'),
  tax_id text check (length(tax_id) between 2 and 40),
  registered_countries text[] not null default '{}',
  prices_include_tax boolean not null default false,
  evidence_days int not null default 365 check (evidence_days between 1 and 3650),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
select protect_tenant_table('tax_sellers');
grant select, insert, update, delete on tax_sellers to mpanel_app;

-- Which category (as in EN 16931) and rate counts where, for whom and when. tenant_id null: the platform's, for all tenants.
-- destination: a country, 'EU' for the other member states, '*' for anywhere else. rate_ppm: 220000 is 22 percent.
create table tax_rules (
  id uuid primary key,
  tenant_id uuid references tenants,
  seller_country char(2) check (seller_country ~ '^[A-Z]{2}$'),
  destination text not null check (destination ~ '^([A-Z]{2}|\*)$'),
  region text not null default '' check (length(region) <= 100),
  customer_kind text not null default 'any' check (customer_kind in ('any', 'person', 'company')),
  needs_valid_tax_id boolean not null default false,
  category text not null check (category in ('S', 'Z', 'E', 'AE', 'G', 'O')),
  rate_ppm int not null check (rate_ppm between 0 and 1000000),
  reason text not null default '' check (length(reason) <= 500),
  valid_from date not null,
  valid_to date,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check ((category = 'S') = (rate_ppm > 0)),
  check (category in ('S', 'Z') or length(reason) > 0),
  check (valid_to >= valid_from),
  -- On no day two rules say the same of the same.
  constraint tax_rules_once exclude using gist (
    coalesce(tenant_id, '00000000-0000-0000-0000-000000000000') with =, (coalesce(seller_country, '*')::text) with =, destination with =,
    lower(region) with =, customer_kind with =, (needs_valid_tax_id::int) with =, daterange(valid_from, valid_to, '[]') with &&)
);
create index tax_rules_list on tax_rules (tenant_id, id desc);
select protect_tenant_table('tax_rules', shared_rows => true);
grant select, insert, update, delete on tax_rules to mpanel_app;

-- What was found out about a customer: whether a tax id was given out to it, or that it is exempt. Nothing is overwritten: what was
-- recorded by mistake is ended.
create table tax_evidence (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  kind text not null check (kind in ('tax_id', 'exemption')),
  tax_id text,
  is_valid boolean,
  method text check (method in ('vies', 'authority', 'document', 'other')),
  reference text not null default '' check (length(reference) <= 200),
  reason text check (length(reason) between 1 and 500),
  valid_from date not null,
  valid_to date,
  recorded_by jsonb not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  check ((kind = 'tax_id') = (tax_id is not null) and num_nulls(tax_id, is_valid, method) in (0, 3)),
  check ((kind = 'exemption') = (reason is not null)),
  check (valid_to >= valid_from)
);
create index tax_evidence_customer on tax_evidence (tenant_id, customer_id, id desc);
select protect_tenant_table('tax_evidence');
grant select, insert, delete on tax_evidence to mpanel_app;
grant update (ended_at) on tax_evidence to mpanel_app;

-- How a line was taxed, as it was decided then. Lines without a category were not taxed.
alter table invoice_lines
  add column tax_category text check (tax_category in ('S', 'Z', 'E', 'AE', 'G', 'O')),
  add column tax_ppm int not null default 0 check (tax_ppm between 0 and 1000000),
  add column tax_included boolean not null default false,
  add column tax_reason text not null default '',
  add constraint invoice_lines_taxed check (case when tax_ppm = 0 then tax_minor = 0 else tax_category is not distinct from 'S' end);

-- A credit note mirrors its invoice: also the tax. One over nothing may take back tax.
alter table credit_notes add column tax_minor bigint not null default 0;
alter table credit_notes drop constraint credit_notes_total_minor_check;
alter table credit_notes add constraint credit_notes_total_minor_check check (total_minor >= 0);
create index credit_notes_issued on credit_notes (tenant_id, issue_date);
create index invoices_issued on invoices (tenant_id, issue_date);

-- 'goodwill': what was given to customers by hand.
alter table ledger_accounts drop constraint ledger_accounts_code_check;
alter table ledger_accounts add constraint ledger_accounts_code_check
  check (code in ('receivable', 'credit', 'cash', 'revenue', 'tax', 'bad_debt', 'goodwill'));

create table customers (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  kind text not null default 'person' check (kind in ('person', 'company')),
  name text not null check (length(name) between 1 and 200),
  company text,
  email text not null check (email like '%_@_%'),
  country char(2) check (country ~ '^[A-Z]{2}$'),
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  state text not null default 'active' check (state in ('active', 'closed')),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id)
);
create index customers_list on customers (tenant_id, id desc);
create index customers_email on customers (tenant_id, lower(email));
create index customers_search on customers using gin ((name || ' ' || coalesce(company, '') || ' ' || email) gin_trgm_ops);
select protect_tenant_table('customers');
grant select, insert, update on customers to mpanel_app;

-- tenant_id null: the platform's catalogue, sold by every tenant.
create table cloud_pod_plans (
  id uuid primary key,
  tenant_id uuid references tenants,
  code text not null check (code ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
  name text not null,
  cores int not null check (cores between 1 and 512),
  memory_mb int not null check (memory_mb between 128 and 4194304),
  disk_gb int not null check (disk_gb between 1 and 65536),
  state text not null default 'active' check (state in ('active', 'retired')),
  version int not null default 1,
  created_at timestamptz not null
);
create unique index cloud_pod_plans_code on cloud_pod_plans (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), code);
select protect_tenant_table('cloud_pod_plans', shared_rows => true);
grant select, insert, update on cloud_pod_plans to mpanel_app;

create table prices (
  id uuid primary key,
  tenant_id uuid references tenants,
  plan_id uuid not null references cloud_pod_plans,
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  "interval" text not null check ("interval" in ('day', 'week', 'month', 'year')),
  interval_count int not null default 1 check (interval_count between 1 and 120),
  unit_minor bigint not null check (unit_minor >= 0),
  setup_minor bigint not null default 0 check (setup_minor >= 0),
  state text not null default 'active' check (state in ('active', 'retired')),
  created_at timestamptz not null
);
create unique index prices_one_active on prices (plan_id, currency, "interval", interval_count) where state = 'active';
select protect_tenant_table('prices', shared_rows => true);
grant select, insert on prices to mpanel_app;
grant update (state) on prices to mpanel_app;

create table subscriptions (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  provider text not null default 'manual' check (provider in ('manual', 'stripe', 'whmcs')),
  state text not null check (state in ('awaiting_payment', 'provisioning', 'active', 'terminating', 'terminated', 'expired')),
  plan_id uuid not null references cloud_pod_plans,
  price_id uuid not null references prices,
  currency char(3) not null,
  billing_tz text not null,
  anchor_date date,
  period_no int not null default 0,
  current_period tstzrange,
  payment_due_at timestamptz,
  cancel_at timestamptz,
  cancel_reason text,
  delivery_problem text,
  started_at timestamptz,
  ended_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  check ((ended_at is not null) = (state in ('terminated', 'expired'))),
  check (state <> 'active' or (anchor_date is not null and current_period is not null))
);
create index subscriptions_list on subscriptions (tenant_id, id desc);
create index subscriptions_customer on subscriptions (customer_id);
create index subscriptions_cancel_due on subscriptions (cancel_at) where cancel_at is not null and ended_at is null;
create index subscriptions_payment_due on subscriptions (payment_due_at) where state = 'awaiting_payment';
select protect_tenant_table('subscriptions');
grant select, insert, update on subscriptions to mpanel_app;

create table subscription_items (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  subscription_id uuid not null,
  price_id uuid not null references prices,
  slot int not null default 1,
  quantity int not null default 1 check (quantity >= 0),
  created_at timestamptz not null,
  removed_at timestamptz,
  unique (tenant_id, id),
  unique (subscription_id, slot),
  foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id)
);
select protect_tenant_table('subscription_items');
grant select, insert, update on subscription_items to mpanel_app;

-- Numbers come from a row that is locked by the issuing transaction: no gap survives a rollback.
create table invoice_series (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  kind text not null check (kind in ('invoice', 'credit_note')),
  prefix text not null,
  next_no bigint not null default 1,
  last_issue_date date,
  unique (tenant_id, id),
  unique (tenant_id, kind)
);
select protect_tenant_table('invoice_series');
grant select, insert, update on invoice_series to mpanel_app;

create table invoices (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  subscription_id uuid,
  series_id uuid,
  number text,
  provider text not null default 'manual',
  status text not null check (status in ('draft', 'open', 'paid', 'uncollectible', 'void')),
  currency char(3) not null,
  issue_date date,
  due_date date,
  subtotal_minor bigint not null,
  tax_minor bigint not null default 0,
  total_minor bigint not null,
  paid_minor bigint not null default 0,
  credited_minor bigint not null default 0,
  buyer jsonb not null,
  seller jsonb not null,
  issued_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, id),
  unique (series_id, number),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id),
  foreign key (tenant_id, series_id) references invoice_series (tenant_id, id),
  check ((status = 'draft') = (number is null)),
  check (total_minor = subtotal_minor + tax_minor and total_minor >= 0),
  check (paid_minor >= 0 and credited_minor >= 0 and paid_minor <= total_minor and credited_minor <= total_minor)
);
create index invoices_list on invoices (tenant_id, id desc);
create index invoices_subscription on invoices (subscription_id);
create index invoices_customer on invoices (customer_id);
select protect_tenant_table('invoices');
grant select, insert on invoices to mpanel_app;
grant update (status, paid_minor, credited_minor) on invoices to mpanel_app;

create table invoice_lines (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  invoice_id uuid not null,
  line_no int not null check (line_no > 0),
  item_id uuid,
  kind text not null check (kind in ('recurring', 'setup', 'manual')),
  period tstzrange,
  description text not null,
  quantity int not null default 1,
  unit_minor bigint not null,
  net_minor bigint not null,
  tax_minor bigint not null default 0,
  gross_minor bigint not null,
  dedupe_key text not null unique,
  voided boolean not null default false,
  unique (invoice_id, line_no),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id),
  foreign key (tenant_id, item_id) references subscription_items (tenant_id, id),
  check (net_minor + tax_minor = gross_minor),
  check (kind <> 'recurring' or item_id is not null),
  -- No instant of a subscription item is ever billed twice.
  exclude using gist (item_id with =, period with &&) where (kind = 'recurring' and not voided)
);
select protect_tenant_table('invoice_lines');
grant select, insert on invoice_lines to mpanel_app;
grant update (voided, period) on invoice_lines to mpanel_app;

-- The first period of a contract begins with the delivery, after the invoice was issued: it is written once, then fixed.
create function fix_period_once() returns trigger language plpgsql as $$
begin
  if old.period is not null and new.period is distinct from old.period then
    raise exception 'the period of invoice line % is fixed', old.id using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger invoice_lines_period before update on invoice_lines for each row execute function fix_period_once();
create trigger invoice_lines_kept before delete on invoice_lines for each row execute function refuse_change();
create trigger invoice_lines_no_truncate before truncate on invoice_lines for each statement execute function refuse_change();

-- Issued documents do not change: corrections are credit notes. Only the money received moves.
create function protect_issued_invoice() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'invoice % is kept for ever', old.id using errcode = 'insufficient_privilege';
  end if;
  if old.status <> 'draft' and
     (to_jsonb(new) - array['status', 'paid_minor', 'credited_minor']) is distinct from
     (to_jsonb(old) - array['status', 'paid_minor', 'credited_minor']) then
    raise exception 'issued invoice % is immutable', old.number using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger invoices_immutable before update or delete on invoices for each row execute function protect_issued_invoice();
create trigger invoices_no_truncate before truncate on invoices for each statement execute function refuse_change();

create table credit_notes (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  invoice_id uuid not null,
  series_id uuid not null,
  number text not null,
  currency char(3) not null,
  issue_date date not null,
  total_minor bigint not null check (total_minor > 0),
  reason text not null,
  issued_at timestamptz not null,
  unique (series_id, number),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id),
  foreign key (tenant_id, series_id) references invoice_series (tenant_id, id)
);
create index credit_notes_invoice on credit_notes (invoice_id);
select protect_tenant_table('credit_notes');
create trigger credit_notes_immutable before update or delete on credit_notes for each row execute function refuse_change();
create trigger credit_notes_no_truncate before truncate on credit_notes for each statement execute function refuse_change();
grant select, insert on credit_notes to mpanel_app;

create table payments (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  provider text not null default 'manual',
  external_id text not null,
  method text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  status text not null check (status in ('pending', 'succeeded', 'failed', 'refunded')),
  received_at timestamptz not null,
  recorded_by jsonb not null,
  created_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, provider, external_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id)
);
select protect_tenant_table('payments');
grant select, insert on payments to mpanel_app;
grant update (status) on payments to mpanel_app;

create table payment_allocations (
  payment_id uuid not null,
  invoice_id uuid not null,
  tenant_id uuid not null references tenants,
  amount_minor bigint not null check (amount_minor > 0),
  created_at timestamptz not null,
  primary key (payment_id, invoice_id),
  foreign key (tenant_id, payment_id) references payments (tenant_id, id),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id)
);
create index payment_allocations_invoice on payment_allocations (invoice_id);
select protect_tenant_table('payment_allocations');
grant select, insert on payment_allocations to mpanel_app;

-- Double entry: every transaction sums to zero per currency, nothing is ever changed.
create table ledger_accounts (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  code text not null check (code in ('receivable', 'credit', 'cash', 'revenue', 'tax', 'bad_debt')),
  customer_id uuid,
  currency char(3) not null,
  unique (tenant_id, id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  check ((code in ('receivable', 'credit')) = (customer_id is not null))
);
create unique index ledger_accounts_once on ledger_accounts
  (tenant_id, code, coalesce(customer_id, '00000000-0000-0000-0000-000000000000'), currency);
select protect_tenant_table('ledger_accounts');
grant select, insert on ledger_accounts to mpanel_app;

create table ledger_tx (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  kind text not null,
  source_type text not null,
  source_id uuid not null,
  memo text not null default '',
  occurred_at timestamptz not null,
  unique (tenant_id, id),
  -- Posting something twice is impossible, whoever tries.
  unique (source_type, source_id, kind)
);
create index ledger_tx_list on ledger_tx (tenant_id, id desc);
select protect_tenant_table('ledger_tx');
create trigger ledger_tx_append_only before update or delete on ledger_tx for each row execute function refuse_change();
create trigger ledger_tx_no_truncate before truncate on ledger_tx for each statement execute function refuse_change();
grant select, insert on ledger_tx to mpanel_app;

create table ledger_entries (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenants,
  tx_id uuid not null,
  account_id uuid not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor <> 0),
  foreign key (tenant_id, tx_id) references ledger_tx (tenant_id, id),
  foreign key (tenant_id, account_id) references ledger_accounts (tenant_id, id)
);
create index ledger_entries_tx on ledger_entries (tx_id);
create index ledger_entries_account on ledger_entries (account_id);
select protect_tenant_table('ledger_entries');
create trigger ledger_entries_append_only before update or delete on ledger_entries for each row execute function refuse_change();
create trigger ledger_entries_no_truncate before truncate on ledger_entries for each statement execute function refuse_change();
grant select, insert on ledger_entries to mpanel_app;

create function ledger_tx_balanced() returns trigger language plpgsql as $$
begin
  if exists (select from ledger_entries where tx_id = new.tx_id group by currency having sum(amount_minor) <> 0) then
    raise exception 'ledger transaction % does not balance', new.tx_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger ledger_entries_balanced after insert on ledger_entries
  deferrable initially deferred for each row execute function ledger_tx_balanced();

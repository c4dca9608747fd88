-- Who collects payments: one row in use for each tenant that has chosen; without a tenant: the platform's, for all others. No row:
-- payments are recorded by hand. A row that is retired keeps its key: what was paid through it is still refunded through it.
-- account: whose key it is, as the provider said. Key and webhook secret are sealed.
create table billing_providers (
  id uuid primary key,
  tenant_id uuid references tenants,
  kind text not null check (kind in ('manual', 'stripe')),
  live boolean,
  account text,
  key_sealed bytea,
  webhook_secret_sealed bytea,
  charges_automatically boolean not null default false,
  simulated boolean not null default false,
  health text not null default 'unknown' check (health in ('unknown', 'ok', 'failing')),
  health_message text,
  checked_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  retired_at timestamptz,
  check ((kind = 'stripe') = (key_sealed is not null) and (kind = 'stripe') = (live is not null)),
  check (kind = 'stripe' or (account is null and webhook_secret_sealed is null and not charges_automatically)),
  check ((health = 'failing') = (health_message is not null))
);
create unique index billing_providers_once on billing_providers
  (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) where retired_at is null;
select protect_tenant_table('billing_providers', shared_rows => true);
grant select, insert, update on billing_providers to mpanel_app;

-- Whoever looks at a provider takes a number before: what was seen earlier never overwrites what was seen later.
create sequence billing_looks;
grant usage on sequence billing_looks to mpanel_app;

-- A customer there. asked: what was sent, from when on, before the answer was known.
create table billing_customers (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid not null references billing_providers,
  customer_id uuid not null,
  external_id text,
  asked jsonb not null,
  created_at timestamptz not null,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, customer_id),
  unique (provider_id, external_id)
);
create index billing_customers_customer on billing_customers (tenant_id, customer_id);
select protect_tenant_table('billing_customers');
grant select, insert, update on billing_customers to mpanel_app;

-- A card or an account that may be charged. Never a number: what the provider shows of it.
create table payment_methods (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid not null references billing_providers,
  customer_id uuid not null,
  billing_customer_id uuid not null,
  external_id text not null,
  kind text not null,
  brand text,
  last4 text check (length(last4) <= 4),
  exp_month int,
  exp_year int,
  is_default boolean not null default false,
  state text not null default 'active' check (state in ('active', 'removing', 'removed')),
  look bigint not null,
  created_at timestamptz not null,
  removed_at timestamptz,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  foreign key (tenant_id, billing_customer_id) references billing_customers (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, external_id),
  check ((state = 'removed') = (removed_at is not null)),
  check (state = 'active' or not is_default)
);
create unique index payment_methods_default on payment_methods (customer_id) where is_default;
create index payment_methods_list on payment_methods (tenant_id, id desc);
create index payment_methods_customer on payment_methods (tenant_id, customer_id, id desc);
select protect_tenant_table('payment_methods');
grant select, insert, update on payment_methods to mpanel_app;

-- One try to have an invoice paid: a charge while the customer is away, or a page he pays on. One at a time for an invoice.
-- The id is the mark there and makes the idempotency key; asked: the very words that are sent. sent_at: the call may have been made.
create table payment_attempts (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid not null references billing_providers,
  customer_id uuid not null,
  invoice_id uuid not null,
  method_id uuid,
  kind text not null check (kind in ('charge', 'link')),
  reason text not null check (reason in ('asked', 'due', 'authentication')),
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  state text not null default 'queued' check (state in
    ('queued', 'sent', 'processing', 'needs_action', 'succeeded', 'declined', 'expired', 'cancelled', 'failed')),
  external_id text,
  page_id text,
  url text,
  expires_at timestamptz,
  problem_code text,
  problem text,
  is_final boolean not null default false,
  look bigint not null default 0,
  looked_at timestamptz,
  sent_at timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id),
  foreign key (tenant_id, method_id) references payment_methods (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, external_id),
  unique (provider_id, page_id),
  check (kind = 'link' or method_id is not null),
  check ((ended_at is null) = (state in ('queued', 'sent', 'processing', 'needs_action')))
);
create unique index payment_attempts_one_at_a_time on payment_attempts (invoice_id) where ended_at is null;
create index payment_attempts_invoice on payment_attempts (invoice_id, id);
create index payment_attempts_customer on payment_attempts (tenant_id, customer_id);
create index payment_attempts_open on payment_attempts (looked_at) where ended_at is null;
create index payment_attempts_method on payment_attempts (method_id) where method_id is not null;
select protect_tenant_table('payment_attempts');
grant select, insert, update on payment_attempts to mpanel_app;

-- What was given back of a payment. asked here, or seen there.
create table payment_refunds (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  payment_id uuid not null,
  provider_id uuid not null references billing_providers,
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  reason text not null,
  state text not null default 'queued' check (state in ('queued', 'sent', 'pending', 'succeeded', 'failed')),
  external_id text,
  problem text,
  sent_at timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  foreign key (tenant_id, payment_id) references payments (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, external_id),
  check ((ended_at is null) = (state in ('queued', 'sent', 'pending')))
);
create index payment_refunds_payment on payment_refunds (payment_id);
select protect_tenant_table('payment_refunds');
grant select, insert, update on payment_refunds to mpanel_app;

-- No more is given back than was paid, whoever asks at the same time.
create function refunds_within_payment() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform 1 from payments where id = new.payment_id for update;
  if (select coalesce(sum(r.amount_minor), 0) from payment_refunds r where r.payment_id = new.payment_id and r.state <> 'failed')
     > (select amount_minor from payments where id = new.payment_id) then
    raise exception 'more than payment % would be given back', new.payment_id using errcode = 'check_violation',
      constraint = 'payment_refunds_within';
  end if;
  return new;
end $$;
create trigger payment_refunds_within after insert or update of state, amount_minor on payment_refunds
  for each row execute function refunds_within_payment();

-- Messages of providers, as they came. tenant_id: that of the provider. target: what is looked at again.
create table billing_events (
  id uuid primary key,
  tenant_id uuid references tenants,
  provider_id uuid not null references billing_providers,
  event_id text not null,
  type text not null,
  target_kind text check (target_kind in ('payment', 'page', 'customer', 'method')),
  target text,
  state text not null default 'new' check (state in ('new', 'done', 'ignored', 'parked')),
  problem text,
  raw bytea not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  settled_at timestamptz,
  unique (provider_id, event_id),
  check ((target is null) = (target_kind is null)),
  check ((state = 'new') = (settled_at is null))
);
create index billing_events_waiting on billing_events (provider_id, target) where state = 'new';
create index billing_events_list on billing_events (provider_id, id desc);
create index billing_events_old on billing_events (received_at) where state <> 'new';
select protect_tenant_table('billing_events');
grant select, insert, update, delete on billing_events to mpanel_app;

revoke execute on function refunds_within_payment from public;

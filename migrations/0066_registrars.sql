select set_config('app.scope', 'platform', true);

-- Where domains are registered: accounts of the platform at registries and registrars. config: what the driver needs to reach it,
-- without secrets; secret_sealed: password or key, perhaps with a client's key. health: what came of the last look.
create table registrar_accounts (
  id uuid primary key,
  name text not null check (length(name) between 1 and 100),
  driver text not null check (driver in ('epp', 'namesilo')),
  config jsonb not null,
  secret_sealed bytea not null,
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  simulated boolean not null default false,
  state text not null default 'active' check (state in ('active', 'retired')),
  health text not null default 'unknown' check (health in ('unknown', 'ok', 'failing')),
  health_message text,
  checked_at timestamptz,
  balance_minor bigint,
  balance_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  check ((health = 'failing') = (health_message is not null)),
  check ((balance_minor is null) = (balance_at is null))
);
create unique index registrar_accounts_name on registrar_accounts (name);
grant select, insert, update on registrar_accounts to mpanel_app;

-- What is asked for a deed: what it costs the platform and what is added, per TLD, years and deed, in the customers' currency.
create table tld_prices (
  id uuid primary key,
  account_id uuid not null references registrar_accounts,
  tld text not null check (tld ~ '^[a-z0-9-]{2,63}(\.[a-z0-9-]{2,63})*$'),
  operation text not null check (operation in ('register', 'renew', 'transferIn', 'restore')),
  years int not null check (years between 1 and 10),
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  cost_minor bigint not null check (cost_minor >= 0),
  margin_minor bigint not null,
  price_minor bigint not null generated always as (cost_minor + margin_minor) stored check (cost_minor + margin_minor >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index tld_prices_once on tld_prices (account_id, tld, operation, years, currency);
create index tld_prices_tld on tld_prices (tld, operation, currency);
grant select, insert, update, delete on tld_prices to mpanel_app;

-- Messages of registries, kept before they are acknowledged there: each once.
create table registrar_events (
  id uuid primary key,
  account_id uuid not null references registrar_accounts,
  message_id text not null,
  about text not null,
  name text,
  text text not null,
  said_at timestamptz,
  received_at timestamptz not null,
  unique (account_id, message_id)
);
create index registrar_events_name on registrar_events (name, received_at desc) where name is not null;
grant select, insert on registrar_events to mpanel_app;

-- A domain that is registered through us: with which account, and what its registry said last. Its expiry is the registry's word
-- only. registry_finding: where the registry and mPanel differ. renewal_tried_at: when a renewal was last ordered by itself.
alter table domains add column registrar_account_id uuid references registrar_accounts;
alter table domains add column registered_at timestamptz;
alter table domains add column expires_at timestamptz;
alter table domains add column auto_renew boolean not null default true;
alter table domains add column locked boolean not null default false;
alter table domains add column privacy boolean not null default false;
alter table domains add column ds_records jsonb not null default '[]';
alter table domains add column registry_statuses text[] not null default '{}';
alter table domains add column registry_finding text;
alter table domains add column synced_at timestamptz;
alter table domains add column renewal_tried_at timestamptz;
alter table domains drop constraint domains_registration;
alter table domains add constraint domains_registration check (registration in ('external', 'ended', 'awaiting_payment', 'registering',
  'pending_registry', 'transferring_in', 'active', 'suspended', 'expired_grace', 'redemption', 'pending_restore', 'pending_delete',
  'transfer_out_pending', 'transferred_out', 'released', 'registration_failed', 'transfer_failed', 'cancelled'));
alter table domains drop constraint domains_check1;
alter table domains add constraint domains_ended check ((ended_at is not null) = (registration in ('ended', 'transferred_out',
  'released', 'registration_failed', 'transfer_failed', 'cancelled')));
alter table domains add constraint domains_at_registrar check (registrar_account_id is not null
  or registration in ('external', 'ended'));
alter table domains add constraint domains_expiry check (expires_at is not null or registration not in ('active', 'suspended',
  'expired_grace', 'redemption', 'pending_restore', 'pending_delete', 'transfer_out_pending'));
create index domains_expiring on domains (expires_at) where ended_at is null and expires_at is not null;
create index domains_synced on domains (synced_at nulls first) where ended_at is null and registrar_account_id is not null;

-- The persons whom a registry is told. Roles with one id are one person.
create table domain_contacts (
  tenant_id uuid not null references tenants,
  domain_id uuid not null,
  role text not null check (role in ('registrant', 'admin', 'tech', 'billing')),
  contact_id uuid not null,
  data jsonb not null,
  updated_at timestamptz not null,
  primary key (domain_id, role),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);
select protect_tenant_table('domain_contacts');
grant select, insert, update, delete on domain_contacts to mpanel_app;

-- The name servers that a registry is told, with their addresses where they are below the domain itself.
create table domain_nameservers (
  tenant_id uuid not null references tenants,
  domain_id uuid not null,
  position int not null check (position between 1 and 13),
  host text not null,
  addresses text[] not null default '{}',
  primary key (domain_id, position),
  unique (domain_id, host),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);
select protect_tenant_table('domain_nameservers');
grant select, insert, update, delete on domain_nameservers to mpanel_app;

-- What was asked of a registry. cltrid: under what the registry knows it. sent_at: since when it may have been carried out.
-- before: what the domain was, for one that comes to nothing. secret_sealed: a transfer's code, until it ends. words: what the
-- registry waits for.
create table domain_operations (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  domain_id uuid not null,
  account_id uuid not null references registrar_accounts,
  kind text not null check (kind in ('register', 'renew', 'transferIn', 'restore', 'delete', 'update')),
  state text not null check (state in ('awaiting_payment', 'queued', 'running', 'pending_registry', 'unknown', 'succeeded', 'rejected',
    'cancelled')),
  request jsonb not null,
  before text not null,
  cltrid text not null unique,
  secret_sealed bytea,
  invoice_id uuid,
  price_minor bigint,
  currency char(3),
  sent_at timestamptz,
  words text,
  error_code text,
  error_message text,
  actor jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id),
  check ((ended_at is not null) = (state in ('succeeded', 'rejected', 'cancelled'))),
  check ((state = 'rejected') = (error_code is not null)),
  check ((price_minor is null) = (currency is null)),
  check (state not in ('pending_registry', 'unknown') or sent_at is not null),
  check (ended_at is null or secret_sealed is null)
);
-- One deed at a time, and one that waits for its payment.
create unique index domain_operations_open on domain_operations (domain_id)
  where state in ('queued', 'running', 'pending_registry', 'unknown');
create unique index domain_operations_unpaid on domain_operations (domain_id) where state = 'awaiting_payment';
create unique index domain_operations_invoice on domain_operations (invoice_id) where invoice_id is not null;
create index domain_operations_list on domain_operations (domain_id, id desc);
create index domain_operations_waiting on domain_operations (id) where state = 'awaiting_payment';
select protect_tenant_table('domain_operations');
grant select, insert, update on domain_operations to mpanel_app;

-- A registry has proven whose a name is: claims of others that were proven before are to be proven anew.
create function domain_proven_by_registry(p_domain uuid, p_now timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_scope text := current_setting('app.scope', true);
begin
  if not exists (select from domains where id = p_domain and ended_at is null and registrar_account_id is not null) then
    raise exception 'domain % is not registered here', p_domain using errcode = 'insufficient_privilege';
  end if;
  perform set_config('app.scope', 'platform', true);
  update domains other set verified_at = null, check_fault = 'The registry says that it was registered by somebody else.',
      version = other.version + 1, updated_at = p_now
    from domains mine where mine.id = p_domain and other.name = mine.name and other.id <> mine.id
      and other.verified_at is not null and other.ended_at is null;
  update domains set verified_at = coalesce(verified_at, p_now) where id = p_domain;
  perform set_config('app.scope', coalesce(v_scope, ''), true);
end $$;
revoke execute on function domain_proven_by_registry from public;
grant execute on function domain_proven_by_registry to mpanel_app;

-- A deed about a domain is a line of an invoice of its own.
alter table invoice_lines drop constraint invoice_lines_kind_check;
alter table invoice_lines add constraint invoice_lines_kind_check
  check (kind in ('recurring', 'setup', 'manual', 'credit', 'carried', 'domain'));

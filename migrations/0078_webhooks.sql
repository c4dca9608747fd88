-- Webhooks: chosen kinds of audit events for other programs. Each event is delivered on its own, until it has arrived or is given up.
select set_config('app.scope', 'platform', true);

-- event_types: null is every kind. next_batch: the first sealed batch whose events were not written down for it yet.
-- The former secret signs beside the new one until former_until. failures: since something last arrived; nothing is tried
-- before rests_until.
create table audit_webhooks (
  id uuid primary key,
  tenant_id uuid references tenants,
  url text not null check (length(url) <= 500),
  description text not null check (length(description) <= 200),
  event_types text[] check (cardinality(event_types) > 0),
  state text not null check (state in ('enabled', 'disabled')),
  disabled_because text check (disabled_because in ('asked', 'failing', 'gone')),
  secret bytea not null,
  former_secret bytea,
  former_until timestamptz,
  next_batch bigint not null check (next_batch > 0),
  failures int not null default 0 check (failures >= 0),
  rests_until timestamptz,
  delivered_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  check ((disabled_because is null) = (state = 'enabled')),
  check ((former_secret is null) = (former_until is null))
);
create index audit_webhooks_due on audit_webhooks (next_batch) where state = 'enabled';
create index audit_webhooks_tenant on audit_webhooks (tenant_id, id);
select protect_tenant_table('audit_webhooks');
grant select, insert, update, delete on audit_webhooks to mpanel_app;

-- One event for one receiver. tenant_id is the receiver's; whoever holds the lease sends it just now.
create table audit_webhook_deliveries (
  id uuid primary key,
  webhook_id uuid not null references audit_webhooks on delete cascade,
  tenant_id uuid references tenants,
  event_id uuid not null,
  event_at timestamptz not null,
  event_type text not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  attempts int not null default 0,
  attempted_at timestamptz,
  status int,
  error text,
  answer text,
  next_attempt_at timestamptz,
  give_up_at timestamptz not null,
  lease uuid,
  lease_until timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  -- Whatever is repeated, an event is written down once.
  unique (webhook_id, event_id),
  check ((next_attempt_at is null) = (state <> 'waiting')),
  check ((ended_at is null) = (state = 'waiting'))
);
create index audit_webhook_deliveries_list on audit_webhook_deliveries (webhook_id, id);
create index audit_webhook_deliveries_tenant on audit_webhook_deliveries (tenant_id, id);
create index audit_webhook_deliveries_due on audit_webhook_deliveries (webhook_id, next_attempt_at, id) where state = 'waiting';
create index audit_webhook_deliveries_failed on audit_webhook_deliveries (webhook_id, id) where state = 'failed';
create index audit_webhook_deliveries_ended on audit_webhook_deliveries (ended_at) where state <> 'waiting';
select protect_tenant_table('audit_webhook_deliveries');
grant select, insert, update, delete on audit_webhook_deliveries to mpanel_app;

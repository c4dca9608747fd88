-- How the audit log is found, exported, and delivered to other systems.
select set_config('app.scope', 'platform', true);

-- A column of its own for the actor: an expression over jsonb is no index condition under row-level security.
alter table audit_events add column actor_id text;
alter table audit_events disable trigger user;
update audit_events set actor_id = actor ->> 'id';
alter table audit_events enable trigger user;
alter table audit_events add constraint audit_events_actor_id check (actor_id is not distinct from actor ->> 'id');

-- Every filter of the list has an index in the order of the list: time, then id, so that partitions follow one another.
drop index audit_events_actor, audit_events_tenant, audit_events_target, audit_events_action;
create index audit_events_tenant on audit_events (tenant_id, at desc, id desc);
create index audit_events_tenant_action on audit_events (tenant_id, action, at desc, id desc);
create index audit_events_target on audit_events (target_id, at desc, id desc);
create index audit_events_target_type on audit_events (target_type, at desc, id desc);
create index audit_events_action on audit_events (action, at desc, id desc);
create index audit_events_actor on audit_events (actor_id, at desc, id desc) where actor_id is not null;
create index audit_events_correlation on audit_events (correlation_id, at desc, id desc) where correlation_id is not null;
create index audit_events_outcome on audit_events (outcome, at desc, id desc) where outcome <> 'success';
create index audit_events_tenant_outcome on audit_events (tenant_id, outcome, at desc, id desc) where outcome <> 'success';

-- Finds the batch of an event by its time.
create index audit_batches_last_at on audit_batches (last_at, number);

-- Where events are delivered to. `next_batch` and `next_position`: the first event that was not delivered yet.
create table audit_sinks (
  id uuid primary key,
  tenant_id uuid references tenants,
  kind text not null check (kind in ('syslog', 'webhook')),
  name text not null check (length(name) between 1 and 100),
  address text not null,
  ca_pem text,
  secret bytea check ((secret is null) = (kind = 'syslog')),
  state text not null default 'active' check (state in ('active', 'paused')),
  next_batch bigint not null check (next_batch > 0),
  next_position int not null default 0 check (next_position >= 0),
  delivered bigint not null default 0,
  delivered_at timestamptz,
  failures int not null default 0,
  last_error text,
  next_attempt_at timestamptz not null,
  lease uuid,
  lease_until timestamptz,
  created_at timestamptz not null,
  unique nulls not distinct (tenant_id, name)
);
create index audit_sinks_due on audit_sinks (next_attempt_at) where state = 'active';
select protect_tenant_table('audit_sinks');
grant select, insert, update, delete on audit_sinks to mpanel_app;

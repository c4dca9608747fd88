-- Consoles of pods. A row begins as a ticket that counts once, for its holder (a session or an API key) and its pod;
-- only its hash is stored. Whoever uses it has a console, which says every few seconds that it is still there (seen_at):
-- so they can be counted over all servers, and those of a server that died are found and ended.
create table cloud_pod_consoles (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  holder text not null,
  actor_id text not null,
  ticket_hash bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  seen_at timestamptz,
  opened_at timestamptz,
  closed_at timestamptz,
  ended text,
  unique (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check ((used_at is null) = (seen_at is null)),
  check (opened_at is null or used_at is not null),
  check ((closed_at is null) = (ended is null)),
  check (closed_at is null or used_at is not null)
);
create index cloud_pod_consoles_pod on cloud_pod_consoles (tenant_id, pod_id);
create index cloud_pod_consoles_open on cloud_pod_consoles (actor_id, seen_at)
  where used_at is not null and closed_at is null;
create index cloud_pod_consoles_age on cloud_pod_consoles (expires_at);
select protect_tenant_table('cloud_pod_consoles');
grant select, insert, update, delete on cloud_pod_consoles to mpanel_app;

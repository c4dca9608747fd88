-- Snapshots of pods. state is what has been proven: ready was read back from the hypervisor, deleted is proven absence;
-- failed could not be made or not be removed, and counts until it has been removed. On the hypervisor a snapshot is named
-- by its id, so that a repeated request finds what the first one has made; name is the customer's and stays here.
create table cloud_pod_snapshots (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  name text not null check (length(name) between 1 and 60),
  description text not null check (length(description) <= 500),
  state text not null check (state in ('creating', 'ready', 'deleting', 'failed', 'deleted')),
  problem text,
  created_by jsonb not null,
  created_at timestamptz not null,
  taken_at timestamptz,
  rolled_back_at timestamptz,
  deleted_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check (state <> 'ready' or taken_at is not null),
  check ((state = 'failed') = (problem is not null)),
  check ((state = 'deleted') = (deleted_at is not null))
);
create unique index cloud_pod_snapshots_name on cloud_pod_snapshots (pod_id, name) where state <> 'deleted';
create index cloud_pod_snapshots_list on cloud_pod_snapshots (pod_id, id desc);
create index cloud_pod_snapshots_tenant on cloud_pod_snapshots (tenant_id);
select protect_tenant_table('cloud_pod_snapshots');
grant select, insert, update on cloud_pod_snapshots to mpanel_app;

alter table cloud_pods drop constraint cloud_pods_action_check;
alter table cloud_pods add constraint cloud_pods_action_check
  check (action in ('starting', 'stopping', 'shutting_down', 'rebooting', 'resizing', 'rolling_back'));

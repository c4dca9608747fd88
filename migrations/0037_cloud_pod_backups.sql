-- Backups of pods, on a storage of the cluster. state is what has been proven: ready was read back from the hypervisor
-- with a size and a time, deleted is proven absence; failed could not be made or not be removed, and counts until it has
-- been removed. The note beside the file names pod and backup, so that a repeated request finds what the first one has
-- made. A backup outlives its pod: where it lies and what it takes to restore it stands here.
create table cloud_pod_backups (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  kind text not null check (kind in ('manual', 'scheduled')),
  state text not null check (state in ('creating', 'ready', 'deleting', 'failed', 'deleted')),
  protected boolean not null default false,
  problem text,
  node_id uuid not null references nodes,
  storage text not null,
  volid text,
  shared boolean not null default false,
  size_bytes bigint check (size_bytes > 0),
  disk_gb int,
  created_by jsonb not null,
  created_at timestamptz not null,
  taken_at timestamptz,
  restored_at timestamptz,
  deleted_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check (state <> 'ready' or (taken_at is not null and size_bytes is not null and volid is not null and disk_gb is not null)),
  check ((state = 'failed') = (problem is not null)),
  check ((state = 'deleted') = (deleted_at is not null))
);
create index cloud_pod_backups_list on cloud_pod_backups (pod_id, id desc);
create index cloud_pod_backups_tenant on cloud_pod_backups (tenant_id);
create index cloud_pod_backups_standing on cloud_pod_backups (pod_id) where state in ('ready', 'failed');
select protect_tenant_table('cloud_pod_backups');
grant select, insert, update on cloud_pod_backups to mpanel_app;

-- When a pod is backed up by itself, in the time zone of its tenant, and what is kept of that. next_at: the next run is
-- due from then on; what was missed is made up for by one. problem: why the last one was not even begun.
create table cloud_pod_backup_schedules (
  pod_id uuid primary key,
  tenant_id uuid not null references tenants,
  enabled boolean not null,
  frequency text not null check (frequency in ('daily', 'weekly')),
  weekday int not null check (weekday between 1 and 7),
  hour int not null check (hour between 0 and 23),
  keep_last int not null check (keep_last between 1 and 100),
  keep_daily int not null check (keep_daily between 0 and 100),
  keep_weekly int not null check (keep_weekly between 0 and 100),
  next_at timestamptz,
  problem text,
  version int not null default 1,
  updated_at timestamptz not null,
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check (enabled = (next_at is not null))
);
create index cloud_pod_backup_schedules_due on cloud_pod_backup_schedules (next_at) where enabled;
create index cloud_pod_backup_schedules_tenant on cloud_pod_backup_schedules (tenant_id);
select protect_tenant_table('cloud_pod_backup_schedules');
grant select, insert, update, delete on cloud_pod_backup_schedules to mpanel_app;

-- Where the backups of a node's pods go.
alter table nodes add column backup_storage text;

alter table cloud_pods drop constraint cloud_pods_action_check;
alter table cloud_pods add constraint cloud_pods_action_check
  check (action in ('starting', 'stopping', 'shutting_down', 'rebooting', 'resizing', 'rolling_back', 'restoring'));

-- How many snapshots and backups the pods of a tenant may have in all; null: without a limit. Their own rows are what is
-- reserved: one that is being made counts, and one that was made until it is proven gone.
alter table cloud_pod_quotas add column max_snapshots int check (max_snapshots >= 0);
alter table cloud_pod_quotas add column max_backups int check (max_backups >= 0);
create index cloud_pod_snapshots_counted on cloud_pod_snapshots (tenant_id, pod_id)
  where state <> 'deleted' and (state = 'creating' or taken_at is not null);
create index cloud_pod_backups_counted on cloud_pod_backups (tenant_id, pod_id)
  where state <> 'deleted' and (state = 'creating' or taken_at is not null);

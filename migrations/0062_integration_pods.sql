select set_config('app.scope', 'platform', true);

-- Pods that another system sells, such as WHMCS. external_key is that system's own name for what it sold: one row for each in a
-- tenant, for ever, so that whatever is asked for twice finds what the first time has made. plan_id and sizes are what was asked
-- for last, and job_id is the job that was to make it so: the pod has them once that has succeeded; null: at once.
create table integration_pods (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  external_key text not null check (external_key ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$'),
  source text not null check (source ~ '^[a-z][a-z0-9-]{0,29}$'),
  service_id text not null check (length(service_id) between 1 and 60),
  pod_id uuid not null,
  plan_id uuid not null references cloud_pod_plans,
  cores int not null check (cores > 0),
  memory_mb int not null check (memory_mb > 0),
  disk_gb int not null check (disk_gb > 0),
  job_id uuid,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, external_key),
  unique (pod_id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id)
);
create index integration_pods_key on integration_pods (external_key);
create index integration_pods_service on integration_pods (service_id);
select protect_tenant_table('integration_pods');
grant select, insert, update on integration_pods to mpanel_app;

-- A suspension of one pod by the system that sells it; the tenant's own, and those of subscriptions, are other rows.
alter table tenant_suspensions add column pod_id uuid;
alter table tenant_suspensions add foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id);
alter table tenant_suspensions add constraint tenant_suspensions_about check (num_nonnulls(subscription_id, pod_id) <= 1);
drop index tenant_suspensions_open;
create unique index tenant_suspensions_open on tenant_suspensions (tenant_id)
  where ended_at is null and subscription_id is null and pod_id is null;
create unique index tenant_suspensions_pod on tenant_suspensions (pod_id) where ended_at is null and pod_id is not null;
create index tenant_suspensions_of_pod on tenant_suspensions (pod_id, id) where pod_id is not null;

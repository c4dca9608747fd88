create table cloud_pods (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid,
  subscription_id uuid,
  slot int not null default 1,
  hostname text not null check (hostname ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$' and length(hostname) <= 253),
  kind text not null check (kind in ('vm', 'ct')),
  plan_id uuid not null references cloud_pod_plans,
  blueprint_id uuid not null references cloud_pod_blueprints,
  cores int not null check (cores > 0),
  memory_mb int not null check (memory_mb > 0),
  disk_gb int not null check (disk_gb > 0),
  ssh_keys text,
  cluster_id uuid not null references clusters,
  node_id uuid not null,
  vmid int not null,
  mac macaddr not null,
  -- state is what has been proven; action is what is being attempted.
  state text not null check (state in ('reserved', 'creating', 'active', 'failed', 'deleting', 'deleted')),
  power_state text not null default 'unknown' check (power_state in ('unknown', 'running', 'stopped')),
  power_checked_at timestamptz,
  action text check (action in ('starting', 'stopping', 'shutting_down', 'rebooting')),
  problem text,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id),
  foreign key (cluster_id, node_id) references nodes (cluster_id, id),
  check ((state = 'deleted') = (deleted_at is not null)),
  check (power_state = 'unknown' or power_checked_at is not null)
);
-- One live pod for each slot of a subscription, however many ask at once; one live pod for a host name of a tenant.
create unique index cloud_pods_one_per_slot on cloud_pods (subscription_id, slot)
  where subscription_id is not null and state not in ('failed', 'deleted');
create unique index cloud_pods_hostname on cloud_pods (tenant_id, hostname) where state not in ('failed', 'deleted');
create index cloud_pods_list on cloud_pods (tenant_id, id desc);

create index cloud_pods_subscription on cloud_pods (subscription_id) where subscription_id is not null;
create index cloud_pods_node on cloud_pods (node_id) where state <> 'deleted';
select protect_tenant_table('cloud_pods');
grant select, insert, update on cloud_pods to mpanel_app;

create table cloud_pod_quotas (
  tenant_id uuid primary key references tenants,
  max_pods int not null check (max_pods >= 0),
  max_cores int not null check (max_cores >= 0),
  max_memory_mb int not null check (max_memory_mb >= 0),
  max_disk_gb int not null check (max_disk_gb >= 0),
  version int not null default 1,
  updated_at timestamptz not null
);
select protect_tenant_table('cloud_pod_quotas');
grant select, insert, update on cloud_pod_quotas to mpanel_app;

-- What a pod holds of its tenant's quota and of its node's capacity, from the order until its absence is proven.
create table cloud_pod_reservations (
  pod_id uuid primary key,
  tenant_id uuid not null references tenants,
  node_id uuid not null references nodes,
  cores int not null,
  memory_mb int not null,
  disk_gb int not null,
  created_at timestamptz not null,
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id)
);
create index cloud_pod_reservations_tenant on cloud_pod_reservations (tenant_id) include (cores, memory_mb, disk_gb);
create index cloud_pod_reservations_node on cloud_pod_reservations (node_id) include (cores, memory_mb, disk_gb);
select protect_tenant_table('cloud_pod_reservations');
grant select, insert, update, delete on cloud_pod_reservations to mpanel_app;

-- A VMID is never identity, but it is never given twice either: freed ids rest before they are used again.
-- foreign: found on the cluster although mPanel did not make it.
create table vmid_reservations (
  cluster_id uuid not null references clusters,
  vmid int not null,
  state text not null check (state in ('reserved', 'quarantined', 'foreign')),
  pod_id uuid references cloud_pods,
  until timestamptz,
  created_at timestamptz not null,
  primary key (cluster_id, vmid),
  check ((state = 'reserved') = (pod_id is not null)),
  check ((state = 'quarantined') = (until is not null))
);
create unique index vmid_reservations_pod on vmid_reservations (pod_id) where pod_id is not null;
grant select, insert, update, delete on vmid_reservations to mpanel_app;

create table ip_addresses (
  pool_id uuid not null references ip_pools,
  address inet not null,
  tenant_id uuid references tenants,
  state text not null check (state in ('reserved', 'assigned', 'quarantined')),
  pod_id uuid,
  until timestamptz,
  created_at timestamptz not null,
  primary key (pool_id, address),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check ((state = 'quarantined') = (pod_id is null)),
  check ((state = 'quarantined') = (until is not null))
);
create index ip_addresses_pod on ip_addresses (pod_id) where pod_id is not null;
select protect_tenant_table('ip_addresses');
grant select, insert, update, delete on ip_addresses to mpanel_app;

-- The lowest free address of a pool, or null. The caller holds the pool's row lock. A table walk of the gaps:
-- candidates are the first address and the successor of each used one. Owner's rights: a tenant's order must see
-- the addresses of others to avoid them, but never reads them.
create function next_free_address(p_pool uuid) returns inet
language plpgsql security definer set search_path = public as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  free inet;
begin
  perform set_config('app.scope', 'platform', true);
  select candidate into free from (
    select p.range_start as candidate, p.range_start, p.range_end, p.gateway from ip_pools p where p.id = p_pool
    union all
    select a.address + 1, p.range_start, p.range_end, p.gateway
    from ip_addresses a join ip_pools p on p.id = a.pool_id where a.pool_id = p_pool
    union all
    select host(p.gateway)::inet + 1, p.range_start, p.range_end, p.gateway from ip_pools p where p.id = p_pool
  ) c
  where candidate between range_start and range_end and host(candidate) <> host(gateway)
    and not exists (select from ip_addresses b where b.pool_id = p_pool and b.address = c.candidate)
  order by candidate limit 1;
  perform set_config('app.scope', caller_scope, true);
  return free;
end $$;

-- What is reserved on each node of a cluster, over all tenants: sums only, so any tenant's order may ask.
create function node_usage(p_cluster uuid)
returns table (node_id uuid, pods bigint, cores bigint, memory_mb bigint, disk_gb bigint)
language plpgsql security definer set search_path = public as $$
declare caller_scope text := coalesce(current_setting('app.scope', true), '');
begin
  perform set_config('app.scope', 'platform', true);
  return query
    select n.id, count(r.pod_id), coalesce(sum(r.cores), 0)::bigint, coalesce(sum(r.memory_mb), 0)::bigint,
           coalesce(sum(r.disk_gb), 0)::bigint
    from nodes n left join cloud_pod_reservations r on r.node_id = n.id
    where n.cluster_id = p_cluster group by n.id;
  perform set_config('app.scope', caller_scope, true);
end $$;
revoke all on function next_free_address, node_usage from public;
grant execute on function next_free_address, node_usage to mpanel_app;

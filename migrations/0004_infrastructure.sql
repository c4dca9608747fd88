-- Hypervisor clusters and what pods are made of. Platform property: no tenant_id, reached only with platform permissions
-- or through services that answer a tenant's own question.
create table clusters (
  id uuid primary key,
  name text not null unique,
  api_url text not null check (api_url like 'https://%'),
  token_id text not null,
  token_secret_sealed bytea not null,
  ca_pem text,
  fingerprint text,
  simulated boolean not null default false,
  vmid_min int not null check (vmid_min >= 100),
  vmid_max int not null check (vmid_max <= 999999999),
  state text not null default 'active' check (state in ('active', 'paused')),
  health text not null default 'unknown' check (health in ('unknown', 'ok', 'failing')),
  health_message text,
  checked_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  check (vmid_min <= vmid_max)
);
grant select, insert, update on clusters to mpanel_app;

create table nodes (
  id uuid primary key,
  cluster_id uuid not null references clusters,
  name text not null,
  status text not null check (status in ('online', 'offline', 'unknown')),
  cores int not null check (cores >= 0),
  memory_mb int not null check (memory_mb >= 0),
  storage text,
  disk_gb int not null default 0 check (disk_gb >= 0),
  cpu_overcommit numeric(5, 2) not null default 4 check (cpu_overcommit > 0),
  memory_overcommit numeric(5, 2) not null default 1 check (memory_overcommit > 0),
  state text not null default 'active' check (state in ('active', 'drained')),
  seen_at timestamptz,
  created_at timestamptz not null,
  unique (cluster_id, name),
  unique (cluster_id, id)
);
grant select, insert, update on nodes to mpanel_app;

-- Templates seen on the cluster; blueprints are made of them.
create table cluster_templates (
  cluster_id uuid not null references clusters,
  node_id uuid not null references nodes,
  kind text not null check (kind in ('vm', 'ct')),
  ref text not null,
  name text not null,
  disk_gb int not null default 0,
  shared boolean not null default false,
  seen_at timestamptz not null,
  primary key (cluster_id, node_id, kind, ref)
);
grant select, insert, update, delete on cluster_templates to mpanel_app;

create table cloud_pod_blueprints (
  id uuid primary key,
  tenant_id uuid references tenants,
  code text not null unique check (code ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
  name text not null,
  kind text not null check (kind in ('vm', 'ct')),
  min_disk_gb int not null default 1 check (min_disk_gb > 0),
  min_memory_mb int not null default 128 check (min_memory_mb > 0),
  max_cores int not null default 128 check (max_cores > 0),
  max_memory_mb int not null default 1048576,
  max_disk_gb int not null default 65536,
  state text not null default 'active' check (state in ('active', 'retired')),
  created_at timestamptz not null
);
select protect_tenant_table('cloud_pod_blueprints', shared_rows => true);
grant select, insert, update on cloud_pod_blueprints to mpanel_app;

-- Where a blueprint can be made: the template's VMID (vm) or volume (ct), reachable from that node.
create table cloud_pod_blueprint_images (
  blueprint_id uuid not null references cloud_pod_blueprints,
  node_id uuid not null references nodes,
  source_node_id uuid not null references nodes,
  ref text not null,
  primary key (blueprint_id, node_id)
);
create index cloud_pod_blueprint_images_node on cloud_pod_blueprint_images (node_id);
grant select, insert, update, delete on cloud_pod_blueprint_images to mpanel_app;

create table ip_pools (
  id uuid primary key,
  cluster_id uuid not null references clusters,
  name text not null,
  network cidr not null,
  gateway inet not null,
  range_start inet not null,
  range_end inet not null,
  bridge text not null default 'vmbr0' check (bridge ~ '^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$'),
  vlan int check (vlan between 1 and 4094),
  dns_servers inet[] not null default '{}',
  quarantine_hours int not null default 24 check (quarantine_hours >= 0),
  state text not null default 'active' check (state in ('active', 'paused')),
  created_at timestamptz not null,
  unique (cluster_id, name),
  check (range_start <<= network and range_end <<= network and gateway <<= network),
  check (range_start <= range_end and family(range_start) = family(network)),
  -- Two pools of one cluster may not give out the same address.
  exclude using gist (cluster_id with =, network inet_ops with &&)
);
grant select, insert, update on ip_pools to mpanel_app;

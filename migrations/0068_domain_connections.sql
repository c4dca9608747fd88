-- A domain that leads to a pod: hosts are names in the domain's zone, addresses what their records were last told to say.
create table domain_connections (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  domain_id uuid not null,
  pod_id uuid not null,
  zone_id uuid not null,
  hosts text[] not null check (cardinality(hosts) between 1 and 50),
  addresses text[] not null,
  certificate_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  foreign key (tenant_id, zone_id) references dns_zones (tenant_id, id),
  foreign key (tenant_id, certificate_id) references ssl_certificates (tenant_id, id)
);
create unique index domain_connections_once on domain_connections (domain_id) where ended_at is null;
create index domain_connections_pod on domain_connections (pod_id) where ended_at is null;
select protect_tenant_table('domain_connections');
grant select, insert, update on domain_connections to mpanel_app;

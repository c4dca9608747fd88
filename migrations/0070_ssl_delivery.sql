select set_config('app.scope', 'platform', true);

-- Where a certificate is delivered to. agent: a program on the pod fetches it; webhook: it is posted to an address, signed;
-- guest: it is written through the guest agent of the pod's VM. state: what is proven of the current version. The handshake is
-- made at `host`, or where the certificate's names point to, at `port`.
create table ssl_targets (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  certificate_id uuid not null,
  kind text not null check (kind in ('agent', 'webhook', 'guest')),
  name text not null check (length(name) between 1 and 100),
  pod_id uuid,
  address text,
  ca_pem text,
  secret_sealed bytea,
  with_key boolean not null default false,
  chain_path text,
  key_path text,
  reload text,
  host text,
  port int not null default 443 check (port between 1 and 65535),
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'served', 'failed')),
  version_id uuid,
  wanted_at timestamptz not null,
  delivered_at timestamptz,
  served_at timestamptz,
  check_at timestamptz,
  failures int not null default 0,
  problem_code text,
  problem text,
  job_id uuid,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, certificate_id) references ssl_certificates (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check ((pod_id is null) = (kind = 'webhook')),
  check ((kind = 'webhook') = (address is not null) and (address is null) = (secret_sealed is null)),
  check ((kind = 'guest') = (chain_path is not null) and (chain_path is null) = (key_path is null)),
  check (kind = 'guest' or reload is null),
  check ((problem_code is null) = (problem is null)),
  check (state not in ('delivered', 'served') or version_id is not null)
);
create index ssl_targets_of on ssl_targets (certificate_id, id) where ended_at is null;
create index ssl_targets_pod on ssl_targets (pod_id) where ended_at is null and pod_id is not null;
create index ssl_targets_check on ssl_targets (check_at) where ended_at is null and check_at is not null;
select protect_tenant_table('ssl_targets');
grant select, insert, update on ssl_targets to mpanel_app;

-- What is served by a target is seen beside what is served where a name points to.
alter table ssl_deployments
  add column target_id uuid,
  add foreign key (tenant_id, target_id) references ssl_targets (tenant_id, id),
  drop constraint ssl_deployments_certificate_id_name_port_key,
  add constraint ssl_deployments_once unique nulls not distinct (certificate_id, name, port, target_id);

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

-- Proofs by TLS (RFC 8737).
alter table ssl_certificates
  drop constraint ssl_certificates_challenge_check,
  add constraint ssl_certificates_challenge_check check (challenge in ('auto', 'dns-01', 'http-01', 'tls-alpn-01'));
alter table acme_challenges
  drop constraint acme_challenges_type_check,
  add constraint acme_challenges_type_check check (type in ('dns-01', 'http-01', 'tls-alpn-01'));
create index acme_challenges_tls on acme_challenges (name) where type = 'tls-alpn-01' and cleaned_at is null;

-- The key that an account is being given: as long as it stands here, nobody knows which of the two the CA has.
alter table acme_accounts add column next_key_sealed bytea, add column key_changed_at timestamptz;

-- domain_budget: how many certificates a week an issuer is asked for one registered domain; nothing: as many as are wanted.
-- crl: what the private CA says is revoked, signed.
alter table ssl_issuers
  add column domain_budget int check (domain_budget between 1 and 1000000),
  add column crl bytea,
  add column crl_number int not null default 0,
  add column crl_at timestamptz;
create table ssl_domain_budgets (
  issuer_id uuid not null references ssl_issuers,
  domain text not null,
  full_at timestamptz not null,
  primary key (issuer_id, domain)
);
grant select, insert, update on ssl_domain_budgets to mpanel_app;

-- Who gives certificates. acme: a CA reached by RFC 8555; private: the CA inside mPanel, whose root key is sealed and made at first
-- use. budget: how many orders may be made in three hours; budget_at: when all of it is there again.
create table ssl_issuers (
  id uuid primary key,
  name text not null,
  kind text not null check (kind in ('acme', 'private')),
  state text not null default 'active' check (state in ('active', 'retired')),
  priority int not null default 100,
  directory_url text,
  ca_pem text,
  email text,
  profile text,
  eab_kid text,
  eab_key_sealed bytea,
  budget int not null default 300 check (budget between 1 and 1000000),
  budget_at timestamptz not null,
  key_sealed bytea,
  root_pem text,
  problem text,
  version int not null default 1,
  created_at timestamptz not null,
  check ((kind = 'acme') = (directory_url is not null)),
  check ((kind = 'private') = (root_pem is not null) and (root_pem is null) = (key_sealed is null)),
  check ((eab_kid is null) = (eab_key_sealed is null))
);
create unique index ssl_issuers_name on ssl_issuers (name) where state = 'active';
create unique index ssl_issuers_private on ssl_issuers (kind) where kind = 'private';
grant select, insert, update on ssl_issuers to mpanel_app;

-- One account a CA for the whole panel. url: null until the CA has answered; the key is there before it is asked.
create table acme_accounts (
  id uuid primary key,
  issuer_id uuid not null unique references ssl_issuers,
  key_sealed bytea not null,
  url text,
  created_at timestamptz not null
);
grant select, insert, update on acme_accounts to mpanel_app;

-- A certificate that is wanted for a set of names. state: what is proven; action: what is being attempted. due_at: when it is the
-- timer's turn (renewal, or the next attempt after failures); nothing: never by itself.
create table ssl_certificates (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  names text[] not null check (cardinality(names) between 1 and 100),
  name_set text not null check (length(name_set) = 64),
  source text not null check (source in ('issued', 'uploaded')),
  issuer_id uuid references ssl_issuers,
  challenge text not null default 'auto' check (challenge in ('auto', 'dns-01', 'http-01')),
  state text not null default 'pending' check (state in ('pending', 'issued', 'revoked', 'removed')),
  action text check (action in ('issue', 'revoke')),
  problem_code text,
  problem text,
  failure_class text check (failure_class in ('blocked', 'validation', 'issuer', 'other')),
  failures int not null default 0,
  avoid_issuer_id uuid references ssl_issuers,
  version_id uuid,
  not_after timestamptz,
  due_at timestamptz,
  ari_start timestamptz,
  ari_end timestamptz,
  ari_poll_at timestamptz,
  ari_url text,
  checked_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  check ((problem_code is null) = (problem is null) and (problem is null) = (failure_class is null)),
  check (state not in ('issued', 'revoked') or version_id is not null),
  check (source = 'issued' or challenge = 'auto')
);
create unique index ssl_certificates_once on ssl_certificates (tenant_id, name_set) where state <> 'removed';
create index ssl_certificates_list on ssl_certificates (tenant_id, id desc);
create index ssl_certificates_expiry on ssl_certificates (not_after, id) where state <> 'removed';
create index ssl_certificates_due on ssl_certificates (due_at) where action is null and state in ('pending', 'issued');
create index ssl_certificates_ari on ssl_certificates (ari_poll_at) where state = 'issued' and ari_poll_at is not null;
create index ssl_certificates_unchecked on ssl_certificates (checked_at nulls first) where state = 'issued';
select protect_tenant_table('ssl_certificates');
grant select, insert, update on ssl_certificates to mpanel_app;

-- What was issued or uploaded. The key is sealed, the row's id bound in.
create table ssl_certificate_versions (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  certificate_id uuid not null,
  issuer_id uuid references ssl_issuers,
  chain_pem text not null,
  key_sealed bytea not null,
  serial text not null,
  fingerprint text not null check (length(fingerprint) = 64),
  issuer_name text not null,
  key_type text not null,
  ari_id text,
  not_before timestamptz not null,
  not_after timestamptz not null,
  state text not null default 'current' check (state in ('current', 'superseded', 'revoked')),
  revoked_at timestamptz,
  revoke_reason text,
  created_at timestamptz not null,
  foreign key (tenant_id, certificate_id) references ssl_certificates (tenant_id, id),
  check ((state = 'revoked') = (revoked_at is not null))
);
create unique index ssl_certificate_versions_current on ssl_certificate_versions (certificate_id) where state = 'current';
create index ssl_certificate_versions_list on ssl_certificate_versions (certificate_id, id desc);
select protect_tenant_table('ssl_certificate_versions');
grant select, insert, update on ssl_certificate_versions to mpanel_app;

-- What was asked of a CA. url: where the order is there; replaces: the certificate that it renews (RFC 9773).
create table acme_orders (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  certificate_id uuid not null,
  issuer_id uuid not null references ssl_issuers,
  name_set text not null,
  state text not null default 'open' check (state in ('open', 'valid', 'failed')),
  url text,
  authorizations text[] not null default '{}',
  finalize_url text,
  replaces text,
  key_sealed bytea,
  problem_code text,
  problem text,
  retry_at timestamptz,
  job_id uuid,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, certificate_id) references ssl_certificates (tenant_id, id),
  check ((state = 'open') = (ended_at is null))
);
create unique index acme_orders_one_open on acme_orders (tenant_id, name_set) where ended_at is null;
create index acme_orders_list on acme_orders (certificate_id, id desc);
create index acme_orders_of_ca on acme_orders (issuer_id, url);
select protect_tenant_table('acme_orders');
grant select, insert, update on acme_orders to mpanel_app;

-- What proves to a CA that a name is ours. value: of the TXT record, or what is answered by HTTP.
create table acme_challenges (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  order_id uuid not null,
  name text not null,
  wildcard boolean not null,
  type text not null check (type in ('dns-01', 'http-01')),
  token text not null check (token ~ '^[A-Za-z0-9_-]{1,200}$'),
  value text not null,
  url text not null,
  authorization_url text not null,
  zone_id uuid,
  revision bigint,
  presented_at timestamptz,
  answered_at timestamptz,
  cleaned_at timestamptz,
  created_at timestamptz not null,
  foreign key (tenant_id, order_id) references acme_orders (tenant_id, id),
  unique (order_id, authorization_url)
);
create index acme_challenges_token on acme_challenges (token) where type = 'http-01' and cleaned_at is null;
select protect_tenant_table('acme_challenges');
grant select, insert, update on acme_challenges to mpanel_app;

-- What is served where a name points to, and what is wrong with it.
create table ssl_deployments (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  certificate_id uuid not null,
  name text not null,
  host text not null,
  port int not null check (port between 1 and 65535),
  checked_at timestamptz not null,
  served_fingerprint text,
  served_issuer text,
  served_not_after timestamptz,
  finding text check (finding in ('unreachable', 'not_served', 'foreign_expiring', 'chain_incomplete', 'name_mismatch', 'expired')),
  message text,
  foreign key (tenant_id, certificate_id) references ssl_certificates (tenant_id, id),
  unique (certificate_id, name, port),
  check ((finding is null) = (message is null))
);
create index ssl_deployments_findings on ssl_deployments (tenant_id, id desc) where finding is not null;
select protect_tenant_table('ssl_deployments');
grant select, insert, update, delete on ssl_deployments to mpanel_app;

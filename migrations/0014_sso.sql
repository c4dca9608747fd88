-- Single sign-on (OpenID Connect): identity providers of a tenant, or (tenant_id null) of the platform.
create table sso_providers (
  id uuid primary key,
  tenant_id uuid references tenants,
  name text not null check (length(name) between 1 and 100),
  issuer text not null,
  client_id text not null,
  -- Sealed for this provider; null: a public client, which PKCE protects.
  client_secret bytea,
  enabled boolean not null,
  -- Who has rights in this tenant only logs in through it, except for one owner.
  enforced boolean not null,
  break_glass_user_id uuid references users,
  -- A second factor that the provider says it asked for counts here, too.
  trusts_mfa boolean not null,
  checked_at timestamptz,
  check_fault text,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (not enforced or (tenant_id is not null and break_glass_user_id is not null))
);
create index sso_providers_tenant on sso_providers (tenant_id, id);
create index sso_providers_break_glass on sso_providers (break_glass_user_id);
select protect_tenant_table('sso_providers');
grant select, insert, update, delete on sso_providers to mpanel_app;

-- Which provider an e-mail leads to. A hint only: nobody becomes somebody by an e-mail.
create table sso_domains (
  domain text primary key check (domain = lower(domain)),
  tenant_id uuid references tenants,
  provider_id uuid not null references sso_providers on delete cascade
);
create index sso_domains_provider on sso_domains (provider_id);
select protect_tenant_table('sso_domains');
grant select, insert, delete on sso_domains to mpanel_app;

-- Whom a provider knows under which subject.
create table user_identities (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  provider_id uuid not null references sso_providers on delete cascade,
  issuer text not null,
  subject text not null check (length(subject) between 1 and 255),
  label text,
  created_at timestamptz not null,
  last_used_at timestamptz,
  unique (provider_id, issuer, subject),
  unique (user_id, provider_id)
);
grant select, insert, update, delete on user_identities to mpanel_app;

-- A log-in that is on its way through a provider, bound to the browser that began it; with a session: to connect it.
create table sso_states (
  state_hash bytea primary key,
  browser_hash bytea not null,
  provider_id uuid not null references sso_providers on delete cascade,
  session_id uuid references sessions on delete cascade,
  nonce text not null,
  verifier text not null,
  return_to text,
  expires_at timestamptz not null
);
create index sso_states_age on sso_states (expires_at);
create index sso_states_provider on sso_states (provider_id);
create index sso_states_session on sso_states (session_id);
grant select, insert, delete on sso_states to mpanel_app;

-- The provider of this session has asked for a second factor, and is trusted with it.
alter table sessions add column sso_mfa boolean not null default false;
alter table login_history
  drop constraint login_history_reason_check,
  add constraint login_history_reason_check check (reason in ('password', 'totp', 'recovery_code', 'passkey', 'sso',
    'wrong_password', 'wrong_code', 'wrong_passkey', 'throttled', 'disabled', 'no_active_tenant', 'sso_required',
    'sso_refused'));

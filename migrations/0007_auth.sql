-- Second factors. A pending session has only proven the password: it can be exchanged for a real one and nothing else.
alter table sessions
  add column pending boolean not null default false,
  add column attempts int not null default 0,
  add column verified_by text not null default 'password'
    check (verified_by in ('password', 'totp', 'recovery_code')),
  add column verified_at timestamptz;
update sessions set verified_at = created_at;
alter table sessions alter column verified_at set not null;
-- A user's sessions, newest first.
drop index sessions_user;
create index sessions_user on sessions (user_id, id desc);

-- The secret is sealed for its user. Until it is confirmed it asks nobody for a code.
create table user_totp (
  user_id uuid primary key references users on delete cascade,
  secret bytea not null,
  last_step int not null default 0,
  created_at timestamptz not null,
  confirmed_at timestamptz
);
grant select, insert, update, delete on user_totp to mpanel_app;

create table user_recovery_codes (
  code_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null,
  used_at timestamptz
);
create index user_recovery_codes_user on user_recovery_codes (user_id);
grant select, insert, update, delete on user_recovery_codes to mpanel_app;

-- Failed log-ins by account and network, and (network '') by account alone. The account is a hash of the e-mail, so
-- that an unknown one is treated as any other.
create table login_failures (
  account bytea not null,
  network text not null,
  failures int not null,
  last_at timestamptz not null,
  blocked_until timestamptz,
  primary key (account, network)
);
create index login_failures_age on login_failures (last_at);
grant select, insert, update, delete on login_failures to mpanel_app;

create table login_history (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  at timestamptz not null,
  outcome text not null check (outcome in ('success', 'failure')),
  reason text not null check (reason in ('password', 'totp', 'recovery_code', 'wrong_password', 'wrong_code', 'throttled', 'disabled', 'no_active_tenant')),
  new_device boolean not null default false,
  ip inet,
  user_agent text
);
create index login_history_user on login_history (user_id, id desc);
create index login_history_age on login_history (at);
grant select, insert, delete on login_history to mpanel_app;

create function has_second_factor(p_user uuid) returns boolean language sql stable
  as $$ select exists (select from user_totp where user_id = p_user and confirmed_at is not null) $$;

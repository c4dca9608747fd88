-- Passkeys (WebAuthn). Only public keys: whoever reads the table cannot log in with it.
create table user_passkeys (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  credential_id bytea not null unique,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null,
  name text not null check (length(name) between 1 and 100),
  backed_up boolean not null,
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index user_passkeys_user on user_passkeys (user_id, id);
grant select, insert, update, delete on user_passkeys to mpanel_app;

-- What an authenticator must sign. Removed when it is answered, so that no answer counts twice; session_id null: nobody
-- is known yet.
create table passkey_challenges (
  id uuid primary key,
  challenge text not null,
  purpose text not null check (purpose in ('register', 'log_in', 'second_step', 'step_up')),
  session_id uuid references sessions on delete cascade,
  expires_at timestamptz not null,
  check ((purpose = 'log_in') = (session_id is null))
);
create index passkey_challenges_age on passkey_challenges (expires_at);
create index passkey_challenges_session on passkey_challenges (session_id);
grant select, insert, delete on passkey_challenges to mpanel_app;

create or replace function has_second_factor(p_user uuid) returns boolean language sql stable
  as $$ select exists (select from user_totp where user_id = p_user and confirmed_at is not null)
    or exists (select from user_passkeys where user_id = p_user) $$;

alter table sessions
  drop constraint sessions_verified_by_check,
  add constraint sessions_verified_by_check
    check (verified_by in ('password', 'totp', 'recovery_code', 'passkey', 'sso'));
alter table login_history
  drop constraint login_history_reason_check,
  add constraint login_history_reason_check check (reason in ('password', 'totp', 'recovery_code', 'passkey', 'sso',
    'wrong_password', 'wrong_code', 'wrong_passkey', 'throttled', 'disabled', 'no_active_tenant', 'sso_required'));

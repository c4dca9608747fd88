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

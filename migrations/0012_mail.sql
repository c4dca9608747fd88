-- Mails, written in the transaction of their cause and sent by a job. The body is sealed, since it may carry a token,
-- and is removed once the mail was sent or has failed for good. kept: there is no mail server, so it stays here.
create table mails (
  id uuid primary key,
  tenant_id uuid references tenants,
  recipient text not null check (length(recipient) between 3 and 320),
  subject text not null check (length(subject) between 1 and 300),
  template text not null,
  body bytea,
  state text not null default 'queued' check (state in ('queued', 'sent', 'failed', 'kept')),
  last_error text,
  created_at timestamptz not null,
  settled_at timestamptz,
  unique (tenant_id, id),
  check (body is null or state = 'queued' or state = 'kept'),
  check ((state = 'queued') = (settled_at is null))
);
create index mails_list on mails (tenant_id, id desc);
create index mails_age on mails (created_at);
select protect_tenant_table('mails');
grant select, insert, update, delete on mails to mpanel_app;

-- What a mailed link carries: only its hash, for one purpose, once. subject_id: the user, or the invitation.
-- used_at is also set when a newer link, or the end of its purpose, makes it worthless.
create table single_use_tokens (
  id uuid primary key,
  purpose text not null check (purpose in ('password_reset', 'invitation', 'email_change')),
  subject_id uuid not null,
  email text,
  token_hash bytea not null unique check (length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  check ((purpose = 'email_change') = (email is not null))
);
create index single_use_tokens_subject on single_use_tokens (subject_id, purpose);
create index single_use_tokens_age on single_use_tokens (expires_at);
grant select, insert, update, delete on single_use_tokens to mpanel_app;

-- A role that waits for somebody. tenant_id null: a role of the platform.
create table invitations (
  id uuid primary key,
  tenant_id uuid references tenants,
  email text not null check (email = lower(email) and length(email) <= 320),
  role_id uuid not null references roles on delete cascade,
  invited_by uuid not null references users,
  created_at timestamptz not null,
  sent_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz,
  unique (tenant_id, id)
);
create unique index invitations_open on invitations
  (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), email, role_id)
  where accepted_at is null and revoked_at is null;
create index invitations_list on invitations (tenant_id, id desc);
create index invitations_role on invitations (role_id);
select protect_tenant_table('invitations');
grant select, insert, update on invitations to mpanel_app;

-- Who has no account gets one at the first log-in through a provider that is set so, with this role. Whoever set it must
-- still be allowed to give the role then.
alter table sso_providers
  add column sign_up_role_id uuid references roles,
  add column sign_up_by uuid references users,
  add constraint sso_providers_sign_up check ((sign_up_role_id is null) = (sign_up_by is null));
create index sso_providers_sign_up_role on sso_providers (sign_up_role_id);
create index sso_providers_sign_up_by on sso_providers (sign_up_by);

-- What somebody went to a provider for; all but a log-in belong to the session that began it.
alter table sso_states add column purpose text;
update sso_states set purpose = case when session_id is null then 'log_in' else 'connect' end;
alter table sso_states
  alter column purpose set not null,
  add constraint sso_states_purpose check (purpose in ('log_in', 'connect', 'step_up')),
  add constraint sso_states_session check ((purpose = 'log_in') = (session_id is null));

-- Who signed up through a tenant's provider: nobody but this tenant says that the e-mail is theirs, so the account gets
-- rights nowhere else. Null: it may have them anywhere.
alter table users add column home_tenant_id uuid references tenants;

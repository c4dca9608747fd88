select set_config('app.scope', 'platform', true);

-- What people were told of by mail, so that each event is told once. subject_id: the domain or the certificate; event: which of
-- its events, such as 2027-01-31/7 for the seventh day before that expiry.
create table mail_notices (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  kind text not null check (kind in ('domain_expiry', 'domain_renewal_failed', 'certificate_end')),
  subject_id uuid not null,
  event text not null check (length(event) between 1 and 100),
  created_at timestamptz not null,
  unique (tenant_id, id),
  unique (kind, subject_id, event)
);
create index mail_notices_age on mail_notices (created_at);
select protect_tenant_table('mail_notices');
grant select, insert, delete on mail_notices to mpanel_app;

-- Below what the balance of an account is too low (null: nobody asked), and since when it is, which is told once.
alter table registrar_accounts
  add column low_balance_minor bigint check (low_balance_minor >= 0),
  add column balance_low_at timestamptz;

create index ssl_certificates_ending on ssl_certificates (not_after) where state = 'issued' and (source = 'uploaded' or failures >= 3);

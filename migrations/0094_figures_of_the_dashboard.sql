-- one by one: tables that are large
-- With all that the dashboard adds up of them, so that the rows themselves are not read.
create index concurrently if not exists ssl_certificates_ending_soon on ssl_certificates (not_after, tenant_id) where state <> 'removed';
create index concurrently if not exists invoices_overdue on invoices (due_date, tenant_id)
  include (currency, total_minor, paid_minor, credited_minor) where status = 'open';
drop index concurrently if exists invoices_due;

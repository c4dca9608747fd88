-- one by one: tables that are large
-- As a case and not as a coalesce: of the two only the case may be looked up in an index under row-level security.
create index concurrently if not exists ssl_certificates_by_end on ssl_certificates
  ((case when not_after is null then 'infinity' else not_after end), id) where state <> 'removed';
create index concurrently if not exists ssl_certificates_tenant_by_end on ssl_certificates
  (tenant_id, (case when not_after is null then 'infinity' else not_after end), id) where state <> 'removed';
create index concurrently if not exists ssl_certificates_rare_by_end on ssl_certificates
  (state, (case when not_after is null then 'infinity' else not_after end), id) where state <> 'issued';
drop index concurrently if exists ssl_certificates_end;
drop index concurrently if exists ssl_certificates_tenant_end;
drop index concurrently if exists ssl_certificates_not_issued;
create index concurrently if not exists domains_expiry_listed on domains (tenant_id, expires_at) where ended_at is null;
create index concurrently if not exists customers_rare_state on customers (state, id desc) where state <> 'active';

-- Lists of a large installation: what is asked for by a state that few are in, and counts of what there is much of, by an index.

-- For all tenants, and for one.
create index subscriptions_not_active on subscriptions (state, id desc) where state <> 'active';
create index subscriptions_tenant_not_active on subscriptions (tenant_id, state, id desc) where state <> 'active';
create index invoices_not_paid on invoices (status, id desc) where status <> 'paid';
create index invoices_tenant_not_paid on invoices (tenant_id, status, id desc) where status <> 'paid';
create index cloud_pods_not_active on cloud_pods (state, id desc) where state <> 'active';
create index cloud_pods_tenant_not_active on cloud_pods (tenant_id, state, id desc) where state <> 'active';
create index tenants_not_active on tenants (state, id desc) where state <> 'active';
create index users_not_active on users (state, id desc) where state <> 'active';
create index provisioning_jobs_not_done on provisioning_jobs (state, id desc) where state in ('failed', 'cancelled');
create index provisioning_jobs_tenant_not_done on provisioning_jobs (tenant_id, state, id desc) where state in ('failed', 'cancelled');

create index provisioning_jobs_kind on provisioning_jobs (kind, id desc);

-- Whether somebody holds a role, in a tenant too.
create index role_grants_role_tenant on role_grants (role_id, tenant_id);
drop index role_grants_role;
create index ip_addresses_state on ip_addresses (pool_id, state);
create index dns_zones_told on dns_zones (server_id, transfers_revision) where ended_at is null;
drop index dns_zones_server;

-- The order of the list of certificates: those without an end come last.
create index ssl_certificates_end on ssl_certificates ((coalesce(not_after, 'infinity')), id) where state <> 'removed';
create index ssl_certificates_tenant_end on ssl_certificates (tenant_id, (coalesce(not_after, 'infinity')), id) where state <> 'removed';
create index ssl_certificates_not_issued on ssl_certificates (state, (coalesce(not_after, 'infinity')), id) where state <> 'issued';
drop index ssl_certificates_expiry;

-- one by one: an index of a large table is built beside those who use it
-- Domains that nobody has proven to be theirs, counted and listed per tenant without reading the rest.
create index concurrently if not exists domains_unproven on domains (tenant_id, id desc) where verified_at is null and ended_at is null;

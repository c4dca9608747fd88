-- one by one: tables that are large
-- What one person did in one tenant, newest first: by either alone, many others are read.
create index concurrently if not exists audit_events_tenant_actor on audit_events (tenant_id, actor_id, at desc, id desc)
  where actor_id is not null;

-- Each value that a file names is looked up by itself, by its index. As a plain join the planner reads all customers of the
-- tenant and compares each with all values, because it takes a tenant that has just begun to grow for one without any. The
-- offsets keep it from joining; "is true" keeps it from the index of a tenant's customers, where an e-mail has one of its own.
create or replace function customers_meant(p_tenant uuid, p_import uuid, p_ids uuid[], p_refs text[], p_emails text[])
returns table (id uuid, external_ref text, email text) language plpgsql stable security definer
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  if not (app_platform() or p_tenant = any (app_tenants())) then return; end if;
  return query
    with found as (
      select x.* from unnest(p_ids) i cross join lateral (select c.id, c.external_ref, lower(c.email) as email
        from customers c where c.tenant_id = p_tenant and c.id = i offset 0) x
      union
      select x.* from unnest(p_refs) r cross join lateral (select c.id, c.external_ref, lower(c.email)
        from customers c where c.tenant_id = p_tenant and c.external_ref = r and c.state <> 'merged' offset 0) x
      union
      select x.* from unnest(p_emails) e cross join lateral (select c.id, c.external_ref, lower(c.email)
        from customers c where (c.tenant_id = p_tenant) is true and lower(c.email) = e and c.state <> 'merged' offset 0) x
    )
    select f.id, f.external_ref, f.email from found f
    where not exists (select from customer_import_rows r where r.import_id = p_import and r.customer_id = f.id and r.done)
    order by f.id;
end $$;

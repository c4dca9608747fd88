-- Blueprints can be changed, and what was never used can go: blueprints without pods, address pools of which nothing is held.
alter table cloud_pod_blueprints add column version int not null default 1;
grant delete on cloud_pod_blueprints, ip_pools to mpanel_app;

-- One page of the rows of a list that match. What is common is found among the next rows of the list, or some further; what is
-- not found there is rare, and an index gives all of it. So neither a common word nor one without hits reads much.
create function rows_found(p_table text, p_listed text, p_matching text, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language plpgsql stable
set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  nearby constant int := 2000;
  seen uuid[] := search_scope(null);
  way text := case when p_down then 'desc' else 'asc' end;
  listed text := concat_ws(' and ', p_listed, 'id ' || case when p_down then '<' else '>' end || quote_literal(p_after));
  found uuid[];
  looked int;
begin
  if seen = '{}' then return; end if;
  execute format('select count(*), (array_agg(id order by id %s) filter (where %s))[1:%s] from (%s) c',
    way, p_matching, p_limit, search_window(p_table, listed, seen, p_down, nearby)) into looked, found;
  if looked = nearby and cardinality(found) between 5 and p_limit - 1 then
    execute format('select array(select id from (%s) c where %s order by id %s limit %s)',
      search_window(p_table, listed, seen, p_down, 10 * nearby), p_matching, way, p_limit) into found;
  end if;
  if looked < nearby or cardinality(found) = p_limit then
    return query select unnest(found);
  else
    return query execute format('with m as materialized (select id from %I where %s and %s and %s)
      select id from m order by id %s limit %s', p_table, search_tenants(seen), p_matching, listed, way, p_limit);
  end if;
end $$;

-- The state is in what matches, not in what is listed: with it there the planner may walk all tenants' rows for those of one.
create or replace function customers_found(p_likes text[], p_state text, p_group uuid, p_tag text, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language sql stable security definer rows 50 set search_path = public, pg_temp as $$
  select rows_found('customers', concat_ws(' and ', 'true', 'group_id = ' || quote_literal(p_group)),
    concat_ws(' and ', search_all_like('search_text', p_likes), 'state = ' || quote_literal(p_state),
      'tags @> array[' || quote_literal(p_tag) || ']'), p_after, p_down, p_limit)
$$;

create index cloud_pods_tags on cloud_pods using gin (tenant_id, tags);
create function cloud_pods_found(p_like text, p_state text, p_tag text, p_customer uuid, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language sql stable security definer rows 50 set search_path = public, pg_temp as $$
  select rows_found('cloud_pods', concat_ws(' and ', 'true', 'customer_id = ' || quote_literal(p_customer)),
    concat_ws(' and ', 'true', '('' '' || hostname) like ' || quote_literal(p_like), 'state = ' || quote_literal(p_state),
      'tags @> array[' || quote_literal(p_tag) || ']'), p_after, p_down, p_limit)
$$;
revoke execute on function rows_found, cloud_pods_found from public;
grant execute on function cloud_pods_found to mpanel_app;

-- Clones, backups and restores also count for the storage that they write to or read from: `storage:<cluster>/<storage>`.
insert into job_limits values ('storage:*', 4);

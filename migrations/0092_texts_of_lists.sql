-- Domains and certificates by a part of their name: as for customers and pods, a function that may use the indexes of texts.
create function domains_found(p_like text, p_customer uuid, p_verified boolean, p_expires timestamptz, p_after uuid, p_down boolean, p_limit int)
  returns setof uuid language sql stable security definer rows 50 set search_path = public, pg_temp as $$
  select rows_found('domains', concat_ws(' and ', 'ended_at is null', 'customer_id = ' || quote_literal(p_customer)),
    concat_ws(' and ', $x$(' ' || search_fold(name || ' ' || unicode_name)) like $x$ || quote_literal(search_fold(p_like)),
      'verified_at is ' || case when p_verified then 'not null' when not p_verified then 'null' end,
      'expires_at < ' || quote_literal(p_expires)), p_after, p_down, p_limit)
$$;

-- In the order of their end. Of those that end next so many are looked at; where they are not enough, all that have the name are.
create function ssl_certificates_found(p_like text, p_state text, p_problems boolean, p_before timestamptz, p_after uuid, p_limit int)
  returns setof uuid language plpgsql stable security definer rows 50
  set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  nearby constant int := 2000;
  seen uuid[] := search_scope(null);
  ending constant text := $x$(case when not_after is null then 'infinity' else not_after end)$x$;
  listed text := concat_ws(' and ', search_tenants(seen), 'state ' || coalesce('= ' || quote_literal(p_state), $x$<> 'removed'$x$),
    case when p_problems then 'problem_code is not null' end, ending || ' < ' || quote_literal(p_before),
    case when p_after is not null then
      format('(%1$s, id) > ((select %1$s from ssl_certificates where id = %2$L), %2$L)', ending, p_after) end);
  matching text := 'search_names(names) like ' || quote_literal(p_like);
  found uuid[];
  looked int;
begin
  if seen = '{}' then return; end if;
  execute format('select count(*), (array_agg(id order by ending, id) filter (where %s))[1:%s]
    from (select id, names, %s as ending from ssl_certificates where %s order by ending, id limit %s) c',
    matching, p_limit, ending, listed, nearby) into looked, found;
  if looked < nearby or cardinality(found) = p_limit then
    return query select unnest(found);
  else
    return query execute format('with m as materialized (select id, %s as ending from ssl_certificates where %s and %s)
      select id from m order by ending, id limit %s', ending, listed, matching, p_limit);
  end if;
end $$;
revoke execute on function domains_found, ssl_certificates_found from public;
grant execute on function domains_found, ssl_certificates_found to mpanel_app;

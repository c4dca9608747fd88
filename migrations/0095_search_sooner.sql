-- A search finds sooner that there is nothing. Words of one or two letters are looked for among the newest rows only: no index
-- finds them without most of the table.

-- A strict function that is more than one operator is called for each row, this one becomes a part of the query.
alter function search_fold(text) called on null input;

-- The newest rows that match, of so many of the list's newest.
create function search_newest(p_table text, p_matching text, p_seen uuid[], p_nearby int, p_limit int)
returns uuid[] language plpgsql stable as $$
declare
  found uuid[];
begin
  execute format('select array(select id from (%s) c where %s limit %s)', search_window(p_table, 'true', p_seen, true,
    greatest(p_nearby / coalesce(cardinality(p_seen), 1), 200)), p_matching, p_limit) into found;
  return found;
end $$;

-- Rows that match: all of them when they are few, else the newest and some others. What is common is met among the newest
-- rows, what is rare an index gives: `p_indexed` is what to ask it for (null when it would have to go through all), and `p_all`
-- says that nothing else matches.
create function search_rows(p_table text, p_matching text, p_indexed text, p_all boolean, p_seen uuid[], p_limit int)
returns uuid[] language plpgsql stable set max_parallel_workers_per_gather = 0 as $$
declare
  many constant int := 200;
  found uuid[] := search_newest(p_table, p_matching, p_seen, case when p_indexed is null then 3000 else 1000 end, 50);
  rare uuid[];
begin
  if p_indexed is not null and cardinality(found) between 3 and p_limit - 1 then
    found := search_newest(p_table, p_matching, p_seen, 10000, 20);
  end if;
  if p_indexed is null or cardinality(found) >= p_limit then return found; end if;
  -- Only so many are fetched of what the index finds.
  execute format('with m as materialized (select id from %I where %s and %s) select array(select id from m limit %s)',
    p_table, search_tenants(p_seen), p_indexed, many) into rare;
  if p_all and cardinality(rare) < many then return rare; end if;
  return array(select distinct id from unnest(found || rare) id);
end $$;
-- contract: nobody but the functions below has called it
drop function search_rows(text, text, text, uuid[], int);

-- What an index of trigrams is asked for; null when all words are so short that it has none of them.
create function search_indexed(p_matching text, p_likes text[])
returns text language sql immutable as $$
  select case when exists (select from unnest(p_likes) l where l not like '\% %') then p_matching end
$$;

create or replace function search_hits(p_table text, p_text text, p_likes text[], p_words text[], p_seen uuid[], p_limit int)
returns table (id uuid, score real) language plpgsql stable rows 50 as $$
declare
  matching text := search_all_like(p_text, p_likes);
  scores text;
begin
  if p_words = '{}' then
    return query select f, null::real
      from unnest(search_rows(p_table, matching, search_indexed(matching, p_likes), true, p_seen, p_limit)) f;
    return;
  end if;
  select string_agg(format('%s like any (%L::text[])', p_text,
      array(select '%' || k || '%' from unnest(string_to_array(split_part(w, '=', 2), '|')) k)), ' and '),
    string_agg(format('word_similarity(%L, %s)', split_part(w, '=', 1), p_text), ', ')
    into matching, scores from unnest(p_words) w;
  return query execute format('select f, least(%s) from unnest($1) f join %I c on c.id = f order by 2 desc, 1 desc limit %s',
    scores, p_table, p_limit) using search_rows(p_table, matching, matching, true, p_seen, p_limit);
end $$;

create or replace function search_customers(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off
set "pg_trgm.word_similarity_threshold" = 0.45 as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
  starts text[] := array(select '% ' || search_literal(w) || '%' from regexp_split_to_table(q, '\s+') w);
begin
  if seen = '{}' then return; end if;
  if p_id is not null or q like '%@%' then
    return query select c.id, 0, null::real from customers c
      where c.id in (select x.id from customers x where x.id = p_id
        union select x.id from customers x where lower(x.email) = lower(p_q)
        union select x.customer_id from customer_contacts x where lower(x.email) = lower(p_q))
        and (seen is null or c.tenant_id = any (seen)) order by c.id desc limit p_limit;
    if found then return; end if;
  end if;
  return query select c.id, case
      when h.score is not null then 4
      when q ~ '\d' and q !~ '\s' and c.search_text || ' ' like '% ' || search_literal(q) || ' %' then 0
      when starts_with(search_fold(c.name), q) or starts_with(search_fold(c.company), q) then 1
      when c.search_text like all (starts) then 2
      else 3 end as r, h.score
    from search_hits('customers', 'search_text', p_likes, p_words, seen, p_limit) h join customers c on c.id = h.id
    order by r, h.score desc, c.id desc limit p_limit;
end $$;

create or replace function search_cloud_pods(p_q text, p_id uuid, p_vmid int, p_net inet, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off
set "pg_trgm.word_similarity_threshold" = 0.45 as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
begin
  if seen = '{}' then return; end if;
  if num_nonnulls(p_id, p_vmid, p_net) > 0 then
    return query select c.id, min(x.r), null::real from (
        select p.id, 0 as r from cloud_pods p where p.id = p_id
        union all (select p.id, 0 from cloud_pods p where p.vmid = p_vmid order by p.id desc limit 50)
        union all (select a.pod_id, case when a.address = p_net then 0 else 1 end from ip_addresses a
          where a.address <<= p_net and a.pod_id is not null and (seen is null or a.tenant_id = any (seen)) order by a.address limit p_limit)
      ) x join cloud_pods c on c.id = x.id where seen is null or c.tenant_id = any (seen)
      group by c.id order by 2, c.id desc limit p_limit;
    if p_net is not null or found then return; end if;
  end if;
  return query select c.id, case when h.score is not null then 4 when c.hostname = q then 0
      when starts_with(c.hostname, q) then 1 when c.hostname ~ ('[.-]' || regexp_replace(q, '[^a-z0-9]', '.', 'g')) then 2 else 3 end as r, h.score
    from search_hits('cloud_pods', $x$(' ' || hostname)$x$, p_likes, p_words, seen, p_limit) h join cloud_pods c on c.id = h.id
    order by r, h.score desc, (c.state in ('failed', 'deleted')), c.id desc limit p_limit;
end $$;

create or replace function search_domains(p_q text, p_id uuid, p_likes text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(rtrim(p_q, '.'));
  -- The same as the index has; names are ASCII in small letters.
  matching text := search_all_like($x$(' ' || name || ' ' || search_fold(unicode_name))$x$, p_likes) || ' and ended_at is null';
  indexed text := search_all_like($x$(' ' || search_fold(name || ' ' || unicode_name))$x$, p_likes) || ' and ended_at is null';
begin
  if seen = '{}' then return; end if;
  return query select d.id, case when d.id = p_id or q in (d.name, search_fold(d.unicode_name)) then 0
      when starts_with(d.name, q) or starts_with(search_fold(d.unicode_name), q) then 1 else 3 end as r, null::real
    from domains d where d.id = any (case when p_id is not null then array[p_id]
        else search_rows('domains', matching, search_indexed(indexed, p_likes), true, seen, p_limit) end)
      and (seen is null or d.tenant_id = any (seen))
    order by r, d.id desc limit p_limit;
end $$;

create or replace function search_certificates(p_q text, p_id uuid, p_likes text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := lower(rtrim(p_q, '.'));
  -- The same as the index has, without the call of a function for each row.
  matching text := search_all_like($x$(' ' || array_to_string(names, ' '))$x$, p_likes) || $x$ and state <> 'removed'$x$;
  indexed text := search_all_like('search_names(names)', p_likes) || $x$ and state <> 'removed'$x$;
begin
  if seen = '{}' then return; end if;
  return query select c.id, case when c.id = p_id or q = any (c.names) then 0
      when exists (select from unnest(c.names) n where starts_with(n, q)) then 1 else 3 end as r, null::real
    from ssl_certificates c
    where c.id = any (case when p_id is not null then array[p_id]
        else search_rows('ssl_certificates', matching, search_indexed(indexed, p_likes), true, seen, p_limit) end)
      and (seen is null or c.tenant_id = any (seen))
    order by r, c.id desc limit p_limit;
end $$;

create or replace function search_invoices(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_literal(lower(p_q));
  hits uuid[] := array[p_id];
begin
  if seen = '{}' then return; end if;
  if p_id is null then
    -- What all numbers have in common finds none of them.
    if q !~ '\d' then return; end if;
    hits := search_rows('invoices', format('lower(number) like %L', '%' || q || '%'),
      format('(lower(number) like %L or reverse(lower(number)) like %L)', q || '%', search_literal(reverse(lower(p_q))) || '%'),
      false, seen, p_limit);
    if hits = '{}' then return; end if;
  end if;
  return query select i.id, case when i.id = p_id or lower(i.number) = lower(p_q) then 0 when lower(i.number) like q || '%' then 1 else 3 end as r, null::real
    from invoices i where i.id = any (hits) and (seen is null or i.tenant_id = any (seen)) order by r, i.id desc limit p_limit;
end $$;

create or replace function search_jobs(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_literal(lower(p_q));
  hits uuid[];
begin
  if seen = '{}' then return; end if;
  if p_id is not null then
    hits := array(select x.id from provisioning_jobs x where x.id = p_id
      union select x.id from provisioning_jobs x where x.subject_id = p_id);
  else
    hits := search_rows('provisioning_jobs', format('lower(subject_label) like %L', '%' || q || '%'),
      format('lower(subject_label) like %L', q || '%'), false, seen, p_limit);
  end if;
  if hits = '{}' then return; end if;
  return query select j.id, case when p_id is not null or lower(j.subject_label) = lower(p_q) then 0
      when lower(j.subject_label) like q || '%' then 1 else 3 end as r, null::real
    from provisioning_jobs j
    where j.id = any (hits) and (seen is null or j.tenant_id = any (seen)) order by r, j.id desc limit p_limit;
end $$;

-- Lists by a text: one of one or two letters is looked for among the next 10,000 rows only, 2,000 of certificates.
create function rows_found(p_table text, p_listed text, p_matching text, p_short boolean, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language plpgsql stable set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  nearby constant int := case when p_short then 10000 else 2000 end;
  seen uuid[] := search_scope(null);
  way text := case when p_down then 'desc' else 'asc' end;
  listed text := concat_ws(' and ', p_listed, 'id ' || case when p_down then '<' else '>' end || quote_literal(p_after));
  found uuid[];
  looked int;
begin
  if seen = '{}' then return; end if;
  execute format('select count(*), (array_agg(id order by id %s) filter (where %s))[1:%s] from (%s) c',
    way, p_matching, p_limit, search_window(p_table, listed, seen, p_down, nearby)) into looked, found;
  if not p_short and looked = nearby and cardinality(found) between 5 and p_limit - 1 then
    execute format('select array(select id from (%s) c where %s order by id %s limit %s)',
      search_window(p_table, listed, seen, p_down, 10 * nearby), p_matching, way, p_limit) into found;
  end if;
  if p_short or looked < nearby or cardinality(found) = p_limit then
    return query select unnest(found);
  else
    return query execute format('with m as materialized (select id from %I where %s and %s and %s)
      select id from m order by id %s limit %s', p_table, search_tenants(seen), p_matching, listed, way, p_limit);
  end if;
end $$;

create or replace function customers_found(p_likes text[], p_state text, p_group uuid, p_tag text, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language sql stable security definer rows 50 set search_path = public, pg_temp as $$
  select rows_found('customers', concat_ws(' and ', 'true', 'group_id = ' || quote_literal(p_group)),
    concat_ws(' and ', search_all_like('search_text', p_likes), 'state = ' || quote_literal(p_state),
      'tags @> array[' || quote_literal(p_tag) || ']'),
    p_likes <> '{}' and p_tag is null and search_indexed('', p_likes) is null, p_after, p_down, p_limit)
$$;

create or replace function cloud_pods_found(p_like text, p_state text, p_tag text, p_customer uuid, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language sql stable security definer rows 50 set search_path = public, pg_temp as $$
  select rows_found('cloud_pods', concat_ws(' and ', 'true', 'customer_id = ' || quote_literal(p_customer)),
    concat_ws(' and ', 'true', '('' '' || hostname) like ' || quote_literal(p_like), 'state = ' || quote_literal(p_state),
      'tags @> array[' || quote_literal(p_tag) || ']'),
    p_tag is null and coalesce(length(p_like) < 5, false), p_after, p_down, p_limit)
$$;

create or replace function domains_found(p_like text, p_customer uuid, p_verified boolean, p_expires timestamptz, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language sql stable security definer rows 50 set search_path = public, pg_temp as $$
  select rows_found('domains', concat_ws(' and ', 'ended_at is null', 'customer_id = ' || quote_literal(p_customer)),
    concat_ws(' and ', $x$(' ' || search_fold(name || ' ' || unicode_name)) like $x$ || quote_literal(search_fold(p_like)),
      'verified_at is ' || case when p_verified then 'not null' when not p_verified then 'null' end,
      'expires_at < ' || quote_literal(p_expires)), length(p_like) < 5, p_after, p_down, p_limit)
$$;
-- contract: nobody but the functions above has called it
drop function rows_found(text, text, text, uuid, boolean, int);

create or replace function ssl_certificates_found(p_like text, p_state text, p_problems boolean, p_before timestamptz, p_after uuid, p_limit int)
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
  matching text := $x$(' ' || array_to_string(names, ' ')) like $x$ || quote_literal(p_like);
  indexed text := 'search_names(names) like ' || quote_literal(p_like);
  found uuid[];
  looked int;
begin
  if seen = '{}' then return; end if;
  execute format('select count(*), (array_agg(id order by ending, id) filter (where %s))[1:%s]
    from (select id, names, %s as ending from ssl_certificates where %s order by ending, id limit %s) c',
    matching, p_limit, ending, listed, nearby) into looked, found;
  if length(p_like) < 5 or looked < nearby or cardinality(found) = p_limit then
    return query select unnest(found);
  else
    return query execute format('with m as materialized (select id, %s as ending from ssl_certificates where %s and %s)
      select id from m order by ending, id limit %s', ending, listed, indexed, p_limit);
  end if;
end $$;

revoke execute on function search_newest, search_rows, search_indexed, rows_found from public;

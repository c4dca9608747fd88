-- A search first looks for what was typed, and only when that brings little for what is spelled like it: the words that
-- are alike are then looked up once for all types. Jobs and invoices end as soon as nothing was found.

-- The words of names that are spelled like each of `p_words`, as `typed=one|another`; none when one of them has none.
create function search_near(p_words text[]) returns text[] language sql stable
set search_path = public, pg_temp set enable_seqscan = off set "pg_trgm.word_similarity_threshold" = 0.45 as $$
  select case when bool_and(n.alike is not null) then array_agg(f.typed || '=' || n.alike) else '{}' end
  from (select search_fold(w) as typed from unnest(p_words) w) f
    left join lateral (select string_agg(k.word, '|') as alike from (
      select w.word from search_words w where w.word %> f.typed
      order by word_similarity(f.typed, w.word) desc, abs(length(w.word) - length(f.typed)), w.word
      limit case cardinality(p_words) when 1 then 5 when 2 then 3 else 2 end) k) n on true
$$;

-- As before, with half the window: most searches find nothing in most tables, and pay for all of it.
create or replace function search_rows(p_table text, p_matching text, p_rare text, p_seen uuid[], p_limit int)
returns uuid[] language plpgsql stable as $$
declare
  nearby constant int := 1000;
  found uuid[];
  looked int;
begin
  execute format('select count(*), coalesce((array_agg(id order by id desc) filter (where %s))[1:50], ''{}'') from (%s) c',
    p_matching, search_window(p_table, 'true', p_seen, true, nearby)) into looked, found;
  if looked = nearby and cardinality(found) between 3 and p_limit - 1 then
    execute format('select array(select id from (%s) c where %s order by id desc limit 50)',
      search_window(p_table, 'true', p_seen, true, 10 * nearby), p_matching) into found;
  end if;
  if looked = nearby and cardinality(found) < p_limit then
    execute format('with m as materialized (select id from %I where %s and %s) select array(select id from m order by id desc limit 200)',
      p_table, search_tenants(p_seen), p_rare) into found;
  end if;
  return found;
end $$;

-- Rows whose text has all of `p_likes`; with `p_words`, as search_near gives them, those that have one of each instead.
create or replace function search_hits(p_table text, p_text text, p_likes text[], p_words text[], p_seen uuid[], p_limit int)
returns table (id uuid, score real) language plpgsql stable rows 50 as $$
declare
  matching text := search_all_like(p_text, p_likes);
  scores text;
begin
  if p_words = '{}' then
    return query select f, null::real from unnest(search_rows(p_table, matching, matching, p_seen, p_limit)) f;
    return;
  end if;
  select string_agg(format('%s like any (%L::text[])', p_text,
      array(select '%' || k || '%' from unnest(string_to_array(split_part(w, '=', 2), '|')) k)), ' and '),
    string_agg(format('word_similarity(%L, %s)', split_part(w, '=', 1), p_text), ', ')
    into matching, scores from unnest(p_words) w;
  return query execute format('select f, least(%s) from unnest($1) f join %I c on c.id = f order by 2 desc, 1 desc limit %s',
    scores, p_table, p_limit) using search_rows(p_table, matching, matching, p_seen, p_limit);
end $$;

-- Rows of these types (with the tenants to look in: a list, or null for everywhere) whose names are spelled alike.
create function search_similar(p_q text, p_likes text[], p_words text[], p_tenants jsonb, p_limit int)
returns table (type text, id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp as $$
declare
  near text[] := search_near(p_words);
  one record;
  tenants uuid[];
begin
  if near = '{}' then return; end if;
  for one in select * from jsonb_each(p_tenants) loop
    tenants := case when jsonb_typeof(one.value) = 'array'
      then array(select t::uuid from jsonb_array_elements_text(one.value) t) end;
    return query select one.key, h.* from search_customers(p_q, null, p_likes, near, tenants, p_limit) h
      where one.key = 'customer' and h.score is not null;
    return query select one.key, h.* from search_cloud_pods(p_q, null, null, null, p_likes, near, tenants, p_limit) h
      where one.key = 'cloudPod' and h.score is not null;
    return query select one.key, h.* from search_tenants_by_name(p_q, null, p_likes, near, tenants, p_limit) h
      where one.key = 'tenant' and h.score is not null;
    return query select one.key, h.* from search_users(p_q, null, p_likes, near, tenants, p_limit) h
      where one.key = 'user' and h.score is not null;
  end loop;
end $$;

create or replace function search_invoices(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_literal(lower(p_q));
  found uuid[] := array[p_id];
begin
  if seen = '{}' then return; end if;
  if p_id is null then
    -- What all numbers have in common finds none of them.
    if q !~ '\d' then return; end if;
    found := search_rows('invoices', format('lower(number) like %L', '%' || q || '%'),
      format('(lower(number) like %L or reverse(lower(number)) like %L)', q || '%', search_literal(reverse(lower(p_q))) || '%'), seen, p_limit);
    if found = '{}' then return; end if;
  end if;
  return query select i.id, case when i.id = p_id or lower(i.number) = lower(p_q) then 0 when lower(i.number) like q || '%' then 1 else 3 end as r, null::real
    from invoices i where i.id = any (found) and (seen is null or i.tenant_id = any (seen)) order by r, i.id desc limit p_limit;
end $$;

create or replace function search_jobs(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_literal(lower(p_q));
  found uuid[];
begin
  if seen = '{}' then return; end if;
  if p_id is not null then
    found := array(select x.id from provisioning_jobs x where x.id = p_id
      union select x.id from provisioning_jobs x where x.subject_id = p_id);
  else
    found := search_rows('provisioning_jobs', format('lower(subject_label) like %L', '%' || q || '%'),
      format('lower(subject_label) like %L', q || '%'), seen, p_limit);
  end if;
  if found = '{}' then return; end if;
  return query select j.id, case when p_id is not null or lower(j.subject_label) = lower(p_q) then 0
      when lower(j.subject_label) like q || '%' then 1 else 3 end as r, null::real
    from provisioning_jobs j
    where j.id = any (found) and (seen is null or j.tenant_id = any (seen)) order by r, j.id desc limit p_limit;
end $$;

drop function search_subscriptions;

revoke execute on function search_near, search_similar from public;
grant execute on function search_similar to mpanel_app;

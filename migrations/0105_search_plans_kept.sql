-- A search plans its statements once a connection, not each time: only what depends on the words is planned anew.

-- Rows with names that are spelled alike, by the words that search_near knows. Where rows are many, an index has whole words:
-- one word in it is found in a tenth of the time that its trigrams take.
create function search_alike(p_table text, p_text text, p_words text[], p_seen uuid[], p_limit int)
returns table (id uuid, score real) language plpgsql stable rows 20 as $$
declare
  most int;
  matching text;
  indexed text;
  scores text;
  hits uuid[];
begin
  -- What is most like each word comes first, and is often enough.
  foreach most in array array[1, 5] loop
    select string_agg(format('%s like any (%L::text[])', p_text, array(select '%' || k || '%' from unnest(kin) k)), ' and '),
      string_agg(format('search_word_array(%s) && %L::text[]', p_text, kin), ' and ')
      into matching, indexed
      from (select (string_to_array(split_part(w, '=', 2), '|'))[:most] as kin from unnest(p_words) w) typed;
    hits := search_rows(p_table, matching, case when p_table in ('customers', 'cloud_pods') then indexed else matching end,
      true, p_seen, p_limit);
    exit when cardinality(hits) >= p_limit;
  end loop;
  select string_agg(format('word_similarity(%L, %s)', split_part(w, '=', 1), p_text), ', ') into scores from unnest(p_words) w;
  return query execute format('select c.id, least(%s) from %I c where id = any ($1) order by 2 desc, 1 desc limit %s',
    scores, p_table, p_limit) using hits;
end $$;

create or replace function search_similar(p_q text, p_likes text[], p_words text[], p_tenants jsonb, p_limit int)
returns table (type text, id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  near text[] := search_near(p_words);
  one record;
begin
  if near = '{}' then return; end if;
  for one in select key, search_scope(case when jsonb_typeof(value) = 'array'
      then array(select t::uuid from jsonb_array_elements_text(value) t) end) as tenants from jsonb_each(p_tenants) loop
    -- Tenants and people have no tenant of their own: who does not see all of them finds only what is written so.
    continue when one.tenants = '{}' or one.key in ('tenant', 'user') and one.tenants is not null;
    return query select one.key, h.id, 4, h.score from search_alike(
      case one.key when 'customer' then 'customers' when 'cloudPod' then 'cloud_pods' when 'tenant' then 'tenants' else 'users' end,
      case one.key when 'cloudPod' then 'hostname' else 'search_text' end, near, one.tenants, p_limit) h;
  end loop;
end $$;

-- `p_words` stays for the version before; none are given any more.
create or replace function search_customers(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
  starts text[] := array(select '% ' || search_literal(w) || '%' from regexp_split_to_table(q, '\s+') w);
  matching text := search_all_like('search_text', p_likes);
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
      when q ~ '\d' and q !~ '\s' and c.search_text || ' ' like '% ' || search_literal(q) || ' %' then 0
      when starts_with(search_fold(c.name), q) or starts_with(search_fold(c.company), q) then 1
      when c.search_text like all (starts) then 2
      else 3 end as r, null::real
    from customers c
    where c.id = any (search_rows('customers', matching, search_indexed(matching, p_likes), true, seen, p_limit))
    order by r, c.id desc limit p_limit;
end $$;

create or replace function search_cloud_pods(p_q text, p_id uuid, p_vmid int, p_net inet, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
  inside text := '[.-]' || regexp_replace(q, '[^a-z0-9]', '.', 'g');
  matching text := search_all_like($x$(' ' || hostname)$x$, p_likes);
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
  return query select c.id, case when c.hostname = q then 0 when starts_with(c.hostname, q) then 1
      when c.hostname ~ inside then 2 else 3 end as r, null::real
    from cloud_pods c
    where c.id = any (search_rows('cloud_pods', matching, search_indexed(matching, p_likes), true, seen, p_limit))
    order by r, (c.state in ('failed', 'deleted')), c.id desc limit p_limit;
end $$;

create or replace function search_tenants_by_name(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
  matching text := search_all_like('search_text', p_likes);
begin
  return query select t.id, case when t.id = p_id or t.slug = q then 0 else search_people_rank(t.search_text, q) end as r, null::real
    from tenants t
    where t.id = any (p_id || case when seen is null
          then search_rows('tenants', matching, search_indexed(matching, p_likes), true, null, p_limit)
          else array(select n.id from tenants n where n.id = any (seen)
            and n.search_text like all (select search_fold(l) from unnest(p_likes) l)) end)
      and (seen is null or t.id = any (seen))
    order by r, t.id desc limit p_limit;
end $$;

create or replace function search_users(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
  matching text := search_all_like('search_text', p_likes);
begin
  return query select u.id, case when u.id = p_id or u.email = lower(p_q) then 0 else search_people_rank(u.search_text, q) end as r, null::real
    from users u
    where u.id = any (p_id || case when seen is null
          then search_rows('users', matching, search_indexed(matching, p_likes), true, null, p_limit)
          else array(select n.id from users n where n.id in (select g.user_id from role_grants g where g.tenant_id = any (seen))
            and n.search_text like all (select search_fold(l) from unnest(p_likes) l)) end)
      and (seen is null or exists (select from role_grants g where g.user_id = u.id and g.tenant_id = any (seen)))
    order by r, u.id desc limit p_limit;
end $$;
-- contract: nobody but the functions above has called it
drop function search_hits(text, text, text[], text[], uuid[], int);

-- Jobs by what they are about: its beginning by an index, and the newest thousand by any part of it.
create or replace function search_jobs(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  nearby constant int := 1000;
  seen uuid[] := search_scope(p_tenants);
  q text := lower(p_q);
  inside text := '%' || search_literal(q) || '%';
  hits uuid[];
begin
  if seen = '{}' then return; end if;
  if p_id is not null then
    hits := array(select x.id from provisioning_jobs x where x.id = p_id
      union select x.id from provisioning_jobs x where x.subject_id = p_id);
  else
    if seen is null then
      hits := array(select x.id from (select j.id, j.subject_label from provisioning_jobs j order by j.id desc limit nearby) x
        where lower(x.subject_label) like inside limit 50);
    else
      -- In the order of the tenants' index, so that no plan looks for a small tenant's jobs among everybody's.
      hits := array(select x.id from unnest(seen) t cross join lateral (select j.id, j.subject_label from provisioning_jobs j
          where j.tenant_id between t and t order by j.tenant_id, j.id desc limit greatest(nearby / cardinality(seen), 200)) x
        where lower(x.subject_label) like inside limit 50);
    end if;
    if cardinality(hits) < p_limit then
      -- The index is by bytes: no label that begins so is behind the last of all characters.
      hits := hits || array(select x.id from provisioning_jobs x where lower(x.subject_label) ~>=~ q
        and lower(x.subject_label) ~<~ (q || U&'\+10FFFF') and (seen is null or x.tenant_id = any (seen)) limit 200);
    end if;
  end if;
  if hits = '{}' then return; end if;
  return query select j.id, case when p_id is not null or lower(j.subject_label) = q then 0
      when starts_with(lower(j.subject_label), q) then 1 else 3 end as r, null::real
    from provisioning_jobs j
    where j.id = any (hits) and (seen is null or j.tenant_id = any (seen)) order by r, j.id desc limit p_limit;
end $$;

alter function search_domains(text, uuid, text[], uuid[], int) set plan_cache_mode = force_generic_plan;
alter function search_certificates(text, uuid, text[], uuid[], int) set plan_cache_mode = force_generic_plan;
alter function search_invoices(text, uuid, uuid[], int) set plan_cache_mode = force_generic_plan;

revoke execute on function search_alike from public;

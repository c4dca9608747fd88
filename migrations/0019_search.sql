-- Search: one spelling for what is stored and what is typed, and per kind of thing one function that finds it.
-- Row-level security keeps LIKE and trigram operators from indexes, because they are not leakproof. So these functions
-- run with their owner's rights, read the scope of the transaction and apply it themselves. `p_tenants` narrows it
-- further, to the tenants where the caller may read that kind of thing; null does not.
create extension if not exists btree_gin;

-- Without case and accents. Only what is written here changes, so that an index may rely on it.
create function search_fold(value text) returns text language sql immutable strict parallel safe as $$
  select case when octet_length(value) = length(value) then lower(value) else replace(replace(replace(replace(translate(lower(value),
    'àáâãäåāăąçćĉċčďđèéêëēĕėęěĝğġģĥħìíîïĩīĭįıĵķĺļľŀłñńņňòóôõöøōŏőŕŗřśŝşšșţťŧțùúûüũūŭůűųŵýÿŷźżžÀÁÂÃÄÅĄÇĆČĎÈÉÊËĘĚĞÌÍÎÏİŁÑŃŇÒÓÔÕÖØŐŘŚŞŠȘŤȚÙÚÛÜŮŰÝŹŻŽ',
    'aaaaaaaaacccccddeeeeeeeeegggghhiiiiiiiiijklllllnnnnooooooooorrrsssssttttuuuuuuuuuuwyyyzzzaaaaaaacccdeeeeeegiiiiilnnnooooooorssssttuuuuuuyzzz'),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th') end
$$;

-- The tenants a search may look in: null means all of them.
create function search_scope(p_tenants uuid[]) returns uuid[] language sql stable parallel safe as $$
  select case
    when app_platform() then p_tenants
    when p_tenants is null then app_tenants()
    else array(select t from unnest(app_tenants()) t where t = any (p_tenants))
  end
$$;

-- Everything a customer is found by, kept beside the row: reading it is cheaper than making it for each row looked at.
-- It begins with a space, so that '% word%' finds the beginning of any word.
drop index customers_search;
drop function customer_text(text, text, text, text);
alter table customers add column search_text text not null generated always as
  (' ' || search_fold(name || ' ' || coalesce(company, '') || ' ' || email || ' ' || search_more)) stored;
alter table customers alter column search_text set statistics 10;
create index customers_search on customers using gin (tenant_id, search_text gin_trgm_ops);
-- Contacts and the platform look by e-mail alone, so it comes first.
drop index customers_email;
create index customers_email on customers (lower(email), tenant_id);
create index customer_contacts_email on customer_contacts (lower(email), tenant_id);
create index customers_not_active on customers (tenant_id, id desc) where state <> 'active';
-- The primary key is read backwards as well.
drop index customers_newest;
drop index customers_tags;
create index customers_tags on customers using gin (tenant_id, tags);
create index cloud_pods_search on cloud_pods using gin (tenant_id, (' ' || hostname) gin_trgm_ops);
create index cloud_pods_vmid on cloud_pods (vmid, id desc);
create index ip_addresses_address on ip_addresses (address, tenant_id);
create index invoices_number on invoices (lower(number) text_pattern_ops, tenant_id) where number is not null;
create index invoices_number_end on invoices (reverse(lower(number)) text_pattern_ops, tenant_id) where number is not null;
create index provisioning_jobs_label on provisioning_jobs (lower(subject_label) text_pattern_ops, tenant_id, id desc);
alter table tenants add column search_text text not null generated always as (' ' || search_fold(name || ' ' || slug)) stored;
create index tenants_search on tenants using gin (search_text gin_trgm_ops);
drop index users_search;
alter table users add column search_text text not null generated always as (' ' || search_fold(name || ' ' || email)) stored;
create index users_search on users using gin (search_text gin_trgm_ops);

-- The next rows of a list, in its order, as the text of a query. A condition on one tenant is an equality, so that an
-- index on (tenant_id, id) gives the rows in order; several tenants are read one after the other.
create function search_window(p_table text, p_where text, p_tenants uuid[], p_down boolean, p_limit int)
returns text language sql immutable as $$
  select case
    when p_tenants is null then format('select * from %I c where %s order by id %s limit %s', p_table, p_where, way, p_limit)
    when cardinality(p_tenants) = 1 then format('select * from %I c where tenant_id = %L and %s order by id %s limit %s',
      p_table, p_tenants[1], p_where, way, p_limit)
    else format('select w.* from unnest(%L::uuid[]) t cross join lateral
        (select * from %I c where tenant_id = t and %s order by id %s limit %s) w order by id %4$s limit %5$s',
      p_tenants, p_table, p_where, way, p_limit)
  end from (select case when p_down then 'desc' else 'asc' end as way) as direction
$$;
-- Taken literally within a LIKE pattern.
create function search_literal(p_text text) returns text language sql immutable parallel safe as $$
  select regexp_replace(p_text, '([\\%_])', '\\\1', 'g')
$$;
create function search_tenants(p_tenants uuid[]) returns text language sql immutable as $$
  select case when p_tenants is null then 'true' when cardinality(p_tenants) = 1 then format('tenant_id = %L', p_tenants[1])
    else format('tenant_id = any (%L::uuid[])', p_tenants) end
$$;
create function search_all_like(p_column text, p_likes text[]) returns text language sql immutable as $$
  select coalesce(string_agg(format('%s like %L', p_column, search_fold(l)), ' and '), 'true') from unnest(p_likes) l
$$;

-- One page of the customers whose text contains all of `p_likes`, or that carry a tag. What is common is found among the
-- next rows of the list, or some further; what is not found there is rare, and an index gives all of it. So neither a common
-- word nor one without hits reads much.
create function customers_found(p_likes text[], p_state text, p_group uuid, p_tag text, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language plpgsql stable security definer rows 50
set search_path = public set enable_seqscan = off as $$
declare
  nearby constant int := 2000;
  seen uuid[] := search_scope(null);
  way text := case when p_down then 'desc' else 'asc' end;
  listed text := concat_ws(' and ', 'true', 'group_id = ' || quote_literal(p_group),
    'id ' || case when p_down then '<' else '>' end || quote_literal(p_after));
  -- The state, too: with it in the window the planner may walk all tenants' rows for those of one.
  matching text := concat_ws(' and ', search_all_like('search_text', p_likes), 'state = ' || quote_literal(p_state), 'tags @> array[' || quote_literal(p_tag) || ']');
  found uuid[];
  looked int;
begin
  if seen = '{}' then return; end if;
  execute format('select count(*), (array_agg(id order by id %s) filter (where %s))[1:%s] from (%s) c',
    way, matching, p_limit, search_window('customers', listed, seen, p_down, nearby)) into looked, found;
  if looked = nearby and cardinality(found) between 5 and p_limit - 1 then
    execute format('select array(select id from (%s) c where %s order by id %s limit %s)',
      search_window('customers', listed, seen, p_down, 10 * nearby), matching, way, p_limit) into found;
  end if;
  if looked < nearby or cardinality(found) = p_limit then
    return query select unnest(found);
  else
    return query execute format('with m as materialized (select id from customers where %s and %s and %s)
      select id from m order by id %s limit %s', search_tenants(seen), matching, listed, way, p_limit);
  end if;
end $$;
drop function customers_containing;

-- The words of names, for finding those that are spelled alike: comparing with every row would take seconds, comparing with
-- every word takes milliseconds. What a word leads to is looked up among the rows of the transaction's tenants, so a word
-- that no row has any more does no harm; `search_tidy` takes it away.
create table search_words (word text primary key);
create index search_words_alike on search_words using gin (word gin_trgm_ops);
create function search_words_of(p_text text) returns setof text language sql immutable as $$
  select distinct w from regexp_split_to_table(search_fold(p_text), '[^[:alpha:]]+') w where length(w) between 4 and 40
$$;
-- Only words that are not there yet are written, in their order; the lock is what `search_tidy` waits for.
create function search_learn() returns trigger language plpgsql security definer set search_path = public as $$
declare
  said text := case tg_table_name when 'customers' then to_jsonb(new)->>'name' || ' ' || coalesce(to_jsonb(new)->>'company', '')
    when 'cloud_pods' then to_jsonb(new)->>'hostname' else to_jsonb(new)->>'name' end;
begin
  perform pg_advisory_xact_lock_shared(hashtext('search_words'));
  insert into search_words select w from search_words_of(said) w
    where not exists (select from search_words k where k.word = w) order by w on conflict do nothing;
  return null;
end $$;
create trigger customers_words after insert or update of name, company on customers for each row execute function search_learn();
create trigger cloud_pods_words after insert on cloud_pods for each row execute function search_learn();
create trigger tenants_words after insert or update of name on tenants for each row execute function search_learn();
create trigger users_words after insert or update of name on users for each row execute function search_learn();
create function search_said_words() returns setof text language sql stable as $$
  select search_words_of(name || ' ' || coalesce(company, '')) from customers union select search_words_of(hostname) from cloud_pods
  union select search_words_of(name) from tenants union select search_words_of(name) from users
$$;
-- Takes away words that are in no name any more, and answers how many.
create function search_tidy() returns int language plpgsql security definer set search_path = public as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  gone text[];
  removed int := 0;
begin
  perform set_config('app.scope', 'platform', true);
  -- First without anybody waiting, then once more what changed meanwhile.
  select array(select word from search_words except select * from search_said_words()) into gone;
  if gone <> '{}' then
    perform pg_advisory_xact_lock(hashtext('search_words'));
    delete from search_words where word = any (gone) and word not in (select * from search_said_words());
    get diagnostics removed = row_count;
  end if;
  perform set_config('app.scope', caller_scope, true);
  return removed;
end $$;

-- The rows of a table that match, looked for in the same way, the newest first. `p_rare` is what an index finds instead.
create function search_rows(p_table text, p_matching text, p_rare text, p_seen uuid[], p_limit int)
returns uuid[] language plpgsql stable as $$
declare
  nearby constant int := 2000;
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

-- The rows whose text contains all of `p_likes`; when these are few, also those with words that are spelled alike, and how
-- much alike these are.
create function search_hits(p_table text, p_text text, p_likes text[], p_words text[], p_seen uuid[], p_limit int)
returns table (id uuid, score real) language plpgsql stable rows 50 as $$
declare
  matching text := search_all_like(p_text, p_likes);
  found uuid[] := search_rows(p_table, matching, matching, p_seen, p_limit);
  words text[] := array(select search_fold(w) from unnest(p_words) w);
  looked_for text;
  near text[];
  alike text[] := '{}';
begin
  return query select f, null::real from unnest(found) f;
  if cardinality(found) >= p_limit or words = '{}' then return; end if;
  foreach looked_for in array words loop
    select array(select '%' || k.word || '%' from search_words k where k.word %> looked_for
      order by word_similarity(looked_for, k.word) desc, abs(length(k.word) - length(looked_for)), k.word
      limit case cardinality(words) when 1 then 5 when 2 then 3 else 2 end) into near;
    if near = '{}' then return; end if;
    alike := alike || format('%s like any (%L::text[])', p_text, near);
  end loop;
  return query execute format('select f, least(%s) from unnest($1) f join %I c on c.id = f where f <> all ($2) order by 2 desc, 1 desc limit %s',
    (select string_agg(format('word_similarity(%L, %s)', w, p_text), ', ') from unnest(words) w), p_table, p_limit)
    using search_rows(p_table, array_to_string(alike, ' and '), array_to_string(alike, ' and '), p_seen, p_limit), found;
end $$;

-- Each answers with ids, how good the hit is (0 the very key, 1 the beginning of its name, 2 beginnings of words, 3 inside a
-- word, 4 spelled alike) and, of the last, how much alike.
create function search_customers(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public set plan_cache_mode = force_custom_plan set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.45 as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
begin
  if seen = '{}' then return; end if;
  return query select c.id, 0, null::real from customers c
    where c.id in (select x.id from customers x where x.id = p_id
      union select x.id from customers x where lower(x.email) = lower(p_q)
      union select x.customer_id from customer_contacts x where lower(x.email) = lower(p_q))
      and (seen is null or c.tenant_id = any (seen)) order by c.id desc limit p_limit;
  if found then return; end if;
  return query select c.id, case
      when h.score is not null then 4
      when q ~ '\d' and q !~ '\s' and c.search_text || ' ' like '% ' || search_literal(q) || ' %' then 0
      when starts_with(search_fold(c.name), q) or starts_with(search_fold(c.company), q) then 1
      when (select bool_and(c.search_text like '% ' || search_literal(w) || '%') from regexp_split_to_table(q, '\s+') w) then 2
      else 3 end as r, h.score
    from search_hits('customers', 'search_text', p_likes, p_words, seen, p_limit) h join customers c on c.id = h.id
    order by r, h.score desc, c.id desc limit p_limit;
end $$;

-- By host name, address or network, and VMID, which is null for callers who do not see the infrastructure.
create function search_cloud_pods(p_q text, p_id uuid, p_vmid int, p_net inet, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public set plan_cache_mode = force_custom_plan set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.45 as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
begin
  if seen = '{}' then return; end if;
  return query select c.id, min(x.r), null::real from (
      select p.id, 0 as r from cloud_pods p where p.id = p_id
      union all (select p.id, 0 from cloud_pods p where p.vmid = p_vmid order by p.id desc limit 50)
      union all (select a.pod_id, case when a.address = p_net then 0 else 1 end from ip_addresses a
        where a.address <<= p_net and a.pod_id is not null and (seen is null or a.tenant_id = any (seen)) order by a.address limit p_limit)
    ) x join cloud_pods c on c.id = x.id where seen is null or c.tenant_id = any (seen)
    group by c.id order by 2, c.id desc limit p_limit;
  if p_net is not null or found then return; end if;
  return query select c.id, case when h.score is not null then 4 when c.hostname = q then 0
      when starts_with(c.hostname, q) then 1 when c.hostname ~ ('[.-]' || regexp_replace(q, '[^a-z0-9]', '.', 'g')) then 2 else 3 end as r, h.score
    from search_hits('cloud_pods', $x$(' ' || hostname)$x$, p_likes, p_words, seen, p_limit) h join cloud_pods c on c.id = h.id
    order by r, h.score desc, (c.state in ('failed', 'deleted')), c.id desc limit p_limit;
end $$;

-- Those of the pods that were found, so the caller must be allowed to read these as well.
create function search_subscriptions(p_q text, p_id uuid, p_vmid int, p_net inet, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language sql stable security definer rows 20 set search_path = public as $$
  select s.id, min(f.rank), max(f.score) from (
      select p.subscription_id as id, h.rank, h.score from search_cloud_pods(p_q, p_id, p_vmid, p_net, p_likes, p_words, p_tenants, p_limit) h
        join cloud_pods p on p.id = h.id
      union all select p_id, 0, null
    ) f join subscriptions s on s.id = f.id
  where search_scope(p_tenants) is null or s.tenant_id = any (search_scope(p_tenants))
  group by s.id order by 2, 3 desc, s.id desc limit p_limit
$$;

-- By number: all of it, its beginning or its end.
create function search_invoices(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_literal(lower(p_q));
begin
  if seen = '{}' then return; end if;
  return query select i.id, case when i.id = p_id or lower(i.number) = lower(p_q) then 0 when lower(i.number) like q || '%' then 1 else 3 end as r, null::real
    from (select p_id as id union select unnest(search_rows('invoices', format('lower(number) like %L', '%' || q || '%'),
        format('(lower(number) like %L or reverse(lower(number)) like %L)', q || '%', search_literal(reverse(lower(p_q))) || '%'), seen, p_limit))) f
      join invoices i on i.id = f.id
    where seen is null or i.tenant_id = any (seen) order by r, i.id desc limit p_limit;
end $$;

-- By id, by the id of what they are about, and by the beginning of its name.
create function search_jobs(p_q text, p_id uuid, p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_literal(lower(p_q));
begin
  if seen = '{}' then return; end if;
  return query select j.id, case when p_id is not null or lower(j.subject_label) = lower(p_q) then 0
      when lower(j.subject_label) like q || '%' then 1 else 3 end as r, null::real
    from (select x.id from provisioning_jobs x where x.id = p_id
      union select x.id from provisioning_jobs x where x.subject_id = p_id
      union select unnest(search_rows('provisioning_jobs', format('lower(subject_label) like %L', '%' || q || '%'),
        format('lower(subject_label) like %L', q || '%'), seen, p_limit)) where p_id is null) f
      join provisioning_jobs j on j.id = f.id
    where seen is null or j.tenant_id = any (seen) order by r, j.id desc limit p_limit;
end $$;

create function search_people_rank(p_text text, p_q text) returns int language sql immutable as $$
  select case when p_text like ' ' || search_literal(p_q) || '%' then 1 when p_text like '% ' || search_literal(p_q) || '%' then 2 else 3 end
$$;
create function search_tenants_by_name(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public set plan_cache_mode = force_custom_plan set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.45 as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
begin
  return query select t.id, case when t.id = p_id or t.slug = q then 0 when h.score is not null then 4
      else search_people_rank(t.search_text, q) end as r, h.score
    from (select p_id as id, null::real as score
      union all select * from search_hits('tenants', 'search_text', p_likes, p_words, null, p_limit)
        where seen is null
      union all select n.id, null from tenants n where n.id = any (seen) and n.search_text like all (select search_fold(l) from unnest(p_likes) l)) h
      join tenants t on t.id = h.id
    where seen is null or t.id = any (seen) order by r, h.score desc, t.id desc limit p_limit;
end $$;

-- From tenants one sees the users who were granted something in them.
create function search_users(p_q text, p_id uuid, p_likes text[], p_words text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public set plan_cache_mode = force_custom_plan set enable_seqscan = off set pg_trgm.word_similarity_threshold = 0.45 as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(p_q);
begin
  return query select u.id, case when u.id = p_id or u.email = lower(p_q) then 0 when h.score is not null then 4
      else search_people_rank(u.search_text, q) end as r, h.score
    from (select p_id as id, null::real as score
      union all select * from search_hits('users', 'search_text', p_likes, p_words, null, p_limit)
        where seen is null
      union all select n.id, null from users n where n.id in (select g.user_id from role_grants g where g.tenant_id = any (seen))
        and n.search_text like all (select search_fold(l) from unnest(p_likes) l)) h
      join users u on u.id = h.id
    where seen is null or exists (select from role_grants g where g.user_id = u.id and g.tenant_id = any (seen))
    order by r, h.score desc, u.id desc limit p_limit;
end $$;
revoke execute on function customers_found, search_hits, search_rows, search_learn, search_customers, search_cloud_pods, search_subscriptions,
  search_invoices, search_jobs, search_tenants_by_name, search_users, search_said_words, search_tidy from public;
grant execute on function customers_found, search_customers, search_cloud_pods, search_subscriptions, search_invoices,
  search_jobs, search_tenants_by_name, search_users, search_tidy to mpanel_app;
select set_config('app.scope', 'platform', true);
insert into search_words select * from search_said_words();

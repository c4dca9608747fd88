-- The figures of the dashboard. Counting a million pods each time that somebody looks takes too long, and a counter that
-- every change of a pod updates would make them all wait for each other. So a change only leaves a mark: this tenant is to be
-- counted again. A timer counts the marked tenants (src/db/dashboardFigures.ts). A reader takes what was counted of the
-- others, and counts the marked ones himself: what he gets is always what counting all rows would give.
select set_config('app.scope', 'platform', true);

create table tenant_figures (
  tenant_id uuid not null references tenants,
  subject text not null,
  -- A state, or of what is money a currency.
  key text not null,
  count bigint not null,
  amount bigint not null,
  primary key (tenant_id, subject, key)
);
select protect_tenant_table('tenant_figures');
grant select, insert, delete on tenant_figures to mpanel_app;

-- The sums over all tenants, kept by the trigger below: only the timer writes, so nobody waits for these rows.
create table figure_totals (
  subject text not null,
  key text not null,
  count bigint not null,
  amount bigint not null,
  primary key (subject, key)
);
grant select, insert, update on figure_totals to mpanel_app;

create table figure_marks (marked uuid not null);
create index figure_marks_marked on figure_marks (marked);
grant select, insert, delete on figure_marks to mpanel_app;

create function sum_figures() returns trigger language plpgsql as $$
begin
  insert into figure_totals as t (subject, key, count, amount)
    select subject, key, sum(count) * way, sum(amount) * way
    from changed, (select case tg_op when 'INSERT' then 1 else -1 end as way) w group by subject, key, way order by subject, key
    on conflict (subject, key) do update set count = t.count + excluded.count, amount = t.amount + excluded.amount;
  return null;
end $$;
create trigger figures_counted after insert on tenant_figures referencing new table as changed
  for each statement execute function sum_figures();
create trigger figures_taken_back after delete on tenant_figures referencing old table as changed
  for each statement execute function sum_figures();

create function mark_figures() returns trigger language plpgsql as $$
begin
  insert into figure_marks values (case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end);
  return null;
end $$;
-- Whatever the queries of src/db/dashboardFigures.ts read must be among these.
create trigger figures_rows after insert or delete on customers for each row execute function mark_figures();
create trigger figures_state after update of state on customers for each row
  when (old.state is distinct from new.state) execute function mark_figures();
create trigger figures_rows after insert or delete on cloud_pods for each row execute function mark_figures();
create trigger figures_state after update of state on cloud_pods for each row
  when (old.state is distinct from new.state) execute function mark_figures();
-- What a subscription brings in a month depends on more than its state, and on the tax of its invoices.
create trigger figures_rows after insert or delete on subscriptions for each row execute function mark_figures();
create trigger figures_state after update on subscriptions for each row
  when (old.* is distinct from new.*) execute function mark_figures();
create trigger figures_rows after insert or delete on invoice_lines for each row execute function mark_figures();
create trigger figures_state after update of voided on invoice_lines for each row
  when (old.voided is distinct from new.voided) execute function mark_figures();
insert into figure_marks select id from tenants;

-- What is counted as it is: these rows are few.
create index ssl_certificates_problems on ssl_certificates (tenant_id, id) where problem_code is not null and state <> 'removed';
create index invoices_due on invoices (due_date, tenant_id) where status = 'open';

-- Search: domains and certificates by their names, each by one function as in 0019 and 0055.
create index domains_search on domains using gin (tenant_id, (' ' || search_fold(name || ' ' || unicode_name)) gin_trgm_ops)
  where ended_at is null;
-- Joining texts depends on nothing but the texts, so an index may rely on it.
create function search_names(p_names text[]) returns text language sql immutable strict parallel safe as $$
  select ' ' || array_to_string(p_names, ' ')
$$;
create index ssl_certificates_search on ssl_certificates using gin (tenant_id, search_names(names) gin_trgm_ops)
  where state <> 'removed';

create function search_domains(p_q text, p_id uuid, p_likes text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := search_fold(rtrim(p_q, '.'));
  matching text := search_all_like($x$(' ' || search_fold(name || ' ' || unicode_name))$x$, p_likes) || ' and ended_at is null';
begin
  if seen = '{}' then return; end if;
  return query select d.id, case when d.id = p_id or q in (d.name, search_fold(d.unicode_name)) then 0
      when starts_with(d.name, q) or starts_with(search_fold(d.unicode_name), q) then 1 else 3 end as r, null::real
    from domains d where d.id = any (case when p_id is null then search_rows('domains', matching, matching, seen, p_limit) else array[p_id] end)
      and (seen is null or d.tenant_id = any (seen))
    order by r, d.id desc limit p_limit;
end $$;

create function search_certificates(p_q text, p_id uuid, p_likes text[], p_tenants uuid[], p_limit int)
returns table (id uuid, rank int, score real) language plpgsql stable security definer rows 20
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  seen uuid[] := search_scope(p_tenants);
  q text := lower(rtrim(p_q, '.'));
  matching text := search_all_like('search_names(names)', p_likes) || $x$ and state <> 'removed'$x$;
begin
  if seen = '{}' then return; end if;
  return query select c.id, case when c.id = p_id or q = any (c.names) then 0
      when exists (select from unnest(c.names) n where starts_with(n, q)) then 1 else 3 end as r, null::real
    from ssl_certificates c
    where c.id = any (case when p_id is null then search_rows('ssl_certificates', matching, matching, seen, p_limit) else array[p_id] end)
      and (seen is null or c.tenant_id = any (seen))
    order by r, c.id desc limit p_limit;
end $$;
revoke execute on function search_domains, search_certificates from public;
grant execute on function search_domains, search_certificates to mpanel_app;

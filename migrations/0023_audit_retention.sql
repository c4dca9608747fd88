-- Months of the audit log that were written to a file and removed from the database, and what must not be removed.
create table audit_archives (
  month date primary key check (extract(day from month) = 1),
  file text not null,
  sha256 bytea not null check (length(sha256) = 32),
  bytes bigint not null,
  events bigint not null,
  first_batch bigint,
  last_batch bigint,
  written_at timestamptz not null,
  removed_at timestamptz,
  -- Of the file, the month and `audit_archived`: who owns the database cannot make a removal look like an archive.
  hash bytea not null check (length(hash) = 32),
  signature bytea not null
);
grant select, insert, update, delete on audit_archives to mpanel_app;

-- Which events of a batch are in an archive: a bit for each position.
create table audit_archived (
  month date not null references audit_archives on delete cascade,
  batch bigint not null references audit_batches,
  positions bytea not null,
  primary key (batch, month)
);
create index audit_archived_month on audit_archived (month, batch);
grant select, insert, delete on audit_archived to mpanel_app;

-- What keeps a month in the database: everything, a tenant's events, or those of one target.
create table audit_holds (
  id uuid primary key,
  tenant_id uuid references tenants,
  target_id text,
  reason text not null check (length(reason) between 1 and 1000),
  placed_by text not null,
  placed_at timestamptz not null,
  released_by text,
  released_at timestamptz
);
select protect_tenant_table('audit_holds');
grant select, insert, update on audit_holds to mpanel_app;

-- The months that may be archived: those that ended before `before`, oldest first.
create function audit_months(before timestamptz) returns setof date
language sql stable security definer set search_path = public as $$
  select to_date(substr(c.relname, 14), 'YYYY_MM') as month from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'audit_events'::regclass and c.relname ~ '^audit_events_\d{4}_\d{2}$'
    and (to_date(substr(c.relname, 14), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= before
  order by 1
$$;

-- The hold that keeps a month, if one does.
create function audit_hold_of(which date) returns uuid
language plpgsql stable security definer set search_path = public as $$
declare
  hold record;
  kept boolean;
  name text := 'audit_events_' || to_char(which, 'YYYY_MM');
begin
  perform set_config('app.scope', 'platform', true);
  for hold in select * from audit_holds where released_at is null order by id loop
    if hold.tenant_id is null and hold.target_id is null then return hold.id; end if;
    execute format('select exists (select from %I where ($1 is null or tenant_id = $1) and ($2 is null or target_id = $2))', name)
      into kept using hold.tenant_id, hold.target_id;
    if kept then return hold.id; end if;
  end loop;
  return null;
end $$;

-- Removes a month that is in an archive, whole, and that no hold keeps. Owner's rights: the application may not.
create function remove_audit_month(which date) returns void
language plpgsql security definer set search_path = public set lock_timeout = '5s' as $$
declare
  name text := 'audit_events_' || to_char(which, 'YYYY_MM');
  there bigint;
begin
  if to_regclass(name) is not null then
    -- Nobody writes into it while it is compared and taken away.
    execute format('alter table audit_events detach partition %I', name);
    execute format('select count(*) from %I', name) into there;
    if there is distinct from (select events from audit_archives where month = which) then
      raise exception 'the archive of % does not hold its % events', which, there;
    end if;
    if audit_hold_of(which) is not null then raise exception 'a hold keeps %', which; end if;
    execute format('drop table %I', name);
  end if;
  update audit_archives set removed_at = now() where month = which and removed_at is null;
end $$;
revoke all on function audit_months, audit_hold_of, remove_audit_month from public;
grant execute on function audit_months, audit_hold_of, remove_audit_month to mpanel_app;

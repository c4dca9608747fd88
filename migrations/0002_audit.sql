-- What happened, written in the transaction that made it happen. Monthly partitions; append-only.
create table audit_events (
  id uuid not null,
  at timestamptz not null,
  tenant_id uuid references tenants,
  action text not null check (action ~ '^[A-Z][A-Z0-9_]+$'),
  outcome text not null default 'success' check (outcome in ('success', 'denied', 'error')),
  actor jsonb not null,
  target_type text,
  target_id text,
  target_label text,
  diff jsonb,
  details jsonb,
  request_id text,
  correlation_id text,
  job_id uuid,
  ip inet,
  user_agent text,
  primary key (at, id)
) partition by range (at);
-- Catches what no month claims (a test's simulated clock, for example), so that no event can ever be lost.
create table audit_events_other partition of audit_events default;
create index audit_events_tenant on audit_events (tenant_id, id desc);
create index audit_events_target on audit_events (target_type, target_id, at desc);
create index audit_events_action on audit_events (action, at desc);
create index audit_events_request on audit_events (request_id) where request_id is not null;
select protect_tenant_table('audit_events');
create trigger audit_events_append_only before update or delete on audit_events for each row execute function refuse_change();
create trigger audit_events_no_truncate before truncate on audit_events for each statement execute function refuse_change();
-- Row triggers reach the partitions by themselves, statement triggers do not.
create trigger audit_events_other_no_truncate before truncate on audit_events_other for each statement execute function refuse_change();
grant select, insert on audit_events to mpanel_app;

-- Makes the partitions of this and the coming months. Runs at migration and by a timer; owner's rights, since the
-- application's role may not create tables.
create function ensure_audit_partitions(months_ahead int default 3) returns int
language plpgsql security definer set search_path = public as $$
declare
  month date := date_trunc('month', now() at time zone 'UTC')::date;
  made int := 0;
  name text;
begin
  for i in -1 .. months_ahead loop
    name := 'audit_events_' || to_char(month + make_interval(months => i), 'YYYY_MM');
    if to_regclass(name) is null then
      execute format('create table %I partition of audit_events for values from (%L) to (%L)', name,
        to_char(month + make_interval(months => i), 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + make_interval(months => i + 1), 'YYYY-MM-DD') || ' 00:00:00+00');
      execute format('create trigger %I before truncate on %I for each statement execute function refuse_change()',
        name || '_no_truncate', name);
      made := made + 1;
    end if;
  end loop;
  return made;
end $$;
select ensure_audit_partitions();
revoke all on function ensure_audit_partitions from public;
grant execute on function ensure_audit_partitions to mpanel_app;

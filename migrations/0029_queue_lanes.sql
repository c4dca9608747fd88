-- Fair and bounded claiming. A job names the limits it takes part in; jobs with the same limits are a lane. Within a
-- lane the tenants take turns, and a lane whose limits are reached is passed over as a whole, however much waits in it.
alter table provisioning_jobs add column lane text not null default '';
drop index provisioning_jobs_ready;
create index provisioning_jobs_ready on provisioning_jobs
  (lane, priority, (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')), seq) where state = 'ready';

-- How many jobs that name a limit may run at once, over all workers. A name is `what:which`; `what:*` is for every
-- `which` that has no row of its own. A name without any row is not limited.
create table job_limits (
  name text primary key check (name ~ '^[a-z]+:\S+$'),
  capacity int not null check (capacity between 0 and 10000)
);
insert into job_limits values ('node:*', 4), ('clones:*', 4), ('backups:*', 2);
grant select, insert, update, delete on job_limits to mpanel_app;

-- What operators have stopped: everything, a queue, a node, or a kind of job.
create table job_pauses (
  what text not null check (what in ('all', 'queue', 'node', 'kind')),
  which text not null,
  reason text not null,
  paused_by jsonb not null,
  paused_at timestamptz not null,
  primary key (what, which),
  check ((what = 'all') = (which = '*'))
);
grant select, insert, update, delete on job_pauses to mpanel_app;

-- Whose turn was last in each lane.
create table job_lanes (
  lane text primary key,
  last_tenant uuid not null,
  served bigint not null
) with (fillfactor = 50);
create sequence job_turn_seq;
grant select, insert, update, delete on job_lanes to mpanel_app;
grant usage on sequence job_turn_seq to mpanel_app;

drop function job_enqueue;
create function job_enqueue(
  p_id uuid, p_queue text, p_kind text, p_tenant uuid, p_subject_type text, p_subject_id uuid, p_subject_label text,
  p_serial_key text, p_node uuid, p_lane text, p_priority int, p_payload jsonb, p_idempotency_key text,
  p_correlation text, p_actor jsonb, p_max_attempts int, p_run_at timestamptz, p_deadline timestamptz
) returns table (job_id uuid, job_state text) language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  v_state text := 'ready';
  v_seq bigint;
begin
  if p_run_at > clock_timestamp() then
    v_state := 'scheduled';
  else
    if p_serial_key is not null then
      perform pg_advisory_xact_lock(hashtextextended(p_serial_key, 0));
      if exists (select from provisioning_jobs where serial_key = p_serial_key and seq is not null
                 and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')) then
        v_state := 'blocked';
      end if;
    end if;
    v_seq := nextval('provisioning_job_seq');
  end if;
  insert into provisioning_jobs (id, queue, kind, tenant_id, subject_type, subject_id, subject_label, serial_key, seq,
    node_id, lane, priority, state, payload, idempotency_key, correlation_id, actor, max_attempts, run_at, deadline_at,
    created_at)
  values (p_id, p_queue, p_kind, p_tenant, p_subject_type, p_subject_id, p_subject_label, p_serial_key, v_seq,
    p_node, p_lane, p_priority, v_state, p_payload, p_idempotency_key, p_correlation, p_actor, p_max_attempts,
    p_run_at, p_deadline, clock_timestamp())
  on conflict (queue, idempotency_key) do nothing
  returning id, state into job_id, job_state;
  if not found then
    -- A statement of its own: it sees the row for whose commit the insert has waited.
    select id, state into job_id, job_state from provisioning_jobs
      where queue = p_queue and idempotency_key = p_idempotency_key;
  end if;
  return next;
end $$;

-- How many jobs of each limit may still be started; to be asked under the lock of job_claim, where it is exact: only a
-- claim makes it less, and what ends meanwhile only makes it more.
create function job_room(p_names text[]) returns jsonb language sql stable as $$
  select coalesce(jsonb_object_agg(n.name, l.capacity - coalesce(r.running, 0)), '{}')
  from unnest(p_names) as n (name)
  join lateral (
    select capacity from job_limits where job_limits.name in (n.name, split_part(n.name, ':', 1) || ':*')
    order by job_limits.name = n.name desc limit 1) l on true
  left join (
    select s.name, count(*)::int as running from provisioning_jobs j, unnest(string_to_array(j.lane, ' ')) as s (name)
    where j.state = 'running' and j.lane <> '' group by 1) r on r.name = n.name
$$;

-- One claim at a time, whoever makes it, so that limits hold exactly and turns are kept.
create or replace function job_claim(p_worker text, p_queues text[], p_limit int, p_lease interval)
returns setof provisioning_jobs language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  zero constant uuid := '00000000-0000-0000-0000-000000000000';
  v_queues text[];
  v_kinds text[];
  v_lanes text[];       -- lanes with something to claim, and of each:
  v_priority int[];     --   its most urgent priority, null when there is nothing more
  v_last uuid[];        --   the tenant whose turn was last
  v_served bigint[];    --   when that was
  v_room jsonb;
  v_left int := p_limit;
  v_best int;
  v_next record;
  v_job provisioning_jobs;
  v_names text[];
begin
  if p_limit <= 0 or not exists (select from provisioning_jobs where state = 'ready') then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('mpanel job claim', 0));
  if exists (select from job_pauses where what = 'all') then return; end if;
  select coalesce(array_agg(q), '{}') into v_queues from unnest(p_queues) q
    where not exists (select from job_pauses where what = 'queue' and which = q);
  select coalesce(array_agg(which), '{}') into v_kinds from job_pauses where what = 'kind';

  with recursive ready as (
    (select lane from provisioning_jobs where state = 'ready' order by lane limit 1)
    union all
    select (select j.lane from provisioning_jobs j where j.state = 'ready' and j.lane > r.lane order by j.lane limit 1)
    from ready r where r.lane is not null
  )
  select array_agg(r.lane), array_agg(0), array_agg(coalesce(l.last_tenant, zero)), array_agg(coalesce(l.served, 0))
  into v_lanes, v_priority, v_last, v_served
  from ready r left join job_lanes l on l.lane = r.lane
  where r.lane is not null and not exists (
    select from job_pauses p, unnest(string_to_array(r.lane, ' ')) as s (name)
    where p.what = 'node' and s.name = 'node:' || p.which);
  if v_lanes is null then return; end if;
  select coalesce(array_agg(distinct s.name), '{}') into v_names
    from unnest(v_lanes) as l (lane), unnest(string_to_array(l.lane, ' ')) as s (name) where l.lane <> '';
  v_room := job_room(v_names);
  for i in 1 .. array_length(v_lanes, 1) loop
    v_priority[i] := (select min(first.priority) from (
      select priority from provisioning_jobs where state = 'ready' and lane = v_lanes[i]
        and queue = any (v_queues) and kind <> all (v_kinds) order by priority limit 1) first);
  end loop;

  while v_left > 0 loop
    -- The most urgent job there is room for; of several such lanes the one that has waited longest for its turn.
    v_best := null;
    for i in 1 .. array_length(v_lanes, 1) loop
      continue when v_priority[i] is null;
      if v_lanes[i] <> '' and exists (select from unnest(string_to_array(v_lanes[i], ' ')) as s (name)
          where (v_room ->> s.name)::int <= 0) then
        v_priority[i] := null;
        continue;
      end if;
      if v_best is null or (v_priority[i], v_served[i]) < (v_priority[v_best], v_served[v_best]) then v_best := i; end if;
    end loop;
    exit when v_best is null;

    -- The tenant behind the last one, and after the last of them the first again.
    select queue, id, coalesce(tenant_id, zero) as tenant into v_next from provisioning_jobs
      where state = 'ready' and lane = v_lanes[v_best] and priority = v_priority[v_best]
        and coalesce(tenant_id, zero) > v_last[v_best] and queue = any (v_queues) and kind <> all (v_kinds)
      order by coalesce(tenant_id, zero), seq limit 1 for no key update skip locked;
    if not found then
      select queue, id, coalesce(tenant_id, zero) as tenant into v_next from provisioning_jobs
        where state = 'ready' and lane = v_lanes[v_best] and priority = v_priority[v_best]
          and queue = any (v_queues) and kind <> all (v_kinds)
        order by coalesce(tenant_id, zero), seq limit 1 for no key update skip locked;
    end if;
    if not found then
      v_priority[v_best] := (select min(first.priority) from (
        select priority from provisioning_jobs where state = 'ready' and lane = v_lanes[v_best]
          and priority > v_priority[v_best] and queue = any (v_queues) and kind <> all (v_kinds)
        order by priority limit 1) first);
      continue;
    end if;

    update provisioning_jobs
    set state = 'running', lease_owner = p_worker, lease_until = clock_timestamp() + p_lease, fence = fence + 1,
        started_at = coalesce(started_at, clock_timestamp()), waiting_for = null, changed = pg_current_xact_id()
    where queue = v_next.queue and id = v_next.id
    returning * into v_job;
    return next v_job;
    v_left := v_left - 1;
    v_last[v_best] := v_next.tenant;
    v_served[v_best] := nextval('job_turn_seq');
    if v_lanes[v_best] <> '' then
      select v_room || coalesce(jsonb_object_agg(s.name, (v_room ->> s.name)::int - 1), '{}') into v_room
        from unnest(string_to_array(v_lanes[v_best], ' ')) as s (name) where v_room ? s.name;
    end if;
  end loop;

  if v_left < p_limit then
    insert into job_lanes (lane, last_tenant, served)
    select lane, last, at from unnest(v_lanes, v_last, v_served) as t (lane, last, at)
    where not exists (select from job_lanes l where l.lane = t.lane and l.served = t.at) and t.at > 0
    on conflict (lane) do update set last_tenant = excluded.last_tenant, served = excluded.served;
  end if;
end $$;

-- What ended lately, for the figures of the queues.
create index provisioning_jobs_finished on provisioning_jobs (finished_at) where finished_at is not null;
create index provisioning_jobs_open on provisioning_jobs (kind, state)
  where state in ('scheduled', 'blocked', 'ready', 'running', 'stuck');

alter table provisioning_job_steps drop constraint provisioning_job_steps_state_check,
  add constraint provisioning_job_steps_state_check
    check (state in ('running', 'done', 'skipped', 'failed', 'undoing', 'undone', 'undo_failed'));

-- The fleet: each worker says every few seconds that it is there. One that is silent has died, or cannot reach us.
create table workers (
  name text primary key,
  host text not null,
  pid int not null,
  version text not null,
  concurrency int not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  draining boolean not null default false
);
grant select, insert, update, delete on workers to mpanel_app;

alter table timers
  add column every interval,
  add column last_success_at timestamptz;

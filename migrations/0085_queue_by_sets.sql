-- What several jobs have reached is written by one statement for all of them, and claims by one for all that were chosen: most of
-- the time of a statement for one row was its beginning and its end. Rules and results are those of 0003, 0029 and 0056.

-- Lets the next job of each resource go on, unless one of it is under way.
create function job_release(p_serial_keys text[]) returns void language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set enable_sort = off set enable_bitmapscan = off as $$
begin
  perform pg_advisory_xact_lock(lock) from (
    select distinct hashtextextended(key, 0) as lock from unnest(p_serial_keys) as k (key) where key is not null order by 1) locks;
  -- A statement of its own: it sees what was added by those for whom the locks have waited. Of a resource's jobs that are not
  -- over, the one that need not wait is always the first: places are given and taken under its lock.
  update provisioning_jobs_live j set state = 'ready', changed = pg_current_xact_id()
  from (select distinct key from unnest(p_serial_keys) as k (key) where key is not null) k,
    lateral (select queue, id, state from provisioning_jobs_live
      where serial_key = k.key and seq is not null and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')
      order by serial_key, seq limit 1) next
  where next.state = 'blocked' and j.queue = next.queue and j.id = next.id;
end $$;

create or replace function job_finish(p_queue text, p_id uuid, p_fence bigint, p_state text, p_error jsonb)
returns boolean language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare v_key text;
begin
  update provisioning_jobs_live
  set state = p_state, error = p_error, lease_owner = null, lease_until = null, waiting_for = null, doing = null,
      progress = case when p_state = 'succeeded' then 100 else progress end,
      finished_at = case when p_state = 'stuck' then null else clock_timestamp() end, changed = pg_current_xact_id()
  where queue = p_queue and id = p_id and fence = p_fence and state = 'running'
  returning serial_key into v_key;
  if not found then return false; end if;
  if p_state <> 'stuck' then perform job_release(array[v_key]); end if;
  return true;
end $$;
-- contract: nobody but the functions of this file has called it
drop function job_release(text);

-- In the order of their ids, so that nobody who locks several in that order waits for each other.
create or replace function job_advance(p_entries jsonb) returns setof text language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_held text[];
  v_ended text[];
begin
  with held as (
    update provisioning_jobs_live j
    set state = case when e.ends then 'succeeded' else j.state end,
        error = case when e.ends then null else j.error end,
        lease_owner = case when e.ends then null else j.lease_owner end,
        lease_until = case when e.ends then null else j.lease_until end,
        waiting_for = case when e.ends then null else j.waiting_for end,
        doing = case when e.ends then null else e.title end,
        progress = case when e.ends then 100 end,
        finished_at = case when e.ends then clock_timestamp() end,
        changed = pg_current_xact_id()
    from (
      select * from jsonb_to_recordset(p_entries) as entry (queue text, id uuid, fence bigint, name text, position smallint,
        title text, tenant uuid, state text, output jsonb, at timestamptz, ends boolean) order by id) e
    -- Whoever has an owner runs. By the state, all that run would be read to find these few.
    where j.queue = e.queue and j.id = e.id and j.fence = e.fence and j.lease_owner is not null
    returning e.*, j.serial_key
  ), written as (
    insert into provisioning_job_steps as step
      (queue, job_id, name, position, title, tenant_id, state, output, attempts, started_at, finished_at)
    select queue, id, name, position, title, tenant, state, output, case state when 'running' then 1 else 0 end, at,
      case state when 'done' then at end from held
    on conflict (queue, job_id, name) do update set
      state = excluded.state, error = null, finished_at = excluded.finished_at, title = excluded.title,
      output = coalesce(excluded.output, step.output), attempts = step.attempts + excluded.attempts
  )
  select array_agg(id || ':' || fence), array_agg(serial_key) filter (where ends) into v_held, v_ended from held;
  if v_ended is not null then perform job_release(v_ended); end if;
  return query select unnest(v_held);
end $$;

-- p_first: by kind, name and title of the first step of jobs that may begin it with no look at anything before. Of those that
-- nobody has had and that need no permission the beginning is written with the claim: they have something to do then.
-- contract: the version before calls the next one in the same way
drop function job_claim(text, text[], int, interval);
create function job_claim(p_worker text, p_queues text[], p_limit int, p_lease interval, p_first jsonb default '{}')
returns setof provisioning_jobs_live language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
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
  v_alone int;          -- the lane in which nobody else than its last tenant has anything
  v_next record;
  v_ids uuid[];         -- what this turn takes, and their queues
  v_of text[];
  v_chosen uuid[] := '{}';
  v_chosen_queues text[] := '{}';
  v_names text[];
begin
  if p_limit <= 0 or not exists (select from provisioning_jobs_live where state = 'ready') then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('mpanel job claim', 0));
  if exists (select from job_pauses where what = 'all') then return; end if;
  select coalesce(array_agg(q), '{}') into v_queues from unnest(p_queues) q
    where not exists (select from job_pauses where what = 'queue' and which = q);
  select coalesce(array_agg(which), '{}') into v_kinds from job_pauses where what = 'kind';

  with recursive ready as (
    (select lane from provisioning_jobs_live where state = 'ready' order by lane limit 1)
    union all
    select (select j.lane from provisioning_jobs_live j where j.state = 'ready' and j.lane > r.lane order by j.lane limit 1)
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
      select priority from provisioning_jobs_live where state = 'ready' and lane = v_lanes[i]
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

    -- The tenant behind the last one, and after the last of them the first again. A lane with one tenant needs no look behind
    -- it. The nil UUID is written out, as in the index: a variable would not be known to be the same.
    if v_alone is distinct from v_best then
      select queue, id, coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid) as tenant into v_next from provisioning_jobs_live
        where state = 'ready' and lane = v_lanes[v_best] and priority = v_priority[v_best]
          and coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid) > v_last[v_best]
          and queue = any (v_queues) and kind <> all (v_kinds) and id <> all (v_chosen)
        order by coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid), seq limit 1 for no key update skip locked;
    end if;
    if v_alone is not distinct from v_best or not found then
      select queue, id, coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid) as tenant into v_next from provisioning_jobs_live
        where state = 'ready' and lane = v_lanes[v_best] and priority = v_priority[v_best]
          and queue = any (v_queues) and kind <> all (v_kinds) and id <> all (v_chosen)
        order by coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid), seq limit 1 for no key update skip locked;
      v_alone := case when v_next.tenant = v_last[v_best] then v_best end;
    end if;
    if not found then
      v_alone := null;
      v_priority[v_best] := (select min(first.priority) from (
        select priority from provisioning_jobs_live where state = 'ready' and lane = v_lanes[v_best]
          and priority > v_priority[v_best] and queue = any (v_queues) and kind <> all (v_kinds)
        order by priority limit 1) first);
      continue;
    end if;

    v_ids := array[v_next.id];
    v_of := array[v_next.queue];
    -- Where nobody else's turn could come, all that there is room for is taken at once.
    if v_alone = v_best and array_length(array_positions(v_priority, v_priority[v_best]), 1) = 1 then
      select array_agg(id), array_agg(queue) into v_ids, v_of from (
        select queue, id from provisioning_jobs_live
        where state = 'ready' and lane = v_lanes[v_best] and priority = v_priority[v_best]
          and queue = any (v_queues) and kind <> all (v_kinds) and id <> all (v_chosen)
        order by coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid), seq
        limit least(v_left, (select min((v_room ->> s.name)::int)
          from unnest(string_to_array(v_lanes[v_best], ' ')) as s (name))) for no key update skip locked) several;
    end if;
    v_chosen := v_chosen || v_ids;
    v_chosen_queues := v_chosen_queues || v_of;
    v_left := v_left - array_length(v_ids, 1);
    v_last[v_best] := v_next.tenant;
    v_served[v_best] := nextval('job_turn_seq');
    if v_lanes[v_best] <> '' then
      select v_room || coalesce(jsonb_object_agg(s.name, (v_room ->> s.name)::int - array_length(v_ids, 1)), '{}') into v_room
        from unnest(string_to_array(v_lanes[v_best], ' ')) as s (name) where v_room ? s.name;
    end if;
  end loop;

  if v_left < p_limit then
    return query with claimed as (
      update provisioning_jobs_live j
      set state = 'running', lease_owner = p_worker, lease_until = clock_timestamp() + p_lease, fence = fence + 1,
          started_at = coalesce(started_at, clock_timestamp()), waiting_for = null, changed = pg_current_xact_id(),
          doing = case when fence = 0 and phase = 'forward' and cancel_requested_at is null
            and (actor ->> 'permission' is null or actor ->> 'id' is null) then p_first -> kind ->> 'title' else doing end
      from unnest(v_chosen_queues, v_chosen) as chosen (queue, id)
      where j.queue = chosen.queue and j.id = chosen.id
      returning j.*
    ), begun as (
      insert into provisioning_job_steps (queue, job_id, name, position, title, tenant_id, state, attempts, started_at)
      select queue, id, p_first -> kind ->> 'name', 0, doing, tenant_id, 'running', 1, clock_timestamp()
      from claimed where fence = 1 and doing is not null
    ) select * from claimed;
    insert into job_lanes (lane, last_tenant, served)
    select lane, last, at from unnest(v_lanes, v_last, v_served) as t (lane, last, at)
    where not exists (select from job_lanes l where l.lane = t.lane and l.served = t.at) and t.at > 0
    on conflict (lane) do update set last_tenant = excluded.last_tenant, served = excluded.served;
  end if;
end $$;

-- The live table had this index a second time, beside its unique key; a job is looked for in the history by it only.
drop index provisioning_jobs_key_all;
-- short: 1.3 s for a million old jobs on a quiet machine
create index provisioning_jobs_key_history on provisioning_jobs (queue, idempotency_key) where month < 'infinity';

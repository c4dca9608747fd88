-- The queue is the operators' table: what they see is what the workers claim. One partition per queue;
-- cloud_pod_queue is the partition of the pods' jobs.
create sequence provisioning_job_seq;

create table provisioning_jobs (
  id uuid not null,
  queue text not null,
  kind text not null,
  tenant_id uuid references tenants,
  subject_type text not null,
  subject_id uuid,
  subject_label text not null default '',
  -- Jobs of one key run one at a time in the order of seq; a delayed job gets its seq when it is due.
  serial_key text,
  seq bigint,
  node_id uuid,
  priority smallint not null default 100,
  state text not null check (state in ('scheduled', 'blocked', 'ready', 'running', 'succeeded', 'failed', 'cancelled', 'stuck')),
  phase text not null default 'forward' check (phase in ('forward', 'undo')),
  payload jsonb not null,
  idempotency_key text not null,
  correlation_id text not null,
  actor jsonb not null,
  attempts int not null default 0,
  max_attempts int not null,
  lost_leases int not null default 0,
  run_at timestamptz,
  deadline_at timestamptz,
  lease_owner text,
  lease_until timestamptz,
  fence bigint not null default 0,
  cancel_requested_at timestamptz,
  cancel_reason text,
  progress smallint check (progress between 0 and 100),
  doing text,
  waiting_for text,
  error jsonb,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  -- The transaction of the last change: a live view reads what changed since, without missing late commits.
  changed xid8 not null default pg_current_xact_id(),
  primary key (queue, id),
  unique (queue, idempotency_key),
  check ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled'))),
  check ((state = 'running') = (lease_owner is not null)),
  check (state <> 'scheduled' or run_at is not null),
  check (seq is not null or state in ('scheduled', 'cancelled'))
) partition by list (queue);
create table cloud_pod_queue partition of provisioning_jobs for values in ('cloud_pod');
create table domain_queue partition of provisioning_jobs for values in ('domain');
create table ssl_queue partition of provisioning_jobs for values in ('ssl');
create table billing_queue partition of provisioning_jobs for values in ('billing');
create table system_queue partition of provisioning_jobs for values in ('system');

create index provisioning_jobs_ready on provisioning_jobs (priority, seq) where state = 'ready';
create index provisioning_jobs_due on provisioning_jobs (run_at) where state = 'scheduled';
create index provisioning_jobs_lease on provisioning_jobs (lease_until) where state = 'running';
create index provisioning_jobs_serial on provisioning_jobs (serial_key, seq)
  where serial_key is not null and seq is not null and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck');
create index provisioning_jobs_list on provisioning_jobs (id desc);
create index provisioning_jobs_tenant on provisioning_jobs (tenant_id, id desc);
create index provisioning_jobs_subject on provisioning_jobs (subject_type, subject_id, created_at desc);
create index provisioning_jobs_changed on provisioning_jobs (changed, id);
select protect_tenant_table('provisioning_jobs');
grant select, insert, update on provisioning_jobs to mpanel_app;
grant usage on sequence provisioning_job_seq to mpanel_app;

create table provisioning_job_steps (
  queue text not null,
  job_id uuid not null,
  name text not null,
  position smallint not null,
  title text not null,
  tenant_id uuid references tenants,
  state text not null check (state in ('running', 'done', 'failed', 'undoing', 'undone', 'undo_failed')),
  -- saved: what a step writes down while it works (a task id), to find its effect again; output: what later steps need.
  saved jsonb,
  output jsonb,
  attempts int not null default 0,
  error text,
  started_at timestamptz not null,
  finished_at timestamptz,
  primary key (queue, job_id, name),
  foreign key (queue, job_id) references provisioning_jobs on delete cascade
);
select protect_tenant_table('provisioning_job_steps');
grant select, insert, update on provisioning_job_steps to mpanel_app;

create table provisioning_job_logs (
  id bigint generated always as identity primary key,
  queue text not null,
  job_id uuid not null,
  tenant_id uuid references tenants,
  at timestamptz not null,
  step text,
  level text not null check (level in ('info', 'warning', 'error')),
  line text not null,
  foreign key (queue, job_id) references provisioning_jobs on delete cascade
);
create index provisioning_job_logs_job on provisioning_job_logs (job_id, id);
select protect_tenant_table('provisioning_job_logs');
grant select, insert on provisioning_job_logs to mpanel_app;

-- Periodic tasks: whoever locks the due row runs it.
create table timers (
  name text primary key,
  next_run_at timestamptz not null,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_error text
);
grant select, insert, update on timers to mpanel_app;

-- The engine's statements are planned once a session, and by their indexes also while the tables are still empty:
-- planning them over the partitions costs more than running them.

-- Enqueues inside the caller's transaction. The advisory lock orders jobs of one key against each other and against
-- job_release; it is held until the caller commits, which is what makes the order that of the commits.
create function job_enqueue(
  p_id uuid, p_queue text, p_kind text, p_tenant uuid, p_subject_type text, p_subject_id uuid, p_subject_label text,
  p_serial_key text, p_node uuid, p_priority int, p_payload jsonb, p_idempotency_key text, p_correlation text,
  p_actor jsonb, p_max_attempts int, p_run_at timestamptz, p_deadline timestamptz
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
    node_id, priority, state, payload, idempotency_key, correlation_id, actor, max_attempts, run_at, deadline_at, created_at)
  values (p_id, p_queue, p_kind, p_tenant, p_subject_type, p_subject_id, p_subject_label, p_serial_key, v_seq,
    p_node, p_priority, v_state, p_payload, p_idempotency_key, p_correlation, p_actor, p_max_attempts,
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

-- Makes the next job of a key ready. Called when a job of that key has left the live states.
create function job_release(p_serial_key text) returns void language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare next record;
begin
  if p_serial_key is null then return; end if;
  perform pg_advisory_xact_lock(hashtextextended(p_serial_key, 0));
  select queue, id, state into next from provisioning_jobs
  where serial_key = p_serial_key and seq is not null and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')
  order by state = 'blocked', seq limit 1;
  if next.state = 'blocked' then
    update provisioning_jobs set state = 'ready', changed = pg_current_xact_id()
    where queue = next.queue and id = next.id and state = 'blocked';
  end if;
end $$;

create function job_claim(p_worker text, p_queues text[], p_limit int, p_lease interval)
returns setof provisioning_jobs language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
  return query update provisioning_jobs j
  set state = 'running', lease_owner = p_worker, lease_until = clock_timestamp() + p_lease, fence = fence + 1,
      started_at = coalesce(started_at, clock_timestamp()), waiting_for = null, changed = pg_current_xact_id()
  from (select queue, id from provisioning_jobs where state = 'ready' and queue = any (p_queues)
        order by priority, seq limit p_limit for update skip locked) next
  where j.queue = next.queue and j.id = next.id
  returning j.*;
end $$;

-- Locks a running job's row until the end of the transaction. False: the lease is lost.
create function job_hold(p_queue text, p_id uuid, p_fence bigint) returns boolean language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
  perform from provisioning_jobs where queue = p_queue and id = p_id and fence = p_fence and state = 'running'
    for no key update;
  return found;
end $$;

-- Ends a job's run. False: the lease is lost and nothing was written.
create function job_finish(p_queue text, p_id uuid, p_fence bigint, p_state text, p_error jsonb)
returns boolean language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare v_key text;
begin
  update provisioning_jobs
  set state = p_state, error = p_error, lease_owner = null, lease_until = null, waiting_for = null, doing = null,
      progress = case when p_state = 'succeeded' then 100 else progress end,
      finished_at = case when p_state = 'stuck' then null else clock_timestamp() end, changed = pg_current_xact_id()
  where queue = p_queue and id = p_id and fence = p_fence and state = 'running'
  returning serial_key into v_key;
  if not found then return false; end if;
  if p_state <> 'stuck' then perform job_release(v_key); end if;
  return true;
end $$;

-- What runs of several jobs write at once: of each a step, and the job's success when that was its last one. Answers
-- with the leases that held (id:fence); of the others nothing was written. Rows are locked in the order of their ids.
create function job_advance(p_entries jsonb) returns setof text language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare e record;
begin
  for e in select * from jsonb_to_recordset(p_entries) as entry (queue text, id uuid, fence bigint, name text,
    position smallint, title text, tenant uuid, state text, output jsonb, at timestamptz, ends boolean) order by id
  loop
    if e.ends then
      continue when not job_finish(e.queue, e.id, e.fence, 'succeeded', null);
    else
      update provisioning_jobs set progress = null, doing = e.title, changed = pg_current_xact_id()
      where queue = e.queue and id = e.id and fence = e.fence and state = 'running';
      continue when not found;
    end if;
    insert into provisioning_job_steps as step
      (queue, job_id, name, position, title, tenant_id, state, output, attempts, started_at, finished_at)
    values (e.queue, e.id, e.name, e.position, e.title, e.tenant, e.state, e.output,
      case e.state when 'running' then 1 else 0 end, e.at, case e.state when 'done' then e.at end)
    on conflict (queue, job_id, name) do update set
      state = excluded.state, error = null, finished_at = excluded.finished_at, title = excluded.title,
      output = coalesce(excluded.output, step.output), attempts = step.attempts + excluded.attempts;
    return next e.id || ':' || e.fence;
  end loop;
end $$;

-- Puts due jobs in their place. A retry kept its seq and goes on at once; a delayed job takes its place now.
create function job_promote_due(p_limit int) returns int language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  job record;
  moved int := 0;
begin
  for job in
    select queue, id, serial_key, seq from provisioning_jobs
    where state = 'scheduled' and run_at <= clock_timestamp() order by run_at limit p_limit for update skip locked
  loop
    moved := moved + 1;
    if job.seq is not null then
      update provisioning_jobs set state = 'ready', changed = pg_current_xact_id() where queue = job.queue and id = job.id;
    else
      if job.serial_key is not null then perform pg_advisory_xact_lock(hashtextextended(job.serial_key, 0)); end if;
      update provisioning_jobs set
        seq = nextval('provisioning_job_seq'), changed = pg_current_xact_id(),
        state = case when job.serial_key is not null and exists (
            select from provisioning_jobs where serial_key = job.serial_key and seq is not null
            and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')) then 'blocked' else 'ready' end
      where queue = job.queue and id = job.id;
    end if;
  end loop;
  return moved;
end $$;

-- Jobs whose worker went silent are taken up again; one that keeps killing its worker is given to a person.
create function job_reap(p_max_lost int) returns setof provisioning_jobs language sql as $$
  update provisioning_jobs j
  set state = case when lost_leases + 1 >= p_max_lost then 'stuck' else 'ready' end,
      error = case when lost_leases + 1 >= p_max_lost
        then jsonb_build_object('code', 'worker_lost', 'message', format('%s workers were lost while running this job', lost_leases + 1))
        else error end,
      lost_leases = lost_leases + 1, lease_owner = null, lease_until = null, changed = pg_current_xact_id()
  from (select queue, id from provisioning_jobs where state = 'running' and lease_until < clock_timestamp()
        limit 500 for update skip locked) dead
  where j.queue = dead.queue and j.id = dead.id
  returning j.*
$$;

-- Jobs that ended a while ago move out of the table the workers claim from, into a partition for each month. Everybody
-- else sees both as one table. What is live has month infinity, and the engine's functions look there only.
alter table provisioning_jobs rename to provisioning_jobs_live;
alter table provisioning_jobs_live
  add column month date not null default 'infinity',
  -- The steps and the log of a job in the history.
  add column archive jsonb;
create table provisioning_jobs (like provisioning_jobs_live including defaults including constraints)
  partition by list (month);
alter table provisioning_jobs_live add check (month = 'infinity'), add check (archive is null);
alter table provisioning_jobs attach partition provisioning_jobs_live for values in ('infinity');
create table job_history_other partition of provisioning_jobs default;

-- Each finds the index that the live table has already.
create index provisioning_jobs_list_all on provisioning_jobs (id desc);
create index provisioning_jobs_tenant_all on provisioning_jobs (tenant_id, id desc);
create index provisioning_jobs_subject_all on provisioning_jobs (subject_type, subject_id, created_at desc);
create index provisioning_jobs_label_all on provisioning_jobs (lower(subject_label) text_pattern_ops, tenant_id, id desc);
create index provisioning_jobs_key_all on provisioning_jobs (queue, idempotency_key);

select protect_tenant_table('provisioning_jobs');
grant select on provisioning_jobs to mpanel_app;

do $$
declare body text;
begin
  for body in select pg_get_functiondef(oid) from pg_proc
    where pronamespace = 'public'::regnamespace and proname in ('job_enqueue', 'job_release', 'job_claim', 'job_room',
      'job_hold', 'job_finish', 'job_advance', 'job_promote_due', 'job_reap')
  loop
    execute regexp_replace(body, '\mprovisioning_jobs\M', 'provisioning_jobs_live', 'g');
  end loop;
end $$;

-- Enqueueing a key again finds its job in the history, too. The shared lock keeps that job from moving between the look
-- and the insert.
alter function job_enqueue rename to job_enqueue_live;
create function job_enqueue(
  p_id uuid, p_queue text, p_kind text, p_tenant uuid, p_subject_type text, p_subject_id uuid, p_subject_label text,
  p_serial_key text, p_node uuid, p_lane text, p_priority int, p_payload jsonb, p_idempotency_key text,
  p_correlation text, p_actor jsonb, p_max_attempts int, p_run_at timestamptz, p_deadline timestamptz
) returns table (job_id uuid, job_state text) language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
  if p_idempotency_key <> p_id::text then
    perform pg_advisory_xact_lock_shared(hashtextextended('mpanel job history', 0));
    select id, state into job_id, job_state from provisioning_jobs
      where month < 'infinity' and queue = p_queue and idempotency_key = p_idempotency_key limit 1;
    if found then return next; return; end if;
  end if;
  return query select * from job_enqueue_live(p_id, p_queue, p_kind, p_tenant, p_subject_type, p_subject_id,
    p_subject_label, p_serial_key, p_node, p_lane, p_priority, p_payload, p_idempotency_key, p_correlation, p_actor,
    p_max_attempts, p_run_at, p_deadline);
end $$;

-- Makes the partitions of this and the coming months. Owner's rights, since the server may not create tables.
create function ensure_job_months(months_ahead int default 2) returns int language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  made int := 0;
  first date;
  name text;
begin
  for n in -1 .. months_ahead loop
    first := date_trunc('month', clock_timestamp() at time zone 'utc')::date + make_interval(months => n);
    name := 'job_history_' || to_char(first, 'YYYY_MM');
    if to_regclass(name) is null then
      execute format('create table %I partition of provisioning_jobs for values in (%L)', name, first);
      made := made + 1;
    end if;
  end loop;
  return made;
end $$;
select ensure_job_months();
revoke all on function ensure_job_months from public;
grant execute on function ensure_job_months to mpanel_app;

-- Moves jobs that ended before p_before, with their steps and logs. Moves none while somebody enqueues by key: they
-- move the next time.
create function job_archive(p_before timestamptz, p_limit int) returns int language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  job provisioning_jobs_live;
  moved int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('mpanel job history', 0)) then return 0; end if;
  for job in select * from provisioning_jobs_live where finished_at < p_before order by finished_at limit p_limit
    for update skip locked
  loop
    job.month := date_trunc('month', job.finished_at at time zone 'utc')::date;
    job.archive := jsonb_build_object(
      'steps', (select coalesce(jsonb_agg(to_jsonb(s) - array['queue', 'job_id', 'tenant_id'] order by s.position), '[]')
        from provisioning_job_steps s where s.queue = job.queue and s.job_id = job.id),
      'log', (select coalesce(jsonb_agg(to_jsonb(l) - array['queue', 'job_id', 'tenant_id'] order by l.id), '[]')
        from provisioning_job_logs l where l.job_id = job.id));
    insert into provisioning_jobs select job.*;
    delete from provisioning_jobs_live where queue = job.queue and id = job.id;
    moved := moved + 1;
  end loop;
  return moved;
end $$;
revoke all on function job_archive from public;
grant execute on function job_archive to mpanel_app;

-- A pod on its way to another node of its cluster. While it is `moving`, the target holds room for it beside the node
-- it comes from; `done` was read back there; `failed` is where it was, or wherever it was found. One at a time for each pod.
create table cloud_pod_migrations (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  from_node_id uuid not null references nodes,
  to_node_id uuid not null references nodes,
  state text not null check (state in ('moving', 'done', 'failed')),
  -- Asked for by name, chosen by the placement, or to empty its node.
  reason text not null check (reason in ('chosen', 'placed', 'drain')),
  -- What was thought of each node.
  judged jsonb not null,
  cores int not null check (cores > 0),
  memory_mb int not null check (memory_mb > 0),
  disk_gb int not null check (disk_gb > 0),
  job_id uuid,
  problem text,
  created_by jsonb not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check (from_node_id <> to_node_id),
  check ((state = 'moving') = (ended_at is null)),
  check ((state = 'failed') = (problem is not null))
);
create unique index cloud_pod_migrations_moving on cloud_pod_migrations (pod_id) where state = 'moving';
create index cloud_pod_migrations_target on cloud_pod_migrations (to_node_id) where state = 'moving';
create index cloud_pod_migrations_pod on cloud_pod_migrations (pod_id, id desc);
create index cloud_pod_migrations_tenant on cloud_pod_migrations (tenant_id);
create index cloud_pod_migrations_source on cloud_pod_migrations (from_node_id, created_at);
select protect_tenant_table('cloud_pod_migrations');
grant select, insert, update on cloud_pod_migrations to mpanel_app;

-- The node is being emptied since then: a timer moves what it still has.
alter table nodes add column emptying_at timestamptz;
alter table nodes add constraint nodes_emptying_is_drained check (emptying_at is null or state = 'drained');

-- How a suspension found the pod's guest in the cluster's high availability; null: not in it, or nobody has looked yet.
alter table tenant_suspended_pods add column ha_state text;

alter table cloud_pods drop constraint cloud_pods_action_check;
alter table cloud_pods add constraint cloud_pods_action_check
  check (action in ('starting', 'stopping', 'shutting_down', 'rebooting', 'resizing', 'rolling_back', 'restoring', 'migrating'));

create or replace function node_usage(p_cluster uuid)
returns table (node_id uuid, pods bigint, cores bigint, memory_mb bigint, disk_gb bigint)
language plpgsql security definer set search_path to 'public', 'pg_temp' as $function$
declare caller_scope text := coalesce(current_setting('app.scope', true), '');
begin
  perform set_config('app.scope', 'platform', true);
  return query
    select n.id, count(r.pod_id), coalesce(sum(r.cores), 0)::bigint, coalesce(sum(r.memory_mb), 0)::bigint,
           coalesce(sum(r.disk_gb), 0)::bigint
    from nodes n left join (
      select h.node_id, h.pod_id, h.cores, h.memory_mb, h.disk_gb from cloud_pod_reservations h
      union all
      select m.to_node_id, m.pod_id, m.cores, m.memory_mb, m.disk_gb from cloud_pod_migrations m where m.state = 'moving'
    ) r on r.node_id = n.id
    where n.cluster_id = p_cluster group by n.id;
  perform set_config('app.scope', caller_scope, true);
end $function$;

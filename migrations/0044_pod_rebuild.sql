-- The second guest of a pod. `making`: the new one, which is made beside the pod's own. `kept`: the one that it replaced,
-- off and without a network, until `kept_until`; going back exchanges the two. `removing`: it is being destroyed.
-- `gone` is proven absence, `failed` a rebuild of which nothing is left. One at a time for each pod. cores, memory_mb and
-- disk_gb are what its node holds for it beside what is held for the pod.
create table cloud_pod_rebuilds (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  state text not null check (state in ('making', 'kept', 'removing', 'gone', 'failed')),
  node_id uuid not null references nodes,
  vmid int not null,
  blueprint_id uuid not null references cloud_pod_blueprints,
  cores int not null check (cores >= 0),
  memory_mb int not null check (memory_mb >= 0),
  disk_gb int not null check (disk_gb > 0),
  -- Which of its cards were set down when it was put aside.
  cards text[] not null default '{}',
  kept_until timestamptz,
  problem text,
  created_by jsonb not null,
  created_at timestamptz not null,
  swapped_at timestamptz,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check (state = 'making' or ended_at is not null or (kept_until is not null and swapped_at is not null)),
  check ((state = 'gone' or state = 'failed') = (ended_at is not null))
);
create unique index cloud_pod_rebuilds_live on cloud_pod_rebuilds (pod_id) where ended_at is null;
create index cloud_pod_rebuilds_due on cloud_pod_rebuilds (kept_until) where state = 'kept';
create index cloud_pod_rebuilds_node on cloud_pod_rebuilds (node_id) where ended_at is null;
create index cloud_pod_rebuilds_pod on cloud_pod_rebuilds (pod_id, id desc);
create index cloud_pod_rebuilds_tenant on cloud_pod_rebuilds (tenant_id);
select protect_tenant_table('cloud_pod_rebuilds');
grant select, insert, update on cloud_pod_rebuilds to mpanel_app;

-- A pod holds a VMID for each of its guests.
drop index vmid_reservations_pod;
create index vmid_reservations_pod on vmid_reservations (pod_id) where pod_id is not null;

-- The guest that a backup is of: its pod may have another one by now.
alter table cloud_pod_backups add column vmid int;
update cloud_pod_backups b set vmid = p.vmid from cloud_pods p where p.id = b.pod_id;
alter table cloud_pod_backups alter column vmid set not null;

alter table cloud_pods drop constraint cloud_pods_action_check;
alter table cloud_pods add constraint cloud_pods_action_check
  check (action in ('starting', 'stopping', 'shutting_down', 'rebooting', 'resizing', 'rolling_back', 'restoring',
    'migrating', 'rebuilding', 'going_back', 'undeleting'));

-- recoverable: the pod was deleted, and its guest is kept until then. kept: how the guest was, to be so again.
alter table cloud_pods drop constraint cloud_pods_state_check;
alter table cloud_pods add constraint cloud_pods_state_check
  check (state in ('reserved', 'creating', 'active', 'failed', 'recoverable', 'deleting', 'deleted'));
alter table cloud_pods add column recoverable_until timestamptz;
alter table cloud_pods add column kept jsonb;
alter table cloud_pods add constraint cloud_pods_recoverable
  check ((state = 'recoverable') = (recoverable_until is not null and kept is not null));
create index cloud_pods_recoverable_until on cloud_pods (recoverable_until) where state = 'recoverable';

-- A second guest takes room on its node, and is no pod of its own.
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
      union all
      select b.node_id, null, b.cores, b.memory_mb, b.disk_gb from cloud_pod_rebuilds b where b.ended_at is null
    ) r on r.node_id = n.id
    where n.cluster_id = p_cluster group by n.id;
  perform set_config('app.scope', caller_scope, true);
end $function$;

-- The guest of a blueprint that a tenant has made of one of its pods: a copy of the pod's guest, made into a template. It is
-- `ready` when it was read back, `removing` until its absence is proven, `gone` afterwards (then the row is there only because
-- pods were made of the blueprint). It holds its disk of its tenant's quota and of its node.
create table cloud_pod_templates (
  blueprint_id uuid primary key references cloud_pod_blueprints,
  tenant_id uuid not null references tenants,
  pod_id uuid not null,
  state text not null check (state in ('making', 'ready', 'removing', 'gone')),
  cluster_id uuid not null references clusters,
  node_id uuid not null references nodes,
  vmid int not null,
  disk_gb int not null check (disk_gb > 0),
  problem text,
  -- Nodes that could make pods of it before its removal was asked for: they can again when that fails.
  nodes uuid[] not null default '{}',
  created_by jsonb not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, blueprint_id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id),
  check ((state = 'gone') = (ended_at is not null))
);
create index cloud_pod_templates_tenant on cloud_pod_templates (tenant_id) where ended_at is null;
create index cloud_pod_templates_cluster on cloud_pod_templates (cluster_id) where ended_at is null;
create index cloud_pod_templates_node on cloud_pod_templates (node_id) where ended_at is null;
create index cloud_pod_templates_pod on cloud_pod_templates (pod_id);
select protect_tenant_table('cloud_pod_templates');
grant select, insert, update, delete on cloud_pod_templates to mpanel_app;

-- A VMID is held by a pod or by a template.
alter table vmid_reservations add column template_id uuid references cloud_pod_templates;
create index vmid_reservations_template on vmid_reservations (template_id) where template_id is not null;
alter table vmid_reservations drop constraint vmid_reservations_check;
alter table vmid_reservations add constraint vmid_reservations_check
  check (num_nonnulls(pod_id, template_id) = case when state = 'reserved' then 1 else 0 end);

-- A second guest and a template take room on their node, and are no pods of their own.
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
      union all
      select t.node_id, null, 0, 0, t.disk_gb from cloud_pod_templates t where t.ended_at is null
    ) r on r.node_id = n.id
    where n.cluster_id = p_cluster group by n.id;
  perform set_config('app.scope', caller_scope, true);
end $function$;

-- Named lists of rules, of a tenant or (tenant_id null) of the platform for all of them, which pods are put under.
create table security_groups (
  id uuid primary key,
  tenant_id uuid references tenants,
  name text not null check (length(name) between 1 and 100),
  description text not null default '',
  rules jsonb not null check (jsonb_typeof(rules) = 'array'),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique nulls not distinct (tenant_id, name)
);
create index security_groups_list on security_groups (tenant_id, id desc);
select protect_tenant_table('security_groups', shared_rows => true);
grant select, insert, update, delete on security_groups to mpanel_app;

create table cloud_pod_security_groups (
  pod_id uuid not null,
  group_id uuid not null references security_groups,
  tenant_id uuid not null references tenants,
  position int not null,
  primary key (pod_id, group_id),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id)
);
create index cloud_pod_security_groups_group on cloud_pod_security_groups (group_id);
create index cloud_pod_security_groups_tenant on cloud_pod_security_groups (tenant_id);
select protect_tenant_table('cloud_pod_security_groups');
grant select, insert, update, delete on cloud_pod_security_groups to mpanel_app;

-- firewall_managed: the guest's firewall is kept as mPanel says. firewall_at: when it was last read back so.
alter table cloud_pods add column firewall_managed boolean not null default false;
alter table cloud_pods add column firewall_at timestamptz;
alter table cloud_pods add column firewall_problem text;
-- Whether the cluster filters at all; null: it did not say.
alter table clusters add column firewall_on boolean;

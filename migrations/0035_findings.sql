-- Where a cluster and the database say different things about a guest. One that is not closed is found again by
-- (cluster, VMID, kind); an ignored one stays, so that the same difference is not reported again.
create table findings (
  id uuid primary key,
  kind text not null check (kind in
    ('moved', 'stopped', 'suspended_running', 'resized', 'network', 'renamed', 'unmarked', 'gone', 'orphan', 'foreign')),
  cluster_id uuid not null references clusters,
  vmid int not null,
  -- The pod whose guest it is, or (orphan) once was; null: nobody's.
  pod_id uuid references cloud_pods on delete cascade,
  label text not null,
  expected text not null,
  found text not null,
  -- What an adoption takes over: the node, or the size.
  facts jsonb not null,
  state text not null check (state in ('open', 'repairing', 'ignored', 'closed')),
  outcome text check (outcome in ('repaired', 'adopted', 'vanished')),
  problem text,
  job_id uuid,
  decision text check (decision in ('repair', 'adopt', 'ignore')),
  decided_by jsonb,
  reason text,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  closed_at timestamptz,
  check ((state = 'closed') = (closed_at is not null)),
  check ((state = 'closed') = (outcome is not null))
);
create unique index findings_live on findings (cluster_id, vmid, kind) where state <> 'closed';
create index findings_open on findings (kind) where state = 'open';
create index findings_pod on findings (pod_id, id desc);
grant select, insert, update on findings to mpanel_app;

-- When the guest's configuration was last compared as a whole; a sweep takes those first that have waited longest.
alter table cloud_pods add column config_checked_at timestamptz;
create index cloud_pods_by_cluster on cloud_pods (cluster_id, config_checked_at nulls first)
  where state not in ('failed', 'deleted');

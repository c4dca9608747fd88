-- What the network cards of a pod have counted, a row a month in the time zone in which its tenant is billed. The newest
-- row also holds the counters as they were last read; the next reading adds what has come since. A reading that was
-- asked for before read_at says nothing new. uptime_s tells a counter that began anew from one that went on.
create table cloud_pod_traffic (
  pod_id uuid not null,
  tenant_id uuid not null references tenants,
  month date not null check (extract(day from month) = 1),
  bytes_in bigint not null check (bytes_in >= 0),
  bytes_out bigint not null check (bytes_out >= 0),
  counter_in bigint not null check (counter_in >= 0),
  counter_out bigint not null check (counter_out >= 0),
  uptime_s bigint not null check (uptime_s >= 0),
  read_at timestamptz not null,
  primary key (pod_id, month),
  foreign key (tenant_id, pod_id) references cloud_pods (tenant_id, id)
) with (fillfactor = 70);
create index cloud_pod_traffic_tenant on cloud_pod_traffic (tenant_id);
select protect_tenant_table('cloud_pod_traffic');
grant select, insert, update on cloud_pod_traffic to mpanel_app;

-- What the processors of a node can do, as levels of the x86-64 psABI: read from the cluster, null until it was or for another
-- architecture. A blueprint may need a level: only nodes that have it take its pods.
alter table nodes
  add column cpu_model text,
  add column cpu_level text constraint nodes_cpu_level check (cpu_level in ('x86-64-v1', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'));
alter table cloud_pod_blueprints
  add column min_cpu_level text constraint cloud_pod_blueprints_min_cpu_level
    check (min_cpu_level in ('x86-64-v1', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'));

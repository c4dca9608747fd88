-- Where pods may be placed. A region is a name that several clusters may share, such as fra1; an order may ask for one. Tags
-- say what a node is or has; a plan may ask for some. headroom_percent of a node's memory is left free.
alter table clusters add column region text check (region ~ '^[a-z0-9][a-z0-9-]{0,31}$');
alter table nodes add column tags text[] not null default '{}' check (cardinality(tags) <= 20);
alter table nodes add column headroom_percent int not null default 0 check (headroom_percent between 0 and 90);
alter table cloud_pod_plans add column node_tags text[] not null default '{}' check (cardinality(node_tags) <= 20);
-- The region that was asked for; null: any. Whoever makes the pod again keeps to it.
alter table cloud_pods add column wanted_region text;

-- What people write down about a pod, and whether it may be destroyed.
alter table cloud_pods add column protected boolean not null default false;
alter table cloud_pods add column notes text not null default '' check (length(notes) <= 5000);
alter table cloud_pods add column tags text[] not null default '{}' check (cardinality(tags) <= 20);

-- Why it was placed where it is: each node that was looked at then, with what spoke against it.
alter table cloud_pods add column placement jsonb;

-- What a plan includes of traffic in a month (in and out together, 1 GB = 10^9 bytes), how fast its pods' cards are, and
-- what happens when the traffic is used up.
alter table cloud_pod_plans add column traffic_gb int check (traffic_gb > 0);
alter table cloud_pod_plans add column rate_mbps int check (rate_mbps between 1 and 100000);
alter table cloud_pod_plans add column over_limit text not null default 'none'
  check (over_limit in ('none', 'notify', 'throttle'));
alter table cloud_pod_plans add constraint cloud_pod_plans_over_limit check (over_limit = 'none' or traffic_gb is not null);

-- rate_mbps: how fast the card of the guest is set to be, as it was read back; null: no limit. throttled_at: since when it
-- is to be no faster than throttle_mbps, because its traffic is used up.
alter table cloud_pods add column rate_mbps int check (rate_mbps between 1 and 100000);
alter table cloud_pods add column throttled_at timestamptz;
alter table cloud_pods add column throttle_mbps int check (throttle_mbps between 1 and 100000);
alter table cloud_pods add constraint cloud_pods_throttled check ((throttled_at is null) = (throttle_mbps is null));

-- Of what was included, so many percent were told as used in this month: each step once.
alter table cloud_pod_traffic add column told_percent int not null default 0 check (told_percent in (0, 80, 100));

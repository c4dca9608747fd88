select set_config('app.scope', 'platform', true);

-- A discount on the prices of a tenant's plans. Its terms are never changed; how long and how often it can be redeemed is. periods: for
-- how many periods of a subscription, null for all. redeemed: by how many orders that were not given up; raised and lowered under the
-- row's lock, so it never passes max_redemptions.
create table coupons (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  code text not null check (code ~ '^[A-Z0-9][A-Z0-9-]{2,39}$'),
  name text not null check (length(name) between 1 and 200),
  percent_ppm int check (percent_ppm between 1 and 1000000),
  amount_minor bigint check (amount_minor > 0),
  currency char(3) check (currency ~ '^[A-Z]{3}$'),
  periods int check (periods between 1 and 1200),
  plan_ids uuid[] not null default '{}',
  once_per_customer boolean not null,
  max_redemptions int check (max_redemptions > 0),
  redeemed int not null default 0,
  valid_until timestamptz,
  state text not null default 'active' check (state in ('active', 'retired')),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, code),
  check (num_nonnulls(percent_ppm, amount_minor) = 1 and (amount_minor is null) = (currency is null)),
  constraint coupons_redeemed check (redeemed >= 0 and redeemed <= coalesce(max_redemptions, redeemed))
);
create index coupons_list on coupons (tenant_id, id desc);
select protect_tenant_table('coupons');
grant select, insert, update on coupons to mpanel_app;

-- Days without a price before the first period, and what follows: 'activate': it is billed; 'method': it is billed if the customer has
-- left a payment method, and ends otherwise; 'cancel': it ends unless somebody keeps it.
alter table prices
  add column trial_days int not null default 0 check (trial_days between 0 and 366),
  add column trial_then text not null default 'activate' check (trial_then in ('activate', 'method', 'cancel'));

-- coupon_until: the first period, counted from the anchor, that the coupon does not reach any more; null: it reaches all.
-- While it is on trial, the anchor is the day after the trial, and no period is billed.
alter table subscriptions drop constraint subscriptions_state_check;
alter table subscriptions
  add column coupon_id uuid,
  add column coupon_until int,
  add column trial_days int not null default 0,
  add column trial_then text not null default 'activate' check (trial_then in ('activate', 'method', 'cancel')),
  add foreign key (tenant_id, coupon_id) references coupons (tenant_id, id),
  add constraint subscriptions_coupon check (coupon_until is null or coupon_id is not null),
  add constraint subscriptions_trial check (state <> 'trialing'
    or (trial_days > 0 and anchor_date is not null and current_period is not null and periods_billed = 0)),
  add constraint subscriptions_state_check check (state in ('awaiting_payment', 'provisioning', 'trialing', 'active', 'grace',
    'suspending', 'suspended', 'unsuspending', 'terminating', 'terminated', 'expired'));
-- What is paid and not delivered is looked for each minute.
create index subscriptions_undelivered on subscriptions (updated_at) where state = 'provisioning';
create index subscriptions_coupon_of on subscriptions (coupon_id) where coupon_id is not null;

-- What is sold beside a plan, in pieces: each adds to the pod and to the price. Never changed, only taken out. tenant_id null: sold by
-- every tenant; plan_ids empty: beside all plans.
create table addons (
  id uuid primary key,
  tenant_id uuid references tenants,
  code text not null check (code ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
  name text not null check (length(name) between 1 and 200),
  cores int not null check (cores between 0 and 512),
  memory_mb int not null check (memory_mb between 0 and 4194304),
  disk_gb int not null check (disk_gb between 0 and 65536),
  max_quantity int not null check (max_quantity between 1 and 1000),
  plan_ids uuid[] not null default '{}',
  state text not null default 'active' check (state in ('active', 'retired')),
  version int not null default 1,
  created_at timestamptz not null
);
create unique index addons_code on addons (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), code);
select protect_tenant_table('addons', shared_rows => true);
grant select, insert on addons to mpanel_app;
grant update (state, version) on addons to mpanel_app;

create table addon_prices (
  id uuid primary key,
  tenant_id uuid references tenants,
  addon_id uuid not null references addons,
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  "interval" text not null check ("interval" in ('day', 'week', 'month', 'year')),
  interval_count int not null check (interval_count between 1 and 120),
  unit_minor bigint not null check (unit_minor >= 0),
  unique (addon_id, currency, "interval", interval_count)
);
select protect_tenant_table('addon_prices', shared_rows => true);
grant select, insert on addon_prices to mpanel_app;

-- The add-ons of a subscription with their terms, as they were sold: id, priceId, name, quantity, unitMinor, cores, memoryMb, diskGb.
alter table subscriptions add column addons jsonb not null default '[]';
alter table subscription_changes
  add column from_addons jsonb not null default '[]',
  add column to_addons jsonb not null default '[]';

-- 'discount': what a coupon takes off the recurring line of the same item in the same invoice. 'addon': what is sold beside it.
alter table invoice_lines drop constraint invoice_lines_kind_check;
alter table invoice_lines add constraint invoice_lines_kind_check
  check (kind in ('recurring', 'discount', 'addon', 'setup', 'manual', 'credit', 'carried', 'domain'));

-- A policy may be for the subscriptions of one plan alone.
alter table dunning_policies add column plan_id uuid references cloud_pod_plans;
drop index dunning_policies_once;
create unique index dunning_policies_once on dunning_policies
  (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), coalesce(plan_id, '00000000-0000-0000-0000-000000000000'));

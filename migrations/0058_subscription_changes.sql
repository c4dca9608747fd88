select set_config('app.scope', 'platform', true);

-- A change of a subscription's plan or price: what was shown and agreed to. Its id comes out of the preview, so that one preview is
-- carried out once. 'planned': it begins with the period period_no, counted from the anchor. 'working': it was charged, and the pod is
-- being resized. 'undone': that could not be done, and what was charged is credited; `was` says what the subscription goes back to.
create table subscription_changes (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  subscription_id uuid not null,
  state text not null check (state in ('planned', 'working', 'done', 'undone', 'cancelled')),
  from_plan_id uuid not null references cloud_pod_plans,
  from_price_id uuid not null references prices,
  to_plan_id uuid not null references cloud_pod_plans,
  to_price_id uuid not null references prices,
  effective_at timestamptz not null,
  period_no int,
  restart boolean not null,
  grows boolean not null,
  lines jsonb not null,
  total_minor bigint not null,
  carried_minor bigint not null default 0 check (carried_minor >= 0),
  from_item_id uuid not null,
  item_id uuid,
  invoice_id uuid,
  was jsonb,
  problem text,
  decided_by jsonb not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id),
  foreign key (tenant_id, from_item_id) references subscription_items (tenant_id, id),
  foreign key (tenant_id, item_id) references subscription_items (tenant_id, id),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id),
  check ((ended_at is null) = (state in ('planned', 'working'))),
  check (state <> 'planned' or period_no is not null)
);
-- One at a time.
create unique index subscription_changes_open on subscription_changes (subscription_id) where state in ('planned', 'working');
create index subscription_changes_of on subscription_changes (subscription_id, created_at desc);
create index subscription_changes_larger on subscription_changes (subscription_id) where state = 'done' and problem is not null;
select protect_tenant_table('subscription_changes');
grant select, insert, update on subscription_changes to mpanel_app;

-- 'credit': time of an item that was billed and is not used any more; 'carried': what of it is more than the new charge, and becomes
-- the customer's credit. No instant of an item is ever credited twice.
alter table invoice_lines drop constraint invoice_lines_kind_check;
alter table invoice_lines add constraint invoice_lines_kind_check
  check (kind in ('recurring', 'setup', 'manual', 'credit', 'carried'));
alter table invoice_lines add constraint invoice_lines_credited_once
  exclude using gist (item_id with =, period with &&) where (kind = 'credit' and not voided);

select set_config('app.scope', 'platform', true);

-- A subscription goes on by itself. periods_billed: how many periods have an invoice line, counted from the anchor. next_step: what
-- happens to it next and when; 'look': something has changed, so that has to be found out. notified_at: when the customer was told
-- last that it is overdue; final_warned_at: that it ends. Nobody is suspended or ended without having been told.
alter table subscriptions drop constraint subscriptions_state_check;
alter table subscriptions drop constraint subscriptions_check1;
alter table subscriptions
  add column periods_billed int not null default 0,
  add column next_step text,
  add column next_step_at timestamptz,
  add column notified_at timestamptz,
  add column final_warned_at timestamptz,
  add column hold_until timestamptz,
  add column hold_reason text check (length(hold_reason) between 1 and 500),
  add column hold_by jsonb,
  add constraint subscriptions_hold check (num_nulls(hold_until, hold_reason, hold_by) in (0, 3)),
  add constraint subscriptions_next_step check ((next_step is null) = (next_step_at is null)),
  add constraint subscriptions_state_check check (state in ('awaiting_payment', 'provisioning', 'active', 'grace', 'suspending',
    'suspended', 'unsuspending', 'terminating', 'terminated', 'expired'));

-- Nothing was renewed until now. Contracts that are older than their first period go on with the present one; what was never
-- billed is not billed afterwards.
update subscriptions s set period_no = p.k, periods_billed = p.k + 1, current_period = tstzrange(p.begins, p.ends),
    next_step = 'look', next_step_at = now()
  from (
    select distinct on (s.id) s.id, k,
      (s.anchor_date + k * u.unit)::date::timestamp at time zone s.billing_tz as begins,
      (s.anchor_date + (k + 1) * u.unit)::date::timestamp at time zone s.billing_tz as ends
    from subscriptions s join prices r on r.id = s.price_id
      cross join lateral (select make_interval(years => case r.interval when 'year' then r.interval_count else 0 end,
        months => case r.interval when 'month' then r.interval_count else 0 end,
        weeks => case r.interval when 'week' then r.interval_count else 0 end,
        days => case r.interval when 'day' then r.interval_count else 0 end) as unit) u
      cross join generate_series(0, 5000) k
    where s.anchor_date is not null and s.ended_at is null
      and (k = 0 or (s.anchor_date + k * u.unit)::date::timestamp at time zone s.billing_tz <= now())
    order by s.id, k desc) p
  where p.id = s.id;

alter table subscriptions add constraint subscriptions_period_check
  check (state not in ('active', 'grace', 'suspending', 'suspended', 'unsuspending')
    or (anchor_date is not null and current_period is not null and periods_billed > period_no));
create index subscriptions_due_steps on subscriptions (next_step, next_step_at) where next_step is not null;
create index invoices_open on invoices (subscription_id, due_date) where status = 'open';

-- A suspension of one subscription's pod alone, which billing begins and ends; the tenant's own is another row.
alter table tenant_suspensions add column subscription_id uuid;
alter table tenant_suspensions add foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id);
drop index tenant_suspensions_open;
create unique index tenant_suspensions_open on tenant_suspensions (tenant_id) where ended_at is null and subscription_id is null;
create unique index tenant_suspensions_subscription on tenant_suspensions (subscription_id)
  where ended_at is null and subscription_id is not null;

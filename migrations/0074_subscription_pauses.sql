select set_config('app.scope', 'platform', true);

-- A subscription may be paused: its pod is off, and nothing is billed. What is left of the period that was paid comes after the pause.
-- paused_at: since when; paused_until: the day on which it is resumed by itself, null: when somebody says so.
-- period_begins: the first day of the present period 0 where a pause has moved it; the anchor is then the first day of period 1.
-- moved_days: by how many days what is left of the present period was moved since it was billed.
alter table subscriptions drop constraint subscriptions_state_check;
alter table subscriptions drop constraint subscriptions_period_check;
alter table subscriptions
  add column paused_at timestamptz,
  add column paused_until date,
  add column pause_reason text check (length(pause_reason) between 1 and 500),
  add column paused_by jsonb,
  add column period_begins date,
  add column moved_days int not null default 0 check (moved_days >= 0),
  add constraint subscriptions_pause check (num_nulls(paused_at, pause_reason, paused_by) in (0, 3)
    and (paused_at is not null) = (state in ('pausing', 'paused')) and (paused_until is null or paused_at is not null)),
  add constraint subscriptions_moved check (period_begins is null or period_begins < anchor_date),
  add constraint subscriptions_state_check check (state in ('awaiting_payment', 'provisioning', 'trialing', 'active', 'grace',
    'suspending', 'suspended', 'unsuspending', 'pausing', 'paused', 'terminating', 'terminated', 'expired')),
  add constraint subscriptions_period_check
    check (state not in ('active', 'grace', 'suspending', 'suspended', 'unsuspending', 'pausing', 'paused')
      or (anchor_date is not null and current_period is not null and periods_billed > period_no));

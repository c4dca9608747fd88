-- What automation did to how many things at once, to notice when it is about to touch unusually many.
create table automation_deeds (
  id bigint generated always as identity primary key,
  action text not null,
  things int not null check (things > 0),
  at timestamptz not null
);
create index automation_deeds_lately on automation_deeds (action, at);
grant select, insert, delete on automation_deeds to mpanel_app;

-- An automatic action that would touch unusually many things waits here for a person.
create table automation_brakes (
  id uuid primary key,
  action text not null,
  wanted int not null,
  allowed int not null,
  opened_at timestamptz not null,
  state text not null default 'waiting' check (state in ('waiting', 'confirmed', 'dismissed')),
  decided_at timestamptz,
  decided_by jsonb,
  reason text,
  check ((state = 'waiting') = (decided_at is null))
);
create unique index automation_brakes_waiting on automation_brakes (action) where state = 'waiting';
create index automation_brakes_list on automation_brakes (opened_at desc);
grant select, insert, update on automation_brakes to mpanel_app;

-- What is wrong with the automation now, and since when.
create table alerts (
  id uuid primary key,
  code text not null,
  ref text not null,
  message text not null,
  opened_at timestamptz not null,
  closed_at timestamptz
);
create unique index alerts_open on alerts (code, ref) where closed_at is null;
create index alerts_list on alerts (opened_at desc);
grant select, insert, update on alerts to mpanel_app;

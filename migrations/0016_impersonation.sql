-- An operator's session under somebody else's name. It lives as long as the operator's own session, which it remembers.
alter table sessions
  add column impersonator_id uuid references users on delete cascade,
  add column parent_id uuid references sessions on delete cascade,
  add column reason text check (length(reason) between 10 and 500),
  add column read_only boolean not null default false,
  add constraint sessions_impersonation check (
    (impersonator_id is null and parent_id is null and reason is null and not read_only)
    or (impersonator_id is not null and parent_id is not null and reason is not null
      and impersonator_id <> user_id and not pending));
create index sessions_impersonations on sessions (user_id, id desc) where impersonator_id is not null;
create index sessions_parent on sessions (parent_id) where parent_id is not null;

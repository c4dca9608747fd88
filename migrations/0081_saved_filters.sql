-- The filters of lists that a user has given a name. A list is named by its place in the pages, a filter is what the address holds.
create table user_filters (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  list text not null,
  name text not null check (length(name) between 1 and 100),
  search jsonb not null,
  created_at timestamptz not null,
  unique (user_id, list, name)
);
grant select, insert, update, delete on user_filters to mpanel_app;

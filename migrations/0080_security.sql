-- A fresh proof gives a session a new token. The one before counts some seconds longer, for what a second tab has sent meanwhile.
alter table sessions add column previous_token_hash bytea, add column previous_until timestamptz,
  add constraint sessions_previous_check check (num_nulls(previous_token_hash, previous_until) in (0, 2));
create unique index sessions_previous on sessions (previous_token_hash) where previous_token_hash is not null;

-- A removed cluster stays as the place of pods that are gone; its secret does not. Its name is free again.
alter table clusters drop constraint clusters_state_check;
alter table clusters add constraint clusters_state_check check (state in ('active', 'paused', 'removed'));
alter table clusters drop constraint clusters_name_key;
create unique index clusters_name on clusters (name) where state <> 'removed';
alter table clusters add constraint clusters_removed_secret
  check (state <> 'removed' or length(token_secret_sealed) = 0);

-- A temporary table called customers would come first by its bare name, and could claim merges that never were.
create or replace function moved_by_merge(p_from uuid, p_to uuid) returns boolean language sql stable as $$
  select exists (select from public.customers where id = p_from and state = 'merged' and merged_into = p_to)
$$;

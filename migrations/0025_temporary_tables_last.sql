-- Functions with their owner's rights look for tables in `public` first. Without pg_temp at its end, a search_path has it at
-- its beginning: a temporary table of the caller's would be taken for the one that is meant.
do $$
declare f regprocedure;
begin
  for f in select oid from pg_proc where prosecdef and pronamespace = 'public'::regnamespace loop
    execute format('alter function %s set search_path = public, pg_temp', f);
  end loop;
end $$;

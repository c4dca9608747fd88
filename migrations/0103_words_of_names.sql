-- The words of a name or of several, as search_words keeps them.
create function search_word_array(p_text text) returns text[] language sql immutable parallel safe
set search_path = public, pg_temp as $$
  select array(select search_words_of(p_text))
$$;

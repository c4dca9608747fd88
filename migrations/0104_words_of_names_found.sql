-- one by one: each index is built beside the work of a running installation.
create index concurrently if not exists customers_words on customers using gin (tenant_id, search_word_array(search_text)) with (fastupdate = off);
create index concurrently if not exists cloud_pods_words on cloud_pods using gin (tenant_id, search_word_array(hostname)) with (fastupdate = off);

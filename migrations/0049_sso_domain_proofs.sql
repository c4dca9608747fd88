-- An e-mail domain leads to a tenant's provider only once a TXT record has shown that the tenant has it: whoever could claim any
-- domain would get other people's log-ins sent to his provider. Of those that were there before, the first claim counts as proven.
-- What the platform names for its own providers needs no proof.
alter table sso_domains drop constraint sso_domains_pkey;
alter table sso_domains add primary key (provider_id, domain);
drop index sso_domains_provider;
alter table sso_domains add column proof text not null default replace(gen_random_uuid()::text, '-', '');
alter table sso_domains add column proven_at timestamptz;
alter table sso_domains add column fault text;
update sso_domains set proven_at = now();
create unique index sso_domains_proven on sso_domains (domain) where proven_at is not null;
grant update on sso_domains to mpanel_app;

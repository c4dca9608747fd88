-- Signed zones, and what the rest of the world sees of a zone.
--
-- dnssec: off, signing (its server makes keys and signs; waits until every name server serves them), ds_pending (waits for the DS at
-- the parent), secure, removing_ds (waits until the parent has no DS any more), ds_expiring (until dnssec_until resolvers may still
-- remember one), unsigning. dnssec_keys: as they were read from the server. dnssec_ds_ttl: for how many seconds a DS may be
-- remembered. dnssec_operation_id: what was asked of the registry for this state. dnssec_words: what it waits for.
-- delegation: what the parent and the name servers say; delegation_seen has all of it, with what is wrong.
-- spf_lookups: how many lookups each name takes that the zone's SPF record includes. watch_at: when it is looked at next.
alter table dns_zones
  add column dnssec text not null default 'off'
    check (dnssec in ('off', 'signing', 'ds_pending', 'secure', 'removing_ds', 'ds_expiring', 'unsigning')),
  add column dnssec_since timestamptz,
  add column dnssec_until timestamptz,
  add column dnssec_keys jsonb not null default '[]',
  add column dnssec_ds_ttl int check (dnssec_ds_ttl >= 0),
  add column dnssec_operation_id uuid,
  add column dnssec_words text,
  add column delegation text not null default 'unknown'
    check (delegation in ('unknown', 'delegated', 'not_delegated', 'elsewhere', 'faulty')),
  add column delegation_since timestamptz,
  add column delegation_seen jsonb,
  add column spf_lookups jsonb not null default '{}',
  add column watched_at timestamptz,
  add column watch_at timestamptz not null default now(),
  add check (dnssec = 'off' or dnssec_since is not null),
  add check ((dnssec = 'ds_expiring') = (dnssec_until is not null));
create index dns_zones_watch on dns_zones (watch_at) where ended_at is null;

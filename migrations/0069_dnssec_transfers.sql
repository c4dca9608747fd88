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

-- Secondaries: name servers that take copies of a server's zones, each shown the server's key (TSIG). transfer_key_sealed: its
-- secret. secondaries: where they are told of changes, as host:port. catalog: the zone that lists the zones to them (RFC 9432).
-- transfers_revision: rises with each change of these; of a zone: which one its server was proven to keep to.
alter table dns_servers
  add column transfer_key_sealed bytea,
  add column secondaries text[] not null default '{}',
  add column catalog text check (catalog like '%.'),
  add column transfers_revision int not null default 0,
  add check (kind = 'powerdns' or (transfer_key_sealed is null and secondaries = '{}' and catalog is null)),
  add check (transfer_key_sealed is not null or (secondaries = '{}' and catalog is null));
alter table dns_zones add column transfers_revision int not null default 0;

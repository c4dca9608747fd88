-- Reverse zones: of a network, and nobody's but the platform's; of a domain otherwise. What stands in them follows ip_addresses.
alter table dns_zones alter column tenant_id drop not null;
alter table dns_zones alter column domain_id drop not null;
alter table dns_zones add column network cidr;
alter table dns_zones add constraint dns_zones_about check (num_nonnulls(network, domain_id) = 1),
  add constraint dns_zones_owner check (num_nonnulls(network, tenant_id) = 1);
alter table dns_records alter column tenant_id drop not null;
alter table dns_records add constraint dns_records_zone foreign key (zone_id) references dns_zones;
alter table dns_revisions alter column tenant_id drop not null;
alter table dns_revisions add constraint dns_revisions_zone foreign key (zone_id) references dns_zones;
create index dns_zones_network on dns_zones using gist (network inet_ops) where network is not null and ended_at is null;

-- The DNS server on which the reverse zones of a pool are kept; null: whoever runs them is given zone files.
alter table ip_pools add column reverse_server_id uuid references dns_servers;

-- What the world sees of the reverse name, and when that is looked at again; null: at once.
alter table ip_addresses add column reverse_seen jsonb, add column reverse_look_at timestamptz;
create index ip_addresses_named on ip_addresses (pool_id, address) where reverse_name is not null;
create index ip_addresses_reverse_look on ip_addresses (reverse_look_at nulls first) where reverse_name is not null;

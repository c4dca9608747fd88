-- Several addresses a pod. primary: the one it was made with, which it keeps. on_card: the guest is told it by the hypervisor,
-- which has a place for one address of each family; a further one is set inside the guest. releasing: on its way out, and
-- still the pod's. reverse_name: the name that the address is to have in the reverse zone.
alter table ip_addresses add column is_primary boolean not null default false;
alter table ip_addresses add column on_card boolean not null default true;
alter table ip_addresses add column reverse_name text
  check (reverse_name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$'
    and length(reverse_name) <= 253);
alter table ip_addresses drop constraint ip_addresses_state_check;
alter table ip_addresses add constraint ip_addresses_state_check
  check (state in ('reserved', 'assigned', 'releasing', 'quarantined', 'kept'));
alter table ip_addresses add constraint ip_addresses_reverse_name check (reverse_name is null or pod_id is not null);
alter table ip_addresses add constraint ip_addresses_primary check (not is_primary or (pod_id is not null and on_card));
update ip_addresses a set is_primary = true where pod_id is not null
  and not exists (select from ip_addresses b where b.pod_id = a.pod_id and b.address < a.address);
update ip_addresses set on_card = is_primary where pod_id is not null;
create unique index ip_addresses_primary on ip_addresses (pod_id) where is_primary;
create unique index ip_addresses_on_card on ip_addresses (pod_id, family(address)) where on_card and pod_id is not null;

-- pod_prefix: of an IPv6 pool that gives each pod a whole /64. What is held then is the first address in it, ...::1.
-- Gateways of IPv6 are often link-local.
alter table ip_pools add column pod_prefix int check (pod_prefix = 64);
alter table ip_pools drop constraint ip_pools_check;
alter table ip_pools add constraint ip_pools_check check (range_start <<= network and range_end <<= network
  and (gateway <<= network or gateway <<= inet 'fe80::/10'));
alter table ip_pools add constraint ip_pools_pod_prefix check (pod_prefix is null or (family(network) = 6
  and masklen(network) between 16 and 63 and gateway <<= inet 'fe80::/10'
  and range_start = host(network(set_masklen(range_start, 64)))::inet + 1
  and range_end = host(network(set_masklen(range_end, 64)))::inet + 1));

-- What a pod holds of its tenant's quota.
alter table cloud_pod_reservations add column addresses int not null default 1 check (addresses >= 0);
update cloud_pod_reservations r set addresses = (select count(*) from ip_addresses a where a.pod_id = r.pod_id);
-- null: without a limit.
alter table cloud_pod_quotas add column max_addresses int check (max_addresses >= 0);

-- The network bits of an IPv6 address as a number: /64s are counted by it.
create function address_upper_half(p inet) returns bigint language sql immutable strict as $$
  select ('x' || encode(substr(inet_send(p), 5, 8), 'hex'))::bit(64)::bigint
$$;

-- How many a pool can give out; null: more than can ever be used up.
create function ip_pool_size(p ip_pools) returns bigint language sql immutable as $$
  select case
    when p.pod_prefix is not null then address_upper_half(p.range_end) - address_upper_half(p.range_start) + 1
    when family(p.network) = 6 and masklen(inet_merge(p.range_start, p.range_end)) < 70 then null
    else p.range_end - p.range_start + 1 end
$$;

grant execute on function address_upper_half, ip_pool_size to mpanel_app;

-- As before, and of a pool of /64s the next one of these; the first address of an IPv6 network is that of its routers.
create or replace function next_free_address(p_pool uuid) returns inet
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
  free inet;
begin
  perform set_config('app.scope', 'platform', true);
  select candidate into free from (
    select p.range_start as candidate, p.network, p.range_start, p.range_end, p.gateway from ip_pools p where p.id = p_pool
    union all
    -- 2^64 in three steps: what is added to an address is a bigint.
    select case when p.pod_prefix is null then a.address + 1
        else a.address + 9223372036854775807 + 9223372036854775807 + 2 end,
      p.network, p.range_start, p.range_end, p.gateway
    from ip_addresses a join ip_pools p on p.id = a.pool_id where a.pool_id = p_pool
      and a.address >= p.range_start and a.address < p.range_end
    union all
    select host(p.gateway)::inet + 1, p.network, p.range_start, p.range_end, p.gateway from ip_pools p
      where p.id = p_pool and p.pod_prefix is null
    union all
    select host(p.network)::inet + 1, p.network, p.range_start, p.range_end, p.gateway from ip_pools p
      where p.id = p_pool and p.pod_prefix is null
  ) c
  where candidate between range_start and range_end and host(candidate) <> host(gateway)
    and (family(candidate) = 4 or host(candidate) <> host(network))
    and not exists (select from ip_addresses b where b.pool_id = p_pool and b.address = c.candidate)
  order by candidate limit 1;
  perform set_config('app.scope', caller_scope, true);
  return free;
end $$;

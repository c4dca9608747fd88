-- A NetBox that some pools take their addresses from. The token is sealed. field: the custom field of its addresses in which
-- ours are marked.
create table ip_sources (
  id uuid primary key,
  name text not null,
  url text not null,
  token_sealed bytea not null,
  ca_pem text,
  field text not null check (field ~ '^[a-z0-9_]{1,50}$'),
  health text not null default 'unknown' check (health in ('unknown', 'ok', 'failing')),
  health_message text,
  checked_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  check ((health = 'failing') = (health_message is not null))
);
create unique index ip_sources_name on ip_sources (name);
grant select, insert, update, delete on ip_sources to mpanel_app;

-- Of a pool with a source: which prefix of it, in which VRF that was seen to be (null: none), when both were compared last, and
-- why nothing can be given out of it.
alter table ip_pools add column source_id uuid references ip_sources;
alter table ip_pools add column source_prefix bigint check (source_prefix > 0);
alter table ip_pools add column source_vrf bigint;
alter table ip_pools add column source_problem text;
alter table ip_pools add column compared_at timestamptz;
alter table ip_pools add constraint ip_pools_source check ((source_id is null) = (source_prefix is null)
  and (source_id is not null or (source_vrf is null and source_problem is null and compared_at is null))
  and (source_id is null or pod_prefix is null));
create unique index ip_pools_source_prefix on ip_pools (source_id, source_prefix, cluster_id) where source_id is not null;
create index ip_pools_with_source on ip_pools (source_id) where source_id is not null;

-- What others hold of such a pool's network, as it was seen last.
create table ip_pool_taken (
  pool_id uuid not null references ip_pools on delete cascade,
  address inet not null,
  primary key (pool_id, address)
);
grant select, insert, delete on ip_pool_taken to mpanel_app;

-- What is to be said in NetBox about an address of ours: one row an allocation, whose id stands in NetBox as well. It is said
-- when settled = version. netbox_id: it was there. refused: somebody else has the address there. taking_over: what stands there
-- is to become ours. problem: why it could not be said; not before retry_at it is tried again. `gone` stays until it is proven
-- that nothing is left there.
create table ip_claims (
  id uuid primary key,
  pool_id uuid not null references ip_pools,
  address inet not null,
  wanted text not null check (wanted in ('reserved', 'active', 'deprecated', 'gone')),
  version int not null default 1,
  settled int not null default 0,
  netbox_id bigint,
  refused boolean not null default false,
  taking_over boolean not null default false,
  problem text,
  retry_at timestamptz,
  check (settled <= version)
);
create unique index ip_claims_address on ip_claims (pool_id, address) where wanted <> 'gone';
create index ip_claims_pool on ip_claims (pool_id, address);
create index ip_claims_unsettled on ip_claims (pool_id) where settled < version;
grant select, insert, update, delete on ip_claims to mpanel_app;

-- Whatever happens to an address, and whoever does it, what is to be said about it follows in the same transaction.
create function claim_follows_address() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (old.pool_id, old.address) is distinct from (new.pool_id, new.address)) then
    update ip_claims set wanted = 'gone', version = version + 1, problem = null, retry_at = null
      where pool_id = old.pool_id and address = old.address and wanted <> 'gone';
  end if;
  if tg_op = 'DELETE' then return old; end if;
  if not exists (select from ip_pools where id = new.pool_id and source_id is not null) then return new; end if;
  insert into ip_claims (id, pool_id, address, wanted) values (gen_random_uuid(), new.pool_id, new.address,
    case new.state when 'assigned' then 'active' when 'releasing' then 'active' when 'quarantined' then 'deprecated'
      else 'reserved' end)
    on conflict (pool_id, address) where wanted <> 'gone'
      do update set wanted = excluded.wanted, version = ip_claims.version + 1, problem = null, retry_at = null;
  return new;
end $$;
create trigger ip_addresses_claim
  after insert or delete or update of pool_id, address, state, pod_id, reverse_name, note on ip_addresses
  for each row execute function claim_follows_address();

-- The name of its pod is said as well.
create function claims_follow_hostname() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  caller_scope text := coalesce(current_setting('app.scope', true), '');
begin
  if old.hostname is distinct from new.hostname then
    perform set_config('app.scope', 'platform', true);
    update ip_claims c set version = c.version + 1 from ip_addresses a
      where a.pod_id = new.id and c.pool_id = a.pool_id and c.address = a.address and c.wanted <> 'gone';
    perform set_config('app.scope', caller_scope, true);
  end if;
  return new;
end $$;
create trigger cloud_pods_claims after update of hostname on cloud_pods
  for each row execute function claims_follow_hostname();

-- As before, and nothing that others hold, nor what NetBox has not let go of yet.
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
    from (select pool_id, address from ip_addresses where pool_id = p_pool
      union all select pool_id, address from ip_pool_taken where pool_id = p_pool
      union all select pool_id, address from ip_claims where pool_id = p_pool) a
      join ip_pools p on p.id = a.pool_id
    where a.address >= p.range_start and a.address < p.range_end
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
    and not exists (select from ip_pool_taken b where b.pool_id = p_pool and b.address = c.candidate)
    and not exists (select from ip_claims b where b.pool_id = p_pool and b.address = c.candidate)
  order by candidate limit 1;
  perform set_config('app.scope', caller_scope, true);
  return free;
end $$;

-- A finding is about a guest, or about an address of a pool with a source.
alter table findings alter column vmid drop not null;
alter table findings add column pool_id uuid references ip_pools on delete cascade;
alter table findings add column address inet;
alter table findings drop constraint findings_kind_check;
alter table findings add constraint findings_kind_check check (kind in
  ('moved', 'stopped', 'suspended_running', 'resized', 'network', 'renamed', 'unmarked', 'gone', 'orphan', 'foreign',
   'address_leaked', 'address_lost', 'address_changed', 'address_contested'));
alter table findings add constraint findings_about check ((vmid is null) = (address is not null)
  and (pool_id is null) = (address is null) and (vmid is null) = (kind like 'address\_%'));
create unique index findings_live_address on findings (pool_id, address, kind) where state <> 'closed';
create index findings_pool on findings (pool_id) where pool_id is not null;

revoke execute on function claim_follows_address, claims_follow_hostname from public;

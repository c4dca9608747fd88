select set_config('app.scope', 'platform', true);

-- Where zones are served from: a PowerDNS by its API (the key is sealed), or zone files in the data folder. name_servers: what
-- customers delegate to, the first also in the SOA. query_addresses: where these answer questions (host:port), as far as mPanel
-- may ask them. parallel: how many zones are written at once (SQLite behind PowerDNS: one).
create table dns_servers (
  id uuid primary key,
  name text not null,
  kind text not null check (kind in ('powerdns', 'zonefiles')),
  url text,
  api_key_sealed bytea,
  server_id text not null default 'localhost',
  ca_pem text,
  name_servers text[] not null default '{}',
  query_addresses text[] not null default '{}',
  hostmaster text not null check (hostmaster like '%_@_%'),
  is_default boolean not null default false,
  parallel int not null default 1 check (parallel between 1 and 32),
  health text not null default 'unknown' check (health in ('unknown', 'ok', 'failing')),
  health_message text,
  checked_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null,
  check ((kind = 'powerdns') = (url is not null) and (kind = 'powerdns') = (api_key_sealed is not null)),
  check ((health = 'failing') = (health_message is not null))
);
create unique index dns_servers_name on dns_servers (name);
create unique index dns_servers_default on dns_servers (is_default) where is_default;
create unique index dns_servers_files on dns_servers (kind) where kind = 'zonefiles';
grant select, insert, update, delete on dns_servers to mpanel_app;
insert into job_limits values ('dns:*', 1);
-- What is there before anybody has added a PowerDNS: it takes zones once somebody has said which name servers serve its files.
insert into dns_servers (id, name, kind, hostmaster, is_default, created_at)
  values (gen_random_uuid(), 'Zone files', 'zonefiles', 'hostmaster@example.com', true, now());

-- The zone of a domain. What it is to hold is desired_revision; applied_revision was proven to be served. name: with its last dot.
-- state: pending (something is still to be written), applied, held (much would change that nobody asked for: a person
-- confirms), rejected (the server refuses it), drift (somebody has changed it there: drift says what), ending (it is being removed).
-- error: why the last try came to nothing. remote_serial: the serial when it was seen last. checked_at: when that was; compared_at:
-- when all of it was read. policy: what follows from changes that others make on the server.
create table dns_zones (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  domain_id uuid not null,
  server_id uuid not null references dns_servers,
  name text not null check (name like '%.'),
  state text not null default 'pending' check (state in ('pending', 'applied', 'held', 'rejected', 'drift', 'ending', 'ended')),
  policy text not null default 'alert' check (policy in ('alert', 'enforce', 'adopt')),
  default_ttl int not null default 3600 check (default_ttl between 30 and 604800),
  desired_revision int not null default 1,
  applied_revision int not null default 0,
  applied_at timestamptz,
  remote_serial bigint,
  checked_at timestamptz,
  compared_at timestamptz,
  error jsonb,
  drift jsonb,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id),
  check (applied_revision <= desired_revision),
  check ((state = 'ended') = (ended_at is not null)),
  check (state <> 'drift' or drift is not null)
);
create unique index dns_zones_once on dns_zones (name) where ended_at is null;
create unique index dns_zones_domain on dns_zones (domain_id) where ended_at is null;
create index dns_zones_server on dns_zones (server_id) where ended_at is null;
create index dns_zones_due on dns_zones (checked_at nulls first) where ended_at is null;
select protect_tenant_table('dns_zones');
grant select, insert, update on dns_zones to mpanel_app;

-- What a zone is to hold, in canonical form. managed_by: whose it is; others than the user put in and take out only their own
-- (owner), so a challenge and a user's own text at one name are one set of records on the server.
create table dns_records (
  id uuid primary key,
  tenant_id uuid not null,
  zone_id uuid not null,
  name text not null check (name like '%.'),
  type text not null,
  ttl int not null check (ttl between 0 and 2147483647),
  content text not null,
  comment text not null default '',
  managed_by text not null default 'user' check (managed_by in ('user', 'system', 'acme', 'pod')),
  owner text not null default '',
  expires_at timestamptz,
  foreign key (tenant_id, zone_id) references dns_zones (tenant_id, id),
  check ((managed_by = 'user') = (owner = ''))
);
-- A long text is compared by its hash: an index entry has an end.
create unique index dns_records_once on dns_records (zone_id, name, type, managed_by, owner, md5(content));
create index dns_records_owner on dns_records (owner) where owner <> '';
create index dns_records_expiring on dns_records (expires_at) where expires_at is not null;
select protect_tenant_table('dns_records');
grant select, insert, update, delete on dns_records to mpanel_app;

-- Each edit of a zone: who, why, and each set of records before and after.
create table dns_revisions (
  id uuid primary key,
  tenant_id uuid not null,
  zone_id uuid not null,
  revision int not null,
  cause text not null,
  comment text not null default '',
  changes jsonb not null,
  actor jsonb not null,
  created_at timestamptz not null,
  unique (zone_id, revision),
  foreign key (tenant_id, zone_id) references dns_zones (tenant_id, id)
);
create index dns_revisions_list on dns_revisions (zone_id, id desc);
select protect_tenant_table('dns_revisions');
grant select, insert on dns_revisions to mpanel_app;

-- Records with variables that are put into many zones; without a tenant they are everybody's.
create table dns_templates (
  id uuid primary key,
  tenant_id uuid references tenants,
  name text not null check (length(name) between 1 and 100),
  description text not null default '',
  records jsonb not null,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index dns_templates_name on dns_templates (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), lower(name));
select protect_tenant_table('dns_templates', shared_rows => true);
grant select, insert, update, delete on dns_templates to mpanel_app;

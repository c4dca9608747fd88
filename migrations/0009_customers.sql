-- Customers in full: groups, fields of one's own, addresses, tax ids, contacts, notes; and one search over everything.
create table customer_groups (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  name text not null check (length(name) between 1 and 100),
  description text not null default '',
  version int not null default 1,
  created_at timestamptz not null,
  unique (tenant_id, id)
);
create unique index customer_groups_name on customer_groups (tenant_id, lower(name));
create index customer_groups_list on customer_groups (tenant_id, id desc);
select protect_tenant_table('customer_groups');
grant select, insert, update, delete on customer_groups to mpanel_app;

-- What a tenant wants to know of its customers beside the usual. Key, type and searchable are fixed: values depend on them.
create table customer_fields (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  key text not null check (key ~ '^[a-z][a-zA-Z0-9]{0,39}$'),
  label text not null check (length(label) between 1 and 100),
  type text not null check (type in ('text', 'number', 'boolean', 'date', 'choice')),
  choices text[] not null default '{}',
  required boolean not null default false,
  searchable boolean not null default false,
  version int not null default 1,
  created_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, key),
  check ((type = 'choice') = (cardinality(choices) > 0))
);
create index customer_fields_list on customer_fields (tenant_id, id desc);
select protect_tenant_table('customer_fields');
grant select, insert, update, delete on customer_fields to mpanel_app;

alter table customers
  add column language text,
  add column group_id uuid,
  add column tags text[] not null default '{}',
  add column addresses jsonb not null default '[]',
  add column tax_ids jsonb not null default '[]',
  add column custom jsonb not null default '{}',
  -- Tax ids and the values of searchable fields, as the service writes them.
  add column search_more text not null default '',
  add foreign key (tenant_id, group_id) references customer_groups (tenant_id, id);
-- All the text a customer is found by.
create function customer_text(name text, company text, email text, more text) returns text language sql immutable parallel safe
  as $$ select lower(name || ' ' || coalesce(company, '') || ' ' || email || ' ' || more) $$;
drop index customers_search;
create index customers_search on customers using gin (customer_text(name, company, email, search_more) gin_trgm_ops);
create index customers_newest on customers (id desc);
create index customers_group on customers (group_id, id desc) where group_id is not null;
create index customers_tags on customers using gin (tags);

-- One page of the customers whose text contains something. Row-level security keeps LIKE from the trigram index, because
-- LIKE is not leakproof: this runs with its owner's rights, reads the scope of the transaction and applies it itself.
create function customers_containing(p_like text, p_state text, p_group uuid, p_tag text, p_after uuid, p_down boolean, p_limit int)
returns setof uuid language plpgsql stable security definer
set search_path = public set plan_cache_mode = force_custom_plan as $$
declare
  everything boolean := app_platform();
  seen uuid[] := app_tenants();
begin
  if p_down then
    return query select c.id from customers c
      where (everything or c.tenant_id = any (seen)) and customer_text(c.name, c.company, c.email, c.search_more) like p_like
        and (p_state is null or c.state = p_state) and (p_group is null or c.group_id = p_group)
        and (p_tag is null or c.tags @> array[p_tag]) and (p_after is null or c.id < p_after)
      order by c.id desc limit p_limit;
  else
    return query select c.id from customers c
      where (everything or c.tenant_id = any (seen)) and customer_text(c.name, c.company, c.email, c.search_more) like p_like
        and (p_state is null or c.state = p_state) and (p_group is null or c.group_id = p_group)
        and (p_tag is null or c.tags @> array[p_tag]) and (p_after is null or c.id > p_after)
      order by c.id limit p_limit;
  end if;
end $$;
revoke execute on function customers_containing from public;
grant execute on function customers_containing to mpanel_app;

-- Whom to write to about what.
create table customer_contacts (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  name text not null check (length(name) between 1 and 200),
  email text not null check (email like '%_@_%'),
  phone text not null default '',
  topics text[] not null check (topics <@ array['billing', 'technical', 'abuse', 'general'] and cardinality(topics) > 0),
  version int not null default 1,
  created_at timestamptz not null,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id)
);
create index customer_contacts_list on customer_contacts (customer_id, id desc);
select protect_tenant_table('customer_contacts');
grant select, insert, update, delete on customer_contacts to mpanel_app;

create table customer_notes (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  text text not null check (length(text) between 1 and 5000),
  author text not null,
  pinned boolean not null default false,
  version int not null default 1,
  created_at timestamptz not null,
  foreign key (tenant_id, customer_id) references customers (tenant_id, id)
);
create index customer_notes_list on customer_notes (customer_id, id desc);
select protect_tenant_table('customer_notes');
grant select, insert, update, delete on customer_notes to mpanel_app;

create index cloud_pods_customer on cloud_pods (customer_id) where customer_id is not null;

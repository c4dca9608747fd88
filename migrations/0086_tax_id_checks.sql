-- What is known of the VAT numbers of customers, and when they are asked after again. What a check has found out is evidence (tax_evidence);
-- here it says how the last one went. The rows follow the customer's numbers, whoever changes them.
create table tax_id_checks (
  tenant_id uuid not null references tenants,
  customer_id uuid not null,
  tax_id text not null,
  result text check (result in ('valid', 'invalid', 'unknown')),
  -- Why nothing was found out.
  problem text check (length(problem) <= 300),
  -- What the service answered beside it.
  trader_name text check (length(trader_name) <= 300),
  reference text check (length(reference) <= 200),
  asked_at timestamptz,
  -- Those in a row that found nothing out.
  failures int not null default 0 check (failures >= 0),
  next_at timestamptz not null,
  created_at timestamptz not null,
  primary key (tenant_id, customer_id, tax_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id),
  check ((result is null) = (asked_at is null)),
  check ((problem is not null) = (result is not distinct from 'unknown'))
);
create index tax_id_checks_due on tax_id_checks (next_at);
select protect_tenant_table('tax_id_checks');
grant select, insert, update, delete on tax_id_checks to mpanel_app;

create function follow_tax_ids() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  delete from tax_id_checks where tenant_id = new.tenant_id and customer_id = new.id
    and not exists (select from jsonb_array_elements(new.tax_ids) as one where one->>'type' = 'vat' and one->>'value' = tax_id);
  insert into tax_id_checks (tenant_id, customer_id, tax_id, next_at, created_at)
    select distinct new.tenant_id, new.id, one->>'value', new.updated_at, new.updated_at
    from jsonb_array_elements(new.tax_ids) as one where one->>'type' = 'vat'
    on conflict do nothing;
  return null;
end $$;
create trigger customers_tax_ids after insert on customers for each row when (new.tax_ids <> '[]') execute function follow_tax_ids();
create trigger customers_tax_ids_changed after update of tax_ids on customers for each row
  when (new.tax_ids is distinct from old.tax_ids) execute function follow_tax_ids();

insert into tax_id_checks (tenant_id, customer_id, tax_id, next_at, created_at)
  select distinct c.tenant_id, c.id, one->>'value', now(), now() from customers c, jsonb_array_elements(c.tax_ids) as one
  where c.tax_ids <> '[]' and one->>'type' = 'vat';

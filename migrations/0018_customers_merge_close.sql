-- Customers that are merged, closed and erased; and the caller's own reference, by which an import finds them again.
alter table customers
  add column external_ref text check (length(external_ref) between 1 and 100),
  -- Into whom a merged customer went. The row stays, so that old references still lead somewhere.
  add column merged_into uuid,
  add column closed_at timestamptz,
  add column erased_at timestamptz,
  drop constraint customers_state_check,
  add constraint customers_state_check check (state in ('active', 'closed', 'merged')),
  add foreign key (tenant_id, merged_into) references customers (tenant_id, id),
  add constraint customers_merged check ((state = 'merged') = (merged_into is not null) and merged_into is distinct from id),
  add constraint customers_closed check ((state = 'closed') = (closed_at is not null)),
  add constraint customers_erased check (erased_at is null or state in ('closed', 'merged'));
create unique index customers_external_ref on customers (tenant_id, external_ref) where external_ref is not null;
create index customers_merged_into on customers (merged_into) where merged_into is not null;

-- A merged customer is history: the only thing that still happens to it is that its personal data is erased.
create function protect_merged_customer() returns trigger language plpgsql as $$
begin
  if old.state = 'merged' and not (new.state = 'merged' and new.merged_into = old.merged_into
      and old.erased_at is null and new.erased_at is not null) then
    raise exception 'customer % was merged and does not change', old.id using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger customers_merged_stay before update on customers for each row execute function protect_merged_customer();

-- Whose a document is changes in one case only: its customer was merged into the new owner. What is printed on it never does.
create function moved_by_merge(p_from uuid, p_to uuid) returns boolean language sql stable as $$
  select exists (select from customers where id = p_from and state = 'merged' and merged_into = p_to)
$$;
create or replace function protect_issued_invoice() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'invoice % is kept for ever', old.id using errcode = 'insufficient_privilege';
  end if;
  if new.customer_id <> old.customer_id and not moved_by_merge(old.customer_id, new.customer_id) then
    raise exception 'invoice % belongs to its customer', old.id using errcode = 'insufficient_privilege';
  end if;
  if old.status <> 'draft' and
     (to_jsonb(new) - array['status', 'paid_minor', 'credited_minor', 'customer_id']) is distinct from
     (to_jsonb(old) - array['status', 'paid_minor', 'credited_minor', 'customer_id']) then
    raise exception 'issued invoice % is immutable', old.number using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create function protect_payment_owner() returns trigger language plpgsql as $$
begin
  if new.customer_id <> old.customer_id and not moved_by_merge(old.customer_id, new.customer_id) then
    raise exception 'payment % belongs to its customer', old.id using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger payments_owner before update on payments for each row execute function protect_payment_owner();
create index payments_customer on payments (customer_id);
create index ledger_accounts_customer on ledger_accounts (customer_id) where customer_id is not null;
grant update (customer_id) on invoices to mpanel_app;
grant update (customer_id) on payments to mpanel_app;

-- Documents as PDF, credit notes over a part of an invoice, and disputed payments.
select set_config('app.scope', 'platform', true);

-- A document as PDF, made once and kept as it was made.
create table billing_pdfs (
  -- The invoice or the credit note.
  document_id uuid primary key,
  tenant_id uuid not null references tenants,
  invoice_id uuid not null,
  content bytea not null,
  sha256 text not null check (sha256 = encode(sha256(content), 'hex')),
  created_at timestamptz not null,
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id)
);
create index billing_pdfs_invoice on billing_pdfs (tenant_id, invoice_id);
select protect_tenant_table('billing_pdfs');
create trigger billing_pdfs_immutable before update or delete on billing_pdfs for each row execute function refuse_change();
create trigger billing_pdfs_no_truncate before truncate on billing_pdfs for each statement execute function refuse_change();
grant select, insert on billing_pdfs to mpanel_app;

-- The invoice that goes along with a mail.
alter table mails add column invoice_id uuid;
alter table mails add foreign key (tenant_id, invoice_id) references invoices (tenant_id, id);
create index mails_invoice on mails (tenant_id, invoice_id) where invoice_id is not null;

-- What a credit note takes back of each line of its invoice.
alter table credit_notes add unique (tenant_id, id);
alter table invoice_lines add unique (tenant_id, id);
create table credit_note_lines (
  credit_note_id uuid not null,
  tenant_id uuid not null references tenants,
  invoice_line_id uuid not null,
  net_minor bigint not null,
  tax_minor bigint not null,
  gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
  primary key (credit_note_id, invoice_line_id),
  foreign key (tenant_id, credit_note_id) references credit_notes (tenant_id, id),
  foreign key (tenant_id, invoice_line_id) references invoice_lines (tenant_id, id)
);
alter table mails add column credit_note_id uuid;
alter table mails add foreign key (tenant_id, credit_note_id) references credit_notes (tenant_id, id);
create index mails_credit_note on mails (tenant_id, credit_note_id) where credit_note_id is not null;
create index credit_note_lines_of on credit_note_lines (invoice_line_id);
select protect_tenant_table('credit_note_lines');
grant select, insert on credit_note_lines to mpanel_app;

-- Until now each took back its invoice as a whole.
insert into credit_note_lines (credit_note_id, tenant_id, invoice_line_id, net_minor, tax_minor, gross_minor)
  select n.id, n.tenant_id, l.id, l.net_minor, l.tax_minor, l.gross_minor
  from credit_notes n join invoice_lines l on l.invoice_id = n.invoice_id;

create trigger credit_note_lines_immutable before update or delete on credit_note_lines for each row execute function refuse_change();
create trigger credit_note_lines_no_truncate before truncate on credit_note_lines for each statement execute function refuse_change();

-- At the commit a credit note is what its lines come to, and no line is taken back further than it goes. One without lines is of
-- the version before, which took back invoices as a whole.
create function check_credit_note() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select 1 from credit_note_lines where credit_note_id = new.id) then
    insert into credit_note_lines (credit_note_id, tenant_id, invoice_line_id, net_minor, tax_minor, gross_minor)
      select new.id, new.tenant_id, l.id, l.net_minor, l.tax_minor, l.gross_minor
      from invoice_lines l where l.invoice_id = new.invoice_id;
  end if;
  if (select (sum(gross_minor), sum(tax_minor)) from credit_note_lines where credit_note_id = new.id)
      is distinct from (new.total_minor::numeric, new.tax_minor::numeric) then
    raise exception 'credit note % is not what its lines come to', new.number using errcode = 'check_violation';
  end if;
  if exists (
    select 1 from invoice_lines l left join credit_note_lines c on c.invoice_line_id = l.id
    where l.invoice_id = new.invoice_id group by l.id, l.gross_minor, l.tax_minor
    having abs(coalesce(sum(c.gross_minor), 0)) > abs(l.gross_minor) or coalesce(sum(c.gross_minor), 0) * l.gross_minor < 0
      or abs(coalesce(sum(c.tax_minor), 0)) > abs(l.tax_minor)) then
    raise exception 'more is credited of a line of % than it comes to', new.number using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger credit_notes_add_up after insert on credit_notes
  deferrable initially deferred for each row execute function check_credit_note();

-- What a customer's bank takes back of a payment, as the provider says. withdrawn, fee: what is booked of that; lost: what of it
-- is owed again. look: what was seen earlier never undoes what was seen later.
create table payment_disputes (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  payment_id uuid not null,
  provider_id uuid not null references billing_providers,
  external_id text not null,
  state text not null check (state in ('inquiry', 'open', 'won', 'lost')),
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  reason text not null,
  evidence_due_at timestamptz,
  evidence_sent boolean not null default false,
  withdrawn_minor bigint not null default 0 check (withdrawn_minor >= 0),
  fee_minor bigint not null default 0,
  lost_minor bigint not null default 0 check (lost_minor between 0 and withdrawn_minor),
  look bigint not null,
  looked_at timestamptz not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  created_at timestamptz not null,
  foreign key (tenant_id, payment_id) references payments (tenant_id, id),
  unique (tenant_id, id),
  unique (provider_id, external_id),
  check ((closed_at is null) = (state in ('inquiry', 'open')))
);
create index payment_disputes_payment on payment_disputes (payment_id);
create index payment_disputes_open on payment_disputes (looked_at) where closed_at is null;
create index payment_disputes_list on payment_disputes (tenant_id, id desc);
select protect_tenant_table('payment_disputes');
grant select, insert, update on payment_disputes to mpanel_app;

-- 'disputed': what a provider holds back; 'fees': what it charges for that.
alter table ledger_accounts drop constraint ledger_accounts_code_check;
alter table ledger_accounts add constraint ledger_accounts_code_check
  check (code in ('receivable', 'credit', 'cash', 'revenue', 'tax', 'bad_debt', 'goodwill', 'disputed', 'fees'));

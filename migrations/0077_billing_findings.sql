-- Where the books, the contracts, and what payment providers say disagree. They are a tenant's own, unlike the findings about
-- clusters. key: what of a kind it is about, so that it is opened once; subject: what a person looks at.
create table billing_findings (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider_id uuid references billing_providers,
  kind text not null check (kind in ('ledger_unbalanced', 'receivable_differs', 'cash_differs', 'invoice_differs', 'number_gap',
    'payment_not_there', 'payment_not_booked', 'payment_differs', 'refund_differs', 'dispute_differs', 'record_differs',
    'not_delivered', 'not_billed', 'suspended_though_paid', 'runs_after_end')),
  key text not null,
  subject_type text not null check (subject_type in ('invoice', 'subscription', 'customer', 'provider', 'ledger', 'series')),
  subject_id uuid,
  label text not null,
  expected text not null,
  found text not null,
  state text not null default 'open' check (state in ('open', 'ignored', 'closed')),
  decided_by jsonb,
  reason text check (length(reason) between 1 and 500),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  closed_at timestamptz,
  unique (tenant_id, id),
  constraint billing_findings_closed check ((state = 'closed') = (closed_at is not null)),
  constraint billing_findings_decided check (num_nulls(decided_by, reason) in (0, 2) and (state <> 'ignored' or reason is not null))
);
create unique index billing_findings_live on billing_findings (tenant_id, kind, key) where state <> 'closed';
create index billing_findings_open on billing_findings (kind, tenant_id) where state = 'open';
create index billing_findings_list on billing_findings (tenant_id, id desc);
create index billing_findings_provider on billing_findings (provider_id) where provider_id is not null;
select protect_tenant_table('billing_findings');
grant select, insert, update on billing_findings to mpanel_app;

-- A comparison of all of that for a tenant. report: of its own books and of each provider, how much was looked at, and what could
-- not be read.
create table billing_reconciliations (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  report jsonb,
  problem text,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (tenant_id, id),
  constraint billing_reconciliations_ended check ((state = 'running') = (ended_at is null)),
  constraint billing_reconciliations_report check ((state = 'done') = (report is not null)),
  constraint billing_reconciliations_problem check ((state = 'failed') = (problem is not null))
);
create unique index billing_reconciliations_one on billing_reconciliations (tenant_id) where state = 'running';
create index billing_reconciliations_list on billing_reconciliations (tenant_id, id desc);
select protect_tenant_table('billing_reconciliations');
create index billing_reconciliations_ended_at on billing_reconciliations (ended_at);
grant select, insert, update, delete on billing_reconciliations to mpanel_app;

-- What the disk of a paused pod costs: so much on each renewal day that passes while the subscription is paused.
alter table prices add column paused_minor bigint not null default 0 check (paused_minor >= 0);
-- How many of them the present pause has been billed for.
alter table subscriptions add column pause_billed int not null default 0 check (pause_billed >= 0);

alter table invoice_lines drop constraint invoice_lines_kind_check;
alter table invoice_lines add constraint invoice_lines_kind_check
  check (kind in ('recurring', 'discount', 'addon', 'setup', 'manual', 'credit', 'carried', 'domain', 'storage'));

-- What a provider charges for a dispute is in the currency it settles in, which need not be the payment's. Null: written by a version
-- that did not know it, in the payment's.
alter table payment_disputes add column fee_currency text;
update payment_disputes set fee_currency = currency;

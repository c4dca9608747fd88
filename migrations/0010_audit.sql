-- Proof of the audit log. Writers only note what is new; the sealer gathers it into signed batches, each bound to the
-- one before. Who changes, removes or inserts an event afterwards cannot make the batches agree with it.
create table audit_unsealed (
  seq bigint generated always as identity primary key,
  event_id uuid not null,
  at timestamptz not null
);
grant select, insert, delete on audit_unsealed to mpanel_app;

create function audit_note_unsealed() returns trigger language plpgsql as $$
begin
  insert into audit_unsealed (event_id, at) select id, at from added order by id;
  return null;
end $$;
create trigger audit_events_note_unsealed after insert on audit_events
  referencing new table as added for each statement execute function audit_note_unsealed();
insert into audit_unsealed (event_id, at) select id, at from audit_events order by id;

-- `leaves`: 32 bytes an event, in the order of `events`. `previous`: the hash of the batch before, 32 zero bytes for the first.
create table audit_batches (
  number bigint primary key check (number > 0),
  sealed_at timestamptz not null,
  events uuid[] not null check (cardinality(events) > 0),
  first_at timestamptz not null,
  last_at timestamptz not null,
  leaves bytea not null check (length(leaves) = 32 * cardinality(events)),
  root bytea not null check (length(root) = 32),
  previous bytea not null check (length(previous) = 32),
  hash bytea not null unique check (length(hash) = 32),
  signature bytea not null
);
create trigger audit_batches_append_only before update or delete on audit_batches for each row execute function refuse_change();
create trigger audit_batches_no_truncate before truncate on audit_batches for each statement execute function refuse_change();
grant select, insert on audit_batches to mpanel_app;

create index audit_events_actor on audit_events ((actor ->> 'id'), at desc);

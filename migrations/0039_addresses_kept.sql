-- An address that operators keep back, for a router or what else is not of mPanel: no pod gets it.
alter table ip_addresses drop constraint ip_addresses_state_check;
alter table ip_addresses add constraint ip_addresses_state_check
  check (state in ('reserved', 'assigned', 'quarantined', 'kept'));
alter table ip_addresses drop constraint ip_addresses_check;
alter table ip_addresses add constraint ip_addresses_pod_check check ((state in ('quarantined', 'kept')) = (pod_id is null));
alter table ip_addresses add column note text;
alter table ip_addresses add constraint ip_addresses_note_check check ((state = 'kept') = (note is not null));
alter table ip_pools add column version int not null default 1;

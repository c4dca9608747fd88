-- A pod may get another size. pending_restart: it was set on the hypervisor, but the running guest has it only after
-- its next restart.
alter table cloud_pods
  add column pending_restart boolean not null default false,
  drop constraint cloud_pods_action_check,
  add constraint cloud_pods_action_check
    check (action in ('starting', 'stopping', 'shutting_down', 'rebooting', 'resizing'));

-- Every acting under another name tells of its end, once, and the audit log finds what an operator did under any name.
select set_config('app.scope', 'platform', true);

-- Whether the audit log has the end of an operator's session under another name. What was over before stays untold.
alter table sessions add column end_told boolean not null default false;
update sessions s set end_told = true
where impersonator_id is not null and (expires_at <= now() or revoked_at is not null
  or exists (select from sessions p where p.id = s.parent_id and p.revoked_at is not null));
create index sessions_untold on sessions (parent_id) where impersonator_id is not null and not end_told;

-- A column of its own, like that of the actor.
alter table audit_events add column impersonator_id text;
alter table audit_events disable trigger user;
update audit_events set impersonator_id = actor #>> '{impersonator,id}' where actor ? 'impersonator';
alter table audit_events enable trigger user;
alter table audit_events add constraint audit_events_impersonator_id
  check (impersonator_id is not distinct from actor #>> '{impersonator,id}');
create index audit_events_impersonator on audit_events (impersonator_id, at desc, id desc)
  where impersonator_id is not null;

-- It is of the platform alone: a tenant's value never had an effect.
delete from settings where key = 'audit.retentionDays' and tenant_id is not null;

-- When the cluster's guests were last compared with its pods, and which pods that said nothing of. So the pods' own rows are not
-- written each minute to say that nothing has changed.
alter table clusters add column swept_at timestamptz;
alter table clusters add column swept_without uuid[] not null default '{}';

#!/bin/sh
# The login of server and workers, as "The external database" of docs/operations.md has it. The owner is POSTGRES_USER.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$SERVER_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role mpanel_app nologin;
create role panel_server login password :'password' in role mpanel_app;
SQL

import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/db/index.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { freshDatabase } from '../support/postgres.ts'

/** Tables that the application may not even read, and why. */
const UNREAD: Record<string, string> = {
  search_words: 'only the functions that search read it',
}

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let owner: Owner
/** As whoever got into the server may connect: with its password, and without giving rights up by a role. */
let intruder: Client
beforeAll(async () => {
  fresh = await freshDatabase()
  owner = await ownerOf(fresh.ownerUrl)
  intruder = new Client({ connectionString: fresh.url })
  await intruder.connect()
})
afterAll(async () => {
  await intruder.end()
  await owner.close()
  await fresh.drop()
})

const REFUSED = { code: '42501' }

it('the login is a member of the application’s role and of nothing else, and may pass that on to nobody', async () => {
  const [login] = await owner.query(`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
    from pg_roles where rolname = 'mpanel_server'`)
  expect(Object.values(login ?? {})).toEqual([false, false, false, false, false])
  const of = await owner.query(`select roleid::regrole::text as role, admin_option from pg_auth_members
    where member = 'mpanel_server'::regrole`)
  expect(of).toEqual([{ role: 'mpanel_app', admin_option: false }])
  const owned = await owner.query(
    `select 1 from pg_shdepend where refobjid = 'mpanel_server'::regrole and deptype = 'o'`,
  )
  expect(owned).toEqual([])
})

it('a session of the server that gives up its role gets no right back', async () => {
  const db = openDatabase(fresh.url, { poolSize: 1 })
  const rights = `select relname from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')
    and (has_table_privilege(c.oid, 'select, insert, update, delete') or has_any_column_privilege(c.oid, 'select, insert, update'))
    order by 1`
  const before = await db.pool.query(rights)
  await db.pool.query('set role none')
  const { rows } = await db.pool.query('select current_user::text as name')
  expect(rows).toEqual([{ name: 'mpanel_server' }])
  expect((await db.pool.query(rights)).rows).toEqual(before.rows)
  await db.close()
})

it('no table or partition can be emptied, be pointed to, get a trigger or be kept up by the login', async () => {
  const kinds = ['truncate', 'references', 'trigger']
  const [version] = await owner.query<{ number: number }>(
    `select current_setting('server_version_num')::int as number`,
  )
  if ((version?.number ?? 0) >= 170_000) kinds.push('maintain')
  const open = await owner.query(`select c.relname from pg_class c where relnamespace = 'public'::regnamespace
    and relkind in ('r', 'p') and has_table_privilege('mpanel_server', c.oid, '${kinds.join(', ')}')`)
  expect(open).toEqual([])
})

it('every table that there is can be read by the application, but for those with a reason', async () => {
  const unread = await owner.query<{ name: string }>(`select relname as name from pg_class c
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and not has_any_column_privilege('mpanel_server', c.oid, 'select') order by 1`)
  expect(unread.map(({ name }) => name)).toEqual(Object.keys(UNREAD).toSorted())
})

it('without a scope the login sees nothing of any tenant', async () => {
  await owner.query(`insert into tenants (id, name, slug, created_at, updated_at)
    values (gen_random_uuid(), 'Seen', 'seen', now(), now())`)
  expect((await intruder.query('select 1 from tenants')).rowCount).toBe(0)
})

describe('the login of the server cannot', () => {
  it.each([
    ['switch off row-level security', 'alter table customers disable row level security'],
    ['lift it for the owner', 'alter table customers no force row level security'],
    ['drop a policy', 'drop policy tenant_wall on customers'],
    ['add one that lets everything pass', 'create policy open on customers using (true)'],
    ['switch off the triggers of the audit log', 'alter table audit_events disable trigger all'],
    ['drop a trigger of the audit log', 'drop trigger audit_events_append_only on audit_events'],
    [
      'replace what such a trigger runs',
      `create or replace function refuse_change() returns trigger language plpgsql as 'begin return new; end'`,
    ],
    ['switch off triggers for its session', 'set session_replication_role = replica'],
    ['change an event', `update audit_events set action = 'X'`],
    ['remove an event', 'delete from audit_events'],
    ['empty the audit log', 'truncate audit_events'],
    ['empty a table', 'truncate idempotency_keys'],
    ['detach a partition of the audit log', 'alter table audit_events detach partition audit_events_other'],
    ['read a partition past its policy', 'select * from audit_events_other'],
    ['drop a table', 'drop table customers'],
    ['add a column', 'alter table customers add column note text'],
    ['make an index', 'create index mine on customers (name)'],
    ['make a table', 'create table mine (id int)'],
    ['make a function', `create function mine() returns int language sql as 'select 1'`],
    ['make a schema', 'create schema mine'],
    ['add an extension', 'create extension file_fdw'],
    ['change what was migrated', 'delete from schema_migrations'],
    ['pass its role on', 'grant mpanel_app to pg_read_all_data'],
    ['make a role', 'create role mine'],
    ['become somebody else', 'set session authorization mpanel'],
    ['write to files or run programs', `copy (select 1) to program 'true'`],
    ['read files', `select pg_read_file('/etc/hostname')`],
    ['read the passwords of logins', 'select * from pg_authid'],
    ['set something for everybody', 'alter system set log_statement = none'],
    [
      'set something for the database',
      `do $$ begin execute format('alter database %I set app.scope = platform', current_database()); end $$`,
    ],
    ['give itself the wall’s other side for ever', 'alter role mpanel_server bypassrls'],
  ])('%s', async (_what, statement) => {
    await expect(intruder.query(statement)).rejects.toMatchObject(REFUSED)
  })

  it('take the role of the owner of the tables', async () => {
    const [table] = await owner.query<{ owner: string }>(
      `select pg_get_userbyid(relowner) as owner from pg_class where relname = 'customers'`,
    )
    await expect(intruder.query(`set role ${table?.owner}`)).rejects.toMatchObject(REFUSED)
  })
})

it('the months of the audit log and of jobs are made by the login all the same, and are not its own', async () => {
  await intruder.query('set role mpanel_app')
  const { rows } = await intruder.query<{ made: number }>(
    'select ensure_audit_partitions(9) + ensure_job_months(9) as made',
  )
  expect(rows[0]?.made).toBeGreaterThan(5)
  await intruder.query('set role none')
  const [own] = await owner.query(
    `select count(*)::int as n from pg_class where relowner = 'mpanel_server'::regrole`,
  )
  expect(own).toEqual({ n: 0 })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeSchema, formatted, writtenSchema } from '../../scripts/dumpSchema.ts'
import { openDatabase, type Database } from '../../src/db/index.ts'
import { freshDatabase } from '../support/postgres.ts'
import { ownerOf, type Owner } from './rows.ts'

/** Tables without a tenant's column, and why nothing in them belongs to one. This list only gets shorter. */
const WITHOUT_TENANT: Record<string, string> = {
  tenants: 'its own id is the tenant, and has the policy',
  users: 'a login may belong to many tenants; only the services that identify callers read it',
  sessions: 'belongs to a user',
  login_failures: 'tries by anybody, also for e-mails that nobody has',
  login_history: 'belongs to a user',
  user_totp: 'belongs to a user',
  user_recovery_codes: 'belongs to a user',
  user_filters: 'belongs to a user',
  user_passkeys: 'belongs to a user',
  passkey_challenges: 'belongs to a session, or to a log-in of nobody yet',
  user_identities: 'belongs to a user',
  sso_states: 'a log-in of nobody yet',
  role_permissions: 'belongs to a role',
  idempotency_keys: 'belongs to the caller whose id is part of the key',
  installation: 'facts of the installation',
  timers: 'periodic tasks of the installation',
  workers: 'processes of the installation',
  job_limits: 'how much the platform’s hypervisors take at once',
  job_pauses: 'what operators of the platform have stopped',
  automation_deeds: 'how much automation did, by action',
  automation_brakes: 'decisions of the platform about its automation',
  alerts: 'what is wrong with the installation',
  ssl_domain_budgets: 'how often the platform’s accounts have asked CAs, by registered domain',
  ssl_issuers: 'whom the platform asks for certificates',
  acme_accounts: 'one account a CA for the whole platform',
  findings: 'where the platform’s clusters and its database disagree',
  figure_marks: 'ids of tenants that are to be counted again, read by what counts alone',
  figure_totals: 'sums over all tenants, told on the platform alone',
  job_lanes: 'whose turn is next: ids of tenants, read by the claim alone',
  audit_unsealed: 'ids of events that wait to be sealed, of all tenants',
  audit_batches: 'the proof of the whole log: ids and hashes, nothing of what happened',
  audit_archives: 'files of whole months, of all tenants',
  audit_archived: 'where archived events stood in the proof: no more than batches say',
  single_use_tokens: 'hashes of mailed links; whom they are for stands in what they point to',
  schema_migrations: 'what was migrated',
  search_words: 'words of names, without whose names they are; only the search reads it, for spellings',
  clusters: 'hypervisors are the platform’s',
  nodes: 'hypervisors are the platform’s',
  cluster_templates: 'what lies on the platform’s hypervisors',
  cloud_pod_blueprint_images: 'what lies on the platform’s hypervisors',
  dns_servers: 'the servers that zones are on are the platform’s',
  ip_sources: 'where the platform keeps its networks',
  registrar_accounts: 'accounts of the platform at registries',
  premium_quotes: 'what registries ask for names, before they are anybody’s',
  registrar_events: 'what registries told the platform, before it is known whom it is about',
  tld_prices: 'what the platform sells, to every tenant alike',
  ip_pool_taken: 'what others than mPanel hold of the platform’s networks',
  ip_claims: 'addresses of the platform’s networks; whose they are stands in ip_addresses',
  ip_pools: 'networks are the platform’s; the addresses given out have their tenant',
  vmid_reservations: 'ids of a cluster are shared by its tenants',
}
/** Rows without a tenant are the platform's catalogue, which everybody may read. */
const CATALOGUE = [
  'addon_prices',
  'addons',
  'billing_providers',
  'cloud_pod_blueprints',
  'cloud_pod_plans',
  'dns_templates',
  'domain_default_contacts',
  'dunning_policies',
  'prices',
  'roles',
  'security_groups',
  'settings',
  'tax_rules',
]
const APPEND_ONLY = [
  'audit_events',
  'billing_pdfs',
  'credit_note_lines',
  'credit_notes',
  'ledger_entries',
  'ledger_tx',
]
const KEPT = ['invoices', 'invoice_lines']

type Table = {
  name: string
  tenant: boolean
  enabled: boolean
  forced: boolean
  policies: number
  owner: string
}
let database: Awaited<ReturnType<typeof freshDatabase>>
let db: Database
let owner: Owner
let tables: Table[]

beforeAll(async () => {
  database = await freshDatabase()
  db = openDatabase(database.url, { poolSize: 2 })
  owner = await ownerOf(database.ownerUrl)
  tables = await owner.query<Table>(`
    select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
      pg_get_userbyid(c.relowner) as owner,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as tenant,
      (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by 1`)
})
afterAll(async () => {
  await db.close()
  await owner.close()
  await database.drop()
})

test('schema.sql and the types of the tables are what the migrations make', async () => {
  const described = await describeSchema(database.ownerUrl)
  const written = await writtenSchema()
  expect(described.sql, 'run: npm run schema').toBe(written.sql)
  expect(formatted(described.types), 'run: npm run schema').toBe(written.types)
})

test('every table belongs to tenants behind a forced policy, or stands on the list with a reason', () => {
  expect(tables.length).toBeGreaterThan(30)
  const open = tables.filter((table) => !table.tenant).map((table) => table.name)
  expect(open.toSorted()).toEqual(Object.keys(WITHOUT_TENANT).toSorted())
  for (const table of tables.filter((one) => one.tenant || one.name === 'tenants')) {
    expect(table, table.name).toMatchObject({ enabled: true, forced: true })
    expect(table.policies, table.name).toBe(CATALOGUE.includes(table.name) ? 4 : 1)
  }
})

test('the role of the application owns nothing and stands above nothing', async () => {
  const [role] =
    await owner.query(`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication
    from pg_roles where rolname = 'mpanel_app'`)
  expect(Object.values(role ?? {})).toEqual([false, false, false, false, false, false])
  expect(tables.filter((table) => table.owner === 'mpanel_app')).toEqual([])
  const members = await owner.query(`select 1 from pg_auth_members where member = 'mpanel_app'::regrole`)
  expect(members).toEqual([])
  const { rows } = await db.pool.query('select current_user::text as name')
  expect(rows).toEqual([{ name: 'mpanel_app' }])
  await expect(db.pool.query('create table mine (id int)')).rejects.toThrow('permission denied')
})

test('no partition can be reached past the policies of its table', async () => {
  const open = await owner.query(`select c.relname from pg_class c where c.relispartition and c.relkind = 'r'
    and has_table_privilege('mpanel_app', c.oid, 'select, insert, update, delete, truncate')`)
  expect(open).toEqual([])
  const partitions = await owner.query(`select 1 from pg_class where relispartition and relkind = 'r'`)
  expect(partitions.length).toBeGreaterThan(8)
})

test('a function with its owner’s rights has a fixed search path and is not for everybody', async () => {
  const loose =
    await owner.query(`select proname from pg_proc p where p.pronamespace = 'public'::regnamespace and prosecdef
    and (coalesce(array_to_string(proconfig, ','), '') !~ 'search_path'
      or has_function_privilege('public', p.oid, 'execute'))`)
  expect(loose).toEqual([])
})

describe.each([...APPEND_ONLY, ...KEPT])('%s', (table) => {
  test('gives the application no right to change or remove a row', async () => {
    for (const statement of [`delete from ${table}`, `truncate ${table}`]) {
      await expect(db.pool.query(statement), statement).rejects.toMatchObject({ code: '42501' })
    }
    const update = `update ${table} set tenant_id = tenant_id`
    await expect(db.pool.query(update)).rejects.toMatchObject({ code: '42501' })
  })

  test('refuses even its owner with an error, not with silence', async () => {
    const guards = await owner.query<{ event: string }>(`
      select unnest(array_remove(array[case when tgtype & 8 > 0 then 'delete' end,
        case when tgtype & 16 > 0 then 'update' end, case when tgtype & 32 > 0 then 'truncate' end], null)) as event
      from pg_trigger where tgrelid = '${table}'::regclass and not tgisinternal and tgtype & 2 > 0 and tgenabled = 'O'`)
    const events = [...new Set(guards.map((guard) => guard.event))].toSorted()
    expect(events).toEqual(['delete', 'truncate', 'update'])
    await expect(owner.query(`truncate ${table} cascade`)).rejects.toMatchObject({ code: '42501' })
  })
})

test('every partition of the audit log refuses to be emptied, also the ones still to come', async () => {
  await owner.query('select ensure_audit_partitions(7)')
  const partitions = await owner.query<{
    name: string
  }>(`select i.inhrelid::regclass::text as name from pg_inherits i
    where i.inhparent = 'audit_events'::regclass order by 1`)
  expect(partitions.length).toBeGreaterThan(9)
  for (const { name } of partitions) {
    await expect(owner.query(`truncate ${name}`), name).rejects.toThrow('append-only')
  }
})

test('every reference to a row of a tenant carries the tenant, so that it cannot point into another one', async () => {
  const loose = await owner.query<{ name: string }>(`
    select n.conrelid::regclass::text || '.' || a.attname as name
    from pg_constraint n join pg_attribute a on a.attrelid = n.conrelid and a.attnum = n.conkey[1]
    where n.contype = 'f' and n.conparentid = 0 and cardinality(n.conkey) = 1 and n.confrelid <> 'tenants'::regclass
      and exists (select from pg_attribute t where t.attrelid = n.confrelid and t.attname = 'tenant_id' and t.attnotnull)
      and exists (select from pg_attribute t where t.attrelid = n.conrelid and t.attname = 'tenant_id')
    order by 1`)
  expect(loose.map((row) => row.name)).toEqual([])
})

test('a function with its owner’s rights takes no temporary table of its caller’s for the one that is meant', async () => {
  const open = await owner.query<{ name: string }>(`select oid::regprocedure::text as name from pg_proc
    where prosecdef and pronamespace = 'public'::regnamespace
      and not coalesce(proconfig, '{}') @> array['search_path=public, pg_temp']`)
  expect(open).toEqual([])
})

// Writes migrations/schema.sql (what all migrations make together, for reviewers) and src/db/types.ts (the same for
// Kysely) from a database's catalogue. `npm run schema` makes both; test/rules/schema.test.ts compares them.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { migrate } from '../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../src/lib/embeddedPostgres.ts'

type Row = Record<string, string>

/** Every list has an order that depends neither on the version of PostgreSQL nor on the database's collation. */
const LISTS = {
  extensions: `select format('create extension %I;', extname) as definition from pg_extension
    where extname <> 'plpgsql' order by extname`,
  sequences: `select format('create sequence %I;', c.relname) as definition from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i')) order by c.relname`,
  walls: `select format('alter table %I enable row level security, force row level security;', relname) as definition
    from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity and relforcerowsecurity order by relname`,
  tables: `select c.relname as name, c.relkind = 'p' as partitioned, pg_get_partkeydef(c.oid) as key,
      pg_get_expr(c.relpartbound, c.oid) as bound, (select parent.relname from pg_inherits i join pg_class parent on parent.oid = i.inhparent
        where i.inhrelid = c.oid) as parent
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and c.relname !~ '^(audit_events|job_history)_\\d' and c.relname <> 'schema_migrations' order by c.relname`,
  columns: `select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
      coalesce(pg_get_expr(d.adbin, d.adrelid), case when a.attidentity <> '' then 'generated always as identity' end) as default,
      a.attgenerated = 's' as generated
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
      and not a.attisdropped and c.relname <> 'schema_migrations' order by c.relname, a.attnum`,
  constraints: `select c.relname as table, n.conname as name, pg_get_constraintdef(n.oid) as definition
    from pg_constraint n join pg_class c on c.oid = n.conrelid where c.relnamespace = 'public'::regnamespace
      and not c.relispartition and n.contype <> 'n' and n.conparentid = 0 and c.relname <> 'schema_migrations' order by c.relname, n.contype desc, n.conname`,
  indexes: `select pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relname <> 'schema_migrations'
      and not exists (select from pg_constraint n where n.conindid = i.indexrelid) order by i.indexrelid::regclass::text collate "C"`,
  policies: `select format('create policy %I on %I for %s', p.polname, c.relname, case p.polcmd when 'r' then 'select'
        when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end)
      || coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
      || coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') || ';' as definition
    from pg_policy p join pg_class c on c.oid = p.polrelid order by c.relname, p.polname`,
  triggers: `select pg_get_triggerdef(t.oid) as definition from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where not t.tgisinternal and not c.relispartition order by c.relname, t.tgname`,
  functions: `select pg_get_functiondef(p.oid) as definition from pg_proc p where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by p.proname`,
  grants: `select format('grant %s on %I to mpanel_app;', string_agg(lower(g.privilege_type), ', '
        order by g.privilege_type collate "C"), c.relname) as definition
    from pg_class c, aclexplode(c.relacl) g where c.relnamespace = 'public'::regnamespace
      and g.grantee = 'mpanel_app'::regrole group by c.relname order by c.relname`,
  columnGrants: `select format('grant %s (%s) on %I to mpanel_app;', lower(g.privilege_type),
        string_agg(a.attname, ', ' order by a.attnum), c.relname) as definition
    from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g
    where c.relnamespace = 'public'::regnamespace and g.grantee = 'mpanel_app'::regrole
    group by c.relname, g.privilege_type order by c.relname, g.privilege_type collate "C"`,
} as const

/** Reads the schema of a migrated database as readable SQL and as TypeScript types for Kysely. */
export async function describeSchema(url: string): Promise<{ sql: string; types: string }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const read = async (name: keyof typeof LISTS): Promise<Row[]> =>
      (await client.query<Row>(LISTS[name])).rows
    const [tables, columns, constraints] = [
      await read('tables'),
      await read('columns'),
      await read('constraints'),
    ]
    const sql = [
      '-- Generated by `npm run schema` from the migrations; do not edit.',
      ...(await read('extensions')).map((row) => row['definition']),
      ...(await read('sequences')).map((row) => row['definition']),
      ...tables.map((table) => tableSql(table, columns, constraints)),
      ...(await read('indexes')).map((row) => `${row['definition']};`),
      ...(await read('walls')).map((row) => row['definition']),
      ...(await read('policies')).map((row) => row['definition']),
      ...(await read('triggers')).map((row) => `${row['definition']};`),
      ...(await read('grants')).map((row) => row['definition']),
      ...(await read('columnGrants')).map((row) => row['definition']),
      ...(await read('functions')).map((row) => `${row['definition']?.trim()};`),
    ].join('\n\n')
    return { sql: `${sql}\n`, types: typesOf(tables, columns, constraints) }
  } finally {
    await client.end()
  }
}

function tableSql(table: Row, columns: Row[], constraints: Row[]): string {
  if (table['parent'])
    return `create table ${table['name']} partition of ${table['parent']} ${table['bound']};`
  const lines = [
    ...columns
      .filter((column) => column['table'] === table['name'])
      .map((c) => `${c['name']} ${c['type']}${c['required'] ? ' not null' : ''}${defaultOf(c)}`),
    ...constraints
      .filter((constraint) => constraint['table'] === table['name'])
      .map((constraint) => `constraint ${constraint['name']} ${constraint['definition']}`),
  ]
  const partition = table['partitioned'] ? ` partition by ${table['key']}` : ''
  return `create table ${table['name']} (\n  ${lines.join(',\n  ')}\n)${partition};`
}

function defaultOf({ default: given, generated }: Row): string {
  if (!given) return ''
  return generated ? ` generated always as (${given}) stored` : ` default ${given}`
}

const TYPES: Record<string, string> = {
  smallint: 'number',
  integer: 'number',
  bigint: 'bigint',
  boolean: 'boolean',
  jsonb: 'unknown',
  bytea: 'Buffer',
  'timestamp with time zone': 'Date',
  'text[]': 'string[]',
  'integer[]': 'number[]',
  'uuid[]': 'string[]',
  'inet[]': 'string[]',
  'cidr[]': 'string[]',
}

function typesOf(tables: Row[], columns: Row[], constraints: Row[]): string {
  const own = tables.filter((table) => !table['parent'])
  const blocks = own.map((table) => {
    const fields = columns
      .filter((column) => column['table'] === table['name'])
      .map((column) => `  ${column['name']}: ${columnType(column, constraints)}`)
    return `export interface ${typeName(table['name'] ?? '')} {\n${fields.join('\n')}\n}`
  })
  const index = own.map((table) => `  ${table['name']}: ${typeName(table['name'] ?? '')}`).join('\n')
  return [
    '// Generated by `npm run schema` from the migrations; do not edit.',
    `import type { Generated } from 'kysely'`,
    ...blocks,
    `export interface Tables {\n${index}\n}`,
  ].join('\n\n')
}

const typeName = (table: string): string =>
  `${table
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}Table`

/** A CHECK (column IN (…)) becomes a union of its values: the database's rule is the type. */
function columnType(column: Row, constraints: Row[]): string {
  const check = constraints.find(
    (constraint) =>
      constraint['table'] === column['table'] &&
      new RegExp(`^CHECK \\(\\(\\(?"?${column['name']}"?\\)?(::text)? = ANY \\(+ARRAY\\[`).test(
        constraint['definition'] ?? '',
      ),
  )
  const values = [...(check?.['definition'] ?? '').matchAll(/'([^']+)'::text/g)].map(
    (match) => `'${match[1]}'`,
  )
  const base = values.length > 0 ? values.join(' | ') : (TYPES[column['type'] ?? ''] ?? 'string')
  const nullable = column['required'] || base === 'unknown' ? base : `${base} | null`
  return column['default'] ? `Generated<${nullable}>` : nullable
}

const SCHEMA = fileURLToPath(new URL('../migrations/schema.sql', import.meta.url))
const TYPES_FILE = fileURLToPath(new URL('../src/db/types.ts', import.meta.url))
const OXFMT = fileURLToPath(new URL('../node_modules/.bin/oxfmt', import.meta.url))

/** Both files as they are in the tree. */
export const writtenSchema = async (): Promise<{ sql: string; types: string }> => ({
  sql: await readFile(SCHEMA, 'utf8'),
  types: await readFile(TYPES_FILE, 'utf8'),
})

/** The types as the formatter leaves them. */
export const formatted = (types: string): string =>
  execFileSync(process.execPath, [OXFMT, '--stdin-filepath', TYPES_FILE], { input: types, encoding: 'utf8' })

/** Migrates an empty database of a server of its own, and writes both files from it. */
async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mpanel-schema-'))
  await chmod(dataDir, 0o711)
  const server = await startEmbeddedPostgres({ dataDir, durable: false, log: () => {} })
  try {
    await migrate(server.ownerUrl)
    const { sql, types } = await describeSchema(server.ownerUrl)
    writeFileSync(SCHEMA, sql)
    writeFileSync(TYPES_FILE, formatted(types))
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()

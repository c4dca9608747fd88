import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Client, DatabaseError } from 'pg'
import { StartupError } from '../errors.ts'
import { sleep } from '../lib/backoff.ts'
import { applyMigration, type Migration } from './migrateOne.ts'
import { unreachable } from './installationLock.ts'

const FOLDER = new URL('../../migrations/', import.meta.url)
/** Any constant number: two processes that migrate one database must meet at the same lock. */
const LOCK = 724_031_001

function readMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d{4}_.+\.sql$/.test(name))
    .toSorted()
    .map((name) => {
      const sql = readFileSync(new URL(name, FOLDER), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

/**
 * Brings the database to this version's schema, file by file, safe to call from many processes at once.
 * The connection's user must own the schema and may need CREATEROLE the first time; any may ask when nothing is to be done.
 * @throws StartupError when the database cannot be reached or is newer than this code, an applied file was changed, or rights are
 * missing.
 */
export async function migrate(
  url: string,
  { log = () => undefined }: { log?: (line: string) => void } = {},
): Promise<{ applied: string[] }> {
  const client = new Client({ connectionString: url })
  // A connection that breaks fails the query that waits on it; the event as well would end the process without a word.
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    throw unreachable(url, error)
  })
  try {
    await takeTurn(client)
    await requireVersion(client)
    await client.query(`do $$ begin if to_regclass('schema_migrations') is null then create table schema_migrations
      (name text primary key, checksum text not null, applied_at timestamptz not null default now()); end if; end $$`)
    const pending = await pendingMigrations(client)
    for (const migration of pending) {
      log(`migrating ${migration.name}`)
      await applyMigration(client, migration, log)
    }
    // Readiness asks for the schema's state as the unprivileged role.
    if (pending.length > 0) await client.query('grant select on schema_migrations to mpanel_app')
    return { applied: pending.map((migration) => migration.name) }
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === '42501')) throw error
    throw new StartupError(
      `${client.user} may not bring the database to this version's schema: ${error.message}. That needs the login that owns the tables: name it in DATABASE_MIGRATION_URL. It must be allowed to create the role mpanel_app (or create it beforehand: CREATE ROLE mpanel_app NOLOGIN; GRANT mpanel_app TO the login WITH ADMIN OPTION).`,
      { cause: error },
    )
  } finally {
    await client.end()
  }
}

/** Asks again and again: an index that is built beside everything else waits for every statement, one that waits here too. */
async function takeTurn(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK])
    if (rows[0]?.mine) return
    await sleep(100)
  }
}

/** Whether the database has exactly this code's migrations; `empty`: it never had any. */
export async function schemaState(db: {
  query(sql: string): Promise<{ rows: { name: string }[] }>
}): Promise<'current' | 'behind' | 'ahead' | 'empty'> {
  const known = new Set(readMigrations().map((migration) => migration.name))
  const { rows: tables } = await db.query(
    `select 'schema_migrations' as name where to_regclass('schema_migrations') is not null`,
  )
  if (tables.length === 0) return 'empty'
  const { rows } = await db.query('select name from schema_migrations')
  if (rows.some((row) => !known.has(row.name))) return 'ahead'
  return rows.length === known.size ? 'current' : 'behind'
}

async function requireVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  )
  const version = rows[0]?.version ?? 0
  if (version < 150_000) {
    throw new StartupError(
      `PostgreSQL 15 or newer is needed; this server is ${Math.floor(version / 10_000)}. Point DATABASE_URL at a newer one.`,
    )
  }
}

async function pendingMigrations(client: Client): Promise<Migration[]> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migrations',
  )
  const applied = new Map(rows.map((row) => [row.name, row.checksum]))
  const files = readMigrations()
  const known = new Set(files.map((file) => file.name))
  const foreign = [...applied.keys()].filter((name) => !known.has(name))
  if (foreign.length > 0) {
    throw new StartupError(
      `The database is newer than this version of mPanel: it has ${foreign.join(', ')}. Install the version that made it, or restore a backup from before.`,
    )
  }
  const changed = files.filter((file) => applied.has(file.name) && applied.get(file.name) !== file.checksum)
  if (changed.length > 0) {
    throw new StartupError(
      `Migrations were changed after they had been applied: ${changed.map((file) => file.name).join(', ')}. Restore the released files and add a new migration instead.`,
    )
  }
  return files.filter((file) => !applied.has(file.name))
}

import { DatabaseError, type Client } from 'pg'
import { StartupError } from '../errors.ts'
import { backoffMs, sleep } from '../lib/backoff.ts'
import { buildIndex } from './migrateIndex.ts'

export type Migration = { name: string; sql: string; checksum: string }

/** What the version that still runs holds, in the end it lets go of: lock_not_available, deadlock_detected. */
const IN_USE = new Set(['55P03', '40P01'])
/** A statement waits no longer than this for a table: whoever comes to the table meanwhile waits behind it. */
const LOCK_WAIT = '2s'
const TRIES = 40
const PAUSE = { baseMs: 200, capMs: 5_000 }

/** The first line of a file whose statements are each a transaction: `create index concurrently` builds beside all that goes on. */
const ALONE = /^-- one by one: /

/**
 * Makes one change of the schema, beside servers and workers that go on: it waits for no table long, and begins anew when one is in
 * use. A file that begins with `-- one by one: ` is not one transaction; after a failure it is begun again, so each of its
 * statements must be repeatable.
 * @throws StartupError when its tables were in use for some three minutes
 */
export async function applyMigration(
  client: Client,
  migration: Migration,
  log: (line: string) => void,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await (ALONE.test(migration.sql) ? oneByOne(client, migration) : atOnce(client, migration))
    } catch (error) {
      if (!(error instanceof DatabaseError && IN_USE.has(error.code ?? ''))) throw error
      if (tries === TRIES)
        throw new StartupError(
          `${migration.name} was not applied: what it changes was in use all the time. Look in pg_stat_activity for a transaction that has been open for long, end it, and migrate again.`,
          { cause: error },
        )
      log(`${migration.name} waits for tables that are in use`)
      await sleep(backoffMs(tries, PAUSE))
    }
  }
}

async function atOnce(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query(`select set_config('app.scope', 'platform', true)`)
    await client.query(`set local lock_timeout = '${LOCK_WAIT}'`)
    await client.query(migration.sql)
    await record(client, migration)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function oneByOne(client: Client, migration: Migration): Promise<void> {
  await dropInvalid(client)
  for (const statement of statementsOf(migration.sql)) await buildIndex(client, statement, LOCK_WAIT)
  await record(client, migration)
}

/** Indexes whose building was broken off are written at each change and read by nobody. */
async function dropInvalid(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select indexrelid::regclass::text as name from pg_index join pg_class on pg_class.oid = indexrelid
      where not indisvalid and relkind = 'i' and relnamespace = current_schema()::regnamespace`,
  )
  for (const { name } of rows) await client.query(`drop index concurrently ${name}`)
}

async function record(client: Client, { name, checksum }: Migration): Promise<void> {
  await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [name, checksum])
}

/** The statements of a file that has none with a semicolon inside. */
const statementsOf = (sql: string): string[] =>
  sql
    .replace(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')

import { Client } from 'pg'
import { StartupError } from '../errors.ts'

/** Any constant number: every `mpanel start` asks for the same lock of its database. */
const LOCK = 724_031_002

/**
 * Lets one `mpanel start` at a time use a database. The lock lives as long as its connection, so a killed process
 * leaves nothing behind.
 * @returns a function that gives the lock back
 * @throws StartupError when another process holds it, or the database cannot be reached
 */
export async function holdInstallation(url: string, dataDir: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url, application_name: `mpanel start ${process.pid}` })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw unreachable(url, error)
  }
  const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [LOCK])
  if (rows[0]?.ours) return () => client.end()
  const holder = await client.query<{ name: string }>(`select application_name as name from pg_stat_activity
    where application_name like 'mpanel start %' and application_name <> 'mpanel start ${process.pid}' limit 1`)
  await client.end()
  const pid = holder.rows[0]?.name.replace('mpanel start ', 'process ') ?? 'another process'
  throw new StartupError(
    `mPanel already runs on the data folder ${dataDir} (${pid}). Stop it first, or set MPANEL_DATA_DIR to another folder.`,
  )
}

const MEMBER =
  'The login must be a member of the role mpanel_app: “The external database” in docs/operations.md has what to run.'

/** The connection error as a sentence, without the password. */
export function unreachable(url: string, error: unknown): StartupError {
  const { hostname, port, pathname, username } = new URL(url)
  const { message, code } = error as Error & { code?: string }
  // The role cannot be set when the login is no member of it (42501), or nobody has made it (22023).
  const isRole = code === '42501' || code === '22023'
  const where = `${hostname}:${port || 5432}${pathname}`
  return new StartupError(
    `The database at ${where} cannot be used${username && ` as ${username}`}: ${message || code}. ${isRole ? MEMBER : 'Check DATABASE_URL, or DATABASE_MIGRATION_URL where that is set.'}`,
    { cause: error },
  )
}

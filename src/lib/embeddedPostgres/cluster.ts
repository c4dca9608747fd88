import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, statSync } from 'node:fs'
import {
  chmod,
  chown,
  link,
  lchown,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Account, canReach, chooseAccount, spawnAs } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError, errorCode, explainOutput } from './errors.ts'
import { isAlive } from './postmaster.ts'

/** Where a root-run mPanel keeps what PostgreSQL's account must reach when the data folder is closed to it. */
export const SHARED_HOME = '/var/lib/mpanel'

/** What initdb writes into postgresql.conf: an operator may change it there. */
const SETTINGS = {
  max_connections: '200',
  shared_buffers: '128MB',
  random_page_cost: '1.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Start, stop and crashes only: failed statements are reported by mPanel, and may hold personal data.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
}

export type Cluster = { dir: string; account: Account; exists: boolean }

/**
 * Finds the cluster of a data folder: `<dataDir>/postgres`, or, when PostgreSQL must run as another account that may
 * not enter the data folder (a clone in /root), a folder of SHARED_HOME to which `<dataDir>/postgres` is a link.
 */
export async function findCluster(dataDir: string, sharedHome = SHARED_HOME): Promise<Cluster> {
  const home = join(dataDir, 'postgres')
  const isLink = lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  let dir = isLink ? resolve(dataDir, await readlink(home)) : home
  const account = await chooseAccount(dir)
  if (!isLink && !lstatSync(home, { throwIfNoEntry: false }) && !canReach(dataDir, account)) {
    const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
    dir = join(sharedHome, id, 'postgres')
    await symlink(dir, home).catch(unlessExists)
  }
  if (dir !== home) await mkdir(dirname(dir), { recursive: true, mode: 0o755 })
  if (!canReach(dirname(dir), account)) {
    throw new EmbeddedPostgresError(
      `mPanel runs as root, so PostgreSQL runs as another account, which may not enter ${dirname(dir)}. ` +
        `Move the data folder to one it may enter and set MPANEL_DATA_DIR (for example to ${sharedHome}).`,
    )
  }
  const found = statSync(dir, { throwIfNoEntry: false })
  if (found && account && found.uid === 0) await giveTo(dir, account)
  return { dir, account, exists: found !== undefined && readdirSync(dir).length > 0 }
}

/** Refuses a cluster of another major version: PostgreSQL would only say that its files are incompatible. */
export async function checkVersion(cluster: Cluster, binaries: Binaries): Promise<void> {
  const major = await readFile(join(cluster.dir, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
    throw new EmbeddedPostgresError(
      `${cluster.dir} holds files but no database (PG_VERSION is missing). Restore it from a backup, or move it away to start empty.`,
    )
  })
  if (major.trim() === binaries.major) return
  throw new EmbeddedPostgresError(
    `The database in ${cluster.dir} was made by PostgreSQL ${major.trim()}, but this mPanel brings PostgreSQL ${binaries.major}. ` +
      'Start it once more with the mPanel it was made by and copy the data to a PostgreSQL named by DATABASE_URL, or move the folder away to start empty.',
  )
}

/** The owner's password, made at the first start and kept beside the cluster for us alone. */
export async function readPassword(dataDir: string, cluster: Cluster): Promise<string> {
  const file = join(dataDir, 'postgres.password')
  if (!lstatSync(file, { throwIfNoEntry: false })) {
    if (cluster.exists) {
      throw new EmbeddedPostgresError(
        `${file} is missing, and without it nobody can log in to the database in ${cluster.dir}. Restore it from the backup of the data folder.`,
      )
    }
    // Linked into place whole: of two mPanels at once one wins, and neither ever reads half a password.
    const draft = `${file}.${process.pid}`
    await writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600 })
    await link(draft, file).catch(unlessExists)
    await rm(draft, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}

/** Makes a new cluster beside its final place and moves it there whole, so that a half-made one is never started. */
export async function initialise(
  cluster: Cluster,
  binaries: Binaries,
  password: string,
  durable: boolean,
): Promise<void> {
  const parent = dirname(cluster.dir)
  await removeUnfinished(parent)
  const draft = join(parent, `postgres.init-${process.pid}`)
  const passwordFile = `${draft}.password`
  try {
    await mkdir(draft, { mode: 0o700 })
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (cluster.account)
      await Promise.all([giveTo(draft, cluster.account), giveTo(passwordFile, cluster.account)])
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    await promisify(execFile)(
      binaries.initdb,
      ['--pgdata', draft, '--username', 'mpanel', '--pwfile', passwordFile, '--auth', 'scram-sha-256']
        .concat([
          '--encoding',
          'UTF8',
          '--locale',
          'C',
          '--locale-provider',
          'builtin',
          '--builtin-locale',
          'C.UTF-8',
        ])
        .concat(['--no-instructions', ...(durable ? [] : ['--no-sync'])], settings),
      { cwd: draft, ...spawnAs(cluster.account) },
    )
    await rename(draft, cluster.dir)
  } catch (error) {
    // Another mPanel that started at the same time was faster: its cluster is as good as ours.
    if (errorCode(error) === 'ENOTEMPTY') return
    if (error instanceof Error && 'stderr' in error)
      throw explainOutput(
        'PostgreSQL could not make its database',
        `${String(error.stderr)}\n${error.message}`,
      )
    throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
    await rm(passwordFile, { force: true })
  }
}

async function removeUnfinished(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(/^postgres\.init-(\d+)/.exec(name)?.[1])
    if (pid && (pid === process.pid || !isAlive(pid)))
      await rm(join(parent, name), { recursive: true, force: true })
  }
}

async function giveTo(path: string, account: { uid: number; gid: number }): Promise<void> {
  if (lstatSync(path).isDirectory()) {
    for (const name of await readdir(path)) await giveTo(join(path, name), account)
    await chown(path, account.uid, account.gid)
    await chmod(path, 0o700)
  } else await lchown(path, account.uid, account.gid)
}

function unlessExists(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error
}

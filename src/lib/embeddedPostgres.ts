import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { findPackage, prepareBinaries } from './embeddedPostgres/binaries.ts'
import {
  type Cluster,
  SHARED_HOME,
  checkVersion,
  findCluster,
  initialise,
  readPassword,
} from './embeddedPostgres/cluster.ts'
import {
  EmbeddedPostgresError,
  errorCode,
  explainFileError,
  explainOutput,
} from './embeddedPostgres/errors.ts'
import {
  clearStale,
  isAlive,
  isPostmaster,
  launch,
  readPostmaster,
  shutDown,
} from './embeddedPostgres/postmaster.ts'
import { makeServerLogin, serverUrl } from './embeddedPostgres/serverLogin.ts'

export type EmbeddedPostgresOptions = {
  /** mPanel's data folder. PostgreSQL gets `postgres/`, `postgres.password`, `postgres.owner` and `postgres.log` in it. */
  dataDir: string
  /** Told, in words, what takes more than a moment. */
  log: (line: string) => void
  /** A free one is taken if not given. A server that already runs keeps its own. */
  port?: number
  /** `false` for tests: faster, and a power cut may lose the database. */
  durable?: boolean
}

export type EmbeddedPostgres = {
  /** Database `mpanel` for server and workers: a login that owns nothing in it. */
  url: string
  /** The same as its owner and superuser, for migrations. */
  ownerUrl: string
  /** The server already ran, started by an mPanel that was killed or by one that still runs. */
  adopted: boolean
  /** Stops the server and waits, unless another living mPanel started it: then it is that one's to stop. */
  stop: () => Promise<void>
}

/** How long crash recovery may take before we give up waiting for it. */
const START_TIMEOUT_MS = 10 * 60_000
const STOP_TIMEOUT_MS = 60_000

/**
 * Starts mPanel's own PostgreSQL, or adopts the one that already runs on this data folder. Listens on loopback only.
 * Throws EmbeddedPostgresError, whose message is for the operator, when it cannot.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  try {
    // Others may pass through (PostgreSQL's account must) but not look around.
    if (await mkdir(dataDir, { recursive: true, mode: 0o711 })) await chmod(dataDir, 0o711)
    return await start(dataDir, options)
  } catch (error) {
    throw explainFileError(error, dataDir)
  }
}

async function start(dataDir: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await findCluster(dataDir)
  const password = await readPassword(dataDir, cluster)
  const loginAt = (port: number) => (database: string) =>
    `postgres://mpanel:${password}@127.0.0.1:${port}/${database}`
  const { port, adopted } = await reachable(
    () => findOrLaunch(dataDir, cluster, password, options),
    (found) => ensureDatabase(loginAt(found.port), cluster),
  )

  // An adopted server belongs to whoever started it while that one lives, and to us when it is dead.
  const ownerFile = join(dataDir, 'postgres.owner')
  const owner = async () => Number(await readFile(ownerFile, 'utf8').catch(() => ''))
  if (!adopted || !isAlive(await owner())) await writeFile(ownerFile, String(process.pid))

  return {
    url: serverUrl(loginAt(port)('mpanel')),
    ownerUrl: loginAt(port)('mpanel'),
    adopted,
    async stop() {
      if ((await owner()) !== process.pid) return
      if (!(await shutDown(cluster.dir, STOP_TIMEOUT_MS)))
        throw new EmbeddedPostgresError(`PostgreSQL did not stop within ${STOP_TIMEOUT_MS / 1000} s.`)
      await rm(ownerFile, { force: true })
    },
  }
}

/** What a server says that was found alive in the moment of its death. */
const DYING = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', '57P01', '57P02', '57P03'])

/** A server that was adopted may be just dying: then the next look finds it gone and launches one. */
async function reachable<T extends { adopted: boolean }>(
  find: () => Promise<T>,
  logIn: (found: T) => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const found = await find()
    try {
      await logIn(found)
      return found
    } catch (error) {
      if (!found.adopted || attempt === 100 || !DYING.has(errorCode(error) ?? '')) throw error
      await sleep(50)
    }
  }
}

async function findOrLaunch(
  dataDir: string,
  cluster: Cluster,
  password: string,
  { log, port = 0, durable = true }: EmbeddedPostgresOptions,
): Promise<{ port: number; adopted: boolean }> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const running = await waitForRunning(cluster, deadline, log)
    if (running) return { port: running, adopted: true }

    const binaries = await prepareBinaries(
      findPackage(),
      cluster.account,
      [SHARED_HOME, dataDir, tmpdir()],
      log,
    )
    if (cluster.exists) await checkVersion(cluster, binaries)
    else {
      log(`making a PostgreSQL ${binaries.version} database in ${cluster.dir}`)
      await initialise(cluster, binaries, password, durable)
      cluster.exists = true
    }
    const logFile = join(dataDir, 'postgres.log')
    const launched = await launch(cluster, binaries, { port, durable, logFile, deadline })
    if ('port' in launched) return { port: launched.port, adopted: false }

    const portTaken = /could not bind/.test(launched.failure)
    if (port && portTaken)
      throw new EmbeddedPostgresError(
        `Port ${port} is taken by another program: PostgreSQL cannot listen on it.`,
      )
    // Another mPanel was faster, or processes of a killed server have not all ended: both pass within seconds.
    const passes = portTaken || /lock file "postmaster.pid"|pre-existing shared memory/.test(launched.failure)
    if (!passes || Date.now() > deadline) throw explainOutput('PostgreSQL did not start', launched.failure)
    await sleep(100)
  }
}

/** The port of the server that runs on this cluster, after it has got ready; null if there is none. */
async function waitForRunning(
  cluster: Cluster,
  deadline: number,
  log: (line: string) => void,
): Promise<number | null> {
  for (let polls = 1; ; polls++) {
    const found = readPostmaster(cluster.dir)
    if (!found) return null
    if (!(await isPostmaster(found.pid, cluster.dir))) {
      await clearStale(cluster.dir, found.pid)
      return null
    }
    if (found.status === 'ready') return found.port
    if (Date.now() > deadline)
      throw new EmbeddedPostgresError(`PostgreSQL in ${cluster.dir} stays "${found.status}".`)
    if (polls % 250 === 0) log(`waiting for PostgreSQL (${found.status})`)
    await sleep(20)
  }
}

/**
 * Makes database and login of the server at the first start, the login also for a cluster from before it had one. Logging in
 * also proves that server and password belong together.
 */
async function ensureDatabase(ownerOf: (database: string) => string, cluster: Cluster): Promise<void> {
  if (await opens(serverUrl(ownerOf('mpanel')), WRONG_PASSWORD, NO_DATABASE)) return
  try {
    await makeServerLogin(ownerOf('postgres'))
  } catch (error) {
    if (errorCode(error) !== WRONG_PASSWORD) throw error
    throw new EmbeddedPostgresError(
      `The password in postgres.password is not that of the database in ${cluster.dir}. Restore both from the same backup.`,
    )
  }
  if (await opens(ownerOf('mpanel'), NO_DATABASE)) return
  await run(ownerOf('postgres'), 'create database mpanel').catch((failed: unknown) => {
    // 42P04, 23505: another mPanel that started at the same time was faster.
    if (!['42P04', '23505'].includes(errorCode(failed) ?? '')) throw failed
  })
}

/** Also said of a login that there is not. */
const WRONG_PASSWORD = '28P01'
const NO_DATABASE = '3D000'

/** Whether one can log in there; false when it fails with one of these codes. */
const opens = (url: string, ...absent: string[]): Promise<boolean> =>
  run(url, 'select 1').then(
    () => true,
    (error: unknown) => {
      if (absent.includes(errorCode(error) ?? '')) return false
      throw error
    },
  )

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    await client.end()
  }
}

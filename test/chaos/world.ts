import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { exampleCluster, startProxmoxSim, type ProxmoxSim } from '../../sim/proxmox/server.ts'
import type * as configuration from '../../src/config.ts'
import type * as contexts from '../../src/context.ts'
import type * as migrations from '../../src/db/migrate.ts'
import type * as dependencies from '../../src/deps.ts'
import { startEmbeddedPostgres } from '../../src/lib/embeddedPostgres.ts'
import { readPostmaster } from '../../src/lib/embeddedPostgres/postmaster.ts'
import { newId } from '../../src/lib/ids.ts'
import { createLogger } from '../../src/lib/log.ts'
import type * as seeds from '../../src/services/provisioning/seed.ts'
import { createApi, type Api } from '../support/api.ts'
import { until } from '../support/app.ts'
import { scratchRoot } from '../support/scratch.ts'
import { freePort } from '../start/process.ts'

/** The sources of this version. */
export const THIS_VERSION = new URL('../..', import.meta.url).pathname
const PASSWORD = 'correct-horse-battery'
/** A folder for what the parts write, for whoever looks for a fault. */
const LOGS = process.env['MPANEL_CHAOS_LOGS']
const SPEED = {
  cloneMs: 250,
  configMs: 60,
  resizeMs: 60,
  startMs: 80,
  stopMs: 120,
  destroyMs: 150,
  migrateMs: 250,
}

export type World = {
  root: contexts.Root
  sim: ProxmoxSim
  config: { dataDir: string }
  url: string
  as<T>(work: (ctx: contexts.Ctx) => Promise<T>): Promise<T>
  /** Logged in as administrator; every call fails while the server is away. */
  admin: Api
  /** Kills with SIGKILL and starts again. */
  killWorker(which: number): Promise<void>
  killServer(): Promise<void>
  killPostgres(): Promise<void>
  /** Starts one more server or worker, of the version whose sources are there, and starts it again when it ends. */
  start(name: string, command: 'serve' | 'worker', version: string, env?: Record<string, string>): void
  /** Ends a part as systemd does, for good: with SIGTERM. @returns its exit code, null after a signal */
  end(name: string): Promise<number | null>
  close(): Promise<void>
}

/** A database that can be lost, and what it is in. */
export type WorldDatabase = {
  dataDir: string
  url: string
  ownerUrl: string
  kill(): Promise<void>
  stop(): Promise<void>
}

/** PostgreSQL with its safety on, which is started again when it was killed. */
export async function embeddedDatabase(): Promise<WorldDatabase> {
  const dataDir = await mkdtemp(join(scratchRoot(), 'mpanel-chaos-'))
  await chmod(dataDir, 0o711)
  const start = (port?: number) =>
    startEmbeddedPostgres({ dataDir, log: () => {}, ...(port === undefined ? {} : { port }) })
  let postgres = await start()
  const port = Number(new URL(postgres.url).port)
  return {
    dataDir,
    url: postgres.url,
    ownerUrl: postgres.ownerUrl,
    kill: async () => {
      const master = readPostmaster(join(dataDir, 'postgres'))
      if (master) process.kill(master.pid, 'SIGKILL')
      await sleep(300)
      postgres = await start(port)
    },
    stop: async () => {
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

type WorldOptions = {
  workers: number
  database?: WorldDatabase
  /** Ports of the servers, and the address under which they are one. */
  servers?: { ports: number[]; url: string }
  /** The sources of the version that makes the installation; else this one. */
  version?: string
}

/**
 * A whole installation whose parts can be killed one by one: a database, servers, workers, each a process of its own with the
 * leases of production, and a simulated cluster.
 */
export async function openWorld({
  workers,
  servers,
  version = THIS_VERSION,
  ...given
}: WorldOptions): Promise<World> {
  const database = given.database ?? (await embeddedDatabase())
  const { dataDir } = database
  const { migrate } = await moduleOf<typeof migrations>(version, 'db/migrate.ts')
  const { readConfig } = await moduleOf<typeof configuration>(version, 'config.ts')
  const { createDeps } = await moduleOf<typeof dependencies>(version, 'deps.ts')
  const { systemOrigin, transaction } = await moduleOf<typeof contexts>(version, 'context.ts')
  const seed = await moduleOf<typeof seeds>(version, 'services/provisioning/seed.ts')
  await migrate(database.ownerUrl)
  const tokenSecret = newId()
  const sim = await startProxmoxSim({
    seed: exampleCluster({ rootPassword: newId(), tokenSecret }),
    speed: SPEED,
  })
  const config = readConfig({ DATABASE_URL: database.url, MPANEL_DATA_DIR: dataDir })
  const deps = createDeps(config, database.url, { log: createLogger({ level: 'silent' }) })
  const { root } = deps
  const as: World['as'] = (work) => transaction(root, systemOrigin('chaos', newId()), 'platform', work)
  await as((ctx) => seed.seedAdministrator(ctx, 'admin@example.com', PASSWORD))
  await as((ctx) => seed.seedCatalogue(ctx))
  const clusterId = await as((ctx) =>
    seed.seedCluster(ctx, {
      name: 'simulated',
      apiUrl: sim.url,
      tokenId: 'mpanel@pve!panel',
      tokenSecret,
      caPem: null,
      fingerprint: sim.fingerprint,
      simulated: true,
    }),
  )
  const ports = servers?.ports ?? [await freePort()]
  const env = {
    DATABASE_URL: database.url,
    MPANEL_DATA_DIR: dataDir,
    MPANEL_SECRET_KEY: readFileSync(join(dataDir, 'secret.key'), 'utf8'),
    MPANEL_WORKER_CONCURRENCY: '8',
    MPANEL_REQUESTS_PER_MINUTE: '0',
    MPANEL_ADDRESS_REQUESTS_PER_MINUTE: '0',
    MPANEL_LOG_LEVEL: LOGS === undefined ? 'silent' : 'info',
  }
  let closing = false
  const parts = new Map<string, ChildProcess>()
  const start: World['start'] = (name, command, sources, own = {}) => {
    const output = LOGS === undefined ? 'ignore' : openSync(join(LOGS, `${name.replace(' ', '-')}.log`), 'a')
    const child = spawn(process.execPath, [join(sources, 'bin/mpanel.mjs'), command], {
      cwd: sources,
      stdio: ['ignore', output, output],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env, ...own },
    })
    parts.set(name, child)
    // What ends because its database was away at its start is started again, as systemd would.
    child.once('exit', () => {
      if (parts.get(name) !== child || closing) return
      parts.delete(name)
      setTimeout(() => void (closing || parts.has(name) || start(name, command, sources, own)), 300)
    })
  }
  const kill = async (name: string): Promise<void> => {
    const child = parts.get(name)
    if (!child || child.exitCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  const end: World['end'] = async (name) => {
    const child = parts.get(name)
    if (!child) throw new Error(`there is no ${name}`)
    parts.delete(name)
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    const [code] = (await exit) as [number | null]
    return code
  }
  for (const [n, port] of ports.entries())
    start(`server ${n}`, 'serve', version, { MPANEL_PORT: String(port) })
  for (let n = 0; n < workers; n += 1) start(`worker ${n}`, 'worker', version)
  const url = servers?.url ?? `http://127.0.0.1:${ports[0]}`
  const serving = () =>
    until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok, 'the server', 120_000)
  await serving()
  await until(
    async () => as((ctx) => seed.seedBlueprints(ctx, clusterId, true)),
    'the first look at the cluster',
    60_000,
  )
  return {
    root,
    sim,
    config: { dataDir },
    url,
    as,
    admin: await createApi(url, { email: 'admin@example.com', password: PASSWORD }),
    killWorker: (which) => kill(`worker ${which % workers}`),
    // On a busy machine one that is not up yet would be killed again and again, and nobody would ever be served.
    killServer: async () => {
      await serving()
      await kill('server 0')
    },
    killPostgres: () => database.kill(),
    start,
    end,
    close: async () => {
      closing = true
      for (const name of parts.keys()) await kill(name)
      await deps.close()
      await database.stop()
      await sim.close()
    },
  }
}

/** A module of a version: the installation is made and looked at as that version does it. */
const moduleOf = <T>(version: string, path: string): Promise<T> =>
  import(/* @vite-ignore */ join(version, 'src', path)) as Promise<T>

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { exampleCluster, startProxmoxSim, type ProxmoxSim, type Speed } from '../../sim/proxmox/server.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { BuiltinRole } from '../../shared/permissions.ts'
import { readConfig, type Config } from '../../src/config.ts'
import { systemOrigin, transaction, type Ctx, type Root } from '../../src/context.ts'
import * as settings from '../../src/db/tenantSettings.ts'
import { prepare } from '../../src/db/provisioningClock.ts'
import { createDeps } from '../../src/deps.ts'
import { newId } from '../../src/lib/ids.ts'
import { createLogger } from '../../src/lib/log.ts'
import * as seed from '../../src/services/provisioning/seed.ts'
import * as tenantService from '../../src/services/tenantService.ts'
import * as userService from '../../src/services/userService.ts'
import { startServer, type Server } from '../../src/server.ts'
import type { Rbac } from '../../src/middleware/rbac.ts'
import { timers } from '../../src/jobs/index.ts'
import { startTraces } from '../../src/traces.ts'
import { startWorker, type Worker, type WorkerOptions } from '../../src/worker.ts'
import { createApi, type Api } from './api.ts'
import { freshDatabase } from './postgres.ts'

const PASSWORD = 'correct-horse-battery'
/** Fast enough for tests, slow enough that a step can be interrupted. */
const SPEED: Partial<Speed> = { cloneMs: 60, startMs: 20 }
/** The engine's own pace, shortened: only how long things wait changes, not what happens. */
export const FAST: WorkerOptions = {
  pollMs: 200,
  deliverMs: 500,
  leaseMs: 2_000,
  heartbeatMs: 500,
  drainMs: 500,
  minWaitMs: 100,
  // What a test changes on the cluster stays until the test has clusters compared.
  timers: timers.filter(({ name }) => name !== 'clusters.reconcile'),
  retryBaseMs: 50,
  pollTaskMs: 40,
}

export type TestApp = {
  url: string
  /** As the server logs in. */
  databaseUrl: string
  /** As the owner of the tables. */
  ownerUrl: string
  config: Config
  root: Root
  server: Server
  sim: ProxmoxSim
  clusterId: string
  /** Every line the application has logged. */
  logs: string[]
  /** Logged in as SUPER_ADMIN. */
  admin: Api
  /** What `ctx.now()` answers; move it by assigning. */
  clock: { offsetMs: number }
  as<T>(work: (ctx: Ctx) => Promise<T>): Promise<T>
  /** A tenant of its own with a generous quota. */
  tenant(options?: { maxPods?: number }): Promise<string>
  /** An API client logged in as a new user with one role. */
  login(role: BuiltinRole, tenantId?: string | null): Promise<Api>
  startWorker(options?: WorkerOptions): Promise<Worker>
  close(): Promise<void>
}

/** The whole application on a database of its own and a simulated cluster of its own, over real HTTP. */
export async function startApp(
  options: {
    worker?: boolean
    speed?: Partial<Speed>
    blueprints?: boolean
    rbac?: Rbac
    /** Its time may be advanced, as where mPanel is tried out. */
    trial?: boolean
    /** Variables of the configuration beside what every test needs. */
    env?: Record<string, string>
  } = {},
): Promise<TestApp> {
  const database = await freshDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'mpanel-app-'))
  const tokenSecret = newId()
  const sim = await startProxmoxSim({
    seed: exampleCluster({ rootPassword: newId(), tokenSecret }),
    speed: { ...SPEED, ...options.speed },
  })
  const config = readConfig({
    DATABASE_URL: database.url,
    MPANEL_DATA_DIR: dataDir,
    MPANEL_PORT: '0',
    // Tests ask more often than anybody does.
    MPANEL_REQUESTS_PER_MINUTE: '0',
    MPANEL_ADDRESS_REQUESTS_PER_MINUTE: '0',
    ...options.env,
  })
  const logs: string[] = []
  const clock = { offsetMs: 0 }
  const log = createLogger({ level: 'info', stream: { write: (line) => void logs.push(line) } })
  const stopTraces = await startTraces(config)
  const deps = createDeps(config, database.url, {
    log,
    now: () => new Date(Date.now() + clock.offsetMs),
    simulated: ['Proxmox VE'],
    ...(options.trial ? { clock: { aheadMs: await prepare(database.ownerUrl) } } : {}),
  })
  const { root } = deps
  const as = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(root, systemOrigin('test', newId()), 'platform', work)
  await as((ctx) => seed.seedAdministrator(ctx, 'admin@example.com', PASSWORD))
  await as((ctx) => seed.seedCatalogue(ctx))
  // Deleted is destroyed here, unless a test gives its tenant a window to undelete.
  await as((ctx) => settings.write(ctx.tx, null, 'cloudPods.undeleteHours', 0, ctx.now()))
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
  const workers = new Set<Worker>()
  const startOne = async (given: WorkerOptions = {}): Promise<Worker> => {
    const worker = await startWorker(root, database.url, { ...FAST, ...given })
    workers.add(worker)
    return worker
  }
  const server = await startServer(root, database.url, {
    host: '127.0.0.1',
    port: 0,
    trustedProxies: config.trustedProxies,
    requestLimits: config.requestLimits,
    tlsAlpn: config.tlsAlpn,
    rbac: options.rbac,
  })
  const first = await startOne()
  if (options.blueprints !== false) {
    await until(
      async () => as((ctx) => seed.seedBlueprints(ctx, clusterId, true)),
      'the first look at the cluster',
    )
  }
  if (options.worker === false) {
    await first.stop()
    workers.delete(first)
  }
  const admin = await createApi(server.url, { email: 'admin@example.com', password: PASSWORD })
  return {
    url: server.url,
    databaseUrl: database.url,
    ownerUrl: database.ownerUrl,
    config,
    root,
    server,
    sim,
    clusterId,
    logs,
    admin,
    clock,
    as,
    tenant: async ({ maxPods = 1_000 } = {}) => {
      const slug = `t-${newId().slice(-12)}`
      const quota = { maxPods, maxCores: 10_000, maxMemoryMb: 10_000_000, maxDiskGb: 1_000_000 }
      const made = await as((ctx) =>
        tenantService.create(ctx, { name: slug, slug, billingTz: 'UTC', defaultCurrency: 'EUR', quota }),
      )
      return made.id
    },
    login: async (role, tenantId = null) => {
      const email = `${role.toLowerCase()}-${newId().slice(-12)}@example.com`
      await as((ctx) =>
        userService.createUser(ctx, { email, name: email, password: PASSWORD, role, tenantId }),
      )
      return createApi(server.url, { email, password: PASSWORD })
    },
    startWorker: startOne,
    close: async () => {
      await Promise.all([...workers].map((worker) => worker.stop()))
      await server.stop()
      await deps.close()
      await stopTraces()
      await sim.close()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Waits for something that will come true, or fails with what was waited for. */
export async function until<T>(
  look: () => Promise<T | false | undefined | null>,
  what: string,
  withinMs = 60_000,
): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain for: ${what}`)
    await sleep(30)
  }
}

const RESTING = new Set(['succeeded', 'failed', 'cancelled', 'stuck'])

/** A job once it has come to rest. */
export const finished = (api: Api, jobId: string): Promise<Job> =>
  until(async () => {
    const { body } = await api.get<Job>(`/api/admin/provisioning/jobs/${jobId}`)
    return RESTING.has(body.state) && body
  }, `job ${jobId} to come to rest`)

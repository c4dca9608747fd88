import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { exampleCluster, startProxmoxSim, type ProxmoxSim } from '../sim/proxmox/server.ts'
import { startStripeSim, type StripeSim } from '../sim/stripe/server.ts'
import { goBy } from '../sim/proxmox/world.ts'
import { startViesSim } from '../sim/vies/server.ts'
import { buildPages } from './buildPages.ts'
import type { Config } from './config.ts'
import { systemOrigin, transaction, type Ctx, type Root } from './context.ts'
import { holdInstallation } from './db/installationLock.ts'
import { migrate } from './db/migrate.ts'
import { createDeps } from './deps.ts'
import { StartupError } from './errors.ts'
import { randomToken } from './lib/crypto.ts'
import { startEmbeddedPostgres } from './lib/embeddedPostgres.ts'
import * as billingCollectionService from './services/billingCollectionService.ts'
import * as sslService from './services/sslService.ts'
import * as seed from './services/provisioning/seed.ts'
import { requireOwnTime } from './services/provisioningClockService.ts'
import { requireSecretKey } from './services/provisioningService.ts'
import { openClock, startAdvancing } from './startClock.ts'
import { seedRegistry, simulateRegistry } from './startRegistry.ts'
import { simulateWhmcs } from './startWhmcs.ts'
import { startServer } from './server.ts'
import { startTraces } from './traces.ts'
import { startWorker } from './worker.ts'

export type Started = { url: string; stop: () => Promise<void> }

/** Undo of what was started so far, in reverse. */
type Stops = (() => Promise<unknown>)[]

/**
 * `npm start`: everything in one process for evaluation and small installations: the embedded PostgreSQL (unless
 * DATABASE_URL names one), the simulated cluster (unless one is configured), worker, server and a first catalogue.
 * @throws StartupError with a sentence for the operator; whatever had been started is stopped again
 */
export async function start(config: Config, say: (line: string) => void): Promise<Started> {
  const stops: Stops = []
  const stop = async (): Promise<void> => {
    for (const undo of stops.splice(0).toReversed()) await undo()
  }
  try {
    return { url: await startAll(config, say, stops), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(config: Config, say: (line: string) => void, stops: Stops): Promise<string> {
  prepareDataDir(config.dataDir)
  const pages = buildPages(say)
  pages.catch(() => undefined) // awaited below; a failure before that is not lost
  const { databaseUrl, ownerUrl } = await database(config, say, stops)
  stops.push(await holdInstallation(databaseUrl, config.dataDir))
  const { applied } = await migrate(ownerUrl, { log: say })
  if (applied.length > 0) say(`database ready, ${applied.length} migrations applied`)
  const clock = await openClock(config, ownerUrl)
  const now = () => new Date(Date.now() + (clock?.aheadMs ?? 0))
  const nowMs = () => now().getTime()
  if (clock && clock.aheadMs > 0) say(`time is simulated: it is ${now().toISOString()}`)
  goBy(nowMs)
  const sim = config.proxmox === undefined ? await simulate(config, say) : undefined
  if (sim) stops.push(sim.sim.close)
  const stripe = await payments(config, nowMs, say)
  const { sim: simulatedStripe } = stripe
  if (simulatedStripe) stops.push(() => simulatedStripe.close())
  const registry = config.proxmox === undefined ? await simulateRegistry(config.dataDir, nowMs) : null
  if (registry) {
    stops.push(() => registry.close())
    say('simulated registry of domains (no PROXMOX_URL is set)')
  }
  const whmcs = config.proxmox === undefined ? await simulateWhmcs(config.dataDir, now, say) : null
  if (whmcs) stops.push(() => whmcs.close())
  const isAlone = config.proxmox === undefined && config.viesUrl === undefined
  const vies = isAlone ? await startViesSim({ everything: true, now }) : null
  if (vies) {
    stops.push(() => vies.close())
    say('simulated VIES: VAT numbers that end in 0 are not valid (neither PROXMOX_URL nor VIES_URL is set)')
  }
  const settings = { ...config, stripe: stripe.settings, logLevel: config.logLevel ?? 'warn' }
  stops.push(await startTraces(config))
  const { root, close } = createDeps(settings, databaseUrl, {
    simulated: [
      ...(sim ? ['Proxmox VE'] : []),
      ...(stripe.sim ? ['Stripe'] : []),
      ...(registry ? ['Domain registry'] : []),
      ...(whmcs ? ['WHMCS'] : []),
      ...(vies ? ['VIES'] : []),
    ],
    ...(clock ? { clock } : {}),
    ...(whmcs ? { simulatedWhmcs: whmcs.url } : {}),
    ...(vies ? { simulatedVies: vies.url } : {}),
  })
  stops.push(close)
  await as(root, requireSecretKey)
  await as(root, requireOwnTime)
  await pages
  await as(root, (ctx) => seed.seedCatalogue(ctx))
  const { acme } = config
  if (acme) await as(root, (ctx) => sslService.seedIssuer(ctx, acme))
  if (registry) await as(root, (ctx) => seedRegistry(ctx, registry))
  await as(root, (ctx) => seed.seedNameServers(ctx, config))
  const clusterId = await as(root, (ctx) => seed.seedCluster(ctx, sim?.cluster ?? configuredCluster(config)))
  const worker = await startWorker(root, databaseUrl, { concurrency: config.workerConcurrency })
  stops.push(worker.stop)
  if (clock) stops.push(startAdvancing(root).stop)
  const server = await startServer(root, databaseUrl, config)
  stops.push(server.stop)
  await collect(root, stripe, server.url)
  // Late: a password that is shown once must not be lost to a start that fails.
  const madePassword = await as(root, (ctx) =>
    seed.seedAdministrator(ctx, config.adminEmail, config.adminPassword),
  )
  await firstBlueprints(root, clusterId, sim !== undefined, say)
  announce(server.url, config, madePassword, sim?.sim, say)
  return server.url
}

const as = <T>(root: Root, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, systemOrigin('start', 'start'), 'platform', work)

function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o711 })
    const probe = join(dataDir, '.writable')
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    throw new StartupError(
      `The data folder ${dataDir} is not writable (${(error as Error).message}). Make it writable for this account, or set MPANEL_DATA_DIR to another folder.`,
      { cause: error },
    )
  }
}

/** The operator's database or the embedded one: for what runs, and for what migrates. */
async function database(
  config: Config,
  say: (line: string) => void,
  stops: Stops,
): Promise<{ databaseUrl: string; ownerUrl: string }> {
  const { databaseUrl, databaseMigrationUrl } = config
  if (databaseUrl !== undefined) return { databaseUrl, ownerUrl: databaseMigrationUrl ?? databaseUrl }
  if (databaseMigrationUrl !== undefined)
    throw new StartupError('DATABASE_MIGRATION_URL goes with DATABASE_URL: set it as well, or neither.')
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: say })
  stops.push(postgres.stop)
  return { databaseUrl: postgres.url, ownerUrl: postgres.ownerUrl }
}

/** Secrets of the simulated cluster are made once and kept in the data folder, like those of a real one. */
async function simulate(
  config: Config,
  say: (line: string) => void,
): Promise<{ sim: ProxmoxSim; cluster: seed.Cluster }> {
  const folder = join(config.dataDir, 'sim')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'secrets.json')
  if (!existsSync(path)) {
    const made = {
      rootPassword: randomToken(12),
      tokenSecret: randomToken(24),
      controlToken: randomToken(24),
    }
    writeFileSync(path, JSON.stringify(made), { mode: 0o600 })
  }
  const secrets = JSON.parse(readFileSync(path, 'utf8')) as {
    rootPassword: string
    tokenSecret: string
    controlToken: string
  }
  const sim = await startProxmoxSim({
    seed: exampleCluster(secrets),
    stateFile: join(folder, 'proxmox.json'),
    certDir: folder,
    port: config.simPort,
    controlToken: secrets.controlToken,
    speed: { cloneMs: 3_000, startMs: 800 },
    activityBps: 60_000,
  })
  say(`simulated Proxmox VE cluster at ${sim.url} (no PROXMOX_URL is set)`)
  const cluster = {
    name: 'simulated',
    apiUrl: sim.url,
    tokenId: 'mpanel@pve!panel',
    tokenSecret: secrets.tokenSecret,
    caPem: null,
    fingerprint: sim.fingerprint,
    simulated: true,
  }
  return { sim, cluster }
}

const hex = (): string => randomBytes(16).toString('hex')

type Payments = { sim: StripeSim | null; settings: Config['stripe'] }

/** Who collects payments: the account that the environment names, or a simulated one. */
async function payments(config: Config, now: () => number, say: (line: string) => void): Promise<Payments> {
  if (config.stripe.key !== undefined || !config.stripe.isDefault)
    return { sim: null, settings: config.stripe }
  const folder = join(config.dataDir, 'sim')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'stripe-secrets.json')
  if (!existsSync(path)) {
    const made = { key: `sk_test_${hex()}`, hook: `whsec_${hex()}` }
    writeFileSync(path, JSON.stringify(made), { mode: 0o600 })
  }
  const { key, hook } = JSON.parse(readFileSync(path, 'utf8')) as { key: string; hook: string }
  const sim = await startStripeSim({ key, stateFile: join(folder, 'stripe.json'), now })
  say(`simulated Stripe at ${sim.url} (no STRIPE_SECRET_KEY is set)`)
  return { sim, settings: { ...config.stripe, apiBase: sim.url, isDefault: false, key, webhookSecret: hook } }
}

/** The platform's provider, from the environment; the simulated one is told where to send its messages. */
async function collect(root: Root, { sim, settings }: Payments, url: string): Promise<void> {
  const { key, webhookSecret } = settings
  if (key === undefined) return
  await as(root, (ctx) =>
    billingCollectionService.seedProvider(ctx, {
      key,
      webhookSecret: webhookSecret ?? null,
      simulated: sim !== null,
    }),
  )
  if (sim && webhookSecret !== undefined)
    sim.webhooks.endpoints.push({ url: `${url}/api/webhooks/stripe`, secret: webhookSecret })
}

function configuredCluster(config: Config): seed.Cluster {
  if (config.proxmox === undefined) throw new StartupError('No Proxmox VE cluster is configured.')
  const { url, tokenId, tokenSecret, ca, fingerprint } = config.proxmox
  return {
    name: new URL(url).hostname,
    apiUrl: url,
    tokenId,
    tokenSecret,
    caPem: ca ?? null,
    fingerprint: fingerprint ?? null,
    simulated: false,
  }
}

const FIRST_LOOK_MS = 20_000

/** The first look at the cluster is a job; blueprints are made of what it saw. */
async function firstBlueprints(
  root: Root,
  clusterId: string,
  simulated: boolean,
  say: (line: string) => void,
): Promise<void> {
  const until = Date.now() + FIRST_LOOK_MS
  while (!(await as(root, (ctx) => seed.seedBlueprints(ctx, clusterId, simulated)))) {
    if (Date.now() > until) {
      say(
        'the cluster has shown no templates yet: look at Provisioning, Clusters; add blueprints there once it is reachable',
      )
      return
    }
    await sleep(100)
  }
}

function announce(
  url: string,
  config: Config,
  madePassword: string | undefined,
  sim: ProxmoxSim | undefined,
  say: (line: string) => void,
): void {
  say('')
  say(`mPanel is ready: ${url}`)
  if (madePassword !== undefined) {
    say(`  log in as ${config.adminEmail} with the password ${madePassword}`)
    say('  (made for this first start and not shown again; set MPANEL_ADMIN_PASSWORD to choose it)')
  } else say(`  log in as ${config.adminEmail}`)
  if (sim) say('  Proxmox VE is simulated: nothing here is a real machine')
  say('  API: /api/docs   stop with Ctrl-C')
}

import { open } from 'node:fs/promises'
import { arch, availableParallelism, freemem, loadavg, platform, release, totalmem } from 'node:os'
import { gzipSync } from 'node:zlib'
import type { Config } from './config.ts'
import { asSystem, type Ctx } from './context.ts'
import * as controls from './db/provisioningControls.ts'
import * as figures from './db/installationFigures.ts'
import type { Deps } from './deps.ts'
import type { Finding } from './doctor.ts'
import { StartupError } from './errors.ts'
import * as provisioningService from './services/provisioningService.ts'
import { VERSION } from './version.ts'

/**
 * What those who help need to know of an installation: how it is set up, how large it is, and how it is. Names of customers,
 * messages of jobs, addresses and secrets are not part of it: it lists what may be told, rather than leave out what may not.
 */
export async function collect({ root }: Deps, config: Config, findings: readonly Finding[]) {
  const within = await asSystem(root, 'support bundle', 'platform', inDatabase)
  return {
    format: 'mpanel-support-bundle/1',
    at: root.now().toISOString(),
    version: VERSION,
    machine: {
      node: process.version,
      platform: `${platform()} ${release()} ${arch()}`,
      processors: availableParallelism(),
      load: loadavg(),
      memoryBytes: { total: totalmem(), free: freemem() },
    },
    configuration: told(config),
    checks: findings.map(({ name, ok }) => ({ name: name.split(' ')[0], ok })),
    ...within,
  }
}

async function inDatabase(ctx: Ctx) {
  const { tx } = ctx
  const rights = await figures.rights(tx)
  const alerts = await provisioningService.listAlerts(ctx)
  const fleet = await provisioningService.listWorkers(ctx)
  return {
    database: {
      version: rights.version,
      ownerBypassesRowSecurity: rights.ownerBypassesRowSecurity,
      loginIsOwner: rights.isOwner,
      settings: await figures.settings(tx),
      sessions: await figures.sessions(tx),
      migrations: await figures.migrations(tx),
      tables: await figures.tables(tx),
    },
    automation: {
      workers: fleet.map(({ state, version, concurrency, startedAt, jobs }) => ({
        state,
        version,
        concurrency,
        startedAt,
        jobs: jobs.map(({ kind }) => kind),
      })),
      timers: (await provisioningService.listTimers(ctx)).map(({ lastError, ...timer }) => ({
        ...timer,
        failed: lastError !== null,
      })),
      alerts: alerts.map(({ code, openedAt }) => ({ code, openedAt })),
      pauses: (await controls.pauses(tx)).map(({ what, at }) => ({ what, at })),
    },
    metrics: await provisioningService.metrics(ctx),
  }
}

/** The configuration without what is secret or says where things are. */
const told = (config: Config) => ({
  externalDatabase: config.databaseUrl !== undefined,
  publicUrlIsHttps: config.publicUrl.startsWith('https:'),
  trustedProxies: config.trustedProxies.length,
  outgoingNetworks: config.outgoingNetworks.rules.length,
  dnsServers: config.dnsServers.length,
  workerConcurrency: config.workerConcurrency,
  paymentTermDays: config.paymentTermDays,
  vmidQuarantineHours: config.vmidQuarantineHours,
  logLevel: config.logLevel ?? null,
  set: Object.entries({
    secretKey: config.secretKey,
    mail: config.mail,
    proxmox: config.proxmox,
    stripe: config.stripe.key,
    acme: config.acme,
    powerdns: config.powerdns,
    heartbeat: config.heartbeatUrl,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name])),
})

/**
 * Writes a bundle to a file that is not there yet, for its owner alone.
 * @throws StartupError when it cannot be written
 */
export async function write(path: string, bundle: object): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(gzipSync(`${JSON.stringify(bundle, null, 2)}\n`))
  } catch (error) {
    throw new StartupError(
      `${path} cannot be written: ${(error as Error).message}. Name another with --file.`,
    )
  }
}

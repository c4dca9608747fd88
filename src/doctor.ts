import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { systemOrigin, transaction, type Ctx, type Root } from './context.ts'
import * as figures from './db/installationFigures.ts'
import { schemaState } from './db/migrate.ts'
import { unreachable } from './db/installationLock.ts'
import { createDeps, requireKey, type Deps } from './deps.ts'
import { startEmbeddedPostgres } from './lib/embeddedPostgres.ts'
import * as billingCollectionService from './services/billingCollectionService.ts'
import * as dashboardSetupService from './services/dashboardSetupService.ts'
import * as dnsServerCheck from './services/dnsServerCheck.ts'
import * as dnsServerService from './services/dnsServerService.ts'
import * as domainRegistrarService from './services/domainRegistrarService.ts'
import * as provisioningService from './services/provisioningService.ts'

/** One line of what was looked at. `said` tells how it is, or what is wrong or could be better and what to do. */
export type Finding = { name: string; ok: boolean; said: string; warns?: boolean }

/** What works, and should still be changed. */
class Warning extends Error {}

const ORIGIN = systemOrigin('doctor', 'doctor')
const ALL = { limit: 200, sort: 'createdAt' } as const
const FREE_BYTES = 2 ** 30
const SKEW_MS = 2_000

/**
 * Runs every check.
 * @param then is done with the database while it is open, if it is there and of this version
 * @returns what each found, in the order in which they ran
 */
export async function examine(
  config: Config,
  then?: (deps: Deps, findings: readonly Finding[]) => Promise<void>,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const check = async (name: string, run: () => Promise<string>): Promise<boolean> => {
    const finding = await run().then(
      (said) => ({ name, ok: true, said }),
      (error: unknown) =>
        error instanceof Warning
          ? { name, ok: true, said: error.message, warns: true }
          : { name, ok: false, said: (error as Error).message },
    )
    findings.push(finding)
    return finding.ok
  }
  await check('node', async () => process.version)
  await check('disk', () => freeSpace(config.dataDir))
  const embedded = config.databaseUrl === undefined && existsSync(join(config.dataDir, 'postgres'))
  if (config.databaseUrl === undefined && !embedded) {
    findings.push({
      name: 'database',
      ok: true,
      said: 'DATABASE_URL is not set and there is none in the data folder yet: `mpanel start` makes one',
    })
    return findings
  }
  if (!(await check('configuration', async () => keyFrom(config)))) return findings
  const own = embedded ? await startEmbeddedPostgres({ ...config, log: () => undefined }) : undefined
  const url = config.databaseUrl ?? own?.url ?? ''
  const deps = createDeps(config, url)
  try {
    if (await checkDatabase(deps.root, url, check)) {
      await checkInstallation(deps.root, config, check)
      await then?.(deps, findings)
    }
    return findings
  } finally {
    await deps.close()
    await own?.stop()
  }
}

/** Runs every check and says, for each that fails, what to do. @returns whether all passed */
export async function doctor(config: Config, say: (line: string) => void): Promise<boolean> {
  const findings = await examine(config)
  for (const { name, ok, said, warns } of findings)
    say(`${warns ? 'warn ' : ok ? 'ok   ' : 'FAIL '} ${name}: ${said}`)
  return findings.every(({ ok }) => ok)
}

type Check = (name: string, run: () => Promise<string>) => Promise<boolean>

const asDoctor = <T>(root: Root, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, ORIGIN, 'platform', work)

async function freeSpace(folder: string): Promise<string> {
  if (!existsSync(folder)) return `${folder} is not there yet`
  const { bavail, bsize } = await statfs(folder)
  const gib = ((bavail * bsize) / FREE_BYTES).toFixed(1)
  if (bavail * bsize < FREE_BYTES)
    throw new Error(`${gib} GiB are free where ${folder} lies: make room, or move it with MPANEL_DATA_DIR`)
  return `${gib} GiB are free where ${folder} lies`
}

function keyFrom(config: Config): string {
  requireKey(config)
  return config.secretKey ? 'MPANEL_SECRET_KEY is set' : `secret.key in ${config.dataDir}`
}

/** @returns whether the rest can be asked */
async function checkDatabase(root: Root, url: string, check: Check): Promise<boolean> {
  const isReachable = await check('database', async () => {
    const { rows } = await root.db.pool
      .query<{ version: string }>(`select current_setting('server_version') as version`)
      .catch((error: unknown) => Promise.reject(unreachable(url, error)))
    return `PostgreSQL ${rows[0]?.version}`
  })
  if (!isReachable) return false
  return check('schema', async () => {
    const state = await schemaState(root.db.pool)
    if (state !== 'current')
      throw new Error(`it is ${state}; run \`mpanel migrate\` with the newest version you have`)
    return state
  })
}

async function checkInstallation(root: Root, config: Config, check: Check): Promise<void> {
  await check('secret key', async () => {
    if (!(await asDoctor(root, provisioningService.isProven)))
      return 'none were sealed yet: the first server or worker decides for its key'
    const { before, none } = await provisioningService.countSealed(root)
    if (none > 0) throw new Error(`${none} stored secrets open with no key that is set: type them in again`)
    if (before > 0)
      throw new Error(
        `${before} stored secrets are sealed with the key before: run \`mpanel secrets rotate\``,
      )
    return config.secretKeyBefore
      ? 'it has sealed all that the database holds: after a rotation take MPANEL_SECRET_KEY_BEFORE away'
      : 'it opens what the database holds'
  })
  for (const { what, n, names, cure } of await asDoctor(root, provisioningService.lostSecrets))
    await check('lost secrets', () =>
      Promise.reject(new Error(`${provisioningService.counted(what, n, names)}. ${cure}`)),
    )
  const { now, role, owner, ...rights } = await asDoctor(root, ({ tx }) => figures.rights(tx))
  const skew = Math.abs(Date.now() - now.getTime())
  await check('login', async () => {
    if (!rights.isOwner) return `${role} owns nothing: what breaks into the server can alter no table`
    throw new Warning(
      `${role} may switch off row-level security and triggers, and with it whatever breaks into the server. Run \`create role panel_server login password '…' in role mpanel_app\`, name that login in DATABASE_URL, and ${owner} in DATABASE_MIGRATION_URL of \`mpanel migrate\` alone`,
    )
  })
  await check('rights', async () =>
    rights.ownerBypassesRowSecurity
      ? `searches use their indexes as ${owner}`
      : `with many customers run \`alter role ${owner} bypassrls\`, so that searches use their indexes`,
  )
  await check('clock', async () => {
    if (skew > SKEW_MS)
      throw new Error(`it is ${Math.round(skew / 1_000)} s off the database's: set both by NTP`)
    return 'it agrees with the database'
  })
  await check('audit log', async () =>
    existsSync(config.auditCheckpoints)
      ? `its checkpoints are in ${config.auditCheckpoints}`
      : 'there are no checkpoints on this machine; they are where the workers are',
  )
  await check('mail', async () =>
    config.mail ? 'a mail server is set' : 'SMTP_URL is not set: mails are kept in mPanel and not sent',
  )
  await check('invoices', async () => {
    const { steps } = await asDoctor(root, dashboardSetupService.get)
    const { state, name, lacks } = steps.find(({ step }) => step === 'company') ?? { state: 'missing' }
    if (state !== 'failing') return state === 'connected' ? 'it is known who sells' : 'none is issued yet'
    throw new Warning(
      `${name} issues them without tax: under Taxes ${lacks?.includes('seller') ? 'nobody has said who sells' : 'there are no rules'}. What was issued stays as it is`,
    )
  })
  await checkAutomation(root, check)
  await checkOutside(root, check)
}

/** Alerts about what is looked at here as well: it is said once, and as it is now. */
const LOOKED_AT = new Set(['no_worker', 'secret_lost'])

async function checkAutomation(root: Root, check: Check): Promise<void> {
  await check('workers', async () => {
    const fleet = await asDoctor(root, provisioningService.listWorkers)
    const running = fleet.filter(({ state }) => state === 'running')
    if (running.length === 0) throw new Error('none is running: start `mpanel worker`, or `mpanel start`')
    return `${running.length} running`
  })
  const alerts = await asDoctor(root, provisioningService.listAlerts)
  for (const { code, ref, message } of alerts.filter((alert) => !LOOKED_AT.has(alert.code)))
    await check(ref === '' ? `alert ${code}` : `alert ${code} ${ref}`, () =>
      Promise.reject(new Error(message)),
    )
}

const problemsOf = (problems: readonly string[], otherwise: string): string => {
  if (problems.length > 0) throw new Error(problems.join(' '))
  return otherwise
}

/** Every outside system answers, and takes the key that mPanel has for it. */
async function checkOutside(root: Root, check: Check): Promise<void> {
  const clusters = await asDoctor(root, (ctx) => provisioningService.listClusters(ctx, ALL))
  for (const { id, name } of clusters.items)
    await check(`cluster ${name}`, async () => {
      const connection = await asDoctor(root, (ctx) => provisioningService.clusterConnection(ctx, id))
      const answer = await root.vendors.proxmox(connection).version()
      if (answer.outcome === 'ok') return `Proxmox VE ${answer.value.version}`
      throw new Error('message' in answer ? answer.message : answer.outcome)
    })
  const servers = await asDoctor(root, (ctx) => dnsServerService.listServers(ctx, ALL))
  for (const { id, name } of servers.items)
    await check(`DNS server ${name}`, async () => {
      const { problems, version, zones } = await dnsServerCheck.checkServer(root, ORIGIN, id)
      return problemsOf(problems, `${version}, ${zones} zones`)
    })
  const registrars = await asDoctor(root, (ctx) => domainRegistrarService.listRegistrars(ctx, ALL))
  for (const { id, name } of registrars.items)
    await check(`registrar ${name}`, async () =>
      problemsOf((await domainRegistrarService.checkRegistrar(root, ORIGIN, id)).problems, 'it answers'),
    )
  const providers = await asDoctor(root, (ctx) => billingCollectionService.listProviders(ctx, ALL))
  for (const { id, kind, simulated, tenantName } of providers.items)
    await check(`${kind} of ${tenantName ?? 'the platform'}`, async () => {
      if (simulated) return 'simulated, within the process of start alone'
      return problemsOf(
        (await billingCollectionService.checkProvider(root, ORIGIN, id)).problems,
        'it answers',
      )
    })
}

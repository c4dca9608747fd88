import { parseArgs } from 'node:util'
import { verifyDatabase, verifyExport } from './auditCommand.ts'
import type { Config } from './config.ts'
import { asSystem, type Ctx } from './context.ts'
import { migrate } from './db/migrate.ts'
import type { Deps } from './deps.ts'
import { doctor, examine } from './doctor.ts'
import { AppError, StartupError } from './errors.ts'
import { startEmbeddedPostgres } from './lib/embeddedPostgres.ts'
import * as authService from './services/authService.ts'
import * as provisioningService from './services/provisioningService.ts'
import * as sslService from './services/sslService.ts'
import * as userService from './services/userService.ts'
import { openInstallation, openToRun, requireUrl } from './openInstallation.ts'
import { OPERATOR_USAGE } from './operator/usage.ts'
import { loseSecrets } from './secretsCommand.ts'
import { startServer } from './server.ts'
import { start } from './start.ts'
import { collect, write } from './supportBundle.ts'
import { startWorker } from './worker.ts'
import { VERSION } from './version.ts'
import { checkZone } from './zoneCommand.ts'

const USAGE = `usage: mpanel <command>

  start                     everything in one process, for evaluation and small installations
  serve                     the HTTP server, against DATABASE_URL
  worker                    one worker, against DATABASE_URL; run as many as you like
  migrate                   bring the database to this version's schema, as DATABASE_MIGRATION_URL or else DATABASE_URL
  doctor                    check configuration, database, workers and outside systems, and say what to do
  support-bundle            [--file <f>]; what helpers need to know of this installation, without secrets and personal data
  secrets rotate            seal anew with MPANEL_SECRET_KEY what MPANEL_SECRET_KEY_BEFORE has sealed; while mPanel runs, and again if broken off
  secrets lost              [--confirm <n>]; when the key itself is lost: shows what is lost with it, and with --confirm starts anew with MPANEL_SECRET_KEY
  admin create-user         --email <e-mail> --role <ROLE> [--name <name>] [--tenant <slug>]; password in MPANEL_NEW_PASSWORD
  admin remove-totp         --email <e-mail>; for who has lost authenticator app and recovery codes: it is set up anew after the next log-in
  admin stop-automation     --reason <why>; the emergency stop, before workers run on a database that was restored
  admin create-api-key      --email <owner> --name <name> [--scope <permission> …] [--tenant <slug>] [--days <n>]
  audit verify              [--checkpoints <file>]; recompute the audit log: 0 intact, 1 tampered with, 2 could not be checked
  audit verify --file <f>   [--key <public key> …] [--checkpoints <file>]; the same for an exported file, without a database
  version, help             which mPanel this is; these lines
  zone check                --file <f> --zone <name>; what a zone file holds that mPanel would not take, or that is wrong: 0 nothing, 1, 2

of an mPanel that runs somewhere, over its API:

${OPERATOR_USAGE}`

const say = (line: string): void => console.log(line)

/** @throws StartupError with a sentence for the operator */
export async function runCommand(args: string[], readConfig: () => Config): Promise<void> {
  const [command = '', ...rest] = args
  switch (command) {
    case 'start': {
      const started = await start(readConfig(), say)
      return untilStopped(started.stop)
    }
    case 'serve': {
      const config = readConfig()
      const deps = await openToRun(config, say)
      const { acme } = config
      if (acme) await asSystem(deps.root, 'serve', 'platform', (ctx) => sslService.seedIssuer(ctx, acme))
      const server = await startServer(deps.root, deps.databaseUrl, config)
      say(`mPanel serves ${server.url}`)
      return untilStopped(server.stop, deps.close)
    }
    case 'worker': {
      const config = readConfig()
      const deps = await openToRun(config, say)
      const worker = await startWorker(deps.root, deps.databaseUrl, { concurrency: config.workerConcurrency })
      say(`worker ${worker.name} is running`)
      return untilStopped(worker.stop, deps.close)
    }
    case 'migrate': {
      const config = readConfig()
      const { applied } = await migrate(config.databaseMigrationUrl ?? requireUrl(config), { log: say })
      return say(applied.length === 0 ? 'the database is up to date' : `${applied.length} migrations applied`)
    }
    case 'doctor': {
      if (!(await doctor(readConfig(), say))) process.exitCode = 1
      return
    }
    case 'support-bundle':
      return supportBundle(readConfig(), rest)
    case 'secrets':
      return secrets(readConfig(), rest)
    case 'admin':
      return admin(readConfig(), rest)
    case 'audit':
      return auditVerify(readConfig, rest)
    case 'zone':
      return zoneCheck(rest)
    case 'help':
    case '--help':
      return say(USAGE)
    case 'version':
    case '--version':
      return say(VERSION)
    default:
      throw new StartupError(command === '' ? USAGE : `there is no command ${command}\n\n${USAGE}`)
  }
}

/** Ctrl-C and SIGTERM stop in order; a second one stops at once. */
function untilStopped(...stops: (() => Promise<unknown>)[]): void {
  let stopping = false
  const stop = (): void => {
    if (stopping) process.exit(130)
    stopping = true
    say('stopping')
    void (async () => {
      for (const step of stops) await step()
      process.exit(0)
    })().catch((error: unknown) => {
      console.error(error)
      process.exit(1)
    })
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

async function admin(config: Config, args: string[]): Promise<void> {
  const [what, ...rest] = args
  const values = parseOptions(rest)
  const { email, reason } = values
  if (what === 'stop-automation' && reason !== undefined)
    return withDatabase(config, async ({ root }) => {
      const stop = { what: 'all', which: '*', reason } as const
      await asSystem(root, 'command line', 'platform', (ctx) => provisioningService.pause(ctx, stop))
      say('everything automatic is stopped, until somebody starts it again on the page "Queues & workers"')
    })
  if (email === undefined || !['create-user', 'create-api-key', 'remove-totp'].includes(what ?? ''))
    throw new StartupError(USAGE)
  await withDatabase(config, ({ root }) =>
    asSystem(root, 'command line', 'platform', async (ctx) => {
      if (what === 'remove-totp') {
        await authService.removeTotpOf(ctx, email)
        return say(`${email} logs in without an authenticator app now`)
      }
      const tenantId = values.tenant === undefined ? null : await userService.tenantBySlug(ctx, values.tenant)
      await (what === 'create-user'
        ? createUser(ctx, { ...values, email, tenantId, password: config.newPassword })
        : createKey(ctx, { ...values, email, tenantId }))
    }),
  )
}

/** Works on the operator's database, or else on the embedded one. */
async function withDatabase(
  config: Config,
  work: (deps: Deps) => Promise<void>,
  opened = openInstallation,
): Promise<void> {
  const embedded =
    config.databaseUrl === undefined ? await startEmbeddedPostgres({ ...config, log: say }) : undefined
  const deps = await opened(config, embedded?.url)
  try {
    await work(deps)
  } catch (error) {
    throw error instanceof AppError ? new StartupError(error.message) : error
  } finally {
    await deps.close()
    await embedded?.stop()
  }
}

function secrets(config: Config, [what, ...rest]: string[]): Promise<void> {
  if (what === 'rotate') return rotateSecrets(config)
  if (what === 'lost') return loseSecrets(config, rest, withDatabase, say)
  throw new StartupError(USAGE)
}

async function rotateSecrets(config: Config): Promise<void> {
  if (config.secretKeyBefore === undefined)
    throw new StartupError(
      'MPANEL_SECRET_KEY_BEFORE is not set: put the key until now there, and the new one into MPANEL_SECRET_KEY.',
    )
  await withDatabase(config, async ({ root }) => {
    const { sealed, after } = await provisioningService.sealAnew(root)
    say(`${sealed} secrets were sealed anew; ${after.present} are sealed with the present key`)
    if (after.before > 0)
      throw new StartupError(
        `${after.before} were sealed with the key before meanwhile: give every process the new key, then run this again.`,
      )
    if (after.none > 0)
      throw new StartupError(
        `${after.none} open with neither key. Keep both, and type those secrets in again.`,
      )
    say(
      'Take MPANEL_SECRET_KEY_BEFORE out of every process now, and keep the key with the backups made under it.',
    )
  })
}

async function supportBundle(config: Config, args: string[]): Promise<void> {
  const { file = `mpanel-support-${new Date().toISOString().replace(/[:.]/g, '-')}.json.gz` } =
    parseOptions(args)
  let isWritten = false
  const all = await examine(config, async (deps, findings) => {
    await write(file, await collect(deps, config, findings))
    isWritten = true
  })
  // The last of the checks is then the one that stopped the others.
  if (!isWritten) throw new StartupError(all.at(-1)?.said ?? 'there is no database')
  say(`${file} was written. Look through it before you hand it on: zless ${file}`)
}

/** Exit codes as an auditor's script needs them: 0 intact, 1 tampered with, 2 could not be checked. */
async function auditVerify(readConfig: () => Config, [what, ...rest]: string[]): Promise<void> {
  process.exitCode = 2
  if (what !== 'verify') throw new StartupError(USAGE)
  const { file, ...options } = parseOptions(rest)
  if (file !== undefined) {
    process.exitCode = await verifyExport(file, options, say)
    return
  }
  const config = readConfig()
  await withDatabase(config, async (deps) => {
    process.exitCode = await verifyDatabase(deps, config, options.checkpoints, say)
  })
}

async function zoneCheck([what, ...rest]: string[]): Promise<void> {
  process.exitCode = 2
  const { file, zone } = parseOptions(rest)
  if (what !== 'check' || file === undefined || zone === undefined) throw new StartupError(USAGE)
  process.exitCode = await checkZone(file, zone, say)
}

/** @throws StartupError for an option that there is not */
function parseOptions(args: string[]) {
  const text = { type: 'string' } as const
  const options = {
    email: text,
    name: text,
    role: text,
    reason: text,
    tenant: text,
    days: text,
    checkpoints: text,
    file: text,
    key: { ...text, multiple: true },
    zone: text,
    scope: { ...text, multiple: true },
  } as const
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n\n${USAGE}`)
  }
}

type AdminValues = {
  password?: string
  email: string
  tenantId: string | null
  name?: string
  role?: string
  days?: string
  scope?: string[]
}

async function createUser(ctx: Ctx, values: AdminValues): Promise<void> {
  if (values.role === undefined) throw new StartupError('--role is missing, for example SUPER_ADMIN')
  if (values.password === undefined)
    throw new StartupError('Set MPANEL_NEW_PASSWORD to the password of the new user.')
  const { email, role, tenantId, password } = values
  await userService.createUser(ctx, { email, role, tenantId, password, name: values.name ?? email })
  say(`user ${email} has the role ${role}`)
}

async function createKey(ctx: Ctx, values: AdminValues): Promise<void> {
  const days = values.days === undefined ? undefined : Number(values.days)
  if (days !== undefined && !(days >= 1 && days <= 365))
    throw new StartupError('--days must be between 1 and 365')
  const made = await userService.createApiKey(ctx, {
    email: values.email,
    name: values.name ?? 'command line',
    scopes: values.scope ?? [],
    tenantId: values.tenantId,
    days,
  })
  say(made.token)
  console.error(`valid until ${made.expiresAt.toISOString()}; it is not shown again`)
}

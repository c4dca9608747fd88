import type { Config } from './config.ts'
import { systemOrigin, transaction, type Ctx } from './context.ts'
import { unreachable } from './db/installationLock.ts'
import { schemaState } from './db/migrate.ts'
import { createDeps, requireKey, type Deps } from './deps.ts'
import { StartupError } from './errors.ts'
import { requireOwnTime } from './services/provisioningClockService.ts'
import { requireSecretKey } from './services/provisioningService.ts'
import { startTraces } from './traces.ts'

/** @throws StartupError without DATABASE_URL */
export function requireUrl(config: Config): string {
  if (config.databaseUrl === undefined) {
    throw new StartupError(
      'DATABASE_URL is not set. This command works against an external PostgreSQL; `mpanel start` brings its own.',
    )
  }
  return config.databaseUrl
}

/** For what runs on and on: it is to be given no more than it needs, and time is to be that of the machine. @throws StartupError */
export function openToRun(config: Config, say: (line: string) => void): Promise<Deps> {
  if (config.databaseMigrationUrl !== undefined)
    say(
      'DATABASE_MIGRATION_URL is set for this process, which does not need it: give it to `mpanel migrate` alone',
    )
  return open(config, requireUrl(config), [requireSecretKey, requireOwnTime])
}

/** Connects to the operator's database and makes sure that its schema and its secret key are ours. @throws StartupError */
export const openInstallation = (config: Config, url = requireUrl(config)): Promise<Deps> =>
  open(config, url, [requireSecretKey])

/** The same for the one command that gives it another key. @throws StartupError */
export const openWithAnyKey = (config: Config, url = requireUrl(config)): Promise<Deps> =>
  open(config, url, [])

async function open(
  config: Config,
  url: string,
  requirements: readonly ((ctx: Ctx) => Promise<void>)[],
): Promise<Deps> {
  requireKey(config)
  const stopTraces = await startTraces(config)
  const made = createDeps(config, url)
  const deps = { ...made, close: () => made.close().then(stopTraces) }
  try {
    const state = await schemaState(deps.root.db.pool)
    if (state === 'behind')
      throw new StartupError('The database is older than this version of mPanel. Run `mpanel migrate` first.')
    if (state === 'ahead')
      throw new StartupError(
        'The database is newer than this version of mPanel. Install the version that migrated it.',
      )
    if (state === 'empty') throw new StartupError('The database is empty. Run `mpanel migrate` first.')
    await transaction(deps.root, systemOrigin('start', 'start'), 'platform', async (ctx) => {
      for (const require of requirements) await require(ctx)
    })
    return deps
  } catch (error) {
    await deps.close()
    if (error instanceof StartupError) throw error
    throw unreachable(url, error)
  }
}

import type { Config } from './config.ts'
import type { Root } from './context.ts'
import { prepare } from './db/provisioningClock.ts'
import { StartupError } from './errors.ts'
import { timers } from './jobs/index.ts'
import { startLoop, type Loop } from './lib/loop.ts'
import { advanceDue } from './services/provisioningClockService.ts'

const OFTEN_MS = 250

/**
 * The clock of a process that is alone with its database and its simulators: it may be moved ahead. Undefined: this one has
 * the operator's database or cluster, whose time is the machine's.
 * @throws StartupError when time is ahead and something real is configured
 */
export async function openClock(config: Config, ownerUrl: string): Promise<{ aheadMs: number } | undefined> {
  if (config.databaseUrl !== undefined || config.proxmox !== undefined) return undefined
  const clock = { aheadMs: await prepare(ownerUrl) }
  const real = Object.entries({
    STRIPE_SECRET_KEY: config.stripe.key,
    VIES_URL: config.viesUrl,
    SMTP_URL: config.mail,
    ACME_DIRECTORY_URL: config.acme,
    POWERDNS_API_URL: config.powerdns,
    MPANEL_HEARTBEAT_URL: config.heartbeatUrl,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (clock.aheadMs > 0 && real.length > 0)
    throw new StartupError(
      `The time of the data folder ${config.dataDir} was advanced and is simulated, so nothing real may be connected to it. Unset ${real.join(', ')}, or set MPANEL_DATA_DIR to another folder.`,
    )
  return clock
}

/** Advances the clock when somebody has ordered that. */
export function startAdvancing(root: Root): Loop {
  const names = timers.map(({ name }) => name)
  return startLoop(
    () => advanceDue(root, names),
    OFTEN_MS,
    (error) => root.log.error({ err: error }, 'the simulated clock could not be advanced'),
  )
}

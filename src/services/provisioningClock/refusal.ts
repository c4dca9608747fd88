import type { Clock } from '../../../shared/api/provisioningClock.ts'
import type { Ctx } from '../../context.ts'
import { realSystems } from '../../db/provisioningClock.ts'
import { StartupError } from '../../errors.ts'
import { readState } from './state.ts'

const NOT_HERE =
  'Time can be advanced only where mPanel is tried out: started with `npm start`, on its own database and with the simulated cluster. Unset DATABASE_URL and PROXMOX_URL for that.'

type Refusal = NonNullable<Clock['refused']>

/**
 * Why the clock cannot be advanced, or null. What is connected beside our simulators lives in real time, and would be
 * told of a future that never was: mails to people, charges, renewals.
 */
export async function refusal(ctx: Ctx): Promise<Refusal | null> {
  if (ctx.clock === null) return { message: NOT_HERE, systems: [] }
  const { simulatedWhmcs, simulated, checksTaxIds, heartbeatUrl } = ctx.settings
  const systems = [
    ...(await realSystems(ctx.tx, simulatedWhmcs)),
    ...(ctx.vendors.mail ? [{ kind: 'mailServer' as const, name: 'SMTP_URL' }] : []),
    ...(checksTaxIds && !simulated.includes('VIES')
      ? [{ kind: 'taxIdService' as const, name: 'VIES_URL' }]
      : []),
    ...(heartbeatUrl === null ? [] : [{ kind: 'monitor' as const, name: 'MPANEL_HEARTBEAT_URL' }]),
  ]
  if (systems.length === 0) return null
  const named = systems.map(({ kind, name }) => `${kind} “${name}”`).join(', ')
  return {
    message: `Time cannot be advanced while something real is connected: ${named}. Remove it, or try mPanel on another MPANEL_DATA_DIR.`,
    systems,
  }
}

/**
 * Makes sure that the database lives in this process's time.
 * @throws StartupError when its time was advanced where mPanel was tried out: everything in it would lie ahead
 */
export async function requireOwnTime(ctx: Ctx): Promise<void> {
  const { aheadMs } = await readState(ctx)
  if (ctx.clock === null && aheadMs > 0)
    throw new StartupError(
      `The time of this database was advanced by ${Math.ceil(aheadMs / 86_400_000)} day(s) to try mPanel out, and it cannot go back. Use it with \`npm start\` alone, without DATABASE_URL and PROXMOX_URL; begin with an empty one for everything else.`,
    )
}

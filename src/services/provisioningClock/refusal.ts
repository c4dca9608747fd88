import type { Clock } from '../../../shared/api/provisioningClock.ts'
import type { Ctx } from '../../context.ts'
import { realSystems } from '../../db/provisioningClock.ts'
import { AppError, StartupError } from '../../errors.ts'
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
  const { simulated, checksTaxIds, heartbeatUrl } = ctx.settings
  const systems = [
    ...(await connected(ctx)),
    ...(ctx.vendors.mail ? [{ kind: 'mailServer' as const, name: 'SMTP_URL' }] : []),
    ...(checksTaxIds && !simulated.includes('VIES')
      ? [{ kind: 'taxIdService' as const, name: 'VIES_URL' }]
      : []),
    ...(heartbeatUrl === null ? [] : [{ kind: 'monitor' as const, name: 'MPANEL_HEARTBEAT_URL' }]),
  ]
  if (systems.length === 0) return null
  return {
    message: `Time cannot be advanced while something real is connected: ${named(systems)}. Remove it, or try mPanel on another MPANEL_DATA_DIR.`,
    systems,
  }
}

const connected = (ctx: Ctx) => realSystems(ctx.tx, ctx.settings.simulatedWhmcs)

const named = (systems: Refusal['systems']): string =>
  systems.map(({ kind, name }) => `${kind} “${name}”`).join(', ')

/**
 * Does what a request asks for, and refuses it when something real was connected by it while time is ahead: whatever was
 * added or changed, it is looked at what is there before and after. Everything that was done is the caller's to roll back.
 * @throws AppError invalid_state with what to do instead
 */
export async function withoutRealSystems<T>(ctx: Ctx, work: () => Promise<T>): Promise<T> {
  if (!ctx.clock || ctx.clock.aheadMs === 0) return work()
  const before = await connected(ctx)
  const done = await work()
  const added = (await connected(ctx)).filter(({ id }) => before.every((system) => system.id !== id))
  if (added.length === 0) return done
  throw new AppError(
    'invalid_state',
    `Time is simulated here and was advanced, so nothing real can be connected: ${named(added)}. Connect it to a fresh installation: start mPanel with another MPANEL_DATA_DIR, and do not advance its time.`,
  )
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

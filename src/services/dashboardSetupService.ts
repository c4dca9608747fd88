import type { Setup, SetupStep } from '../../shared/api/dashboardSetup.ts'
import { SETUP_STEPS } from '../../shared/api/dashboardSetup.ts'
import type { Ctx } from '../context.ts'
import { found, type Found } from '../db/dashboardSetup.ts'
import * as installation from '../db/installation.ts'
import * as auditService from './auditService.ts'

const DISMISSED = 'setup.dismissed'

const stateOf = (one: Found | undefined): SetupStep['state'] => {
  if (one === undefined) return 'missing'
  if (one.problem !== null) return 'failing'
  return one.simulated ? 'simulated' : one.proven ? 'connected' : 'unproven'
}

/** Whether there is a server is in the environment; without one mails are kept, whatever was sent before. */
const mailState = ({ vendors }: Ctx, newest: Found | undefined): SetupStep['state'] =>
  vendors.mail === null ? 'simulated' : newest === undefined ? 'unproven' : stateOf(newest)

/** Which outside systems are connected, and whether somebody has said that this is enough. */
export async function get(ctx: Ctx): Promise<Setup> {
  const known = new Map((await found(ctx.tx)).map((one) => [one.step, one]))
  const steps = SETUP_STEPS.map((step): SetupStep => {
    const one = known.get(step)
    const { id = null, name = null, problem = null } = one ?? {}
    return { step, state: step === 'mail' ? mailState(ctx, one) : stateOf(one), id, name, problem }
  })
  return { steps, dismissed: (await installation.read(ctx.tx, DISMISSED)) === true }
}

/** Hides the guide from the dashboards of everybody, or shows it again. */
export async function dismiss(ctx: Ctx, dismissed: boolean): Promise<Setup> {
  const before = (await installation.read(ctx.tx, DISMISSED)) === true
  await installation.write(ctx.tx, DISMISSED, dismissed, ctx.now())
  await auditService.record(ctx, {
    action: 'SETUP_GUIDE_CHANGED',
    tenantId: null,
    target: { type: 'installation', id: 'setup', label: 'Set-up guide' },
    diff: { dismissed: [before, dismissed] },
  })
  return get(ctx)
}

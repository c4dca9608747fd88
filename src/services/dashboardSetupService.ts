import type { Setup, SetupStep } from '../../shared/api/dashboardSetup.ts'
import { SETUP_STEPS } from '../../shared/api/dashboardSetup.ts'
import type { Ctx } from '../context.ts'
import { found, seller, type Found, type Seller } from '../db/dashboardSetup.ts'
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

/** Who sells. Invoices that were issued while something was lacking are without tax, and nobody was told. */
function companyOf(one: Seller | undefined): SetupStep {
  const lacks = [
    ...(one?.hasSeller ? [] : (['seller'] as const)),
    ...(one?.hasRules ? [] : (['rules'] as const)),
  ]
  const state =
    lacks.length === 0 ? 'connected' : one?.hasIssued ? 'failing' : one?.hasSeller ? 'unproven' : 'missing'
  return { step: 'company', state, id: one?.id ?? null, name: one?.name ?? null, problem: null, lacks }
}

/** Which outside systems are connected, who sells, and whether somebody has said that this is enough. */
export async function get(ctx: Ctx): Promise<Setup> {
  const known = new Map((await found(ctx.tx)).map((one) => [one.step, one]))
  const company = companyOf(await seller(ctx.tx, ctx.now().toISOString().slice(0, 10)))
  const steps = SETUP_STEPS.map((step): SetupStep => {
    if (step === 'company') return company
    const one = known.get(step)
    const { id = null, name = null, problem = null } = one ?? {}
    return { step, state: step === 'mail' ? mailState(ctx, one) : stateOf(one), id, name, problem, lacks: [] }
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

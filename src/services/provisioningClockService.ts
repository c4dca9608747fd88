import type { Clock, ClockEvents } from '../../shared/api/provisioningClock.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import * as auditService from './auditService.ts'
import * as BillingService from './BillingService.ts'
import * as domainRegistrationService from './domainRegistrationService.ts'
import { refusal } from './provisioningClock/refusal.ts'
import { endOf, readState, writeState, type State } from './provisioningClock/state.ts'

export { advanceDue } from './provisioningClock/advancing.ts'
export { requireOwnTime, withoutRealSystems } from './provisioningClock/refusal.ts'

const DAY_MS = 86_400_000
const FURTHEST_DAYS = 366
/** Of so many subscriptions and domains the calendar is asked, and so many events are shown. */
const LOOKED_AT = 200
const SHOWN = 200

/** What time it is, and what becomes of it. */
export async function show(ctx: Ctx): Promise<Clock> {
  return present(ctx, await readState(ctx))
}

async function present(ctx: Ctx, { run, last }: State): Promise<Clock> {
  return {
    now: ctx.now().toISOString(),
    aheadMs: ctx.clock?.aheadMs ?? 0,
    refused: await refusal(ctx),
    run: run && {
      from: run.from,
      to: run.to,
      by: run.by,
      waitsFor: run.waitsFor,
      detail: run.detail,
      notes: run.notes,
    },
    last,
  }
}

/**
 * Lets time go on until an instant; `advanceDue` does it, day by day.
 * @throws AppError invalid_state with the reason where that is not possible, invalid_input for a time that is too far
 */
export async function advance(ctx: Ctx, to: Date): Promise<Clock> {
  const state = await readState(ctx, { lock: true })
  const refused = await refusal(ctx)
  if (refused) throw new AppError('invalid_state', refused.message)
  if (state.run)
    throw new AppError(
      'invalid_state',
      `Time is being advanced already, to ${state.run.to}: stop that first.`,
    )
  const now = ctx.now()
  const fault =
    to <= now
      ? `Time goes forward only: it is ${now.toISOString()} already.`
      : to.getTime() > now.getTime() + FURTHEST_DAYS * DAY_MS
        ? 'At most a year at once.'
        : null
  if (fault !== null) throw new AppError('invalid_input', fault, { errors: [{ path: 'to', message: fault }] })
  const at = { from: now.toISOString(), to: to.toISOString() }
  const run = {
    ...at,
    by: ctx.actor.label,
    pass: { number: 1, at: at.from, sinceMs: ctx.machineNow().getTime() },
    waitsFor: null,
    detail: null,
    notes: [],
  }
  await writeState(ctx, { ...state, run })
  await auditService.record(ctx, { action: 'CLOCK_ADVANCED', tenantId: null, target: TARGET, details: at })
  return present(ctx, { ...state, run })
}

const TARGET = { type: 'installation', id: 'clock', label: 'Simulated clock' }

/** Lets time stand where it is, beyond the second that each second takes. @throws AppError invalid_state when it does */
export async function stop(ctx: Ctx): Promise<Clock> {
  const state = await readState(ctx, { lock: true })
  if (!state.run) throw new AppError('invalid_state', 'Time is not being advanced.')
  const ended = await endOf(ctx, state, 'stopped')
  await writeState(ctx, ended)
  await auditService.record(ctx, {
    action: 'CLOCK_STOPPED',
    tenantId: null,
    target: TARGET,
    details: { from: state.run.from, to: state.run.to, at: ctx.now().toISOString() },
  })
  return present(ctx, ended)
}

/** What will happen on which day to all subscriptions and domains, if nobody does anything. */
export async function events(
  ctx: Ctx,
  { assume, days }: { assume: 'paid' | 'unpaid'; days: number },
): Promise<ClockEvents> {
  const until = new Date(ctx.now().getTime() + days * DAY_MS)
  const contracts = await BillingService.whatComes(ctx, {
    until,
    paid: assume === 'paid',
    limit: LOOKED_AT,
  })
  const domains = await domainRegistrationService.whatComes(ctx, until, LOOKED_AT)
  const all = [
    ...contracts.items.map(({ at, date, what, tenantId, id, label, customer }) => ({
      at: at.toISOString(),
      date,
      what,
      tenantId,
      subject: { type: 'subscription' as const, id, label },
      customer,
    })),
    ...domains.map(({ at, is_renewal: isRenewal, tenant_id: tenantId, id, name, customer }) => ({
      at: at.toISOString(),
      date: at.toISOString().slice(0, 10),
      what: isRenewal ? ('domainRenewal' as const) : ('domainExpiry' as const),
      tenantId,
      subject: { type: 'domain' as const, id, label: name },
      customer,
    })),
  ].toSorted((a, b) => (a.at < b.at ? -1 : 1))
  const items = all.slice(0, SHOWN)
  const last = items.at(-1)
  return {
    items,
    until: all.length > SHOWN && last ? last.at : until.toISOString(),
    isPart: contracts.isPart || domains.length === LOOKED_AT,
  }
}

import type { z } from 'zod'
import type { Subscription } from '../../../shared/api/billing.ts'
import type {
  PausePreview,
  pausePreviewQuery,
  subscriptionPause,
} from '../../../shared/api/billingContracts.ts'
import { canSubscription } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as changes from '../../db/billingChanges.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as customers from '../../db/customers.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { addDays, daysBetween, localDate } from '../../lib/period.ts'
import { toMoney } from '../../lib/money.ts'
import { PAUSED } from '../tenantSuspensionService.ts'
import { takeBackFrom } from './cancelling.ts'
import { move } from './changes.ts'
import { factsOf, take } from './contracts.ts'
import { periodOf } from './planChanging.ts'
import { isRecordedElsewhere } from './providers.ts'
import {
  boundary,
  firstDayOf,
  presentOf,
  resumed,
  storageDay,
  storageOf,
  type Contract,
} from './contractPeriods.ts'
import { get } from './subscriptions.ts'
import * as suspension from './suspension.ts'
import { taxationOf } from './taxing.ts'

const UNDELIVERED = 'Only a delivered and billed subscription is paused.'
const MAX_DAYS = 366

/** @throws AppError invalid_input */
function requireDay(until: string | null | undefined, today: string): void {
  if (until == null || (until > today && daysBetween(today, until) <= MAX_DAYS)) return
  const message = 'Choose a day within the next year, tomorrow or later.'
  throw new AppError('invalid_input', message, { errors: [{ path: 'until', message }] })
}

/** What a pause finds: the contract in its present period, the invoices of later ones, and what stands against it. */
async function looked(ctx: Ctx, row: ContractRow) {
  const present = presentOf(factsOf(row), ctx.now())
  const ends = boundary(present, present.periodsBilled)
  const later = await changes.invoicesById(ctx.tx, await contracts.invoicesFrom(ctx.tx, row.id, ends))
  const verdict = canSubscription.pause({
    state: row.state,
    cancelAt: row.cancel_at,
    provider: row.provider,
    hold: row.hold_until,
    change: row.open_change === null ? null : { state: row.open_change },
  })
  const due = [...row.due]
  for (const { status, due_date } of later) if (status === 'open') due.splice(due.indexOf(due_date ?? ''), 1)
  const against = [
    verdict.allowed ? null : verdict.reason,
    (await isRecordedElsewhere(ctx, row.tenant_id)) && 'Another system keeps its invoices: pause it there.',
    ends <= ctx.now() && 'The present period has no invoice yet: wait until it has been issued.',
    due[0] !== undefined &&
      `An invoice that is due on ${due[0]} is open: it must be paid or written off before a pause.`,
  ]
  return { present, later, blockers: against.filter((one) => typeof one === 'string') }
}

/**
 * Switches a subscription off without billing it. Later periods that were billed are taken back; what is left of the present one
 * comes after the pause.
 * @throws AppError not_found, invalid_state with the reason, invalid_input for a day that is past or far off
 */
export async function pause(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { until, reason }: z.infer<typeof subscriptionPause>,
): Promise<Subscription> {
  const row = await take(ctx, tenantId, id)
  if (!row) throw notFound('subscription')
  if (row.anchor_date === null) throw new AppError('invalid_state', UNDELIVERED)
  const { present, blockers } = await looked(ctx, row)
  if (blockers[0] !== undefined) throw new AppError('invalid_state', blockers[0])
  requireDay(until, localDate(ctx.now(), row.billing_tz))
  await takeBackFrom(ctx, row, boundary(present, present.periodsBilled))
  await move(ctx, row, 'pause', {
    action: 'SUBSCRIPTION_PAUSING',
    change: {
      ...periodOf(present),
      paused_at: ctx.now(),
      paused_until: until,
      pause_reason: reason,
      paused_by: JSON.stringify(ctx.actor),
    },
    details: { reason, ...(until !== null && { until }) },
  })
  await suspension.begin(ctx, row, PAUSED)
  return get(ctx, tenantId, id)
}

/**
 * Lets a paused subscription go on: it is billed from today on, and its pod is brought back.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function resume(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { reason }: { reason: string },
): Promise<Subscription> {
  const row = await take(ctx, tenantId, id)
  if (!row) throw notFound('subscription')
  requireAllowed(canSubscription.resume({ state: row.state }))
  const [oldest] = row.due
  if (oldest !== undefined && oldest < localDate(ctx.now(), row.billing_tz))
    throw new AppError('invalid_state', `An invoice was due on ${oldest}: it must be paid first.`)
  await comeBack(ctx, row, factsOf(row), reason)
  return get(ctx, tenantId, id)
}

/** Ends the pause of a subscription that the caller holds. */
export async function comeBack(ctx: Ctx, row: ContractRow, facts: Contract, reason: string): Promise<void> {
  const after = resumed(facts, localDate(ctx.now(), row.billing_tz))
  await move(ctx, row, 'resumed', {
    action: 'SUBSCRIPTION_RESUMING',
    change: { ...periodOf(after), ...suspension.NOT_PAUSED },
    details: { reason, movedDays: after.movedDays - facts.movedDays },
  })
  await suspension.lift(ctx, row)
}

/**
 * What a pause would do that began now.
 * @throws AppError not_found, invalid_input
 */
export async function pausePreview(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { until }: z.infer<typeof pausePreviewQuery>,
): Promise<PausePreview> {
  const [row] = await contracts.contractsOf(ctx.tx, [id])
  if (row?.tenant_id !== tenantId) throw notFound('subscription')
  const today = localDate(ctx.now(), row.billing_tz)
  requireDay(until, today)
  if (row.anchor_date === null || row.periods_billed === 0)
    return {
      blockers: [UNDELIVERED],
      from: today,
      to: today,
      daysLeft: 0,
      takenBack: [],
      resumed: null,
      storage: null,
    }
  const { present, later, blockers } = await looked(ctx, row)
  const next = firstDayOf(present, present.periodsBilled)
  const after =
    until === undefined ? null : resumed({ ...present, pause: { since: today, until: null } }, until)
  return {
    blockers,
    from: firstDayOf(present, present.periodNo),
    to: addDays(next, -1),
    daysLeft: Math.max(0, daysBetween(today, next) - 1),
    takenBack: later.map((invoice) => ({
      id: invoice.id,
      number: invoice.number ?? '',
      total: toMoney(invoice.total_minor, invoice.currency),
      paid: toMoney(invoice.paid_minor, invoice.currency),
    })),
    resumed:
      until === undefined || after === null
        ? null
        : {
            on: until,
            to: addDays(firstDayOf(after, after.periodsBilled), -1),
            movedDays: after.movedDays - present.movedDays,
          },
    storage: await storagePreview(ctx, row, { ...present, pause: { since: today, until: until ?? null } }),
  }
}

/** What its disk would cost: exactly what the automation bills as long as the pause is as it says and the tax stays as it is. */
async function storagePreview(ctx: Ctx, row: ContractRow, of: Contract): Promise<PausePreview['storage']> {
  const { pause: asked } = of
  if (asked === null || row.paused_minor === 0n || (await isRecordedElsewhere(ctx, row.tenant_id)))
    return null
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  if (!customer) throw notFound('customer')
  const { treatment: tax } = await taxationOf(ctx, row.tenant_id, customer, asked.since)
  const each = storageOf({ ...of, tax })
  const paused = { ...of, storage: { minor: row.paused_minor, billed: 0 } }
  const first = storageDay(paused)
  if (asked.until === null) return { each: toMoney(each, row.currency), first, times: null, total: null }
  let times = 0
  while (storageDay({ ...paused, storage: { ...paused.storage, billed: times } }) < asked.until) times++
  const total = toMoney(each * BigInt(times), row.currency)
  return { each: toMoney(each, row.currency), first, times, total }
}

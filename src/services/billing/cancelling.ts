import type { Subscription } from '../../../shared/api/billing.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { canSubscription, isLive, isPaused, stateAfter } from '../../../shared/states/billingSubscription.ts'
import { PROTECTED } from '../../../shared/states/cloudPod.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { SubscriptionRow } from '../../db/billing.ts'
import * as changes from '../../db/billingChanges.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import { AppError, requireAllowed } from '../../errors.ts'
import { localDate } from '../../lib/period.ts'
import * as cloudPodService from '../cloudPodService.ts'
import * as provisioningService from '../provisioningService.ts'
import { factsOf } from './contracts.ts'
import { emit, lock, move } from './changes.ts'
import { giveBack } from './coupons.ts'
import { creditInvoice, type Reason } from './crediting.ts'
import { periodOf } from './planChanging.ts'
import { clearPlanned } from './plannedChanges.ts'
import { boundary, presentOf, resumed } from './contractPeriods.ts'
import { get } from './subscriptions.ts'
import { lift, NOT_PAUSED } from './suspension.ts'

type How = {
  /** Its pod is not kept to be undeleted. */
  atOnce?: boolean
  /** What credit notes say, where nobody has given the reason. */
  onNotes?: Reason
}
export type Cancelled = { subscription: Subscription; job: Job | null }

/**
 * Ends a subscription now or with its period. What was never delivered is credited in full, and so is what was billed for periods
 * that do not begin any more; a delivered period is not.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function cancel(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: { when: 'now' | 'period_end'; reason: string },
  how: How = {},
): Promise<Cancelled> {
  await lock(ctx, tenantId, id)
  const open = await changes.openOf(ctx.tx, id)
  const cleared = open?.state !== 'planned' || (await clearPlanned(ctx, id))
  if (!cleared && body.when === 'period_end')
    throw new AppError(
      'invalid_state',
      'There is no room for the larger plan that was to begin: wait until the present period was billed by the old one.',
    )
  const before = await lock(ctx, tenantId, id)
  const change = open?.state === 'working' ? open : null
  const subject = { state: before.state, cancelAt: before.cancel_at, change }
  requireAllowed(
    body.when === 'now' ? canSubscription.cancelNow(subject) : canSubscription.cancelAtPeriodEnd(subject),
  )
  if (body.when === 'now') await requireUnprotected(ctx, before)
  const job =
    body.when === 'now'
      ? await cancelNow(ctx, before, body.reason, how)
      : await cancelAtPeriodEnd(ctx, before, body.reason)
  return {
    subscription: await get(ctx, tenantId, id),
    job: job === null ? null : await provisioningService.getJob(ctx, job.id),
  }
}

/** At an agreed end the protection of a pod does not hold; nobody ends it at once before it is taken off. */
async function requireUnprotected(ctx: Ctx, { tenant_id, id }: SubscriptionRow): Promise<void> {
  const pod = await pods.ofSubscription(ctx.tx, tenant_id, id)
  if (pod?.protected) throw new AppError('invalid_state', PROTECTED)
}

async function cancelAtPeriodEnd(ctx: Ctx, before: SubscriptionRow, reason: string): Promise<null> {
  const present = await presentPeriod(ctx, before)
  await takeBackFrom(ctx, before, present.end)
  await billing.updateSubscription(ctx.tx, before.id, {
    cancel_at: present.end,
    cancel_reason: reason,
    ...present.change,
    updated_at: ctx.now(),
  })
  await emit(ctx, before, 'SUBSCRIPTION_UPDATED', { cancelAt: [null, present.end] }, { reason })
  return null
}

/** The period that a delivered subscription is in now, as its last one; of one on trial, the trial. */
async function presentPeriod(ctx: Ctx, before: SubscriptionRow) {
  const [row] = await contracts.contractsOf(ctx.tx, [before.id])
  if (!row) throw new Error(`subscription ${before.id} has no contract`)
  const facts = resumed(factsOf(row), localDate(ctx.now(), row.billing_tz))
  if (before.state === 'trialing') return { end: boundary(facts, 0), change: {} }
  const present = presentOf(facts, ctx.now())
  return {
    end: boundary(present, present.periodsBilled),
    change: { ...periodOf(present), ...(isPaused(before.state) && NOT_PAUSED) },
  }
}

/** Credits what was billed for periods from `at` on. */
export async function takeBackFrom(ctx: Ctx, before: SubscriptionRow, at: Date): Promise<void> {
  for (const id of await contracts.invoicesFrom(ctx.tx, before.id, at)) {
    const invoice = await invoices.lock(ctx.tx, before.tenant_id, id)
    if (invoice) await creditInvoice(ctx, invoice, ({ t }) => t`the period does not begin any more`)
  }
}

/**
 * Takes the cancellation at the end of the period back: it is billed on.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function uncancel(ctx: Ctx, tenantId: string, id: string): Promise<Subscription> {
  const before = await lock(ctx, tenantId, id)
  requireAllowed(canSubscription.uncancel({ state: before.state, cancelAt: before.cancel_at }))
  if (before.cancel_at !== null && before.cancel_at <= ctx.now())
    throw new AppError('invalid_state', 'The agreed end was reached: the subscription is being ended.')
  await billing.updateSubscription(ctx.tx, id, {
    cancel_at: null,
    cancel_reason: null,
    updated_at: ctx.now(),
  })
  await emit(ctx, before, 'SUBSCRIPTION_UNCANCELLED', { cancelAt: [before.cancel_at, null] })
  return get(ctx, tenantId, id)
}

async function cancelNow(
  ctx: Ctx,
  before: SubscriptionRow,
  reason: string,
  how: How,
): Promise<{ id: string } | null> {
  const last = isLive(before.state) || isPaused(before.state) ? await presentPeriod(ctx, before) : null
  if (last) await takeBackFrom(ctx, before, last.end)
  else
    for (const invoice of await invoices.lockOfSubscription(ctx.tx, before.id))
      await creditInvoice(ctx, invoice, how.onNotes ?? (reason || (({ t }) => t`cancelled before delivery`)))
  const pod = await pods.ofSubscription(ctx.tx, before.tenant_id, before.id)
  if (pod?.state === 'reserved') await cloudPodService.releaseReserved(ctx, pod, 'The order was cancelled.')
  if (before.state === 'awaiting_payment') await giveBack(ctx, before.tenant_id, before.coupon_id)
  const exists = pod?.state === 'creating' || pod?.state === 'active'
  const event = exists ? 'cancelled' : 'dropped'
  await move(ctx, before, event, {
    action: 'SUBSCRIPTION_CANCELLED',
    change: {
      cancel_reason: reason,
      payment_due_at: null,
      ended_at: exists ? null : ctx.now(),
      ...last?.change,
    },
    details: { reason },
  })
  // The pod of a suspended one stays off while it is kept.
  return exists ? cloudPodService.startDestruction(ctx, pod, how) : null
}

/** The pod's absence was proven: its subscription has ended. */
export async function podGone(ctx: Ctx, pod: PodRow): Promise<void> {
  if (pod.subscription_id === null) return
  const before = await lock(ctx, pod.tenant_id, pod.subscription_id)
  if (stateAfter(before.state, 'gone') === undefined) return
  await lift(ctx, before, { restore: false })
  await move(ctx, before, 'gone', { change: { ended_at: ctx.now() } })
}

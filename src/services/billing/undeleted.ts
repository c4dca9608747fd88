import { stateAfter } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import { AppError } from '../../errors.ts'
import { localDate } from '../../lib/period.ts'
import { lock, move } from './changes.ts'
import { lift } from './suspension.ts'

/**
 * Whether a subscription that ends with its pod may go on if that is undeleted: as long as it is paid for.
 * @throws AppError invalid_state
 */
export async function requireRevivable(ctx: Ctx, pod: PodRow): Promise<void> {
  if (pod.subscription_id === null) return
  const view = await billing.findSubscription(ctx.tx, pod.tenant_id, pod.subscription_id)
  if (view?.state !== 'terminating' || view.period_end === null || view.period_end <= ctx.now())
    throw new AppError(
      'invalid_state',
      'The time that its subscription was paid for is over: the pod cannot be undeleted.',
    )
  const [contract] = await contracts.contractsOf(ctx.tx, [view.id])
  const oldest = contract?.due[0]
  if (oldest !== undefined && oldest < localDate(ctx.now(), view.billing_tz))
    throw new AppError('invalid_state', 'An invoice of its subscription is overdue: it must be paid first.')
}

/** The pod was undeleted: its subscription is what it was before it was cancelled, and what was suspended is brought back. */
export async function podBack(ctx: Ctx, pod: PodRow): Promise<void> {
  if (pod.subscription_id === null) return
  const before = await lock(ctx, pod.tenant_id, pod.subscription_id)
  if (stateAfter(before.state, 'undeleted') === undefined) return
  const wasSuspended = await lift(ctx, before)
  const running = before.periods_billed === 0 ? 'undeletedOnTrial' : 'undeleted'
  await move(ctx, before, wasSuspended ? 'undeletedStopped' : running, {
    change: { cancel_at: null, cancel_reason: null, notified_at: null, final_warned_at: null },
    details: { undeleted: pod.id },
  })
}

import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import { AppError } from '../../errors.ts'
import * as auditService from '../auditService.ts'

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
}

/** The pod was undeleted: its subscription is what it was before it was cancelled. */
export async function podBack(ctx: Ctx, pod: PodRow): Promise<void> {
  if (pod.subscription_id === null) return
  const before = await billing.lockSubscription(ctx.tx, pod.tenant_id, pod.subscription_id)
  if (before?.state !== 'terminating') return
  await billing.updateSubscription(ctx.tx, before.id, {
    state: 'active',
    cancel_at: null,
    cancel_reason: null,
    updated_at: ctx.now(),
  })
  await auditService.record(ctx, {
    action: 'SUBSCRIPTION_UPDATED',
    tenantId: pod.tenant_id,
    target: { type: 'subscription', id: before.id },
    diff: { state: [before.state, 'active'] },
    details: { undeleted: pod.id },
  })
}

import { stateAfter } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import type { SubscriptionRow } from '../../db/billing.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as pods from '../../db/cloudPods.ts'
import { instantOf, addDays } from '../../lib/period.ts'
import * as tenantSuspensionService from '../tenantSuspensionService.ts'
import { lock, move } from './changes.ts'
import * as notices from './notices.ts'

/** After a hold everything is told anew before anything is done. */
export const NOT_HELD = {
  hold_until: null,
  hold_reason: null,
  hold_by: null,
  notified_at: null,
  final_warned_at: null,
}

/** A pause is over. */
export const NOT_PAUSED = {
  paused_at: null,
  paused_until: null,
  pause_reason: null,
  paused_by: null,
  pause_billed: 0,
}

/** Whether nothing is left of it that could run. */
const isAbsent = (pod: { state: string } | undefined): boolean =>
  pod === undefined || pod.state === 'deleted' || pod.state === 'failed'

/** Lets the pod of a subscription be stopped, for what it owes or because it is paused. Only billing ends this suspension. */
export async function begin(
  ctx: Ctx,
  row: Pick<SubscriptionRow, 'tenant_id' | 'id'>,
  reason: string = 'an invoice was not paid',
): Promise<void> {
  const pod = await pods.ofSubscription(ctx.tx, row.tenant_id, row.id)
  if (pod) await tenantSuspensionService.holdPod(ctx, pod, row.id, reason)
  // Of a pod that is gone there is nothing to wait for.
  if (isAbsent(pod)) await off(ctx, await lock(ctx, row.tenant_id, row.id))
}

/** Nothing is overdue any more: what was suspended for it is brought back. */
export async function settle(ctx: Ctx, row: SubscriptionRow): Promise<void> {
  const change = { notified_at: null, final_warned_at: null }
  const action = row.state === 'grace' ? 'SUBSCRIPTION_SETTLED' : 'SUBSCRIPTION_UNSUSPENDING'
  if (await move(ctx, row, 'settled', { action, change })) await lift(ctx, row)
}

/**
 * Ends billing's own suspension, whatever else holds the pod.
 * @param restore false: there is no pod any more that could be brought back
 * @returns whether there was one
 */
export const lift = (
  ctx: Ctx,
  row: Pick<SubscriptionRow, 'tenant_id' | 'id'>,
  { restore = true }: { restore?: boolean } = {},
): Promise<boolean> => tenantSuspensionService.letGoPod(ctx, row.tenant_id, row.id, restore)

/** An invoice was paid: settles its subscription at once if nothing else is overdue. */
export async function settleIfPaid(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await lock(ctx, tenantId, id)
  await contracts.lookAgain(ctx.tx, { id }, ctx.now())
  if (stateAfter(row.state, 'settled') === undefined) return
  const [contract] = await contracts.contractsOf(ctx.tx, [id])
  const oldest = contract?.due[0]
  if (oldest === undefined || ctx.now() < instantOf(addDays(oldest, 1), row.billing_tz))
    await settle(ctx, row)
}

type Place = { tenantId: string; suspensionId: string }

async function off(ctx: Ctx, row: SubscriptionRow): Promise<void> {
  const isPause = row.state === 'pausing'
  const action = isPause ? 'SUBSCRIPTION_PAUSED' : 'SUBSCRIPTION_SUSPENDED'
  const tell = isPause ? notices.paused : notices.suspended
  if (await move(ctx, row, 'stopped', { action })) await tell(ctx, row)
}

/** The pod was read back stopped: only now the customer is told. */
export async function podStopped(ctx: Ctx, { tenantId, suspensionId }: Place): Promise<void> {
  const row = await subscriptionOf(ctx, tenantId, suspensionId)
  if (row) await off(ctx, row)
}

/** Nothing was there to be stopped: once the pod is proven to be gone, its subscription does not wait for that any more. */
export async function podAbsent(ctx: Ctx, place: Place): Promise<void> {
  const row = await subscriptionOf(ctx, place.tenantId, place.suspensionId)
  if (row && isAbsent(await pods.ofSubscription(ctx.tx, row.tenant_id, row.id))) await off(ctx, row)
}

/** The pod was read back as it was before. */
export async function podRestored(ctx: Ctx, { tenantId, suspensionId }: Place): Promise<void> {
  const held = await tenantSuspensionService.subscriptionOf(ctx, tenantId, suspensionId)
  if (held === null) return
  const row = await lock(ctx, tenantId, held.id)
  const action = held.isPause ? 'SUBSCRIPTION_RESUMED' : 'SUBSCRIPTION_UNSUSPENDED'
  if (await move(ctx, row, 'restored', { action })) await notices.restored(ctx, row)
}

/** The subscription whose suspension this is; undefined for a tenant's. */
async function subscriptionOf(
  ctx: Ctx,
  tenantId: string,
  suspensionId: string,
): Promise<SubscriptionRow | undefined> {
  const held = await tenantSuspensionService.subscriptionOf(ctx, tenantId, suspensionId)
  return held === null ? undefined : lock(ctx, tenantId, held.id)
}

import { canPod } from '../../shared/states/cloudPod.ts'
import { canCustomer } from '../../shared/states/customer.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import * as customers from '../db/customers.ts'
import { notFound, requireAllowed } from '../errors.ts'
import * as BillingService from './BillingService.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import * as deletion from './cloudPods/deletion.ts'
import { requireHostname } from './cloudPods/rebuild.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import type { PodPayload } from './cloudPodQueues.ts'
import * as cloudPodService from './cloudPodService.ts'
import type { Accepted } from './cloudPodService.ts'
import * as provisioningService from './provisioningService.ts'

export {
  destroyInstead,
  keptAs,
  markRecoverable,
  markUndeleteFailed,
  type KeptAs,
} from './cloudPods/deletion.ts'

/**
 * Lets a deleted pod be what it was. One of a subscription only within the time that was paid for: the subscription goes on.
 * @throws AppError not_found, invalid_state with the reason, also when its customer was closed meanwhile
 */
export async function undelete(ctx: Ctx, tenantId: string, id: string): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, id)
  requireAllowed(canPod.undelete(pod))
  if (pod.customer_id !== null) {
    const customer = await customers.keep(ctx.tx, tenantId, pod.customer_id)
    if (!customer) throw notFound('customer')
    requireAllowed(canCustomer.order(customer))
  }
  await BillingService.requireRevivable(ctx, pod)
  await pods.update(ctx.tx, id, { action: 'undeleting', problem: null, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_UNDELETE_REQUESTED', { action: [pod.action, 'undeleting'] })
  return cloudPodService.answer(ctx, pod, await cloudPodQueues.enqueueUndelete(ctx, pod))
}

/** The guest was read back as it was; a subscription that ended with it goes on. */
export async function markUndeleted(
  ctx: Ctx,
  payload: PodPayload,
  power: 'running' | 'stopped',
): Promise<void> {
  await BillingService.podBack(ctx, await deletion.markUndeleted(ctx, payload, power))
}

/**
 * Destroys a deleted pod before its time.
 * @throws AppError not_found, invalid_state with the reason, invalid_input when `hostname` is not the pod's
 */
export async function purge(ctx: Ctx, tenantId: string, id: string, hostname: string): Promise<Accepted> {
  const pod = await lockPod(ctx, tenantId, id)
  requireAllowed(canPod.purge(pod))
  requireHostname(pod, hostname)
  return cloudPodService.answer(ctx, pod, await deletion.startDestruction(ctx, pod, { atOnce: true }))
}

const BATCH = 200

/** Destroys deleted pods whose time is over; none while unusually many wait for a confirmation. */
export async function purgeDue(root: Root): Promise<void> {
  const due = await asSystem(root, 'deletions', 'platform', async (ctx) => {
    const found = await pods.dueForPurge(ctx.tx, ctx.now(), BATCH)
    const { wanted, total } = found
    const may = await provisioningService.mayTouch(ctx, 'cloudPods.purge', {
      wanted,
      total,
      now: found.due.length,
    })
    return may ? found.due : []
  })
  await eachAsSystem(root, {
    label: 'deletions',
    rows: due,
    fault: 'a deleted pod could not be destroyed',
    work: (ctx, row) => purgeOne(ctx, row.tenant_id, row.id),
  })
}

async function purgeOne(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const pod = await lockPod(ctx, tenantId, id)
  // Somebody was faster, or brings it back just now.
  if (!canPod.purge(pod).allowed || pod.recoverable_until === null || pod.recoverable_until > ctx.now())
    return
  await deletion.startDestruction(ctx, pod, { atOnce: true })
}

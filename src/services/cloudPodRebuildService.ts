import type { CloudPodRebuild } from '../../shared/api/cloudPodRebuilds.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../context.ts'
import * as rebuilds from '../db/cloudPodRebuilds.ts'
import { lockPod } from './cloudPods/changes.ts'
import * as rebuilding from './cloudPods/rebuild.ts'
import * as cloudPodService from './cloudPodService.ts'
import type { Accepted } from './cloudPodService.ts'
import * as provisioningService from './provisioningService.ts'

export { preview } from './cloudPods/rebuild.ts'
export {
  exchange,
  exchangeBack,
  markExchanged,
  markGoBackFailed,
  markLetGo,
  markLetGoFailed,
  markRebuildFailed,
  reassignSecond,
  type Exchanged,
} from './cloudPods/secondGuest.ts'

const accepted = async (ctx: Ctx, { pod, job }: rebuilding.Begun): Promise<Accepted> =>
  cloudPodService.answer(ctx, pod, job)

/** Gives a pod a fresh guest. @throws AppError what `rebuild` of cloudPods/rebuild.ts throws */
export const rebuild = async (
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: CloudPodRebuild,
): Promise<Accepted> => accepted(ctx, await rebuilding.rebuild(ctx, tenantId, id, body))

/** Gives a pod its former guest again. @throws AppError what `goBack` of cloudPods/rebuild.ts throws */
export const goBack = async (ctx: Ctx, tenantId: string, id: string, hostname: string): Promise<Accepted> =>
  accepted(ctx, await rebuilding.goBack(ctx, tenantId, id, hostname))

/** Destroys the kept guest of a pod now. @throws AppError what `letGo` of cloudPods/rebuild.ts throws */
export const letGo = async (ctx: Ctx, tenantId: string, id: string, hostname: string): Promise<Accepted> =>
  accepted(ctx, await rebuilding.letGo(ctx, tenantId, id, hostname))

const BATCH = 200

/** Destroys kept guests whose time is over; none while unusually many wait for a confirmation. */
export async function letGoDue(root: Root): Promise<void> {
  const due = await asSystem(root, 'rebuilds', 'platform', async (ctx) => {
    const found = await rebuilds.due(ctx.tx, ctx.now(), BATCH)
    const counts = { wanted: found.wanted, total: found.total, now: found.due.length }
    return (await provisioningService.mayTouch(ctx, 'rebuilds.letGo', counts)) ? found.due : []
  })
  const fault = 'a kept guest could not be let go'
  await eachAsSystem(root, { label: 'rebuilds', rows: due, fault, work: letGoOne })
}

async function letGoOne(ctx: Ctx, { id, tenant_id: tenantId, pod_id: podId }: rebuilds.Due): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  const second = await rebuilds.ofPod(ctx.tx, tenantId, podId)
  // Somebody was faster, or goes back to it just now.
  if (second?.id !== id || second.state !== 'kept' || pod.action !== null) return
  // What is destroyed takes it along.
  if (pod.state !== 'active' && pod.state !== 'recoverable') return
  await rebuilding.beginRemoval(ctx, pod, second, 'its time is over')
}

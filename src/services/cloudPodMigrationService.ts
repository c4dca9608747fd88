import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Ctx } from '../context.ts'
import * as migrating from './cloudPods/migrate.ts'
import * as cloudPodService from './cloudPodService.ts'
import * as provisioningService from './provisioningService.ts'

export { targets } from './cloudPods/migrate.ts'
export { markArrived, markMigrationFailed, noteWhere, targetOf, type Arrived } from './cloudPods/moved.ts'
export { empty, emptyingOf, emptyOn, stopEmptying } from './cloudPods/emptying.ts'

/** Moves a pod to another node, named or chosen. @throws AppError what `migrate` of cloudPods/migrate.ts throws */
export async function migrate(
  ctx: Ctx,
  podId: string,
  nodeId: string | null,
): Promise<{ cloudPod: CloudPodDetail; job: Job }> {
  const wish = { nodeId, reason: nodeId === null ? ('placed' as const) : ('chosen' as const) }
  const { pod, job } = await migrating.migrate(ctx, podId, wish)
  return {
    cloudPod: await cloudPodService.get(ctx, pod.tenant_id, pod.id),
    job: await provisioningService.getJob(ctx, job.id),
  }
}

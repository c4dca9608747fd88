import type { JobPlan } from '../../../shared/api/provisioningPlan.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import { allowing } from './jobActions.ts'

/** Reading the cluster and rehearsing together: somebody waits, and rows stay locked meanwhile. */
const TIMEOUT_MS = 10_000

/**
 * What a job would do now, without doing it. The cluster is asked outside of the request's transaction.
 * @throws AppError not_found; invalid_state with the reason; conflict when something else works on the same things;
 *   unavailable when the cluster is too slow
 */
export async function planJob(root: Root, origin: Origin, tenantId: string, id: string): Promise<JobPlan> {
  // A job of the platform belongs to no tenant.
  const scope = tenantId === '' ? 'platform' : [tenantId]
  await transaction(root, origin, scope, (ctx) => allowing(ctx, id, 'plan'))
  return root.planJob(id, AbortSignal.timeout(TIMEOUT_MS))
}

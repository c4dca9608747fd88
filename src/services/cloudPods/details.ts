import type { CloudPodUpdate } from '../../../shared/api/cloudPods.ts'
import { canPod } from '../../../shared/states/cloudPod.ts'
import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import { requireAllowed, requireVersion } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import { emit, lockPod } from './changes.ts'

/**
 * Changes what people write down about a pod, and its protection; what is not named stays. The guest is not touched.
 * @throws AppError not_found, precondition_failed, invalid_state
 */
export async function updateDetails(
  ctx: Ctx,
  tenantId: string,
  id: string,
  change: CloudPodUpdate,
  version: number | undefined,
): Promise<void> {
  const before = await lockPod(ctx, tenantId, id)
  requireVersion(before.version, version)
  requireAllowed(canPod.update(before))
  const after = await pods.update(ctx.tx, id, {
    protected: change.protected,
    notes: change.notes,
    tags: change.tags && [...new Set(change.tags)].toSorted(),
    updated_at: ctx.now(),
  })
  const shown = ({ notes, tags, protected: isProtected }: typeof before): Record<string, unknown> => ({
    protected: isProtected,
    notes,
    tags,
  })
  await emit(ctx, before, 'CLOUDPOD_UPDATED', auditService.diffOf(shown(before), shown(after)))
}

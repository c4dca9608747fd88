import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import { notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'

/** What every change of a pod begins and ends with. @throws AppError not_found */
export async function lockPod(ctx: Ctx, tenantId: string, id: string): Promise<PodRow> {
  const pod = await pods.lock(ctx.tx, tenantId, id)
  if (!pod) throw notFound('CloudPod')
  return pod
}

export async function emit(
  ctx: Ctx,
  pod: Pick<PodRow, 'id' | 'tenant_id' | 'hostname'>,
  action: string,
  diff: Record<string, [unknown, unknown]>,
  details?: Record<string, unknown>,
): Promise<void> {
  await auditService.record(ctx, {
    action,
    tenantId: pod.tenant_id,
    target: { type: 'cloudPod', id: pod.id, label: pod.hostname },
    diff,
    details,
  })
}

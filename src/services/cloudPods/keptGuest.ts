import type { CloudPodDetail } from '../../../shared/api/cloudPods.ts'
import { told, type Ctx } from '../../context.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as rebuilds from '../../db/cloudPodRebuilds.ts'
import { stateOf } from './rebuild.ts'

/** The second guest of a pod, as it is shown. */
export async function keptGuestOf(ctx: Ctx, pod: PodRow): Promise<CloudPodDetail['keptGuest']> {
  const second = await rebuilds.ofPod(ctx.tx, pod.tenant_id, pod.id)
  const state = stateOf(second)
  if (!second || state === null) return null
  return {
    state,
    blueprint: { id: second.blueprint_id, name: second.blueprint_name },
    since: second.swapped_at?.toISOString() ?? null,
    until: second.kept_until?.toISOString() ?? null,
    problem: told(ctx, second.problem, 'It could not be destroyed yet. Your provider sees the details.'),
  }
}

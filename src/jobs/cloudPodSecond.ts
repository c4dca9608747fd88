import * as rebuilds from '../db/cloudPodRebuilds.ts'
import type { PodPayload } from '../services/cloudPodQueues.ts'
import { openGuest, type Guest } from './cloudPodGuest.ts'
import type { Run } from './steps.ts'

/** The second guest of a pod, seen as if it was the pod's own; null when the pod has none. */
export async function openSecond(run: Run<PodPayload>): Promise<Guest | null> {
  const { pod, proxmox } = await openGuest(run)
  const { tenantId, podId } = run.payload
  const second = await run.read((ctx) => rebuilds.ofPod(ctx.tx, tenantId, podId))
  if (!second) return null
  return {
    proxmox,
    nodeName: second.node_name,
    storage: second.storage,
    aside: true,
    pod: { ...pod, vmid: second.vmid, node_id: second.node_id, blueprint_id: second.blueprint_id },
  }
}

import type { CloudPodMetrics } from '../../shared/api/cloudPodMetrics.ts'
import { canPod } from '../../shared/states/cloudPod.ts'
import type { Timeframe } from '../../shared/states/cloudPodMetrics.ts'
import { transaction, type Origin, type Root } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import type { GuestRef, MetricPoint, Outcome, Proxmox } from '../integrations/proxmox/types.ts'
import { gridOf } from './cloudPods/metricGrid.ts'
import * as provisioningService from './provisioningService.ts'

/** All calls to the cluster together: somebody waits for the answer. */
const TIMEOUT_MS = 5_000

type Pod = Pick<PodRow, 'id' | 'vmid' | 'kind'>

/**
 * What the cluster has measured of a pod. The cluster is asked outside of any transaction.
 * @throws AppError not_found; invalid_state for a pod that is not active, or whose guest is not found; unavailable when
 *   the cluster or the node of the guest does not answer
 */
export async function read(
  root: Root,
  origin: Origin,
  tenantId: string,
  { podId, timeframe }: { podId: string; timeframe: Timeframe },
): Promise<CloudPodMetrics> {
  const { pod, nodeName, connection } = await transaction(root, origin, [tenantId], async (ctx) => {
    const row = await pods.find(ctx.tx, tenantId, podId)
    if (!row) throw notFound('CloudPod')
    requireAllowed(canPod.measure(row))
    return {
      pod: row,
      nodeName: (await pods.placement(ctx.tx, podId)).nodeName,
      connection: await provisioningService.clusterConnection(ctx, row.cluster_id),
    }
  })
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const proxmox = root.vendors.proxmox({ ...connection, timeoutMs: TIMEOUT_MS })
  const guest = await findGuest(origin, proxmox, { pod, nodeName }, signal)
  const measured = valueOf<MetricPoint[]>(origin, await proxmox.metrics(guest, timeframe, { signal }))
  return {
    timeframe,
    cores: pod.cores,
    memoryTotalBytes: pod.memory_mb * 2 ** 20,
    ...gridOf(timeframe, measured, pod.created_at),
  }
}

/** Where it should be, else wherever the cluster lists it: a guest that has just been moved is found as well. */
async function findGuest(
  origin: Origin,
  proxmox: Proxmox,
  { pod, nodeName }: { pod: Pod; nodeName: string },
  signal: AbortSignal,
): Promise<GuestRef> {
  const known = { node: nodeName, kind: pod.kind, vmid: pod.vmid }
  const there = await proxmox.config(known, { signal })
  if (there.outcome === 'ok')
    return requireOurs(origin, pod, known, proxmox.words.parseMarker(there.value.description))
  const listed = valueOf(origin, await proxmox.locate(pod.vmid, { signal }))
  if (!listed) throw lost(origin, `the cluster lists no guest ${pod.vmid}`)
  // It is listed where it could not be read: that is what there is to say.
  if (listed.node === nodeName && listed.kind === pod.kind) valueOf(origin, there)
  const { description } = valueOf(origin, await proxmox.config(listed, { signal }))
  return requireOurs(origin, pod, listed, proxmox.words.parseMarker(description))
}

/** Figures are kept by VMID, so whose it is must be known before. */
function requireOurs(origin: Origin, pod: Pod, guest: GuestRef, owner: { podId: string } | null): GuestRef {
  if (guest.kind === pod.kind && owner?.podId === pod.id) return guest
  throw lost(origin, `VMID ${pod.vmid} on ${guest.node} is held by a guest without the mark of this pod`)
}

const lost = (origin: Origin, raw: string): AppError =>
  new AppError(
    'invalid_state',
    'The machine of this CloudPod is not found on its cluster. Your provider must look at it.',
    detailsFor(origin, raw),
  )

/** The words of the cluster are for those who run it. */
const detailsFor = (origin: Origin, raw: string) =>
  origin.seesInfrastructure ? { details: { reason: raw.trim() } } : {}

const NOT_ANSWERING = new Set(['unreachable', 'busy'])

function valueOf<T>(origin: Origin, answer: Outcome<T>): T {
  if (answer.outcome === 'ok') return answer.value
  const raw = answer.outcome === 'pending' ? 'a task' : answer.message
  if (answer.outcome === 'rejected' && answer.code === 'missing') throw lost(origin, raw)
  const isSilent = answer.outcome !== 'rejected' || NOT_ANSWERING.has(answer.code)
  throw new AppError(
    'unavailable',
    isSilent
      ? 'The node of this CloudPod does not answer, so its figures cannot be read. Try again later.'
      : 'The cluster refuses to tell the figures of this CloudPod. Your provider sees why.',
    detailsFor(origin, raw),
  )
}

import type { Decision, FindingKind } from '../../../shared/states/finding.ts'
import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as snapshots from '../../db/cloudPodSnapshots.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as findings from '../../db/provisioningFindings.ts'
import type { Facts, FindingRow } from '../../db/provisioningFindings.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import { AppError } from '../../errors.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import * as cloudPodService from '../cloudPodService.ts'
import * as tenantSuspensionService from '../tenantSuspensionService.ts'
import { repairAddress } from './addressRepair.ts'
import { emit } from './changes.ts'

type Deed = (ctx: Ctx, finding: FindingRow, pod: PodRow) => Promise<{ id: string } | null>

/** Jobs that bring the guest to what the pod says. */
const REPAIRS: Partial<Record<FindingKind, Deed>> = {
  stopped: async (ctx, _, pod) => (await cloudPodService.power(ctx, pod.tenant_id, pod.id, 'start')).job,
  suspended_running: (ctx, _, pod) => tenantSuspensionService.stopAgain(ctx, pod),
  resized: async (ctx, finding, pod) => {
    const { size } = finding.facts as Facts
    if (size && size.diskGb > pod.disk_gb)
      throw new AppError('invalid_state', 'A disk does not shrink: adopt the size, or ignore it.')
    return cloudPodQueues.enqueueRepair(ctx, pod, finding.id)
  },
  network: (ctx, finding, pod) => cloudPodQueues.enqueueRepair(ctx, pod, finding.id),
  renamed: (ctx, finding, pod) => cloudPodQueues.enqueueRepair(ctx, pod, finding.id),
  unmarked: (ctx, finding, pod) => cloudPodQueues.enqueueRepair(ctx, pod, finding.id),
  gone: makeAgain,
  orphan: async (ctx, finding, pod) => {
    const { cluster_id: clusterId, vmid } = finding
    if (vmid === null || (await findings.isHeld(ctx.tx, clusterId, vmid)))
      throw new AppError('invalid_state', 'A pod holds this VMID by now: look again.')
    return cloudPodQueues.enqueueOrphan(ctx, pod, { findingId: finding.id, clusterId, vmid })
  },
}

/** What is taken over from the cluster. */
const ADOPTIONS: Partial<Record<FindingKind, Deed>> = {
  stopped: async () => null,
  moved: adoptNode,
  resized: adoptSize,
  gone: async (ctx, finding, pod) => {
    const evidence = { reason: 'gone from its cluster', found: finding.found, vmid: finding.vmid }
    await cloudPodService.markDeleted(ctx, pod.tenant_id, pod.id, evidence)
    return null
  },
}

/**
 * Does what was decided about a finding; the caller has asked `canDecide`.
 * @throws AppError invalid_state with the reason, before anything is written
 */
export async function carryOut(
  ctx: Ctx,
  finding: FindingRow,
  decision: Decision,
  reason: string,
): Promise<void> {
  const said = { decision, by: ctx.actor, reason }
  if (decision === 'ignore') {
    await findings.noteDecision(ctx.tx, finding.id, said)
    return findings.update(ctx.tx, finding.id, { state: 'ignored', problem: null })
  }
  const job = await doAbout(ctx, finding, decision)
  await findings.noteDecision(ctx.tx, finding.id, said)
  await findings.update(
    ctx.tx,
    finding.id,
    decision === 'repair'
      ? { state: 'repairing', problem: null, job_id: job?.id ?? null }
      : { state: 'closed', outcome: 'adopted', closed_at: ctx.now() },
  )
}

async function doAbout(
  ctx: Ctx,
  finding: FindingRow,
  decision: 'repair' | 'adopt',
): Promise<{ id: string } | null> {
  if (finding.pool_id !== null) return repairAddress(ctx, finding)
  const pod = await podOf(ctx, finding)
  const deed = (decision === 'repair' ? REPAIRS : ADOPTIONS)[finding.kind]
  if (!deed) throw new AppError('invalid_state', 'This cannot be done about such a finding.')
  return deed(ctx, finding, pod)
}

/** The finding's pod, with nothing else being done to it. */
async function podOf(ctx: Ctx, finding: FindingRow): Promise<PodRow> {
  const pod = finding.pod_id === null ? undefined : await pods.lockById(ctx.tx, finding.pod_id)
  if (!pod) throw new AppError('invalid_state', 'The pod does not exist any more.')
  if (finding.kind !== 'orphan' && pod.state !== 'active')
    throw new AppError('invalid_state', `The pod is ${pod.state} by now.`)
  if (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
    throw new AppError('invalid_state', 'Another job of the pod has not ended: wait for its end.')
  return pod
}

/** The same pod, empty, from its blueprint: address, size and node stay. */
async function makeAgain(ctx: Ctx, finding: FindingRow, pod: PodRow): Promise<{ id: string }> {
  const after = await pods.update(ctx.tx, pod.id, {
    state: 'creating',
    power_state: 'unknown',
    pending_restart: false,
    problem: null,
    updated_at: ctx.now(),
  })
  const lost = await snapshots.markAllDeleted(ctx.tx, pod.tenant_id, pod.id, ctx.now())
  await emit(ctx, pod, 'CLOUDPOD_REMAKE_REQUESTED', { state: [pod.state, 'creating'] }, { snapshots: lost })
  return cloudPodQueues.enqueueCreate(ctx, after, { again: finding.id })
}

async function adoptNode(ctx: Ctx, finding: FindingRow, pod: PodRow): Promise<null> {
  const { node: name } = finding.facts as Facts
  const node = name === undefined ? undefined : await infrastructure.findNode(ctx.tx, pod.cluster_id, name)
  if (!node)
    throw new AppError('invalid_state', `The node ${name} is not known yet; clusters are read once a minute.`)
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  await reservations.moveCapacity(ctx.tx, pod.id, node.id)
  await pods.update(ctx.tx, pod.id, { node_id: node.id, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_MOVED', { nodeId: [pod.node_id, node.id] }, { node: name, noticed: true })
  return null
}

async function adoptSize(ctx: Ctx, finding: FindingRow, pod: PodRow): Promise<null> {
  const { size } = finding.facts as Facts
  if (!size || size.cores < 1)
    throw new AppError(
      'invalid_state',
      'The container may use all cores of its node: set a number on the cluster first, or repair it.',
    )
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  await reservations.setCapacity(ctx.tx, pod.id, size)
  const { cores, memoryMb: memory_mb, diskGb: disk_gb } = size
  await pods.update(ctx.tx, pod.id, { cores, memory_mb, disk_gb, updated_at: ctx.now() })
  await emit(
    ctx,
    pod,
    'CLOUDPOD_RESIZED',
    { cores: [pod.cores, cores], memoryMb: [pod.memory_mb, memory_mb], diskGb: [pod.disk_gb, disk_gb] },
    { noticed: true },
  )
  return null
}

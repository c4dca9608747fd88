import { reaches, type CpuLevel } from '../../../shared/cpuLevels.ts'
import type { Ctx } from '../../context.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import type { Candidate, Resources, Usage } from '../../db/cloudPodReservations.ts'
import { AppError, notFound } from '../../errors.ts'
import * as settingsService from '../tenantSettingsService.ts'

/** Why a node was taken or not: the share of its memory that would be reserved, and how many pods of the tenant it had. */
export type Judgement = {
  cluster: string
  node: string
  memoryShare: number
  ownPods: number
  reason: string | null
}

const NOTHING: Usage = { pods: 0, cores: 0, memoryMb: 0, diskGb: 0 }

/** What a pod needs of a node: room, and what the order and the plan ask for. */
export type Needs = Resources & {
  region: string | null
  tags: readonly string[]
  cpuLevel: CpuLevel | null
}

/** Why a node cannot take the pod, null when it can. */
function objection(node: Candidate, used: Usage, wanted: Needs): string | null {
  if (node.nodeState === 'drained') return 'drained'
  if (node.status !== 'online') return node.status
  if (node.storage === null) return 'no storage for pods configured'
  if (wanted.region !== null && node.region !== wanted.region) return `not in ${wanted.region}`
  const without = wanted.tags.filter((tag) => !node.tags.includes(tag))
  if (without.length > 0) return `not tagged ${without.join(', ')}`
  if (wanted.cpuLevel !== null && (node.cpuLevel === null || !reaches(node.cpuLevel, wanted.cpuLevel)))
    return `processor ${node.cpuLevel ?? 'unknown'} < ${wanted.cpuLevel}`
  return lackOf(node, used, wanted)
}

/** What of the node does not suffice for so much more, null when all does. What is not wanted is not lacking. */
function lackOf(node: Candidate, used: Usage, wanted: Resources): string | null {
  const memoryLimit = Math.floor(node.memoryMb * node.memoryOvercommit * (1 - node.headroomPercent / 100))
  const coreLimit = Math.floor(node.cores * node.cpuOvercommit)
  if (wanted.memoryMb > 0 && used.memoryMb + wanted.memoryMb > memoryLimit) {
    return `memory ${used.memoryMb} + ${wanted.memoryMb} > ${memoryLimit} MiB`
  }
  if (wanted.cores > 0 && used.cores + wanted.cores > coreLimit)
    return `cores ${used.cores} + ${wanted.cores} > ${coreLimit}`
  if (wanted.diskGb > 0 && used.diskGb + wanted.diskGb > node.diskGb)
    return `disk ${used.diskGb} + ${wanted.diskGb} > ${node.diskGb} GiB`
  return null
}

type Judged = { node: Candidate; share: number; ownPods: number; reason: string | null }

/** What is thought of each node, the best first. The caller has locked their clusters. */
export async function judge(
  ctx: Ctx,
  tenantId: string,
  candidates: readonly Candidate[],
  wanted: Needs,
): Promise<Judged[]> {
  const usage = new Map<string, Usage>()
  for (const clusterId of new Set(candidates.map((node) => node.clusterId))) {
    for (const [nodeId, used] of await reservations.nodeUsage(ctx.tx, clusterId)) usage.set(nodeId, used)
  }
  const { 'cloudPods.spread': spread } = await settingsService.effective(ctx, tenantId)
  const own = await reservations.podsOfTenant(ctx.tx, tenantId)
  const apart = (a: Judged, b: Judged): number => (spread.value === 'on' ? a.ownPods - b.ownPods : 0)
  return candidates
    .map((node) => {
      const used = usage.get(node.nodeId) ?? NOTHING
      const share = (used.memoryMb + wanted.memoryMb) / (node.memoryMb * node.memoryOvercommit || 1)
      return { node, share, ownPods: own.get(node.nodeId) ?? 0, reason: objection(node, used, wanted) }
    })
    .toSorted((a, b) => apart(a, b) || a.share - b.share)
}

/** What is kept of it, and told. */
export const kept = (judged: readonly Judged[]): Judgement[] =>
  judged.map(({ node, share, ownPods, reason }) => ({
    cluster: node.clusterName,
    node: node.nodeName,
    memoryShare: Math.round(share * 1_000) / 1_000,
    ownPods,
    reason,
  }))

/**
 * The nodes that can take the pod, the emptiest by memory first: those with an image of its blueprint, or, when it is made
 * out of a backup, those that can read it. Their clusters stay locked until the caller's
 * transaction ends: what is counted here cannot be taken by another order. With the tenant's setting `cloudPods.spread`
 * those with the fewest of its pods come first.
 * @throws AppError no_node_fits, with each node's reason
 */
export async function chooseNodes(
  ctx: Ctx,
  { tenantId, blueprintId }: { tenantId: string; blueprintId: string },
  wanted: Needs,
  source?: { clusterId: string; nodeId: string | null },
): Promise<{ nodes: Candidate[]; judged: Judgement[] }> {
  const candidates = source
    ? await reservations.lockCandidatesOf(ctx.tx, source)
    : await reservations.lockCandidates(ctx.tx, blueprintId)
  const judged = await judge(ctx, tenantId, candidates, wanted)
  const fitting = judged.filter((entry) => entry.reason === null)
  if (fitting.length > 0) return { nodes: fitting.map((entry) => entry.node), judged: kept(judged) }
  if (!ctx.seesInfrastructure) {
    throw new AppError(
      'no_node_fits',
      'There is no room for this pod at the moment. Choose a smaller plan, or ask your provider.',
    )
  }
  const told = judged.toSorted((a, b) => a.node.nodeName.localeCompare(b.node.nodeName))
  const reasons = told.map(({ node, reason }) => `${node.nodeName}: ${reason}`)
  throw new AppError(
    'no_node_fits',
    reasons.length === 0
      ? source
        ? 'The cluster or the node where the backup lies is not in use any more.'
        : 'No node of an active cluster has an image of this blueprint. Add one to the blueprint.'
      : `No node can take this pod. ${reasons.join('; ')}.`,
    {
      details: {
        nodes: told.map(({ node, reason }) => ({ cluster: node.clusterName, node: node.nodeName, reason })),
      },
    },
  )
}

/**
 * Checks that a pod's own node has so much more for it. A node that is drained or cannot be reached keeps its pods, so
 * only its capacity counts. Its cluster stays locked until the caller's transaction ends.
 * @throws AppError no_node_fits
 */
export async function requireCapacity(
  ctx: Ctx,
  pod: { cluster_id: string; node_id: string },
  more: Resources,
): Promise<void> {
  await reservations.lockCluster(ctx.tx, pod.cluster_id)
  const node = await reservations.nodeOf(ctx.tx, pod.node_id)
  if (!node) throw notFound('node')
  const used = (await reservations.nodeUsage(ctx.tx, pod.cluster_id)).get(pod.node_id) ?? NOTHING
  const reason = lackOf(node, used, more)
  if (reason === null) return
  if (!ctx.seesInfrastructure) {
    throw new AppError(
      'no_node_fits',
      'There is no room for this size where the pod runs. Choose a smaller one, or ask your provider.',
    )
  }
  throw new AppError('no_node_fits', `The pod's node cannot take this size. ${node.nodeName}: ${reason}.`, {
    details: { nodes: [{ cluster: node.clusterName, node: node.nodeName, reason }] },
  })
}

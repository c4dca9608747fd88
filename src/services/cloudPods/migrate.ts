import type { CloudPodMigrationTargets } from '../../../shared/api/cloudPodMigrations.ts'
import { canPod } from '../../../shared/states/cloudPod.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as migrations from '../../db/cloudPodMigrations.ts'
import type { MigrationRow } from '../../db/cloudPodMigrations.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import type { Resources } from '../../db/cloudPodReservations.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import { emit } from './changes.ts'
import { judge, kept } from './placement.ts'

const sizeOf = (pod: PodRow): Resources => ({
  cores: pod.cores,
  memoryMb: pod.memory_mb,
  diskGb: pod.disk_gb,
})

/** Whoever manages the infrastructure may move any tenant's pod. @throws AppError not_found */
async function lockAny(ctx: Ctx, id: string): Promise<PodRow> {
  const pod = await pods.lockById(ctx.tx, id)
  if (!pod) throw notFound('CloudPod')
  return pod
}

async function refusalOf(ctx: Ctx, pod: PodRow): Promise<string | null> {
  const verdict = canPod.migrate(pod)
  if (!verdict.allowed) return verdict.reason
  return (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id))
    ? 'Another job of the pod has not ended: wait for its end.'
    : null
}

/** Every other node of the pod's cluster, the best first. The cluster stays locked until the transaction ends. */
async function judgedFor(ctx: Ctx, pod: PodRow) {
  const nodes = await reservations.lockNodesOf(ctx.tx, pod.cluster_id)
  const others = nodes.filter(({ nodeId }) => nodeId !== pod.node_id)
  const plan = await billing.findPlan(ctx.tx, pod.plan_id)
  const blueprint = await infrastructure.findBlueprint(ctx.tx, pod.blueprint_id)
  const needs = {
    ...sizeOf(pod),
    region: null,
    tags: plan?.node_tags ?? [],
    cpuLevel: blueprint?.min_cpu_level ?? null,
  }
  return judge(ctx, pod.tenant_id, others, needs)
}

/** Where a pod could go now; nothing is reserved. @throws AppError not_found */
export async function targets(ctx: Ctx, podId: string): Promise<CloudPodMigrationTargets> {
  const pod = await lockAny(ctx, podId)
  const judged = await judgedFor(ctx, pod)
  return {
    refusal: await refusalOf(ctx, pod),
    nodes: judged.map(({ node, share, ownPods, reason }) => ({
      id: node.nodeId,
      name: node.nodeName,
      memoryShare: Math.round(share * 1_000) / 1_000,
      ownPods,
      reason,
    })),
  }
}

type Wish = { nodeId: string | null; reason: MigrationRow['reason'] }

/**
 * Reserves room on another node of the cluster, named or chosen by the placement, and lets the pod move there. What it
 * holds where it is stays held until it has arrived.
 * @throws AppError not_found, invalid_state with the reason, no_node_fits with each node's reason
 */
export async function migrate(
  ctx: Ctx,
  podId: string,
  { nodeId, reason }: Wish,
): Promise<{ pod: PodRow; job: { id: string } }> {
  const before = await lockAny(ctx, podId)
  const refusal = await refusalOf(ctx, before)
  if (refusal !== null) throw new AppError('invalid_state', refusal)
  if (nodeId === before.node_id) throw new AppError('invalid_state', 'The pod is on this node already.')
  const judged = await judgedFor(ctx, before)
  const asked = nodeId === null ? judged : judged.filter(({ node }) => node.nodeId === nodeId)
  if (nodeId !== null && asked.length === 0) throw notFound("node in the pod's cluster")
  const target = asked.find((entry) => entry.reason === null)?.node
  if (!target) {
    const reasons = asked.map(({ node, reason: why }) => `${node.nodeName}: ${why}`)
    throw new AppError(
      'no_node_fits',
      reasons.length === 0
        ? 'The cluster has no other node.'
        : `No other node can take this pod. ${reasons.join('; ')}.`,
      { details: { nodes: asked.map((entry) => ({ node: entry.node.nodeName, reason: entry.reason })) } },
    )
  }
  const id = newId()
  await migrations.insert(ctx.tx, {
    id,
    tenant_id: before.tenant_id,
    pod_id: podId,
    from_node_id: before.node_id,
    to_node_id: target.nodeId,
    state: 'moving',
    reason,
    judged: JSON.stringify(kept(judged)),
    cores: before.cores,
    memory_mb: before.memory_mb,
    disk_gb: before.disk_gb,
    created_by: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  const pod = await pods.update(ctx.tx, podId, { action: 'migrating', problem: null, updated_at: ctx.now() })
  await emit(
    ctx,
    pod,
    'CLOUDPOD_MIGRATE_REQUESTED',
    { action: [before.action, 'migrating'] },
    { migrationId: id, to: target.nodeName, reason },
  )
  // A node is emptied behind whatever people wait for.
  const more = reason === 'drain' ? { priority: 120 } : {}
  const job = await cloudPodQueues.enqueueMigrate(ctx, pod, { id, toNodeId: target.nodeId }, more)
  await migrations.update(ctx.tx, id, { job_id: job.id })
  return { pod, job }
}

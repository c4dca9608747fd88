import type { Job } from '../../shared/api/provisioning.ts'
import type { Finding, FindingDecision } from '../../shared/api/provisioningFindings.ts'
import { canDecide } from '../../shared/states/finding.ts'
import type { Ctx } from '../context.ts'
import type { ListOptions } from '../db/list.ts'
import * as findings from '../db/provisioningFindings.ts'
import type { FindingFilter, FindingView } from '../db/provisioningFindings.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import { notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import { carryOut } from './cloudPods/decisions.ts'
import * as provisioningService from './provisioningService.ts'

export { known, podWithAddresses, sweepClusters, type Known } from './cloudPods/sweep.ts'
export {
  markRepairFailed,
  recordLooks,
  recordStrangers,
  recordSwept,
  type Look,
  type Stranger,
} from './cloudPods/findings.ts'

const present = (row: FindingView): Finding => ({
  id: row.id,
  kind: row.kind,
  clusterId: row.cluster_id,
  clusterName: row.cluster_name,
  vmid: row.vmid,
  address: row.address,
  pool: row.pool_id === null || row.pool_name === null ? null : { id: row.pool_id, name: row.pool_name },
  pod:
    row.pod_id === null || row.tenant_id === null || row.hostname === null
      ? null
      : {
          id: row.pod_id,
          tenantId: row.tenant_id,
          hostname: row.hostname,
          subscriptionId: row.subscription_id,
        },
  label: row.label,
  expected: row.expected,
  found: row.found,
  state: row.state,
  outcome: row.outcome,
  problem: row.problem,
  jobId: row.job_id,
  decision: row.decision,
  decidedBy: (row.decided_by as { label?: string } | null)?.label ?? null,
  reason: row.reason,
  firstSeenAt: row.first_seen_at.toISOString(),
  lastSeenAt: row.last_seen_at.toISOString(),
  closedAt: row.closed_at?.toISOString() ?? null,
})

export async function list(ctx: Ctx, filter: FindingFilter, options: ListOptions) {
  const page = await findings.list(ctx.tx, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, id: string): Promise<Finding> {
  const row = await findings.find(ctx.tx, id)
  if (!row) throw notFound('finding')
  return present(row)
}

/**
 * Repairs what differs by a job, takes it over, or leaves it as it is.
 * @throws AppError not_found; invalid_state with the reason, also while another job of the pod has not ended
 */
export async function decide(ctx: Ctx, id: string, { decision, reason }: FindingDecision): Promise<Finding> {
  const finding = await findings.lock(ctx.tx, id)
  if (!finding) throw notFound('finding')
  const before = await get(ctx, id)
  requireAllowed(
    canDecide(
      {
        kind: before.kind,
        state: before.state,
        hasPod: before.pod !== null,
        subscriptionId: before.pod?.subscriptionId ?? null,
      },
      decision,
    ),
  )
  await carryOut(ctx, finding, decision, reason)
  const after = await get(ctx, id)
  await auditService.record(ctx, {
    action: 'FINDING_DECIDED',
    tenantId: before.pod?.tenantId ?? null,
    target: { type: 'finding', id, label: `${before.kind} ${before.label}` },
    diff: { state: [before.state, after.state] },
    details: { decision, reason, expected: before.expected, found: before.found, jobId: after.jobId },
  })
  return after
}

/** Compares a cluster with the database now. @throws AppError not_found */
export async function reconcileNow(ctx: Ctx, clusterId: string): Promise<{ job: Job }> {
  const cluster = await infrastructure.findCluster(ctx.tx, clusterId)
  if (!cluster) throw notFound('cluster')
  const { id } = await cloudPodQueues.enqueueReconcile(ctx, cluster, newId())
  await auditService.record(ctx, {
    action: 'CLUSTER_COMPARISON_REQUESTED',
    tenantId: null,
    target: { type: 'cluster', id: clusterId, label: cluster.name },
    details: { jobId: id },
  })
  return { job: await provisioningService.getJob(ctx, id) }
}

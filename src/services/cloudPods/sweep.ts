import type { SecurityRule } from '../../../shared/api/cloudPodFirewall.ts'
import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import * as rebuilds from '../../db/cloudPodRebuilds.ts'
import * as podAddresses from '../../db/cloudPodAddresses.ts'
import * as templates from '../../db/cloudPodTemplates.ts'
import * as findings from '../../db/provisioningFindings.ts'
import type { SweptPod } from '../../db/provisioningFindings.ts'
import * as securityGroups from '../../db/cloudPodFirewall.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { notFound } from '../../errors.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'
import * as provisioningService from '../provisioningService.ts'

/** What the database says of a cluster, to be compared with what the cluster lists. */
export type Known = {
  pods: SweptPod[]
  vmidMin: number
  vmidMax: number
  /** VMIDs of pods about which something is not settled. */
  vmidsWithFindings: ReadonlySet<number>
  /** VMIDs under which the guest of a pod was not found. */
  vmidsGone: ReadonlySet<number>
  /** VMIDs of second guests, those that rebuilds make or have replaced, and of templates. */
  vmidsKept: readonly number[]
  /** Pods whose guests are to be made once this comparison is over: a guest under their VMIDs may be another's. */
  unmade: ReadonlySet<string>
  /** VMIDs of guests that belong to no pod, with the names under which they are known. */
  strangers: ReadonlyMap<number, string>
}

const OF_STRANGERS = new Set(['orphan', 'foreign'])

/** @throws AppError not_found */
export async function known(ctx: Ctx, clusterId: string): Promise<Known> {
  const cluster = await infrastructure.findCluster(ctx.tx, clusterId)
  if (!cluster) throw notFound('cluster')
  const live = await findings.liveOf(ctx.tx, clusterId)
  const strangers = live.filter(({ kind }) => OF_STRANGERS.has(kind))
  const all = await findings.podsOf(ctx.tx, clusterId)
  const isFirst = await provisioningService.isUncompared(ctx, clusterId)
  return {
    pods: all,
    vmidMin: cluster.vmid_min,
    vmidMax: cluster.vmid_max,
    vmidsWithFindings: new Set(live.filter((one) => !OF_STRANGERS.has(one.kind)).map(({ vmid }) => vmid)),
    vmidsGone: new Set(live.filter(({ kind }) => kind === 'gone').map(({ vmid }) => vmid)),
    vmidsKept: [
      ...(await rebuilds.vmidsOf(ctx.tx, clusterId)),
      ...(await templates.vmidsOf(ctx.tx, clusterId)),
    ],
    unmade: new Set(
      isFirst
        ? all.filter(({ state }) => state === 'reserved' || state === 'creating').map(({ id }) => id)
        : [],
    ),
    strangers: new Map(strangers.map(({ vmid, label }) => [vmid, label])),
  }
}

/** A pod as it is now, unless it has changed since it was read for the sweep. */
export async function podWithAddresses(ctx: Ctx, { id, tenantId, version }: SweptPod) {
  const pod = await pods.find(ctx.tx, tenantId, id)
  const isSame = pod?.version === version
  if (!isSame) return { pod: null, addresses: [], groups: [] }
  const groups = await securityGroups.ofPod(ctx.tx, tenantId, id)
  return {
    pod,
    addresses: await podAddresses.addressesOf(ctx.tx, id),
    groups: groups.map(({ rules }) => ({ rules: rules as SecurityRule[] })),
  }
}

/** Enqueues a comparison of every cluster that is read, at most one a minute each. */
export async function sweepClusters(ctx: Ctx): Promise<void> {
  for (const cluster of await infrastructure.watchedClusters(ctx.tx))
    await cloudPodQueues.enqueueReconcile(ctx, cluster)
}

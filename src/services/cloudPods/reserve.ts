import { createHash } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as podAddresses from '../../db/cloudPodAddresses.ts'
import type { PoolRow } from '../../db/cloudPodAddresses.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import type { Candidate, Resources } from '../../db/cloudPodReservations.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as cloudPodQuotas from '../cloudPodQuotas.ts'
import { chooseNodes, type Judgement } from './placement.ts'

type Blueprint = NonNullable<Awaited<ReturnType<typeof infrastructure.findBlueprint>>>

export type PodOrder = {
  tenantId: string
  customerId: string | null
  subscriptionId: string | null
  planId: string
  blueprintId: string
  hostname: string
  sshKeys: string | null
  region: string | null
  /** Instead of what the plan says. */
  size?: NewSize | undefined
}

/** What is not named stays as it is. */
export type NewSize = { [part in keyof Resources]?: Resources[part] | undefined }

export const withNew = (old: Resources, { cores, memoryMb, diskGb }: NewSize): Resources => ({
  cores: cores ?? old.cores,
  memoryMb: memoryMb ?? old.memoryMb,
  diskGb: diskGb ?? old.diskGb,
})

/** The backup that a pod is made out of: where it can be read, and how large its disk is. */
export type PodSource = { backupId: string; clusterId: string; nodeId: string | null; diskGb: number }

/**
 * Takes everything a pod needs (quota, node capacity, address, VMID) in the caller's transaction and writes its row in
 * the state `reserved`. If any part is missing, nothing is taken.
 * @throws AppError not_found, plan_not_allowed, quota_exceeded, no_node_fits, ip_pool_exhausted, vmid_range_exhausted, hostname_taken
 */
export async function reserve(ctx: Ctx, order: PodOrder, source?: PodSource): Promise<PodRow> {
  const { plan, blueprint, wanted } = await loadCatalogue(ctx, order, source)
  await cloudPodQuotas.requireRoom(ctx, order.tenantId, { ...wanted, pods: 1, addresses: 1 })
  await requireRegion(ctx, order.region)
  const needs = { ...wanted, region: order.region, tags: plan.node_tags, cpuLevel: blueprint.min_cpu_level }
  const { nodes, judged } = await chooseNodes(ctx, order, needs, source)
  const { node, pools } = await withPools(ctx, nodes)
  const vmid = await reservations.freeVmid(ctx.tx, node.clusterId)
  if (vmid === null) {
    throw new AppError(
      'vmid_range_exhausted',
      `Cluster ${node.clusterName} has no free VMID in its range. Widen the range.`,
    )
  }
  const pod = await insertPod(ctx, order, {
    node,
    judged,
    vmid,
    kind: blueprint.kind,
    rateMbps: plan.rate_mbps,
    ...wanted,
  })
  const now = ctx.now()
  await reservations.reserveVmid(ctx.tx, node.clusterId, vmid, pod.id, now)
  await reservations.reserveCapacity(ctx.tx, {
    ...wanted,
    podId: pod.id,
    tenantId: order.tenantId,
    nodeId: node.nodeId,
    at: now,
  })
  await takeAddresses(ctx, pod, pools, node)
  return pod
}

async function requireRegion(ctx: Ctx, region: string | null): Promise<void> {
  if (region === null || (await infrastructure.regions(ctx.tx)).includes(region)) return
  const message = `There is no region ${region}.`
  throw new AppError('invalid_input', message, { errors: [{ path: 'region', message }] })
}

/** What is made out of a backup needs no image: its blueprint may be withdrawn. */
async function loadCatalogue(ctx: Ctx, order: PodOrder, source?: PodSource) {
  const [plan, blueprint] = [
    await billing.findPlan(ctx.tx, order.planId),
    await infrastructure.findBlueprint(ctx.tx, order.blueprintId),
  ]
  if (!plan || plan.state !== 'active' || (plan.tenant_id ?? order.tenantId) !== order.tenantId)
    throw notFound('plan')
  if (
    !blueprint ||
    (!source && blueprint.state !== 'active') ||
    (blueprint.tenant_id ?? order.tenantId) !== order.tenantId
  )
    throw notFound('blueprint')
  const planned = { cores: plan.cores, memoryMb: plan.memory_mb, diskGb: plan.disk_gb }
  const wanted = withNew(planned, order.size ?? {})
  if (source && wanted.diskGb < source.diskGb) {
    throw new AppError(
      'plan_not_allowed',
      `The backup needs a disk of ${source.diskGb} GiB, the plan ${plan.name} has ${wanted.diskGb}. Choose a larger plan.`,
    )
  }
  const outside = outsideOf(blueprint, wanted)
  if (outside !== null) {
    throw new AppError(
      'plan_not_allowed',
      `The blueprint ${blueprint.name} does not allow the plan ${plan.name}: ${outside}. Choose another plan or blueprint.`,
    )
  }
  return { plan, blueprint, wanted }
}

/** What of a size is outside the blueprint's limits, null when nothing is. */
export function outsideOf(blueprint: Blueprint, size: Resources): string | null {
  const limits: [string, number, number, number][] = [
    ['cores', size.cores, 1, blueprint.max_cores],
    ['memory MiB', size.memoryMb, blueprint.min_memory_mb, blueprint.max_memory_mb],
    ['disk GiB', size.diskGb, blueprint.min_disk_gb, blueprint.max_disk_gb],
  ]
  const outside = limits.filter(([, value, min, max]) => value < min || value > max)
  if (outside.length === 0) return null
  return outside.map(([name, value, min, max]) => `${name} ${value}, allowed ${min} to ${max}`).join('; ')
}

/** What a cluster gives its pods: an address to begin with, and where it can be an IPv6 address beside it. */
type Pools = { first: PoolRow[]; beside: PoolRow[] }

/** A pod begins with an IPv4 address; where a cluster has pools of IPv6 alone, with one of these. */
async function poolsOf(ctx: Ctx, clusterId: string): Promise<Pools> {
  const v6 = await podAddresses.activePools(ctx.tx, clusterId, 6)
  const v4 = await podAddresses.activePools(ctx.tx, clusterId, 4)
  return v4.length > 0 ? { first: v4, beside: v6 } : { first: v6, beside: [] }
}

/** The best node whose cluster has address pools. */
async function withPools(ctx: Ctx, nodes: Candidate[]): Promise<{ node: Candidate; pools: Pools }> {
  for (const node of nodes) {
    const pools = await poolsOf(ctx, node.clusterId)
    if (pools.first.length > 0) return { node, pools }
  }
  throw new AppError(
    'ip_pool_exhausted',
    'No cluster that could take this pod has an active address pool. Add a pool.',
  )
}

/**
 * The first free address, and beside it one of the first IPv6 pool on the same bridge and VLAN that has one: a card is in
 * one network.
 */
async function takeAddresses(
  ctx: Ctx,
  pod: PodRow,
  { first, beside }: Pools,
  node: Candidate,
): Promise<void> {
  const of = { podId: pod.id, tenantId: pod.tenant_id, at: ctx.now(), onCard: true }
  const pool = await takeFrom(ctx, first, { ...of, isPrimary: true })
  if (!pool) {
    throw new AppError(
      'ip_pool_exhausted',
      `Every address pool of cluster ${node.clusterName} is used up. Widen a pool or wait for quarantined addresses.`,
    )
  }
  const near = beside.filter(({ bridge, vlan }) => bridge === pool.bridge && vlan === pool.vlan)
  if (near.length === 0 || !(await takeFrom(ctx, near, { ...of, isPrimary: false }))) return
  await cloudPodQuotas.requireRoom(ctx, pod.tenant_id, { addresses: 1 })
  await podAddresses.countAddresses(ctx.tx, pod.id)
}

async function takeFrom(
  ctx: Ctx,
  pools: readonly PoolRow[],
  of: podAddresses.AddressOf,
): Promise<PoolRow | undefined> {
  for (const pool of pools) if ((await podAddresses.reserveAddress(ctx.tx, pool.id, of)) !== null) return pool
  return undefined
}

/** Of so many nodes is kept why they were taken or not. */
const KEPT_JUDGEMENTS = 200

async function insertPod(
  ctx: Ctx,
  order: PodOrder,
  made: Resources & {
    node: Candidate
    judged: Judgement[]
    vmid: number
    kind: 'vm' | 'ct'
    rateMbps: number | null
  },
): Promise<PodRow> {
  const id = newId()
  const now = ctx.now()
  try {
    return await pods.insert(ctx.tx, {
      id,
      tenant_id: order.tenantId,
      customer_id: order.customerId,
      subscription_id: order.subscriptionId,
      hostname: order.hostname,
      kind: made.kind,
      plan_id: order.planId,
      blueprint_id: order.blueprintId,
      wanted_region: order.region,
      cores: made.cores,
      memory_mb: made.memoryMb,
      disk_gb: made.diskGb,
      rate_mbps: made.rateMbps,
      ssh_keys: order.sshKeys,
      cluster_id: made.node.clusterId,
      node_id: made.node.nodeId,
      vmid: made.vmid,
      placement: JSON.stringify(made.judged.slice(0, KEPT_JUDGEMENTS)),
      mac: macOf(id),
      state: 'reserved',
      created_at: now,
      updated_at: now,
    })
  } catch (error) {
    if (violatedConstraint(error) !== 'cloud_pods_hostname') throw error
    throw hostnameTaken(order.hostname)
  }
}

export const hostnameTaken = (hostname: string): AppError =>
  new AppError('hostname_taken', `The tenant already has a pod named ${hostname}. Choose another host name.`)

/** A locally administered unicast address (RFC 7042 section 2.1) that follows from the pod's id: a rebuilt NIC keeps it. */
function macOf(podId: string): string {
  const bytes = createHash('sha256').update(podId).digest().subarray(0, 5)
  return ['02', ...Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))].join(':').toUpperCase()
}

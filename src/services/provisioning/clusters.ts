import type { z } from 'zod'
import type { Cluster, clusterCreate, Node, nodeConfigure } from '../../../shared/api/provisioning.ts'
import type { Ctx } from '../../context.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as podTemplates from '../../db/cloudPodTemplates.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import type { ClusterRow, NodeRow, SeenNode, SeenTemplate } from '../../db/provisioningInfrastructure.ts'
import type { ProxmoxConnection } from '../../integrations/proxmox/types.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'
import * as auditService from '../auditService.ts'
import * as provisioningQueues from '../provisioningQueues.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

export function presentCluster(row: ClusterRow): Cluster {
  return {
    id: row.id,
    name: row.name,
    apiUrl: row.api_url,
    tokenId: row.token_id,
    caPem: row.ca_pem,
    fingerprint: row.fingerprint,
    simulated: row.simulated,
    vmidMin: row.vmid_min,
    vmidMax: row.vmid_max,
    region: row.region,
    state: row.state,
    health: row.health,
    healthMessage: row.health_message,
    checkedAt: iso(row.checked_at),
    version: row.version,
    createdAt: row.created_at.toISOString(),
  }
}

/** @throws AppError invalid_input */
export function requireRange({ vmidMin, vmidMax }: { vmidMin: number; vmidMax: number }): void {
  if (vmidMin <= vmidMax) return
  throw new AppError('invalid_input', 'vmidMin is greater than vmidMax.', {
    errors: [{ path: 'vmidMin', message: 'must not be greater than vmidMax' }],
  })
}

export async function listClusters(ctx: Ctx, options: ListOptions) {
  const page = await infrastructure.listClusters(ctx.tx, options)
  return { items: page.items.map(presentCluster), nextCursor: page.nextCursor }
}

/**
 * Adds a cluster; its nodes, storages and templates are read by the job that starts at once. The token's secret is
 * sealed and never shown again.
 * @throws AppError already_exists, invalid_input
 */
export async function addCluster(
  ctx: Ctx,
  body: z.infer<typeof clusterCreate>,
  simulated = false,
): Promise<{ cluster: Cluster; jobId: string }> {
  requireRange(body)
  const id = newId()
  const row = await infrastructure
    .insertCluster(ctx.tx, {
      id,
      name: body.name,
      api_url: withoutTrailingSlashes(body.apiUrl),
      token_id: body.tokenId,
      token_secret_sealed: ctx.sealer.seal(body.tokenSecret, `cluster:${id}`),
      ca_pem: body.caPem,
      fingerprint: body.fingerprint,
      simulated,
      vmid_min: body.vmidMin,
      vmid_max: body.vmidMax,
      region: body.region,
      created_at: ctx.now(),
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'clusters_name') throw error
      throw new AppError('already_exists', `There is already a cluster named ${body.name}.`)
    })
  await auditService.record(ctx, {
    action: 'CLUSTER_CREATED',
    tenantId: null,
    target: { type: 'cluster', id, label: body.name },
    details: { apiUrl: row.api_url, tokenId: row.token_id, simulated },
  })
  const job = await provisioningQueues.enqueueClusterSync(ctx, row)
  return { cluster: presentCluster(row), jobId: job.id }
}

/** How to reach a cluster, its secret opened. For jobs only. @throws AppError not_found */
export async function clusterConnection(
  ctx: Ctx,
  clusterId: string,
): Promise<ProxmoxConnection & { name: string }> {
  const row = await infrastructure.findCluster(ctx.tx, clusterId)
  if (!row || row.state === 'removed') throw notFound('cluster')
  return {
    name: row.name,
    url: row.api_url,
    token: { id: row.token_id, secret: ctx.sealer.open(row.token_secret_sealed, `cluster:${row.id}`) },
    ...(row.ca_pem === null ? {} : { ca: row.ca_pem }),
    ...(row.fingerprint === null ? {} : { fingerprint: row.fingerprint }),
  }
}

/** Enqueues a look at every cluster that is read. */
export async function syncClusters(ctx: Ctx): Promise<void> {
  for (const cluster of await infrastructure.watchedClusters(ctx.tx)) {
    await provisioningQueues.enqueueClusterSync(ctx, cluster)
  }
}

export type ClusterView = {
  nodes: SeenNode[]
  templates: (Omit<SeenTemplate, 'nodeId'> & { node: string })[]
  /** Whether it filters at all; null: it did not say. */
  firewallOn: boolean | null
}

/** Writes down what was read from a cluster. Nodes it no longer names are marked unknown, never removed. */
export async function recordClusterView(ctx: Ctx, clusterId: string, view: ClusterView): Promise<void> {
  const now = ctx.now()
  const ids = new Map<string, string>()
  for (const node of view.nodes) {
    ids.set(node.name, await infrastructure.upsertNode(ctx.tx, { id: newId(), clusterId, at: now, ...node }))
  }
  for (const known of await infrastructure.nodesOf(ctx.tx, clusterId)) {
    if (!ids.has(known.name))
      await infrastructure.configureNode(ctx.tx, clusterId, known.name, { status: 'unknown' })
  }
  // Those of tenants are theirs, and offered to nobody else.
  const own = new Set((await podTemplates.vmidsOf(ctx.tx, clusterId)).map(String))
  const templates = view.templates.flatMap(({ node, ...template }) => {
    const nodeId = ids.get(node)
    const isOwn = template.kind === 'vm' && own.has(template.ref)
    return nodeId === undefined || isOwn ? [] : [{ ...template, nodeId }]
  })
  await infrastructure.replaceTemplates(ctx.tx, clusterId, templates, now)
  await infrastructure.updateCluster(ctx.tx, clusterId, {
    health: 'ok',
    health_message: null,
    firewall_on: view.firewallOn,
    checked_at: now,
  })
}

export async function recordClusterFailure(ctx: Ctx, clusterId: string, message: string): Promise<void> {
  await infrastructure.updateCluster(ctx.tx, clusterId, {
    health: 'failing',
    health_message: message,
    checked_at: ctx.now(),
  })
}

const NO_USE = { pods: 0, cores: 0, memoryMb: 0, diskGb: 0 }

async function presentNodes(ctx: Ctx, rows: NodeRow[]): Promise<Node[]> {
  const usage = new Map<string, Node['reserved']>()
  for (const clusterId of new Set(rows.map((row) => row.cluster_id))) {
    for (const [id, used] of await reservations.nodeUsage(ctx.tx, clusterId)) usage.set(id, used)
  }
  return rows.map((row) => ({
    id: row.id,
    clusterId: row.cluster_id,
    name: row.name,
    status: row.status,
    state: row.state,
    cores: row.cores,
    memoryMb: row.memory_mb,
    cpuModel: row.cpu_model,
    cpuLevel: row.cpu_level,
    diskGb: row.disk_gb,
    storage: row.storage,
    backupStorage: row.backup_storage,
    headroomPercent: row.headroom_percent,
    tags: row.tags,
    cpuOvercommit: Number(row.cpu_overcommit),
    memoryOvercommit: Number(row.memory_overcommit),
    reserved: usage.get(row.id) ?? NO_USE,
    emptyingSince: iso(row.emptying_at),
    seenAt: iso(row.seen_at),
  }))
}

export async function listNodes(ctx: Ctx, options: ListOptions) {
  const page = await infrastructure.listNodes(ctx.tx, options)
  return { items: await presentNodes(ctx, page.items), nextCursor: page.nextCursor }
}

/** Sets what a node may be used for. @throws AppError not_found when the cluster has not shown such a node */
export async function configureNode(ctx: Ctx, body: z.infer<typeof nodeConfigure>): Promise<Node> {
  const { clusterId, name, ...change } = body
  const before = await infrastructure.findNode(ctx.tx, clusterId, name)
  if (!before) throw notFound('node in this cluster')
  const after = await infrastructure.configureNode(ctx.tx, clusterId, name, {
    storage: change.storage,
    backup_storage: change.backupStorage,
    disk_gb: change.diskGb,
    cpu_overcommit: change.cpuOvercommit?.toString(),
    memory_overcommit: change.memoryOvercommit?.toString(),
    headroom_percent: change.headroomPercent,
    tags: change.tags && [...new Set(change.tags)].toSorted(),
    state: change.state ?? before.state,
    // A node that takes pods again is not emptied any more.
    emptying_at: change.state === 'active' ? null : before.emptying_at,
  })
  await auditService.record(ctx, {
    action: 'NODE_CONFIGURED',
    tenantId: null,
    target: { type: 'node', id: before.id, label: name },
    diff: Object.fromEntries(
      Object.entries(change).map(([key, value]) => [
        key,
        [beforeOf(before, key), value] as [unknown, unknown],
      ]),
    ),
  })
  const [node] = await presentNodes(ctx, [after ?? before])
  if (!node) throw notFound('node')
  return node
}

const beforeOf = (node: NodeRow, key: string): unknown =>
  ({
    storage: node.storage,
    backupStorage: node.backup_storage,
    diskGb: node.disk_gb,
    cpuOvercommit: Number(node.cpu_overcommit),
    memoryOvercommit: Number(node.memory_overcommit),
    headroomPercent: node.headroom_percent,
    tags: node.tags,
    state: node.state,
  })[key]

import type { NodeEmptying } from '../../../shared/api/cloudPodMigrations.ts'
import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as migrations from '../../db/cloudPodMigrations.ts'
import type { NodeToEmpty } from '../../db/cloudPodMigrations.ts'
import * as automation from '../../db/provisioningAutomation.ts'
import * as findings from '../../db/provisioningFindings.ts'
import { AppError, notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as provisioningService from '../provisioningService.ts'
import { migrate } from './migrate.ts'

const SHOWN = 100
/** So many pods are let go in one transaction, which holds the cluster: the rest at the next look. */
const BATCH = 50
const BRAKE = 'nodes.empty'
const CONFIRMED_MS = 86_400_000

async function lockNode(ctx: Ctx, id: string): Promise<NodeToEmpty> {
  const node = await migrations.lockNode(ctx.tx, id)
  if (!node) throw notFound('node')
  return node
}

/** How far a node is emptied, and what it still has. @throws AppError not_found */
export async function emptyingOf(ctx: Ctx, nodeId: string): Promise<NodeEmptying> {
  const node = await lockNode(ctx, nodeId)
  const since = node.emptying_at
  const { pods, total } = await migrations.podsLeft(ctx.tx, nodeId, since, SHOWN)
  const brake = await automation.latestBrake(ctx.tx, BRAKE, new Date(ctx.now().getTime() - CONFIRMED_MS))
  return {
    nodeId,
    node: node.name,
    since: since?.toISOString() ?? null,
    moved: since === null ? 0 : await migrations.countMoved(ctx.tx, nodeId, since),
    left: total,
    held: since !== null && brake?.state === 'waiting',
    pods: pods.map((pod) => ({
      id: pod.id,
      tenantId: pod.tenant_id,
      tenant: pod.tenant,
      hostname: pod.hostname,
      state: pod.state,
      action: pod.action,
      migration: pod.migration,
      to: pod.to_node,
      problem: pod.problem,
      jobId: pod.job_id,
    })),
  }
}

/**
 * Lets a node take no new pods and moves away those that it has, each to where the placement wants it. Asked for again it
 * also tries those anew that could not be moved. What finds no room now is tried again by a timer.
 * @throws AppError not_found
 */
export async function empty(ctx: Ctx, nodeId: string): Promise<NodeEmptying> {
  const node = await lockNode(ctx, nodeId)
  await migrations.setEmptying(ctx.tx, nodeId, ctx.now())
  await auditService.record(ctx, {
    action: 'NODE_EMPTYING',
    tenantId: null,
    target: { type: 'node', id: nodeId, label: node.name },
    diff: { state: [node.state, 'drained'] },
  })
  await moveNext(ctx, nodeId, ctx.now())
  return emptyingOf(ctx, nodeId)
}

/** Moves no more pods away; those on their way arrive. The node still takes no new ones. @throws AppError not_found */
export async function stopEmptying(ctx: Ctx, nodeId: string): Promise<NodeEmptying> {
  const node = await lockNode(ctx, nodeId)
  await migrations.setEmptying(ctx.tx, nodeId, null)
  await auditService.record(ctx, {
    action: 'NODE_EMPTYING_STOPPED',
    tenantId: null,
    target: { type: 'node', id: nodeId, label: node.name },
    diff: { emptyingSince: [node.emptying_at?.toISOString() ?? null, null] },
  })
  return emptyingOf(ctx, nodeId)
}

/** Lets the next pods of a node go, as far as there is room for them and the brake allows it. */
async function moveNext(ctx: Ctx, nodeId: string, since: Date): Promise<void> {
  const next = await migrations.nextToMove(ctx.tx, nodeId, since, BATCH)
  const total = await findings.countActive(ctx.tx)
  if (!(await provisioningService.mayTouch(ctx, BRAKE, { wanted: next.length, total, now: 0 }))) return
  let begun = 0
  for (const { id } of next) {
    try {
      await migrate(ctx, id, { nodeId: null, reason: 'drain' })
      begun += 1
    } catch (error) {
      // Busy, or no room for it: nothing was written about it, and it is tried again at the next look.
      if (!(error instanceof AppError)) throw error
    }
  }
  // What found no room was not touched: it must not fill the hour of the brake.
  if (begun > 0) await automation.noteDeed(ctx.tx, BRAKE, begun, ctx.now())
}

/** Goes on emptying the nodes that are being emptied: a timer. Each is a transaction of its own. */
export async function emptyOn(root: Root): Promise<void> {
  const as = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    asSystem(root, 'nodes.empty', 'platform', work)
  for (const { id } of await as((ctx) => migrations.emptying(ctx.tx)))
    await as(async (ctx) => {
      const node = await migrations.lockNode(ctx.tx, id)
      if (node?.emptying_at) await moveNext(ctx, id, node.emptying_at)
    })
}

import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as installation from '../../db/installation.ts'
import * as controls from '../../db/provisioningControls.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as cloudPodQueues from '../cloudPodQueues.ts'

const CONFIRMED = 'databaseConfirmedAt'
const REASON =
  'The database is older than what this machine knows of it, so it seems to have been restored from a backup. Compare pods, invoices and domains with what is really there, then start everything again.'

/**
 * Stops all automation when the database is not the one this machine has seen last. What was done since that backup is
 * unknown to it: it would end, suspend or bill by yesterday's facts. A person who starts everything again confirms it.
 */
export async function guardRestored(root: Root): Promise<void> {
  await asSystem(root, 'automation.guard', 'platform', async (ctx) => {
    const missing = await auditService.missingCheckpoint(ctx)
    if (!missing) return
    const confirmed = await installation.read(ctx.tx, CONFIRMED)
    if (typeof confirmed === 'string' && missing.sealedAt < confirmed) return auditService.beginAnew(ctx)
    const entry = { what: 'all', which: '*', reason: REASON, by: ctx.actor, at: ctx.now() } as const
    if (!(await controls.pause(ctx.tx, entry))) return
    await auditService.record(ctx, {
      action: 'AUTOMATION_STOPPED',
      tenantId: null,
      target: { type: 'automation', id: '*' },
      details: { reason: REASON, missingBatch: missing.batch, sealedAt: missing.sealedAt },
    })
  })
}

/**
 * A person takes the database as it is: checkpoints of before no longer count against it. The clusters are compared at once, for
 * nothing is made on them before that.
 */
export async function confirmDatabase(ctx: Ctx): Promise<void> {
  await installation.write(ctx.tx, CONFIRMED, ctx.now().toISOString(), ctx.now())
  for (const cluster of await infrastructure.watchedClusters(ctx.tx))
    await cloudPodQueues.enqueueReconcile(ctx, cluster, newId())
}

const LATELY_MS = 86_400_000

/** Whether a person has confirmed the database within a day: who keeps messages for us may have said what it does not know. */
export async function isNewlyConfirmed(ctx: Ctx): Promise<boolean> {
  const confirmed = await installation.read(ctx.tx, CONFIRMED)
  return typeof confirmed === 'string' && ctx.now().getTime() - Date.parse(confirmed) < LATELY_MS
}

/**
 * Whether a cluster that is compared has not been yet since a person has confirmed the database. Until then nobody knows which VMIDs
 * and addresses its guests use: those of pods that a restored database does not know.
 */
export async function isUncompared(ctx: Ctx, clusterId: string): Promise<boolean> {
  const confirmed = await installation.read(ctx.tx, CONFIRMED)
  if (typeof confirmed !== 'string') return false
  const cluster = (await infrastructure.watchedClusters(ctx.tx)).find(({ id }) => id === clusterId)
  return cluster !== undefined && (cluster.swept_at === null || cluster.swept_at < new Date(confirmed))
}

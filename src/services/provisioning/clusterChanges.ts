import type { z } from 'zod'
import type { Cluster, clusterUpdate } from '../../../shared/api/provisioning.ts'
import type { Ctx } from '../../context.ts'
import * as podTemplates from '../../db/cloudPodTemplates.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as findings from '../../db/provisioningFindings.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import type { ClusterRow } from '../../db/provisioningInfrastructure.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as provisioningQueues from '../provisioningQueues.ts'
import { presentCluster, requireRange } from './clusters.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'

async function lock(ctx: Ctx, id: string): Promise<ClusterRow> {
  const row = await infrastructure.lockClusterRow(ctx.tx, id)
  if (!row || row.state === 'removed') throw notFound('cluster')
  return row
}

/** @throws AppError not_found */
export async function getCluster(ctx: Ctx, id: string): Promise<Cluster> {
  const row = await infrastructure.findCluster(ctx.tx, id)
  if (!row || row.state === 'removed') throw notFound('cluster')
  return presentCluster(row)
}

/**
 * Changes a cluster; it is read again at once. Its token is only ever sent where whoever knows the secret has said.
 * @throws AppError not_found, version_conflict, already_exists, invalid_input
 */
export async function updateCluster(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof clusterUpdate>,
  version: number | undefined,
): Promise<Cluster> {
  const before = await lock(ctx, id)
  requireVersion(before.version, version)
  requireSecret(before, change)
  requireRange({ vmidMin: change.vmidMin ?? before.vmid_min, vmidMax: change.vmidMax ?? before.vmid_max })
  const { tokenSecret } = change
  const columns = {
    name: change.name,
    api_url: change.apiUrl === undefined ? undefined : withoutTrailingSlashes(change.apiUrl),
    token_id: change.tokenId,
    token_secret_sealed:
      tokenSecret === undefined ? undefined : ctx.sealer.seal(tokenSecret, `cluster:${id}`),
    ca_pem: change.caPem,
    fingerprint: change.fingerprint,
    vmid_min: change.vmidMin,
    vmid_max: change.vmidMax,
    region: change.region,
    state: change.state,
  }
  await infrastructure
    .updateCluster(ctx.tx, id, { ...columns, version: before.version + 1 })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'clusters_name') throw error
      throw new AppError('already_exists', `There is already a cluster named ${change.name}.`)
    })
  const after = await lock(ctx, id)
  await auditService.record(ctx, {
    action: 'CLUSTER_UPDATED',
    tenantId: null,
    target: { type: 'cluster', id, label: after.name },
    diff: auditService.diffOf<Record<string, unknown>>(shown(before), shown(after)),
    details: { newSecret: tokenSecret !== undefined },
  })
  if (after.state === 'active') await provisioningQueues.enqueueClusterSync(ctx, after, String(after.version))
  return presentCluster(after)
}

const shown = (row: ClusterRow): Record<string, unknown> => ({
  name: row.name,
  apiUrl: row.api_url,
  tokenId: row.token_id,
  caPem: row.ca_pem,
  fingerprint: row.fingerprint,
  vmidMin: row.vmid_min,
  vmidMax: row.vmid_max,
  region: row.region,
  state: row.state,
})

/** Otherwise whoever may change the address could have the secret sent to a server of their own. */
function requireSecret(before: ClusterRow, change: z.infer<typeof clusterUpdate>): void {
  if (change.tokenSecret !== undefined) return
  const now = shown(before)
  const changed = (['apiUrl', 'tokenId', 'caPem', 'fingerprint'] as const).filter(
    (key) => change[key] !== undefined && change[key] !== now[key],
  )
  if (changed.length === 0) return
  const message = `Say the token’s secret as well when you change ${changed.join(', ')}: it is sent there.`
  throw new AppError('invalid_input', message, { errors: [{ path: 'tokenSecret', message }] })
}

/**
 * Takes a cluster out of mPanel; nothing on it is touched. Its secret is forgotten at once.
 * @throws AppError not_found; invalid_input when the name is not typed; invalid_state while pods live on it, and for the
 *   simulated one
 */
export async function removeCluster(ctx: Ctx, id: string, name: string): Promise<Cluster> {
  const before = await lock(ctx, id)
  if (name !== before.name) {
    const message = `Type the name of the cluster, ${before.name}, to remove it.`
    throw new AppError('invalid_input', message, { errors: [{ path: 'name', message }] })
  }
  if (before.simulated)
    throw new AppError(
      'invalid_state',
      'The simulated cluster is there as long as no other one is configured.',
    )
  const pods = await infrastructure.countLivePods(ctx.tx, id)
  if (pods > 0)
    throw new AppError('invalid_state', `${pods} pod(s) live on this cluster. Destroy or move them first.`)
  const templates = (await podTemplates.vmidsOf(ctx.tx, id)).length
  if (templates > 0)
    throw new AppError(
      'invalid_state',
      `${templates} template(s) of tenants lie on this cluster. Remove their blueprints first.`,
    )
  await findings.closeAllOf(ctx.tx, id, ctx.now())
  await infrastructure.updateCluster(ctx.tx, id, {
    state: 'removed',
    token_secret_sealed: Buffer.alloc(0),
    health: 'unknown',
    health_message: null,
    version: before.version + 1,
  })
  await auditService.record(ctx, {
    action: 'CLUSTER_REMOVED',
    tenantId: null,
    target: { type: 'cluster', id, label: before.name },
    diff: { state: [before.state, 'removed'] },
  })
  return presentCluster({ ...before, state: 'removed', version: before.version + 1 })
}

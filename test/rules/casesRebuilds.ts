import { sql } from 'kysely'
import * as cloudPodDeletionService from '../../src/services/cloudPodDeletionService.ts'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import * as rebuildService from '../../src/services/cloudPodRebuildService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { activePod, good } from './pods.ts'

const PODS = '/api/admin/hosting/cloudpods'

/** A pod whose jobs are over, so that something else may be done to it. */
export async function restingPod(app: TestApp, tenantId: string): Promise<{ id: string; hostname: string }> {
  const { id = '' } = await activePod(app, tenantId, false)
  await rest(app, id)
  const { hostname } = await good(app.admin.get<CloudPod>(`${PODS}/${id}`))
  return { id, hostname }
}

const rest = (app: TestApp, id: string): Promise<unknown> =>
  app.as(({ tx }) =>
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${id}`.execute(
      tx,
    ),
  )

/** A pod with the guest that its rebuild replaced. */
export async function rebuiltIn(app: TestApp, tenantId: string): Promise<{ id: string; body: unknown }> {
  const { id, hostname } = await restingPod(app, tenantId)
  const { job } = await good(app.admin.post<Accepted>(`${PODS}/${id}/rebuild`, { hostname }))
  await app.as(async (ctx) => {
    const { rows } = await sql<{
      rebuildId: string
    }>`select id as "rebuildId" from cloud_pod_rebuilds where pod_id = ${id}`.execute(ctx.tx)
    const payload = { podId: id, tenantId, rebuildId: rows[0]?.rebuildId ?? job.id }
    await rebuildService.exchange(ctx, payload, ['net0'])
    await rebuildService.markExchanged(ctx, payload, 'running')
  })
  await rest(app, id)
  return { id, body: { hostname } }
}

/** A pod that was deleted and can be undeleted. */
export async function recoverableIn(
  app: TestApp,
  tenantId: string,
): Promise<{ id: string; hostname: string }> {
  const made = await restingPod(app, tenantId)
  const window = { 'cloudPods.undeleteHours': 24 }
  await good(app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, window))
  await good(app.admin.call('DELETE', `${PODS}/${made.id}`))
  const kept = { ran: true, autostart: true, cards: ['net0'] }
  await app.as((ctx) => cloudPodDeletionService.markRecoverable(ctx, { tenantId, podId: made.id }, kept))
  await rest(app, made.id)
  return made
}

/** The rows of the route table about rebuilding and undeleting pods. */
export const REBUILD_CASES: Record<string, Case> = {
  previewCloudPodRebuild: restingPod,
  rebuildCloudPod: async (app, tenantId) => {
    const { id, hostname } = await restingPod(app, tenantId)
    return { id, body: { hostname } }
  },
  goBackToKeptGuest: rebuiltIn,
  letGoOfKeptGuest: rebuiltIn,
  undeleteCloudPod: recoverableIn,
  purgeCloudPod: async (app, tenantId) => {
    const { id, hostname } = await recoverableIn(app, tenantId)
    return { id, body: { hostname } }
  },
}

import { sql } from 'kysely'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import type { Accepted } from '../../src/services/cloudPodTemplateService.ts'
import * as cloudPodTemplateService from '../../src/services/cloudPodTemplateService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { restingPod } from './casesRebuilds.ts'
import { good } from './pods.ts'

const PODS = '/api/admin/hosting/cloudpods'

/** A pod that is off, and whose jobs are over. */
async function offPod(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id } = await restingPod(app, tenantId)
  await app.as((ctx) => cloudPodService.markPower(ctx, tenantId, id, 'stopped', 'stop'))
  return { id }
}

/** A blueprint that was made of a pod, as it is once its template was proven. */
export async function templateIn(app: TestApp, tenantId: string): Promise<{ id: string; podId: string }> {
  const { id: podId } = await offPod(app, tenantId)
  const { blueprint } = await good(app.admin.post<Accepted>(`${PODS}/${podId}/template`, { name: 'Own' }))
  const payload = { tenantId, podId, blueprintId: blueprint.id }
  await app.as(async (ctx) => {
    await cloudPodTemplateService.markReady(ctx, payload, ['pve1', 'pve2', 'pve3'])
    await sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now()
      where subject_id = ${podId}`.execute(ctx.tx)
  })
  return { id: blueprint.id, podId }
}

/** The rows of the route table about blueprints that are made of pods. */
export const TEMPLATE_CASES: Record<string, Case> = {
  previewCloudPodTemplate: offPod,
  makeBlueprintOfCloudPod: async (app, tenantId) => ({
    ...(await offPod(app, tenantId)),
    body: { name: 'Own' },
  }),
  removeBlueprintTemplate: async (app, tenantId) => ({ id: (await templateIn(app, tenantId)).id }),
}

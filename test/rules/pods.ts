import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { catalogue } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import type { Made } from './cases.ts'

/** An answer that must be good, or the case is wrong. */
export async function good<T>(answer: Promise<{ status: number; body: T }>): Promise<T> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`the case could not be prepared: ${status} ${JSON.stringify(body)}`)
  return body
}

export async function podIn(app: TestApp, tenantId: string): Promise<{ cloudPod: CloudPod; job: Job }> {
  const { plan, blueprint } = await catalogue(app.admin)
  const body = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: `pod-${newId().slice(-10)}` }
  return good(app.admin.post('/api/admin/hosting/cloudpods', body))
}

/** A pod as it is once its creation was proven; without a worker, so that nothing moves by itself. */
export async function activePod(app: TestApp, tenantId: string, stopped: boolean): Promise<Made> {
  const { cloudPod } = await podIn(app, tenantId)
  await app.as((ctx) => cloudPodService.markActive(ctx, tenantId, cloudPod.id, {}))
  if (stopped) await app.as((ctx) => cloudPodService.markPower(ctx, tenantId, cloudPod.id, 'stopped', 'stop'))
  return { id: cloudPod.id }
}

import type { IntegrationPodAnswer } from '../../shared/api/integrationPods.ts'
import { newId } from '../../src/lib/ids.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { bodyOf, INTEGRATION_PODS } from '../integrations/world.ts'
import type { TestApp } from '../support/app.ts'
import type { Case, Made } from './cases.ts'
import { good } from './pods.ts'

/** Something sold by another system whose pod was proven to run. */
export async function soldIn(app: TestApp, tenantId: string): Promise<Made & { externalKey: string }> {
  const externalKey = `whmcs:shop:${newId()}`
  const query = `?tenantId=${tenantId}`
  const body = await bodyOf(app, '1234')
  const answer = app.admin.call<IntegrationPodAnswer>(
    'PUT',
    `${INTEGRATION_PODS}/${externalKey}${query}`,
    body,
  )
  const { service } = await good(answer)
  await app.as((ctx) => cloudPodService.markActive(ctx, tenantId, service.podId, {}))
  return { externalKey, query }
}

/** What systems that sell pods call. */
export const INTEGRATION_CASES: Record<string, Case> = {
  // One is always there, so that the list shows something of each tenant.
  listIntegrationPods: async (app, tenantId) => {
    await soldIn(app, tenantId)
    return {}
  },
  getIntegrationPod: soldIn,
  putIntegrationPod: async (app, tenantId) => ({
    externalKey: `whmcs:shop:${newId()}`,
    query: `?tenantId=${tenantId}`,
    body: await bodyOf(app, '1234'),
  }),
  suspendIntegrationPod: async (app, tenantId) => ({
    ...(await soldIn(app, tenantId)),
    body: { reason: 'Overdue' },
  }),
  unsuspendIntegrationPod: async (app, tenantId) => {
    const made = await soldIn(app, tenantId)
    await good(app.admin.post(`${INTEGRATION_PODS}/${made.externalKey}/suspend${made.query}`, {}))
    return made
  },
  powerIntegrationPod: async (app, tenantId) => ({
    ...(await soldIn(app, tenantId)),
    body: { action: 'stop' },
  }),
  terminateIntegrationPod: soldIn,
}

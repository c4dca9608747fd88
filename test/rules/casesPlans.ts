import type { ChangePreview } from '../../shared/api/billingChanges.ts'
import type { Plan } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { delivered } from './casesContracts.ts'
import { good } from './pods.ts'

const SUBSCRIPTIONS = '/api/admin/billing/subscriptions'

/** A plan of the tenant's own, as large as the smallest one, so that no pod is resized. */
async function likeSmall(app: TestApp, tenantId: string): Promise<Plan> {
  const code = `plan-${newId().slice(-10)}`
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '700' }]
  const size = { cores: 1, memoryMb: 2048, diskGb: 20 }
  return good(
    app.admin.post<Plan>('/api/admin/billing/plans', { tenantId, code, name: code, ...size, prices }),
  )
}

async function previewed(app: TestApp, tenantId: string, when: 'now' | 'period_end') {
  const id = await delivered(app, tenantId)
  const body = { planId: (await likeSmall(app, tenantId)).id, when }
  const { token } = await good(app.admin.post<ChangePreview>(`${SUBSCRIPTIONS}/${id}/preview`, body))
  return { id, body: { token } }
}

/** A subscription with a planned change. */
export async function plannedIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id, body } = await previewed(app, tenantId, 'period_end')
  await good(app.admin.post(`${SUBSCRIPTIONS}/${id}/change`, body))
  return { id }
}

/** Another plan or price. */
export const PLAN_CASES: Record<string, Case> = {
  previewSubscriptionChange: async (app, tenantId) => ({
    id: await delivered(app, tenantId),
    body: { planId: (await likeSmall(app, tenantId)).id },
  }),
  changeSubscription: (app, tenantId) => previewed(app, tenantId, 'now'),
  cancelSubscriptionChange: plannedIn,
}

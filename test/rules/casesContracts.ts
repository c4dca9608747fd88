import type { DunningPolicy } from '../../shared/api/billingContracts.ts'
import { deliver } from '../billing/world.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const POLICIES = '/api/admin/billing/dunning-policies'

/** A subscription whose pod runs. */
export async function delivered(app: TestApp, tenantId: string): Promise<string> {
  const order = await prepareOrder(app.admin, tenantId)
  const made = await good(app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
  await good(pay(app.admin, made.invoice))
  await app.as((ctx) => deliver(ctx, tenantId, made.subscription.id))
  return made.subscription.id
}

const held = (app: TestApp) => ({
  until: new Date(app.root.now().getTime() + 86_400_000).toISOString(),
  reason: 'He pays tomorrow.',
})

async function policiesOf(app: TestApp, tenantId: string): Promise<DunningPolicy[]> {
  const { items } = await good(app.admin.get<{ items: DunningPolicy[] }>(`${POLICIES}?tenantId=${tenantId}`))
  return items.filter((policy) => policy.tenantId === tenantId)
}

/** A tenant has one at most. */
export async function policyIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const [there] = await policiesOf(app, tenantId)
  return there ?? good(app.admin.post<DunningPolicy>(POLICIES, { tenantId, suspendAfterDays: 30 }))
}

/** How subscriptions go on. */
export const CONTRACT_CASES: Record<string, Case> = {
  uncancelSubscription: async (app, tenantId) => {
    const id = await delivered(app, tenantId)
    await good(app.admin.post(`/api/admin/billing/subscriptions/${id}/cancel`, { when: 'period_end' }))
    return { id }
  },
  holdSubscription: async (app, tenantId) => ({ id: await delivered(app, tenantId), body: held(app) }),
  releaseSubscription: async (app, tenantId) => {
    const id = await delivered(app, tenantId)
    await good(app.admin.post(`/api/admin/billing/subscriptions/${id}/hold`, held(app)))
    return { id, body: { reason: 'He has paid.' } }
  },
  getSubscriptionPausePreview: async (app, tenantId) => ({ id: await delivered(app, tenantId) }),
  pauseSubscription: async (app, tenantId) => ({
    id: await delivered(app, tenantId),
    body: { reason: 'He is away.' },
  }),
  resumeSubscription: async (app, tenantId) => {
    const id = await delivered(app, tenantId)
    await good(app.admin.post(`/api/admin/billing/subscriptions/${id}/pause`, { reason: 'He is away.' }))
    return { id, body: { reason: 'He is back.' } }
  },
  getSubscriptionCalendar: async (app, tenantId) => ({ id: await delivered(app, tenantId) }),
  getSubscriptionTimeline: async (app, tenantId) => ({ id: await delivered(app, tenantId) }),
  // One is always there, so that the list shows something of each tenant.
  listDunningPolicies: async (app, tenantId) => {
    await policyIn(app, tenantId)
    return {}
  },
  createDunningPolicy: async (app, tenantId) => {
    for (const { id } of await policiesOf(app, tenantId)) await app.admin.call('DELETE', `${POLICIES}/${id}`)
    return { body: { tenantId, remindAfterDays: [3], suspendAfterDays: 14 } }
  },
  updateDunningPolicy: async (app, tenantId) => ({
    id: (await policyIn(app, tenantId)).id,
    body: { suspendAfterDays: 20 },
  }),
  removeDunningPolicy: async (app, tenantId) => ({ id: (await policyIn(app, tenantId)).id }),
}

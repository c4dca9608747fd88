import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { zoneCaseIn } from './casesDns.ts'
import { good, podIn } from './pods.ts'

const target = async (app: TestApp, tenantId: string) => ({
  podId: (await podIn(app, tenantId)).cloudPod.id,
  hosts: ['@'],
  certificate: false,
})

/** A domain that leads to a pod. */
export const connectionIn: Case = async (app, tenantId) => {
  const { id } = await zoneCaseIn(app, tenantId)
  await good(app.admin.post(`/api/admin/domains/${id}/connect`, await target(app, tenantId)))
  return { id }
}

/** The rows of the route table about domains that lead to pods. */
export const CONNECTION_CASES: Record<string, Case> = {
  getDomainConnection: connectionIn,
  disconnectDomain: connectionIn,
  connectDomain: async (app, tenantId) => {
    const { id } = await zoneCaseIn(app, tenantId)
    return { id, body: await target(app, tenantId) }
  },
}

import type { SecurityGroup } from '../../shared/api/cloudPodFirewall.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { quietPod } from './casesMigrations.ts'
import { good } from './pods.ts'

const GROUPS = '/api/admin/hosting/security-groups'
const group = (tenantId: string) => ({
  tenantId,
  name: `group ${newId()}`,
  rules: [{ direction: 'in', action: 'accept', protocol: 'tcp', ports: '443' }],
})

export const groupIn = (app: TestApp, tenantId: string): Promise<SecurityGroup> =>
  good(app.admin.post<SecurityGroup>(GROUPS, group(tenantId)))

/** A pod under a group. */
export async function firewallIn(app: TestApp, tenantId: string): Promise<{ id: string; body: object }> {
  const { id } = await quietPod(app, tenantId)
  const body = { groupIds: [(await groupIn(app, tenantId)).id] }
  await good(app.admin.call('PATCH', `/api/admin/hosting/cloudpods/${id}/firewall`, body))
  return { id, body }
}

const one: Case = async (app, tenantId) => ({ id: (await groupIn(app, tenantId)).id })

/** The rows of the route table about firewalls. */
export const FIREWALL_CASES: Record<string, Case> = {
  listSecurityGroups: async () => ({}),
  createSecurityGroup: async (_, tenantId) => ({ body: group(tenantId) }),
  getSecurityGroup: one,
  updateSecurityGroup: async (app, tenantId) => ({
    ...(await one(app, tenantId)),
    body: { description: 'changed' },
  }),
  deleteSecurityGroup: one,
  getCloudPodFirewall: quietPod,
  setCloudPodFirewall: async (app, tenantId) => ({
    ...(await quietPod(app, tenantId)),
    body: { groupIds: [(await groupIn(app, tenantId)).id] },
  }),
}

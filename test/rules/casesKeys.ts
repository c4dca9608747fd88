import type { ApiKey, MadeApiKey, ServiceAccount } from '../../shared/api/apiKeys.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { keyOf, person, roleId, session } from '../users/people.ts'
import { actingAs, operator } from '../users/operators.ts'
import type { Case } from './cases.ts'

async function good<T>(answer: Promise<{ status: number; body: T }>): Promise<T> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`the case could not be prepared: ${status} ${JSON.stringify(body)}`)
  return body
}

const limits = { name: 'backup', scopes: ['cloudpods:read'] }

/** Somebody with a key of his own. */
async function ownKey(app: TestApp): Promise<{ caller: Api; id: string }> {
  const caller = (await session(app, (await person(app, 'SUPPORT')).email)).api
  const { id } = await good(caller.post<MadeApiKey>('/api/auth/api-keys', limits))
  return { caller, id }
}

export async function serviceAccountIn(app: TestApp, tenantId: string): Promise<ServiceAccount> {
  const body = { tenantId, name: 'Backup', roleId: await roleId(app, 'TENANT_ADMIN') }
  return good(app.admin.post<ServiceAccount>('/api/admin/users/service-accounts', body))
}

export async function serviceKeyIn(app: TestApp, tenantId: string): Promise<ApiKey> {
  const { id } = await serviceAccountIn(app, tenantId)
  return good(app.admin.post<MadeApiKey>(`/api/admin/users/service-accounts/${id}/api-keys`, limits))
}

const list: Case = async () => ({})
const reason = 'The customer asked about an order'

export const KEY_CASES: Record<string, Case> = {
  listOwnApiKeys: list,
  createOwnApiKey: async () => ({ body: limits }),
  renameOwnApiKey: async (app) => ({ ...(await ownKey(app)), body: { name: newId() } }),
  rotateOwnApiKey: async (app) => ({ ...(await ownKey(app)), body: {} }),
  revokeOwnApiKey: async (app) => ownKey(app),
  listApiKeys: list,
  revokeApiKey: async (app, tenantId) => ({
    id: (await keyOf(app, 'admin@example.com', { tenantId })).id,
  }),
  rotateApiKey: async (app, tenantId) => ({ id: (await serviceKeyIn(app, tenantId)).id, body: {} }),
  listServiceAccounts: list,
  createServiceAccount: async (app, tenantId) => ({
    body: { tenantId, name: 'Backup', roleId: await roleId(app, 'TENANT_ADMIN') },
  }),
  getServiceAccount: async (app, tenantId) => ({ id: (await serviceAccountIn(app, tenantId)).id }),
  updateServiceAccount: async (app, tenantId) => ({
    id: (await serviceAccountIn(app, tenantId)).id,
    body: { description: newId() },
  }),
  deleteServiceAccount: async (app, tenantId) => ({ id: (await serviceAccountIn(app, tenantId)).id }),
  createServiceApiKey: async (app, tenantId) => ({
    id: (await serviceAccountIn(app, tenantId)).id,
    body: limits,
  }),
  startImpersonation: async (app, tenantId) => ({
    id: (await person(app, 'TENANT_USER', tenantId)).id,
    caller: (await operator(app)).api,
    body: { reason },
  }),
  startViewAs: async (app, tenantId) => ({
    id: (await person(app, 'TENANT_USER', tenantId)).id,
    caller: (await operator(app)).api,
    body: { reason },
  }),
  stopImpersonation: async (app, tenantId) => ({
    caller: (await actingAs(app, (await person(app, 'TENANT_USER', tenantId)).id)).api,
  }),
  listImpersonations: list,
}

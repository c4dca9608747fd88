import type { TenantExportList } from '../../shared/api/tenantExports.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'

/** One white pixel. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII='

const nameOf = async (app: TestApp, tenantId: string): Promise<string> => {
  const { body } = await app.admin.get<{ name: string }>(`/api/admin/tenants/${tenantId}`)
  return body.name
}

/** A tenant of its own: the callers of the other cases would be refused in one that is being closed. */
async function closing(app: TestApp): Promise<string> {
  const id = await app.tenant()
  const answer = await app.admin.post(`/api/admin/tenants/${id}/close`, {
    name: await nameOf(app, id),
    reason: 'the contract has ended',
  })
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
  return id
}

/** Exports and closings. */
export const TENANT_CASES: Record<string, Case> = {
  getTenantExports: async (_, tenantId) => ({ id: tenantId }),
  startTenantExport: async (_, tenantId) => ({ id: tenantId, body: {} }),
  downloadTenantExport: async (app, tenantId) => {
    const { body } = await app.admin.post<TenantExportList>(`/api/admin/tenants/${tenantId}/export`, {})
    return { id: body.items[0]?.id }
  },
  getTenantLogo: async (_, tenantId) => ({ id: tenantId }),
  uploadTenantLogo: async (_, tenantId) => ({ id: tenantId, body: { data: PNG } }),
  removeTenantLogo: async (_, tenantId) => ({ id: tenantId }),
  getLogo: async (_, tenantId) => ({ id: tenantId }),
  getTenantClosure: async (_, tenantId) => ({ id: tenantId }),
  closeTenant: async (app) => {
    const id = await app.tenant()
    return { id, body: { name: await nameOf(app, id), reason: 'the contract has ended' } }
  },
  cancelTenantClosure: async (app) => ({ id: await closing(app), body: {} }),
  getTenantClosureProof: async (_, tenantId) => ({ id: tenantId }),
}

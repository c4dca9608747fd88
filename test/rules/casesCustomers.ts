import type { MergePreview } from '../../shared/api/customerMerge.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'

const made = async (app: TestApp, tenantId: string): Promise<Customer> =>
  (
    await app.admin.post<Customer>('/api/admin/customers', {
      tenantId,
      name: 'Ada',
      email: 'ada@example.com',
    })
  ).body

async function closed(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id } = await made(app, tenantId)
  const { status } = await app.admin.post(`/api/admin/customers/${id}/close`, {})
  if (status !== 200) throw new Error('the customer could not be closed')
  return { id }
}

const pair = async (app: TestApp, tenantId: string) =>
  [await made(app, tenantId), await made(app, tenantId)] as const

/** The rows of the route table about how customers come together, end, and leave or enter as files. */
export const CUSTOMER_CASES: Record<string, Case> = {
  previewCustomerMerge: async (app, tenantId) => {
    const [into, from] = await pair(app, tenantId)
    return { id: into.id, query: `?from=${from.id}` }
  },
  mergeCustomer: async (app, tenantId) => {
    const [into, from] = await pair(app, tenantId)
    const path = `/api/admin/customers/${into.id}/merge?from=${from.id}`
    const { token } = (await app.admin.get<MergePreview>(path)).body
    return { id: into.id, body: { from: from.id, token } }
  },
  closeCustomer: async (app, tenantId) => ({ id: (await made(app, tenantId)).id, body: {} }),
  reopenCustomer: async (app, tenantId) => ({ ...(await closed(app, tenantId)), body: {} }),
  eraseCustomer: async (app, tenantId) => ({
    ...(await closed(app, tenantId)),
    body: { reason: 'asked for by the customer' },
  }),
  exportCustomers: async (_, tenantId) => ({ query: `?tenantId=${tenantId}` }),
  importCustomers: async (_, tenantId) => ({
    body: { tenantId, csv: `name,email\nAda,ada-${newId()}@example.com`, dryRun: false },
  }),
  getCustomerImportTemplate: async (_, tenantId) => ({ id: tenantId }),
  exportCustomerData: async (app, tenantId) => ({ id: (await made(app, tenantId)).id }),
}

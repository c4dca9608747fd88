import type { Domain } from '../../shared/api/domains.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const PATH = '/api/admin/domains'
const claim = (tenantId: string) => ({ tenantId, name: `d${newId().slice(-12)}.example.com` })

/** A domain that nothing proves so far. */
export const claimedIn = (app: TestApp, tenantId: string): Promise<Domain> =>
  good(app.admin.post<Domain>(PATH, claim(tenantId)))

/** A domain that is known to be the tenant's. */
export async function domainIn(app: TestApp, tenantId: string, name?: string): Promise<Domain> {
  const { id } =
    name === undefined
      ? await claimedIn(app, tenantId)
      : await good(app.admin.post<Domain>(PATH, { tenantId, name }))
  return good(app.admin.post<Domain>(`${PATH}/${id}/trust`, { reason: 'Known from before' }))
}

const claimed: Case = async (app, tenantId) => ({ id: (await claimedIn(app, tenantId)).id })

/** The rows of the route table about domains themselves. */
export const DOMAIN_CASES: Record<string, Case> = {
  listDomains: async () => ({}),
  createDomain: async (_, tenantId) => ({ body: claim(tenantId) }),
  getDomain: claimed,
  updateDomain: async (app, tenantId) => {
    const { id } = await claimedIn(app, tenantId)
    const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
    const { id: customerId } = await good(app.admin.post<{ id: string }>('/api/admin/customers', customer))
    return { id, body: { customerId } }
  },
  deleteDomain: claimed,
  verifyDomain: claimed,
  trustDomain: async (app, tenantId) => ({
    ...(await claimed(app, tenantId)),
    body: { reason: 'Known from before' },
  }),
}

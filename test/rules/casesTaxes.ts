import type { TaxEvidence, TaxRule } from '../../shared/api/billingTaxes.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const RULES = '/api/admin/billing/tax-rules'
const SELLER = {
  legalName: 'Example Hosting S.r.l.',
  address: { line1: 'Via Roma 1', city: 'Torino' },
  country: 'IT',
}
const evidence = { kind: 'exemption', reason: 'A museum.', validFrom: '2020-01-01' }
/** No customer of these tests is there, so that amounts stay what they are. */
const rule = (tenantId: string) => ({
  tenantId,
  destination: 'US',
  region: newId(),
  category: 'S',
  ratePpm: 88_750,
  validFrom: '2020-01-01',
})

const customerIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  good(app.admin.post('/api/admin/customers', { tenantId, name: 'Ada', email: 'ada@example.com' }))
const ruleIn = async (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  good(app.admin.post<TaxRule>(RULES, rule(tenantId)))

async function evidenceIn(app: TestApp, tenantId: string): Promise<{ id: string; customerId: string }> {
  const { id } = await customerIn(app, tenantId)
  return good(app.admin.post<TaxEvidence>(`/api/admin/customers/${id}/tax-evidence`, evidence))
}

/** A seller, a rule and an exemption. */
export async function taxedIn(app: TestApp, tenantId: string): Promise<void> {
  await good(app.admin.call('PUT', `/api/admin/tenants/${tenantId}/tax-seller`, SELLER))
  await ruleIn(app, tenantId)
  await evidenceIn(app, tenantId)
}

export const TAX_CASES: Record<string, Case> = {
  getTaxSeller: (_, tenantId) => Promise.resolve({ id: tenantId }),
  setTaxSeller: (_, tenantId) => Promise.resolve({ id: tenantId, body: SELLER }),
  listTaxRules: async (app, tenantId) => {
    await ruleIn(app, tenantId)
    return {}
  },
  createTaxRule: (_, tenantId) => Promise.resolve({ body: rule(tenantId) }),
  updateTaxRule: async (app, tenantId) => ({
    id: (await ruleIn(app, tenantId)).id,
    body: { ratePpm: 90_000 },
  }),
  removeTaxRule: async (app, tenantId) => ({ id: (await ruleIn(app, tenantId)).id }),
  getCustomerTax: async (app, tenantId) => ({ id: (await customerIn(app, tenantId)).id }),
  listTaxEvidence: async (app, tenantId) => ({ id: (await evidenceIn(app, tenantId)).customerId }),
  recordTaxEvidence: async (app, tenantId) => ({
    id: (await customerIn(app, tenantId)).id,
    body: evidence,
  }),
  endTaxEvidence: async (app, tenantId) => ({ id: (await evidenceIn(app, tenantId)).id }),
}

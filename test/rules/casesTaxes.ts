import { sql } from 'kysely'
import type { TaxEvidence, TaxRule } from '../../shared/api/billingTaxes.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder, type Ordered } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import type { Case } from './cases.ts'
import { delivered } from './casesContracts.ts'
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

const VAT_ID = { type: 'vat', country: 'IT', value: 'IT00743110157' }
async function withVatIdIn(app: TestApp, tenantId: string): Promise<string> {
  const who = { tenantId, name: 'Ada', email: 'ada@example.com', taxIds: [VAT_ID] }
  return (await good(app.admin.post<{ id: string }>('/api/admin/customers', who))).id
}

/** A seller, a rule, an exemption, and a customer with a VAT id. */
export async function taxedIn(app: TestApp, tenantId: string): Promise<void> {
  await good(app.admin.call('PUT', `/api/admin/tenants/${tenantId}/tax-seller`, SELLER))
  await ruleIn(app, tenantId)
  await evidenceIn(app, tenantId)
  await withVatIdIn(app, tenantId)
}

/** An open invoice of a contract that runs. */
async function owedIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const subscriptionId = await delivered(app, tenantId)
  const [row] = await rowsOf(
    app,
    sql<{ id: string }>`update invoices set status = 'open', paid_minor = 0
      where subscription_id = ${subscriptionId} returning id`,
  )
  if (!row) throw new Error('the contract has no invoice')
  return row
}
const days = '?from=2020-01-01&to=2099-12-31'

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
  getTaxEvidence: async (app, tenantId) => ({ id: (await evidenceIn(app, tenantId)).customerId }),
  recordTaxEvidence: async (app, tenantId) => ({
    id: (await customerIn(app, tenantId)).id,
    body: evidence,
  }),
  checkCustomerTaxId: async (app, tenantId) => {
    app.root.settings.checksTaxIds = true
    return { id: await withVatIdIn(app, tenantId), body: { taxId: VAT_ID.value } }
  },
  getInvoiceDocument: async (app, tenantId) => ({ id: (await owedIn(app, tenantId)).id }),
  getInvoicePdf: async (app, tenantId) => ({ id: (await owedIn(app, tenantId)).id }),
  getInvoiceXml: async (app, tenantId) => {
    await good(
      app.admin.call('PUT', `/api/admin/tenants/${tenantId}/tax-seller`, {
        ...SELLER,
        taxId: 'IT00743110157',
      }),
    )
    await ruleIn(app, tenantId)
    const { id: customerId } = await customerIn(app, tenantId)
    await good(app.admin.call('PATCH', `/api/admin/customers/${customerId}`, { country: 'CH' }))
    const order = await prepareOrder(app.admin, tenantId)
    const made = await good(
      app.admin.post<Ordered>('/api/admin/billing/subscriptions', { ...order, customerId }),
    )
    return { id: made.invoice.id }
  },
  writeOffInvoice: async (app, tenantId) => ({
    id: (await owedIn(app, tenantId)).id,
    body: { reason: 'He cannot be found.' },
  }),
  grantCustomerCredit: async (app, tenantId) => ({
    id: (await customerIn(app, tenantId)).id,
    body: { amountMinor: '100', currency: 'EUR', reason: 'An outage.' },
  }),
  getCustomerStatement: async (app, tenantId) => ({ id: (await customerIn(app, tenantId)).id, query: days }),
  getBillingReport: () => Promise.resolve({ query: days }),
  endTaxEvidence: async (app, tenantId) => ({ id: (await evidenceIn(app, tenantId)).id }),
}

import { sql } from 'kysely'
import type { BillingProvider } from '../../shared/api/billingPayments.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const PROVIDERS = '/api/admin/billing/providers'
const whmcs = { kind: 'whmcs', url: 'https://my.example.com', identifier: 'mpanel', secret: 'secret' }

/** A tenant has one at most: whoever was before is taken out. */
async function whmcsIn(app: TestApp, tenantId: string): Promise<string> {
  const { items } = await good(
    app.admin.get<{ items: BillingProvider[] }>(`${PROVIDERS}?tenantId=${tenantId}`),
  )
  for (const { id, tenantId: its } of items)
    if (its === tenantId) await app.admin.call('DELETE', `${PROVIDERS}/${id}`)
  return (await good(app.admin.post<BillingProvider>(PROVIDERS, { ...whmcs, tenantId }))).id
}

/** What a WHMCS has told, which is no longer used by the tenant. */
export async function recordsIn(app: TestApp, tenantId: string): Promise<void> {
  const providerId = newId()
  const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
  const { id: customerId } = await good(app.admin.post<{ id: string }>('/api/admin/customers', customer))
  await rowsOf(
    app,
    sql`insert into billing_providers (id, tenant_id, kind, url, live, key_sealed, created_at, updated_at, retired_at)
      values (${providerId}, ${tenantId}, 'whmcs', 'https://old.example.com', true, '', now(), now(), now())`,
  )
  await rowsOf(
    app,
    sql`insert into billing_record_runs (id, tenant_id, provider_id, mode, state, look, problem, created_at, ended_at)
      values (${newId()}, ${tenantId}, ${providerId}, 'check', 'failed', 0, 'it was gone', now(), now())`,
  )
  await rowsOf(
    app,
    sql`insert into billing_record_services (id, tenant_id, provider_id, customer_id, external_id, product, name, status,
        currency, recurring_minor, cycle, look, created_at)
      values (${newId()}, ${tenantId}, ${providerId}, ${customerId}, '1', 'Cloud S', '', 'active', 'EUR', 1295, 'Monthly', 0, now())`,
  )
  await rowsOf(
    app,
    sql`insert into billing_record_invoices (id, tenant_id, provider_id, customer_id, external_id, number, status, currency,
        subtotal_minor, tax_minor, credit_minor, total_minor, paid_minor, lines, payments, look, created_at)
      values (${newId()}, ${tenantId}, ${providerId}, ${customerId}, 'a/1', '1', 'open', 'EUR', 1295, 0, 0, 1295, 0, '[]', '[]',
        0, now())`,
  )
}

const listed = async (app: TestApp, tenantId: string) => {
  await recordsIn(app, tenantId)
  return {}
}

/** The books of a provider that keeps its own. */
export const RECORD_CASES: Record<string, Case> = {
  startBillingRecordRun: async (app, tenantId) => ({
    id: await whmcsIn(app, tenantId),
    body: { mode: 'check' },
  }),
  listBillingRecordRuns: listed,
  listBillingRecordInvoices: listed,
  listBillingRecordServices: listed,
  receiveWhmcsHook: async () => ({ body: {} }),
}

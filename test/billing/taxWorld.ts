import type { TaxSeller } from '../../shared/api/billingTaxes.ts'
import type { TestApp } from '../support/app.ts'
import type { Shop } from './world.ts'

const RULES = '/api/admin/billing/tax-rules'

/** Lets a shop sell from Italy, with the standard rate at home and reverse charge in the rest of the union. */
export async function taxed(
  app: TestApp,
  { tenantId, customerId }: Shop,
  pricesIncludeTax = false,
): Promise<void> {
  await sells(app, tenantId, { pricesIncludeTax })
  const from = { tenantId, validFrom: '2020-01-01' }
  const rules = [
    { ...from, destination: 'IT', category: 'S', ratePpm: 220_000 },
    {
      ...from,
      destination: 'EU',
      customerKind: 'company',
      needsValidTaxId: true,
      category: 'AE',
      reason: 'Reverse charge, article 196 of directive 2006/112/EC',
    },
  ]
  for (const rule of rules) await made(app.admin.post(RULES, rule))
  await made(app.admin.call('PATCH', `/api/admin/customers/${customerId}`, { country: 'IT' }))
}

export const sells = (app: TestApp, tenantId: string, more: object = {}): Promise<TaxSeller> =>
  made(
    app.admin.call<TaxSeller>('PUT', `/api/admin/tenants/${tenantId}/tax-seller`, {
      legalName: 'Example Hosting S.r.l.',
      address: { line1: 'Via Roma 1', city: 'Torino', postalCode: '10121' },
      country: 'IT',
      taxId: 'IT00743110157',
      ...more,
    }),
  )

export async function made<T>(answer: Promise<{ status: number; body: T }>): Promise<T> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

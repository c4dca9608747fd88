import type { TaxIdCheck } from '../../../shared/api/billingTaxes.ts'
import type { Ctx } from '../../context.ts'
import * as checks from '../../db/billingTaxChecks.ts'
import type { CheckRow } from '../../db/billingTaxChecks.ts'
import { UNION } from './taxRules.ts'

/** How the numbers of the members begin: Greece has its own letters, and Northern Ireland is asked after like a member. */
export const PREFIXES: readonly string[] = [...UNION]
  .map((code) => (code === 'GR' ? 'EL' : code))
  .concat('XI')
/** Whether VIES knows numbers like this one. */
export const isAsked = (taxId: string): boolean => PREFIXES.includes(taxId.slice(0, 2))

const present = (row: CheckRow): TaxIdCheck => ({
  taxId: row.tax_id,
  result: row.result,
  problem: row.problem,
  traderName: row.trader_name,
  reference: row.reference,
  askedAt: row.asked_at?.toISOString() ?? null,
})

/** How the last checks of a customer's VAT numbers went, of those that can be checked. */
export async function checksOf(ctx: Ctx, tenantId: string, customerId: string): Promise<TaxIdCheck[]> {
  if (!ctx.settings.checksTaxIds) return []
  const rows = await checks.ofCustomer(ctx.tx, tenantId, customerId)
  return rows.filter((row) => isAsked(row.tax_id)).map(present)
}

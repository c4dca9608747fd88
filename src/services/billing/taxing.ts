import type { Customer } from '../../../shared/api/customers.ts'
import type { Ctx } from '../../context.ts'
import type { LineRow } from '../../db/billingInvoices.ts'
import * as taxes from '../../db/billingTaxes.ts'
import type { RuleRow, SellerRow } from '../../db/billingTaxes.ts'
import {
  decideTax,
  validTaxId,
  type TaxBuyer,
  type TaxDecision,
  type TaxRule,
  type TaxSeller,
  type Treatment,
} from './taxRules.ts'

/** What of a customer decides about tax, and stands on his invoices. */
export type TaxedCustomer = {
  id: string
  kind: 'person' | 'company'
  country: string | null
  addresses: unknown
  tax_ids: unknown
}

/** How a customer is taxed on a day, with what his invoice says of both parties. */
export type Taxation = TaxDecision & { seller: object; buyer: object }

const sellerOf = (row: SellerRow): TaxSeller => ({
  country: row.country,
  registeredCountries: row.registered_countries,
  pricesIncludeTax: row.prices_include_tax,
  evidenceDays: row.evidence_days,
})

const ruleOf = (row: RuleRow): TaxRule => ({
  tenantId: row.tenant_id,
  sellerCountry: row.seller_country,
  destination: row.destination,
  region: row.region,
  customerKind: row.customer_kind,
  needsValidTaxId: row.needs_valid_tax_id,
  category: row.category,
  ratePpm: row.rate_ppm,
  reason: row.reason,
  from: row.valid_from,
  to: row.valid_to,
})

const addressOf = ({ addresses }: TaxedCustomer) =>
  (addresses as Customer['addresses']).find(({ kind }) => kind === 'billing')

/** Decides how what is sold to a customer on a day is taxed. */
export async function taxationOf(
  ctx: Ctx,
  tenantId: string,
  customer: TaxedCustomer,
  date: string,
): Promise<Taxation> {
  const row = await taxes.seller(ctx.tx, tenantId)
  const buyer = await buyerOf(ctx, tenantId, customer)
  const seller = row === undefined ? null : sellerOf(row)
  const rules = row === undefined ? [] : await taxes.rulesOn(ctx.tx, tenantId, date)
  const decision = decideTax(seller, buyer, rules.map(ruleOf), date)
  const address = addressOf(customer)
  const [first] = buyer.taxIds
  const valid = seller && validTaxId(buyer, seller, date)
  return {
    ...decision,
    seller: row
      ? { name: row.legal_name, address: row.address, country: row.country, taxId: row.tax_id }
      : {},
    buyer: {
      kind: customer.kind,
      ...(address && { address }),
      ...(first !== undefined && { taxId: valid ?? first }),
    },
  }
}

async function buyerOf(ctx: Ctx, tenantId: string, customer: TaxedCustomer): Promise<TaxBuyer> {
  const evidence = await taxes.evidenceOf(ctx.tx, tenantId, customer.id)
  const address = addressOf(customer)
  const ids = customer.tax_ids as Customer['taxIds']
  return {
    kind: customer.kind,
    country: address?.country ?? customer.country,
    region: address?.region ?? '',
    taxIds: ids.filter(({ type }) => type === 'vat').map(({ value }) => value),
    checks: evidence.flatMap((row) =>
      row.tax_id === null
        ? []
        : [{ taxId: row.tax_id, isValid: row.is_valid === true, checkedOn: row.valid_from }],
    ),
    exemptions: evidence.flatMap((row) =>
      row.reason === null ? [] : [{ reason: row.reason, from: row.valid_from, to: row.valid_to }],
    ),
  }
}

/** How a line that was issued is taxed; what is credited of it is taxed alike. */
export const treatmentOf = (
  line: Pick<LineRow, 'tax_category' | 'tax_ppm' | 'tax_included' | 'tax_reason'>,
): Treatment | null =>
  line.tax_category === null
    ? null
    : {
        category: line.tax_category,
        ratePpm: line.tax_ppm,
        included: line.tax_included,
        reason: line.tax_reason,
      }

import type { z } from 'zod'
import type {
  TaxRule,
  taxRuleCreate,
  taxRuleUpdate,
  TaxSeller,
  taxSellerUpdate,
} from '../../../shared/api/billingTaxes.ts'
import type { Ctx } from '../../context.ts'
import * as taxes from '../../db/billingTaxes.ts'
import type { RuleView, SellerRow } from '../../db/billingTaxes.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'

type Details = NonNullable<TaxSeller['details']>

const detailsOf = (row: SellerRow): Details => ({
  legalName: row.legal_name,
  address: row.address as Details['address'],
  country: row.country,
  taxId: row.tax_id,
  registeredCountries: row.registered_countries,
  pricesIncludeTax: row.prices_include_tax,
  evidenceDays: row.evidence_days,
})

/** Who sells, as it stands on invoices. */
export async function getSeller(ctx: Ctx, tenantId: string): Promise<TaxSeller> {
  const row = await taxes.seller(ctx.tx, tenantId)
  return { tenantId, details: row ? detailsOf(row) : null, version: row?.version ?? 0 }
}

/** Says who sells; from now on the tenant's invoices are taxed by the rules. @throws AppError precondition_failed */
export async function setSeller(
  ctx: Ctx,
  tenantId: string,
  details: z.infer<typeof taxSellerUpdate>,
  version: number | undefined,
): Promise<TaxSeller> {
  const before = await taxes.lockSeller(ctx.tx, tenantId)
  requireVersion(before?.version ?? 0, version)
  const columns = {
    legal_name: details.legalName,
    address: JSON.stringify(details.address),
    country: details.country,
    tax_id: details.taxId,
    registered_countries: [...new Set(details.registeredCountries)].toSorted(),
    prices_include_tax: details.pricesIncludeTax,
    evidence_days: details.evidenceDays,
    updated_at: ctx.now(),
  }
  if (before) await taxes.updateSeller(ctx.tx, tenantId, columns)
  else await taxes.insertSeller(ctx.tx, { ...columns, tenant_id: tenantId, created_at: ctx.now() })
  const after = await getSeller(ctx, tenantId)
  await auditService.record(ctx, {
    action: 'TAX_SELLER_UPDATED',
    tenantId,
    target: { type: 'tenant', id: tenantId, label: details.legalName },
    diff: auditService.diffOf<Record<string, unknown>>(before ? detailsOf(before) : {}, after.details ?? {}),
  })
  return after
}

const present = (row: RuleView): TaxRule => ({
  id: row.id,
  tenantId: row.tenant_id,
  tenantName: row.tenant_name,
  sellerCountry: row.seller_country,
  destination: row.destination,
  region: row.region,
  customerKind: row.customer_kind,
  needsValidTaxId: row.needs_valid_tax_id,
  category: row.category,
  ratePpm: row.rate_ppm,
  reason: row.reason,
  validFrom: row.valid_from,
  validTo: row.valid_to,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export async function listRules(ctx: Ctx, options: ListOptions) {
  const page = await taxes.listRules(ctx.tx, ctx.scope, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

type Said = Pick<TaxRule, 'category' | 'ratePpm' | 'reason' | 'validFrom' | 'validTo'>

/** @throws AppError invalid_input naming the field */
function checked<T extends Said>(rule: T): T {
  const wrong = (path: keyof Said, message: string) =>
    new AppError('invalid_input', message, { errors: [{ path, message }] })
  const { category, ratePpm, reason, validFrom, validTo } = rule
  if ((category === 'S') !== ratePpm > 0)
    throw wrong('ratePpm', 'The standard category has a rate above zero, and all others have none.')
  if (category !== 'S' && category !== 'Z' && reason === '')
    throw wrong('reason', 'Say why no tax is charged: it stands on the invoice.')
  if (validTo !== null && validTo < validFrom) throw wrong('validTo', 'The last day is before the first one.')
  return rule
}

const overlaps = (error: unknown): never => {
  if (violatedConstraint(error) !== 'tax_rules_once') throw error
  throw new AppError(
    'already_exists',
    'There is a rule for the same place, customers and days already: end that one first.',
  )
}

async function emit(
  ctx: Ctx,
  rule: { id: string; tenant_id: string | null; destination: string },
  action: string,
  diff?: Record<string, [unknown, unknown]>,
): Promise<void> {
  await auditService.record(ctx, {
    action,
    tenantId: rule.tenant_id,
    target: { type: 'taxRule', id: rule.id, label: rule.destination },
    ...(diff && { diff }),
  })
}

const SAID = ['category', 'ratePpm', 'reason', 'validFrom', 'validTo'] as const

/** Adds a rule; invoices that are issued from now on follow it. @throws AppError invalid_input, already_exists */
export async function createRule(ctx: Ctx, body: z.infer<typeof taxRuleCreate>): Promise<TaxRule> {
  const rule = checked(body)
  const id = newId()
  const now = ctx.now()
  await taxes
    .insertRule(ctx.tx, {
      id,
      tenant_id: rule.tenantId,
      seller_country: rule.sellerCountry,
      destination: rule.destination,
      region: rule.region,
      customer_kind: rule.customerKind,
      needs_valid_tax_id: rule.needsValidTaxId,
      category: rule.category,
      rate_ppm: rule.ratePpm,
      reason: rule.reason,
      valid_from: rule.validFrom,
      valid_to: rule.validTo,
      created_at: now,
      updated_at: now,
    })
    .catch(overlaps)
  const row = await taxes.findRule(ctx.tx, id)
  await emit(ctx, row, 'TAX_RULE_CREATED', auditService.diffOf<Record<string, unknown>>({}, rule))
  return present(row)
}

/** Changes what is named; what was issued stays as it was. @throws AppError not_found, precondition_failed, invalid_input, already_exists */
export async function updateRule(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof taxRuleUpdate>,
  version: number | undefined,
): Promise<TaxRule> {
  const row = await taxes.lockRule(ctx.tx, id)
  if (!row) throw notFound('tax rule')
  requireVersion(row.version, version)
  const before = present(await taxes.findRule(ctx.tx, id))
  const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const rule = checked({ ...before, ...(named as Partial<Said>) })
  await taxes
    .updateRule(ctx.tx, id, {
      category: rule.category,
      rate_ppm: rule.ratePpm,
      reason: rule.reason,
      valid_from: rule.validFrom,
      valid_to: rule.validTo,
      updated_at: ctx.now(),
    })
    .catch(overlaps)
  const changed = SAID.filter((key) => before[key] !== rule[key])
  await emit(
    ctx,
    row,
    'TAX_RULE_UPDATED',
    Object.fromEntries(changed.map((key) => [key, [before[key], rule[key]]])),
  )
  return present(await taxes.findRule(ctx.tx, id))
}

/** What was issued by it stays as it was. @throws AppError not_found */
export async function removeRule(ctx: Ctx, id: string): Promise<void> {
  const row = await taxes.lockRule(ctx.tx, id)
  if (!row) throw notFound('tax rule')
  await taxes.removeRule(ctx.tx, id)
  await emit(ctx, row, 'TAX_RULE_REMOVED')
}

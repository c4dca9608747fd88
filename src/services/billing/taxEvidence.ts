import type { z } from 'zod'
import type { CustomerTax, TaxEvidence, taxEvidenceCreate } from '../../../shared/api/billingTaxes.ts'
import type { Customer } from '../../../shared/api/customers.ts'
import type { Ctx } from '../../context.ts'
import * as taxes from '../../db/billingTaxes.ts'
import type { EvidenceRow } from '../../db/billingTaxes.ts'
import * as customers from '../../db/customers.ts'
import type { ListOptions } from '../../db/list.ts'
import * as tenants from '../../db/tenants.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { localDate } from '../../lib/period.ts'
import * as auditService from '../auditService.ts'
import { checksOf } from './taxIdsAsked.ts'
import { taxationOf } from './taxing.ts'
import { sumOf, taxLines } from './taxRules.ts'

const present = (row: EvidenceRow): TaxEvidence => ({
  id: row.id,
  customerId: row.customer_id,
  kind: row.kind,
  taxId: row.tax_id,
  isValid: row.is_valid,
  method: row.method,
  reference: row.reference,
  reason: row.reason,
  validFrom: row.valid_from,
  validTo: row.valid_to,
  by: (row.recorded_by as { label?: string }).label ?? '',
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
})

export async function listEvidence(ctx: Ctx, tenantId: string, customerId: string, options: ListOptions) {
  const page = await taxes.listEvidence(ctx.tx, tenantId, customerId, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
async function customerOf(ctx: Ctx, tenantId: string, id: string) {
  const customer = await customers.find(ctx.tx, tenantId, id)
  if (!customer) throw notFound('customer')
  return customer
}

/** How the customer is taxed today, why, and what that makes of an amount. @throws AppError not_found */
export async function customerTax(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  { amountMinor }: { amountMinor: string },
): Promise<CustomerTax> {
  const customer = await customerOf(ctx, tenantId, customerId)
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  const { treatment, why } = await taxationOf(
    ctx,
    tenantId,
    customer,
    localDate(ctx.now(), tenant.billing_tz),
  )
  const sum = sumOf(taxLines([{ minor: BigInt(amountMinor), tax: treatment }]))
  return {
    category: treatment?.category ?? null,
    ratePpm: treatment?.ratePpm ?? 0,
    included: treatment?.included ?? false,
    why,
    netMinor: String(sum.netMinor),
    taxMinor: String(sum.taxMinor),
    grossMinor: String(sum.grossMinor),
    checks: await checksOf(ctx, tenantId, customerId),
  }
}

const wrong = (path: string, message: string) =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** Writes down what was found out about a customer: invoices from now on follow it. @throws AppError not_found, invalid_input */
export async function recordEvidence(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  body: z.infer<typeof taxEvidenceCreate>,
): Promise<TaxEvidence> {
  const customer = await customerOf(ctx, tenantId, customerId)
  if (body.kind === 'exemption' && body.validTo !== null && body.validTo < body.validFrom)
    throw wrong('validTo', 'The last day is before the first one.')
  if (body.kind === 'tax_id') {
    const ids = (customer.tax_ids as Customer['taxIds']).filter(({ type }) => type === 'vat')
    if (!ids.some(({ value }) => value === body.taxId))
      throw wrong('taxId', 'The customer has no such VAT number: add it there first.')
    if (body.checkedOn > ctx.now().toISOString().slice(0, 10))
      throw wrong('checkedOn', 'The check cannot have been made in the future.')
  }
  return writeEvidence(ctx, tenantId, customer, body)
}

/** Writes down what was found out, by whomever. */
export async function writeEvidence(
  ctx: Ctx,
  tenantId: string,
  { id: customerId, name }: { id: string; name: string },
  body: z.infer<typeof taxEvidenceCreate>,
): Promise<TaxEvidence> {
  const row = await taxes.insertEvidence(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    customer_id: customerId,
    kind: body.kind,
    ...(body.kind === 'tax_id'
      ? {
          tax_id: body.taxId,
          is_valid: body.isValid,
          method: body.method,
          reference: body.reference,
          valid_from: body.checkedOn,
        }
      : { reason: body.reason, valid_from: body.validFrom, valid_to: body.validTo }),
    recorded_by: JSON.stringify(ctx.actor),
    created_at: ctx.now(),
  })
  await auditService.record(ctx, {
    action: 'TAX_EVIDENCE_RECORDED',
    tenantId,
    target: { type: 'customer', id: customerId, label: name },
    details: { ...body, evidence: row.id },
  })
  return present(row)
}

/** Takes back what was recorded by mistake: it does not count from now on, and stays to be read. @throws AppError not_found, invalid_state */
export async function endEvidence(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await taxes.lockEvidence(ctx.tx, tenantId, id)
  if (!row) throw notFound('tax evidence')
  if (row.ended_at !== null) throw new AppError('invalid_state', 'It was taken back already.')
  await taxes.endEvidence(ctx.tx, id, ctx.now())
  await auditService.record(ctx, {
    action: 'TAX_EVIDENCE_ENDED',
    tenantId,
    target: { type: 'customer', id: row.customer_id },
    details: { evidence: id, kind: row.kind, taxId: row.tax_id, reason: row.reason },
  })
}

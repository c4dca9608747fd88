import type { z } from 'zod'
import type { taxCheckCreate } from '../../../shared/api/billingTaxes.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as taxes from '../../db/billingTaxes.ts'
import * as customers from '../../db/customers.ts'
import * as checks from '../../db/billingTaxChecks.ts'
import * as tenants from '../../db/tenants.ts'
import { AppError, notFound } from '../../errors.ts'
import { backoffMs } from '../../lib/backoff.ts'
import { localDate } from '../../lib/period.ts'
import { enqueueTaxCheck, type TaxCheckPayload } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { writeEvidence } from './taxEvidence.ts'
import { isAsked, PREFIXES } from './taxIdsAsked.ts'
import { UNION } from './taxRules.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** So many days before its evidence runs out a number is asked after again, so that an outage does no harm. */
const EARLY_DAYS = 14
const EVIDENCE_DAYS = 365
const AGAIN = { baseMs: 10 * MINUTE_MS, capMs: 6 * 60 * MINUTE_MS }
/** What was taken and is not answered by then is taken again. */
const TAKEN_MS = 6 * 60 * MINUTE_MS
const AT_ONCE = 50

/** Has a number checked now, whenever it was last. @throws AppError not_found, invalid_input, invalid_state */
export async function askForCheck(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  { taxId }: z.infer<typeof taxCheckCreate>,
): Promise<{ job: Job }> {
  const customer = await customers.find(ctx.tx, tenantId, customerId)
  if (!customer) throw notFound('customer')
  if (!ctx.settings.checksTaxIds)
    throw new AppError(
      'invalid_state',
      'mPanel asks no service about VAT numbers: check it yourself and record that, or have the operator set VIES_URL.',
    )
  const row = await checks.lock(ctx.tx, { tenantId, customerId, taxId })
  const message =
    row === undefined
      ? 'The customer has no such VAT number: add it there first.'
      : isAsked(taxId)
        ? null
        : 'VIES knows the VAT numbers of the European Union only.'
  if (message !== null) throw new AppError('invalid_input', message, { errors: [{ path: 'taxId', message }] })
  const { id } = await enqueueTaxCheck(ctx, tenantId, { customerId, taxId })
  return { job: await provisioningService.getJob(ctx, id) }
}

/** Has those checked whose time has come: that are new, or were checked long ago, or could not be checked. */
export async function checkDue(root: Root): Promise<void> {
  if (!root.settings.checksTaxIds) return
  await asSystem(root, 'billing', 'platform', async (ctx) => {
    const now = ctx.now()
    const due = await checks.takeDue(ctx.tx, {
      at: now,
      until: new Date(now.getTime() + TAKEN_MS),
      prefixes: PREFIXES,
      countries: [...UNION],
      limit: AT_ONCE,
    })
    for (const { tenant_id: tenantId, customer_id: customerId, tax_id: taxId } of due)
      await enqueueTaxCheck(ctx, tenantId, { customerId, taxId })
  })
}

/** Who asks. Null: the customer has no such number any more. */
export async function openCheck(
  ctx: Ctx,
  tenantId: string,
  { customerId, taxId }: TaxCheckPayload,
): Promise<{ requester: string | null } | null> {
  if (!(await checks.lock(ctx.tx, { tenantId, customerId, taxId }))) return null
  const seller = await taxes.seller(ctx.tx, tenantId)
  const own = seller?.tax_id?.toUpperCase().replaceAll(/[\s.-]/g, '')
  return { requester: own !== undefined && isAsked(own) ? own : null }
}

export type CheckAnswer =
  | { result: 'valid' | 'invalid'; reference: string | null; traderName: string | null }
  | { result: 'unknown'; problem: string }

/** Takes over what was answered: a yes and a no are evidence, anything else leaves the evidence as it was. */
export async function settleCheck(
  ctx: Ctx,
  tenantId: string,
  { customerId, taxId }: TaxCheckPayload,
  answer: CheckAnswer,
): Promise<void> {
  const which = { tenantId, customerId, taxId }
  const row = await checks.lock(ctx.tx, which)
  // It was taken away while it was asked after.
  if (!row) return
  const now = ctx.now()
  if (answer.result === 'unknown') {
    await checks.update(ctx.tx, which, {
      result: 'unknown',
      problem: answer.problem,
      trader_name: null,
      reference: null,
      asked_at: now,
      failures: row.failures + 1,
      next_at: new Date(now.getTime() + backoffMs(row.failures, AGAIN)),
    })
    return
  }
  const [customer, tenant, seller] = [
    await customers.find(ctx.tx, tenantId, customerId),
    await tenants.find(ctx.tx, tenantId),
    await taxes.seller(ctx.tx, tenantId),
  ]
  if (!customer || !tenant) throw notFound('customer')
  const days = seller?.evidence_days ?? EVIDENCE_DAYS
  await checks.update(ctx.tx, which, {
    result: answer.result,
    problem: null,
    trader_name: answer.traderName,
    reference: answer.reference,
    asked_at: now,
    failures: 0,
    next_at: new Date(now.getTime() + (days - Math.min(EARLY_DAYS, days / 2)) * DAY_MS),
  })
  await writeEvidence(ctx, tenantId, customer, {
    kind: 'tax_id',
    taxId,
    isValid: answer.result === 'valid',
    method: 'vies',
    reference: answer.reference ?? '',
    checkedOn: localDate(now, tenant.billing_tz),
  })
}

import type { z } from 'zod'
import type { Coupon, couponCreate, CouponOff, couponUpdate } from '../../../shared/api/billingCoupons.ts'
import type { Ctx } from '../../context.ts'
import type { PriceRow } from '../../db/billing.ts'
import * as coupons from '../../db/billingCoupons.ts'
import type { CouponRow, CouponView } from '../../db/billingCoupons.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { requireSold } from './catalogue.ts'

type Terms = Pick<CouponRow, 'percent_ppm' | 'amount_minor' | 'currency'>

export const offShown = ({ percent_ppm, amount_minor, currency }: Terms): CouponOff => ({
  percentPpm: percent_ppm,
  amount: amount_minor === null ? null : toMoney(amount_minor, currency ?? ''),
})

const present = (row: CouponView): Coupon => ({
  id: row.id,
  tenantId: row.tenant_id,
  code: row.code,
  name: row.name,
  off: offShown(row),
  periods: row.periods,
  plans: row.plans,
  oncePerCustomer: row.once_per_customer,
  maxRedemptions: row.max_redemptions,
  redeemed: row.redeemed,
  validUntil: row.valid_until?.toISOString() ?? null,
  state: row.state,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export async function listCoupons(ctx: Ctx, options: ListOptions) {
  const page = await coupons.list(ctx.tx, ctx.scope, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

async function shown(ctx: Ctx, tenantId: string, id: string): Promise<Coupon> {
  const row = await coupons.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('coupon')
  return present(row)
}

const wrong = (path: string, message: string) =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** @throws AppError invalid_input, already_exists, not_found for a plan that the tenant does not sell */
export async function createCoupon(ctx: Ctx, body: z.infer<typeof couponCreate>): Promise<Coupon> {
  const { tenantId, code, percentPpm, amountMinor, currency } = body
  if ((percentPpm === null) === (amountMinor === null))
    throw wrong('percentPpm', 'Say how much it takes off: either a share or an amount.')
  if ((amountMinor === null) !== (currency === null))
    throw wrong('currency', 'An amount has a currency, and a share has none.')
  const planIds = await requireSold(ctx, tenantId, body.planIds)
  const id = newId()
  const now = ctx.now()
  await coupons
    .insert(ctx.tx, {
      id,
      tenant_id: tenantId,
      code,
      name: body.name,
      percent_ppm: percentPpm,
      amount_minor: amountMinor === null ? null : BigInt(amountMinor),
      currency,
      periods: body.periods,
      plan_ids: planIds,
      once_per_customer: body.oncePerCustomer,
      max_redemptions: body.maxRedemptions,
      valid_until: body.validUntil === null ? null : new Date(body.validUntil),
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'coupons_tenant_id_code_key') throw error
      throw new AppError('already_exists', 'There is already a coupon with this code.')
    })
  await auditService.record(ctx, {
    action: 'COUPON_CREATED',
    tenantId,
    target: { type: 'coupon', id, label: code },
  })
  return shown(ctx, tenantId, id)
}

/** Changes what is named: never how much it takes off. @throws AppError not_found, precondition_failed, invalid_input */
export async function updateCoupon(
  ctx: Ctx,
  tenantId: string,
  id: string,
  change: z.infer<typeof couponUpdate>,
  version: number | undefined,
): Promise<Coupon> {
  const row = await coupons.lock(ctx.tx, tenantId, id)
  if (!row) throw notFound('coupon')
  requireVersion(row.version, version)
  const before = await shown(ctx, tenantId, id)
  const { name, maxRedemptions, validUntil, state } = change
  if (maxRedemptions !== undefined && maxRedemptions !== null && maxRedemptions < row.redeemed)
    throw wrong('maxRedemptions', `It was redeemed ${row.redeemed} times already: name no fewer.`)
  await coupons.update(ctx.tx, id, {
    ...(name !== undefined && { name }),
    ...(maxRedemptions !== undefined && { max_redemptions: maxRedemptions }),
    ...(validUntil !== undefined && { valid_until: validUntil === null ? null : new Date(validUntil) }),
    ...(state !== undefined && { state }),
    updated_at: ctx.now(),
  })
  const after = await shown(ctx, tenantId, id)
  await auditService.record(ctx, {
    action: 'COUPON_UPDATED',
    tenantId,
    target: { type: 'coupon', id, label: row.code },
    diff: auditService.diffOf(
      {
        name: before.name,
        maxRedemptions: before.maxRedemptions,
        validUntil: before.validUntil,
        state: before.state,
      },
      {
        name: after.name,
        maxRedemptions: after.maxRedemptions,
        validUntil: after.validUntil,
        state: after.state,
      },
    ),
  })
  return after
}

type Redeemer = { customerId: string; price: Pick<PriceRow, 'plan_id' | 'currency'> }

/** Why an order does not redeem a coupon; null: it does. */
export async function problemOf(ctx: Ctx, row: CouponRow, of: Redeemer): Promise<string | null> {
  const { plan_ids: planIds, currency } = row
  if (row.state !== 'active') return `The coupon ${row.code} is not valid any more.`
  if (row.valid_until !== null && row.valid_until <= ctx.now())
    return `The coupon ${row.code} is not valid any more.`
  if (row.max_redemptions !== null && row.redeemed >= row.max_redemptions)
    return `The coupon ${row.code} was redeemed as often as it can be.`
  if (planIds.length > 0 && !planIds.includes(of.price.plan_id))
    return `The coupon ${row.code} is not for this plan.`
  if (currency !== null && currency !== of.price.currency)
    return `The coupon ${row.code} is in ${currency}: choose a price in that currency.`
  if (row.once_per_customer && (await coupons.isRedeemedBy(ctx.tx, row.id, of.customerId)))
    return `The customer has redeemed the coupon ${row.code} already.`
  return null
}

/**
 * Redeems a coupon for an order of this transaction; nobody else redeems it meanwhile.
 * @throws AppError not_found, conflict with what stands against it
 */
export async function redeem(ctx: Ctx, tenantId: string, code: string, of: Redeemer): Promise<CouponRow> {
  const seen = await coupons.findByCode(ctx.tx, tenantId, code)
  const row = seen && (await coupons.lock(ctx.tx, tenantId, seen.id))
  if (!row) throw notFound('coupon')
  const problem = await problemOf(ctx, row, of)
  if (problem !== null) throw new AppError('conflict', problem)
  await coupons.count(ctx.tx, row.id, 1)
  return row
}

/** An order was given up: its coupon can be redeemed once more. */
export async function giveBack(ctx: Ctx, tenantId: string, couponId: string | null): Promise<void> {
  if (couponId !== null && (await coupons.lock(ctx.tx, tenantId, couponId)))
    await coupons.count(ctx.tx, couponId, -1)
}

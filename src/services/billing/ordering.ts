import type { z } from 'zod'
import type { addonWish } from '../../../shared/api/billingAddons.ts'
import type { OrderPreview, orderPreviewQuery } from '../../../shared/api/billingCoupons.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { PriceRow } from '../../db/billing.ts'
import * as coupons from '../../db/billingCoupons.ts'
import type { CouponRow } from '../../db/billingCoupons.ts'
import * as customers from '../../db/customers.ts'
import * as tenants from '../../db/tenants.ts'
import { notFound } from '../../errors.ts'
import { localDate } from '../../lib/period.ts'
import { toMoney } from '../../lib/money.ts'
import { chosen, linesOf, sizeWith, type Sold } from './addonsSold.ts'
import { offShown, problemOf } from './coupons.ts'
import { offOf, type Discount } from './discount.ts'
import { linesOfPeriod, type Off } from './invoiceLines.ts'
import { wordsFor } from './lineWords.ts'
import { ELSEWHERE, isRecordedElsewhere } from './providers.ts'
import { sumOf, taxLines } from './taxRules.ts'
import { taxationOf } from './taxing.ts'

/** The discount of a coupon, for as many periods as it says. */
const discountBy = (row: CouponRow): Discount => ({
  percentPpm: row.percent_ppm,
  minor: row.amount_minor,
  until: row.periods,
  planIds: row.plan_ids,
})

/** What a coupon takes off the first period. */
export const firstOff = (row: CouponRow | null, price: PriceRow): Off | null =>
  row && {
    code: row.code,
    minor: offOf(discountBy(row), { index: 0, planId: price.plan_id, unitMinor: price.unit_minor }),
  }

/** How many days a customer tries a plan before its first period: each plan once. */
export async function trialDaysOf(ctx: Ctx, customerId: string, price: PriceRow): Promise<number> {
  if (price.trial_days === 0 || (await coupons.hadTrial(ctx.tx, customerId, price.plan_id))) return 0
  return price.trial_days
}

/**
 * The add-ons of an order by the terms of its price, and what stands against them.
 * @throws AppError not_found
 */
export async function addonsOfOrder(
  ctx: Ctx,
  of: { tenantId: string; planName: string; price: PriceRow },
  wished: readonly z.infer<typeof addonWish>[],
): Promise<{ sold: Sold[]; problems: string[] }> {
  const { sold, problems } = await chosen(ctx, { ...of, present: [] }, wished)
  const isElsewhere = wished.length > 0 && (await isRecordedElsewhere(ctx, of.tenantId))
  return { sold, problems: isElsewhere ? [ELSEWHERE, ...problems] : problems }
}

/** What a query names: `<id>:2,<id>:1`. */
const wishesIn = (text: string): z.infer<typeof addonWish>[] =>
  text.split(',').map((one) => ({ addonId: one.slice(0, 36), quantity: Number(one.slice(37)) }))

/** Shows what an order comes to, as `create` would charge it. @throws AppError not_found */
export async function previewOrder(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  query: z.infer<typeof orderPreviewQuery>,
): Promise<OrderPreview> {
  const customer = await customers.find(ctx.tx, tenantId, customerId)
  const tenant = await tenants.find(ctx.tx, tenantId)
  const price = await billing.findPrice(ctx.tx, query.priceId)
  const plan = price && (await billing.findPlan(ctx.tx, price.plan_id))
  if (!customer || !tenant) throw notFound('customer')
  if (!plan || (plan.tenant_id ?? tenantId) !== tenantId) throw notFound('price')
  const found =
    query.coupon === undefined ? undefined : await coupons.findByCode(ctx.tx, tenantId, query.coupon)
  const problem = found
    ? await problemOf(ctx, found, { customerId, price })
    : `There is no coupon ${query.coupon}.`
  const row = found && problem === null ? found : null
  const trialDays = await trialDaysOf(ctx, customerId, price)
  const taxation = await taxationOf(ctx, tenantId, customer, localDate(ctx.now(), tenant.billing_tz))
  const wished = query.addons === undefined ? [] : wishesIn(query.addons)
  const addons = await addonsOfOrder(ctx, { tenantId, planName: plan.name, price }, wished)
  const lines = linesOfPeriod({
    words: await wordsFor(ctx, tenantId, customer),
    addons: linesOf(addons.sold),
    planName: plan.name,
    price,
    setupMinor: price.setup_minor,
    off: firstOff(row, price),
    span: trialDays > 0 ? 'trial' : 'delivery',
  })
  const taxed = taxLines(lines.map((line) => ({ ...line, tax: taxation.treatment })))
  const sum = sumOf(taxed)
  const money = (minor: bigint) => toMoney(minor, price.currency)
  return {
    lines: taxed.map(({ kind, description, netMinor, taxMinor }) => ({
      kind,
      description,
      amount: money(netMinor),
      tax: money(taxMinor),
    })),
    tax: money(sum.taxMinor),
    taxRatePpm: taxation.treatment?.ratePpm ?? 0,
    total: money(sum.grossMinor),
    taxedBecause: taxation.why,
    trial: trialDays > 0 ? { days: trialDays, after: price.trial_then } : null,
    coupon: row && { code: row.code, name: row.name, off: offShown(row), periods: row.periods },
    couponProblem: query.coupon === undefined ? null : problem,
    size: sizeWith(plan, addons.sold),
    addonProblems: addons.problems,
  }
}

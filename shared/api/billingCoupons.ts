import { z } from 'zod'
import { TRIAL_THEN } from '../states/billingSubscription.ts'
import { currency, id, listQuery, money, timestamp } from './common.ts'

const name = z.string().trim().min(1).max(200)
const periods = z.number().int().min(1).max(1_200)
const maxRedemptions = z.number().int().min(1).max(1_000_000)

/** What is taken off a price: a share of it, in millionths, or an amount. Of the two, one is null. */
export const couponOff = z.object({ percentPpm: z.number().int().nullable(), amount: money.nullable() })
export type CouponOff = z.infer<typeof couponOff>

export const coupon = z.object({
  id,
  tenantId: id,
  code: z.string(),
  name: z.string(),
  off: couponOff,
  /** For how many periods of a subscription; null: for all. */
  periods: z.number().int().nullable(),
  /** Empty: all plans. */
  plans: z.array(z.object({ id, name: z.string() })),
  oncePerCustomer: z.boolean(),
  /** Null: as often as one likes. */
  maxRedemptions: z.number().int().nullable(),
  /** By orders that were not given up. */
  redeemed: z.number().int(),
  validUntil: timestamp.nullable(),
  state: z.enum(['active', 'retired']),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Coupon = z.infer<typeof coupon>

export const couponCode = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9-]{2,39}$/, 'three to forty letters, digits and hyphens')
  .meta({ examples: ['SPRING-2027'] })

/** Either `percentPpm`, or `amountMinor` with its currency. */
export const couponCreate = z.strictObject({
  tenantId: id,
  code: couponCode,
  name,
  percentPpm: z.number().int().min(1).max(1_000_000).nullable().default(null),
  amountMinor: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'an amount in minor units, such as "499"')
    .meta({ examples: ['499'] })
    .nullable()
    .default(null),
  currency: currency.nullable().default(null),
  periods: periods.nullable().default(null),
  planIds: z.array(id).max(200).default([]),
  oncePerCustomer: z.boolean().default(false),
  maxRedemptions: maxRedemptions.nullable().default(null),
  validUntil: timestamp.nullable().default(null),
})
/** How much it takes off, and for how long, never changes. */
export const couponUpdate = z.strictObject({
  name: name.optional(),
  maxRedemptions: maxRedemptions.nullable().optional(),
  validUntil: timestamp.nullable().optional(),
  state: z.enum(['active', 'retired']).optional(),
})
export const couponList = listQuery

const piece = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[1-9][0-9]{0,3}'

export const orderPreviewQuery = z.strictObject({
  priceId: id,
  coupon: couponCode.optional(),
  /** Add-ons with how many of each, as in `<id>:2,<id>:1`. */
  addons: z
    .string()
    .regex(
      new RegExp(`^${piece}(?:,${piece}){0,19}$`),
      'ids of add-ons with a number each, such as <id>:2, at most 20 with commas between them',
    )
    .optional(),
})

/** What an order comes to: what is due before it is made, or after the trial. */
export const orderPreview = z.object({
  lines: z.array(
    z.object({
      kind: z.enum(['recurring', 'discount', 'addon', 'setup']),
      description: z.string(),
      /** Without tax. */
      amount: money,
      tax: money,
    }),
  ),
  tax: money,
  /** In millionths: 220000 is 22 percent. */
  taxRatePpm: z.number().int(),
  /** With tax. */
  total: money,
  /** Why it is taxed as it is, in words. */
  taxedBecause: z.string(),
  /** It is delivered unpaid, and the lines are billed after so many days, or never; null: it has no trial, or had it before. */
  trial: z.object({ days: z.number().int(), after: z.enum(TRIAL_THEN) }).nullable(),
  coupon: z
    .object({ code: z.string(), name: z.string(), off: couponOff, periods: z.number().int().nullable() })
    .nullable(),
  /** Why the coupon is not redeemed. */
  couponProblem: z.string().nullable(),
  /** What the CloudPod is made with. */
  size: z.object({ cores: z.number().int(), memoryMb: z.number().int(), diskGb: z.number().int() }),
  /** Why the add-ons cannot be had so: the order is refused with it. */
  addonProblems: z.array(z.string()),
})
export type OrderPreview = z.infer<typeof orderPreview>

import { z } from 'zod'
import { currency, id, listQuery, money, timestamp } from './common.ts'

const interval = z.enum(['day', 'week', 'month', 'year'])

/** What is sold beside a plan, in pieces: each adds to the CloudPod and to the price. */
export const addon = z.object({
  id,
  tenantId: id.nullable(),
  code: z.string(),
  name: z.string(),
  cores: z.number().int(),
  memoryMb: z.number().int(),
  diskGb: z.number().int(),
  /** How many of it a subscription has at most. */
  maxQuantity: z.number().int(),
  /** Empty: beside all plans. */
  planIds: z.array(id),
  /** Of one piece. */
  prices: z.array(
    z.object({ id, currency: z.string(), interval, intervalCount: z.number().int(), unit: money }),
  ),
  state: z.enum(['active', 'retired']),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Addon = z.infer<typeof addon>

export const addonCreate = z.strictObject({
  /** Null: sold by every tenant; only the platform may do that. */
  tenantId: id.nullable().default(null),
  code: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and hyphens'),
  name: z.string().trim().min(1).max(200),
  cores: z.number().int().min(0).max(512).default(0),
  memoryMb: z.number().int().min(0).max(4_194_304).default(0),
  diskGb: z.number().int().min(0).max(65_536).default(0),
  maxQuantity: z.number().int().min(1).max(1_000).default(1),
  planIds: z.array(id).max(200).default([]),
  prices: z
    .array(
      z.strictObject({
        currency,
        interval,
        intervalCount: z.number().int().min(1).max(120).default(1),
        unitMinor: z
          .string()
          .regex(/^\d{1,15}$/, 'an amount in minor units, such as "499"')
          .meta({ examples: ['499'] }),
      }),
    )
    .min(1)
    .max(50),
})
/** Its terms never change: other terms are another add-on. */
export const addonUpdate = z.strictObject({ state: z.enum(['active', 'retired']) })
export const addonList = listQuery

/** How many of an add-on a subscription shall have. */
export const addonWish = z.strictObject({ addonId: id, quantity: z.number().int().min(1).max(1_000) })

/** What a subscription has of an add-on. */
export const soldAddon = z.object({
  id,
  name: z.string(),
  quantity: z.number().int(),
  /** Of one piece, for a period. */
  unit: money,
})

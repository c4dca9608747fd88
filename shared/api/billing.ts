import { z } from 'zod'
import { SUBSCRIPTION_STATES, TRIAL_THEN } from '../states/billingSubscription.ts'
import { OVER_LIMIT } from '../states/cloudPodTraffic.ts'
import { nodeTags, regionName } from './provisioning.ts'
import { plannedChange, price } from './billingChanges.ts'
import { addonWish, soldAddon } from './billingAddons.ts'
import { couponCode, couponOff } from './billingCoupons.ts'
import { TAX_CATEGORIES } from '../states/tax.ts'
import { currency, id, listQuery, money, timestamp } from './common.ts'

export const plan = z.object({
  id,
  tenantId: id.nullable(),
  code: z.string(),
  name: z.string(),
  cores: z.number().int(),
  memoryMb: z.number().int(),
  diskGb: z.number().int(),
  /** Included in a month, in and out together; 1 GB is 1,000,000,000 bytes. Null: as much as one likes. */
  trafficGb: z.number().int().nullable(),
  /** How fast the network is, each way; null: without a limit. */
  rateMbps: z.number().int().nullable(),
  /** What happens when the traffic is used up. */
  overLimit: z.enum(OVER_LIMIT),
  /** Tags that a node must have to take its pods. */
  nodeTags: z.array(z.string()),
  state: z.enum(['active', 'retired']),
  prices: z.array(price),
  createdAt: timestamp,
})
export type Plan = z.infer<typeof plan>

const minorUnits = z
  .string()
  .regex(/^\d{1,15}$/, 'an amount in minor units, such as "499"')
  .meta({ examples: ['499'] })

export const planCreate = z.strictObject({
  /** Null: sold by every tenant; only the platform may do that. */
  tenantId: id.nullable().default(null),
  code: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and hyphens'),
  name: z.string().trim().min(1).max(200),
  cores: z.number().int().min(1).max(512),
  memoryMb: z.number().int().min(128).max(4_194_304),
  diskGb: z.number().int().min(1).max(65_536),
  trafficGb: z.number().int().min(1).max(10_000_000).nullable().default(null),
  rateMbps: z.number().int().min(1).max(100_000).nullable().default(null),
  /** Other than `none` only with `trafficGb`. */
  overLimit: z.enum(OVER_LIMIT).default('none'),
  nodeTags: nodeTags.default([]),
  prices: z
    .array(
      z.strictObject({
        currency,
        interval: z.enum(['day', 'week', 'month', 'year']),
        intervalCount: z.number().int().min(1).max(120).default(1),
        unitMinor: minorUnits,
        setupMinor: minorUnits.default('0'),
        /** What the disk costs on each renewal day that passes while the subscription is paused. */
        pausedMinor: minorUnits.default('0'),
        trialDays: z.number().int().min(0).max(366).default(0),
        trialThen: z.enum(TRIAL_THEN).default('activate'),
      }),
    )
    .min(1)
    .max(50),
})
export const planList = listQuery

const podSummary = z.object({ id, hostname: z.string(), state: z.string(), powerState: z.string() })

export const subscription = z.object({
  id,
  tenantId: id,
  customer: z.object({ id, name: z.string() }),
  provider: z.enum(['manual', 'stripe', 'whmcs']),
  state: z.enum(SUBSCRIPTION_STATES),
  plan: z.object({ id, code: z.string(), name: z.string() }),
  price,
  addons: z.array(soldAddon),
  /** What it has redeemed, and for how many periods to come; null: for all. */
  coupon: z
    .object({
      code: z.string(),
      name: z.string(),
      off: couponOff,
      periodsLeft: z.number().int().nullable(),
    })
    .nullable(),
  /** It is tried, and what follows that. */
  trial: z
    .object({ days: z.number().int(), after: z.enum(TRIAL_THEN), endsAt: timestamp.nullable() })
    .nullable(),
  periodStart: timestamp.nullable(),
  periodEnd: timestamp.nullable(),
  paymentDueAt: timestamp.nullable(),
  cancelAt: timestamp.nullable(),
  cancelReason: z.string().nullable(),
  change: plannedChange.nullable(),
  /** Until when the automation neither suspends nor ends it, and why. */
  hold: z.object({ until: timestamp, reason: z.string(), by: z.string() }).nullable(),
  /** While it is paused: `until` is the day on which it is resumed by itself; null: when somebody resumes it. */
  pause: z
    .object({ since: timestamp, until: z.string().nullable(), reason: z.string(), by: z.string() })
    .nullable(),
  /** Why the paid pod is not there, when its creation failed for good. */
  deliveryProblem: z.string().nullable(),
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  pod: podSummary.nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Subscription = z.infer<typeof subscription>

export const hostname = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'a host name: lower-case letters, digits and hyphens, labels separated by dots',
  )

export const sshKeys = z
  .string()
  .max(16_384)
  .regex(
    // The hypervisor writes each line unquoted into cloud-init's YAML, so a comment has nothing that means something there.
    /^(\s*|((ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+( [\w @.+/=,()~-]*)?(\n+|$))+)$/,
    'OpenSSH public keys, one a line; comments of letters, digits, spaces and @ . _ + - / = , ( ) ~',
  )
  .nullable()
  .default(null)

export const subscriptionCreate = z.strictObject({
  customerId: id,
  planId: id,
  priceId: id,
  blueprintId: id,
  hostname,
  sshKeys,
  /** Null: wherever there is room. */
  region: regionName.nullable().default(null),
  coupon: couponCode.nullable().default(null),
  /** The CloudPod is made with what they add. */
  addons: z.array(addonWish).max(20).default([]),
  /** What is due now, as it was shown: another total is refused. Null: whatever it is. */
  shownTotalMinor: minorUnits.nullable().default(null),
})
export type SubscriptionCreate = z.infer<typeof subscriptionCreate>

export const subscriptionCancel = z.strictObject({
  when: z.enum(['now', 'period_end']),
  reason: z.string().trim().max(500).default(''),
})
export const subscriptionList = listQuery.extend({
  state: z.enum(SUBSCRIPTION_STATES).optional(),
  customerId: id.optional(),
})

export const invoice = z.object({
  id,
  tenantId: id,
  customer: z.object({ id, name: z.string() }),
  subscriptionId: id.nullable(),
  number: z.string().nullable(),
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']),
  issueDate: z.string().nullable(),
  dueDate: z.string().nullable(),
  subtotal: money,
  tax: money,
  total: money,
  paid: money,
  credited: money,
  lines: z.array(
    z.object({
      lineNo: z.number().int(),
      kind: z.enum([
        'recurring',
        'discount',
        'addon',
        'setup',
        'manual',
        'credit',
        'carried',
        'domain',
        'storage',
      ]),
      description: z.string(),
      /** The category as in EN 16931; null: not taxed. The rate in millionths: 220000 is 22 percent. */
      taxCategory: z.enum(TAX_CATEGORIES).nullable(),
      taxRatePpm: z.number().int(),
      taxReason: z.string(),
      net: money,
      tax: money,
      gross: money,
    }),
  ),
  createdAt: timestamp,
})
export type Invoice = z.infer<typeof invoice>

export const invoiceDetail = z.object({
  ...invoice.shape,
  /** What was sold; null where it is something else. The name is the host name, or the plan of what has none yet. */
  subscription: z.object({ id, name: z.string(), state: z.enum(SUBSCRIPTION_STATES) }).nullable(),
  domain: z.object({ id, name: z.string() }).nullable(),
})
export type InvoiceDetail = z.infer<typeof invoiceDetail>

export const invoiceDocumentQuery = z.strictObject({
  /** The invoice, or a credit note over it. */
  of: z.enum(['invoice', 'credit_note']).default('invoice'),
  /** Which credit note: without it the newest one. */
  creditNote: id.optional(),
})

export const invoiceList = listQuery.extend({
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
  subscriptionId: id.optional(),
  customerId: id.optional(),
  /** Those that are due before this day. */
  dueBefore: z.iso.date().optional(),
})

export const invoiceWriteOff = z.strictObject({ reason: z.string().trim().min(1).max(500) })

export const paymentCreate = z.strictObject({
  amountMinor: minorUnits,
  currency,
  method: z.enum(['bank_transfer', 'cash', 'card_terminal', 'other']).default('bank_transfer'),
  /** The bank's or cashier's reference; the same reference is never booked twice. */
  reference: z.string().trim().min(1).max(200),
})
export const payment = z.object({
  id,
  tenantId: id,
  amount: money,
  method: z.string(),
  reference: z.string(),
  status: z.enum(['pending', 'succeeded', 'failed', 'refunded']),
  receivedAt: timestamp,
  invoice,
  subscription: subscription.nullable(),
})

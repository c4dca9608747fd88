import { z } from 'zod'
import { CHANGE_STATES, TRIAL_THEN } from '../states/billingSubscription.ts'
import { addonWish } from './billingAddons.ts'
import { id, money, timestamp } from './common.ts'

export const price = z.object({
  id,
  currency: z.string(),
  interval: z.enum(['day', 'week', 'month', 'year']),
  intervalCount: z.number().int(),
  unit: money,
  setup: money,
  /** What the disk costs on each renewal day that passes while the subscription is paused. */
  paused: money,
  /** Days without a price before the first period; 0: none. What follows them. */
  trialDays: z.number().int(),
  trialThen: z.enum(TRIAL_THEN),
})

/** A change of a subscription that is planned or under way, or the last one that did not come to what was meant. */
export const plannedChange = z.object({
  id,
  state: z.enum(CHANGE_STATES),
  plan: z.object({ id, code: z.string(), name: z.string() }),
  price,
  /** When it begins. */
  effectiveAt: timestamp,
  /** Why the CloudPod could not be made what the plan says. */
  problem: z.string().nullable(),
})

/** The wished plan, its price, or both, or other add-ons. Without a price: the one of the plan for the present interval. */
export const changePreviewBody = z.strictObject({
  planId: id.optional(),
  priceId: id.optional(),
  /** All that it shall have; without it: what it has. */
  addons: z.array(addonWish).max(20).optional(),
  when: z.enum(['now', 'period_end']).default('now'),
  /** Whether a machine that has its new cores and memory only after a restart is restarted at once. */
  restart: z.boolean().default(false),
})

const size = z.object({ cores: z.number().int(), memoryMb: z.number().int(), diskGb: z.number().int() })
const day = z.string()

export const changePreview = z.object({
  plan: z.object({ id, code: z.string(), name: z.string() }),
  price,
  when: z.enum(['now', 'period_end']),
  effectiveAt: timestamp,
  lines: z.array(
    z.object({
      /** `credit`: billed time that is not used; `carried`: what becomes the customer's credit, so that the total is zero. */
      kind: z.enum(['recurring', 'discount', 'addon', 'setup', 'credit', 'carried']),
      description: z.string(),
      /** From the first to the last day. */
      from: day.nullable(),
      to: day.nullable(),
      /** Without tax. */
      amount: money,
      tax: money,
    }),
  ),
  tax: money,
  /** Why it is taxed as it is, in words. */
  taxedBecause: z.string(),
  /** With tax. */
  total: money,
  /** What of the total the customer's credit pays. */
  fromCredit: money,
  /** When the invoice of the lines is issued and due; due is null when nothing is to be paid. */
  issued: day,
  dueDate: day.nullable(),
  /** Invoices for time to come at the old price: they are credited, and issued anew at the new one. */
  takenBack: z.array(z.object({ id, number: z.string(), total: money })),
  /** The invoice after that one, if nothing else changes. */
  next: z
    .object({ issued: day, from: day, to: day, total: money, fromCredit: money, dueDate: day })
    .nullable(),
  /** What becomes of the CloudPod; null: there is none. */
  pod: z
    .object({
      id,
      hostname: z.string(),
      from: size,
      to: size,
      resized: z.boolean(),
      /** It has its new cores and memory only after a restart. */
      needsRestart: z.boolean(),
    })
    .nullable(),
  /** Why the change cannot be made; empty: it can. */
  blockers: z.array(z.object({ code: z.string(), message: z.string() })),
  /** What carries out exactly this; null when it cannot be made. */
  token: z.string().nullable(),
  expiresAt: timestamp.nullable(),
})
export type ChangePreview = z.infer<typeof changePreview>

export const subscriptionChange = z.strictObject({ token: z.string().min(1).max(4_000) })

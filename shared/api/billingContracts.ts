import { z } from 'zod'
import { auditCursor } from './audit.ts'
import { id, listQuery, money, timestamp } from './common.ts'

const days = (min: number, max: number) => z.number().int().min(min).max(max)

/** What is done about unpaid invoices, in days after the due date. Null: never. */
export const dunningPolicy = z.object({
  id,
  /** Null: the platform's, for every tenant without one of its own. */
  tenantId: id.nullable(),
  tenantName: z.string().nullable(),
  /** Null: for all plans without one of their own. */
  plan: z.object({ id, name: z.string() }).nullable(),
  remindAfterDays: z.array(z.number().int()),
  suspendAfterDays: z.number().int().nullable(),
  terminateAfterDays: z.number().int().nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type DunningPolicy = z.infer<typeof dunningPolicy>

export const dunningPolicyUpdate = z.strictObject({
  remindAfterDays: z.array(days(2, 365)).max(10).optional(),
  suspendAfterDays: days(1, 365).nullable().optional(),
  terminateAfterDays: days(4, 730).nullable().optional(),
})
/** For a tenant, a plan, or a plan of a tenant. */
export const dunningPolicyCreate = z.strictObject({
  tenantId: id.nullable().default(null),
  planId: id.nullable().default(null),
  remindAfterDays: z.array(days(2, 365)).max(10).default([]),
  suspendAfterDays: days(1, 365).nullable().default(null),
  terminateAfterDays: days(4, 730).nullable().default(null),
})
export const dunningPolicyList = listQuery

export const subscriptionHold = z.strictObject({
  until: timestamp,
  reason: z.string().trim().min(1).max(500),
})
export const subscriptionRelease = z.strictObject({ reason: z.string().trim().min(1).max(500) })

const day = z.iso.date()

export const subscriptionPause = z.strictObject({
  /** The day on which it is resumed by itself; null: when somebody resumes it. */
  until: day.nullable().default(null),
  reason: z.string().trim().min(1).max(500),
})
export const subscriptionResume = z.strictObject({ reason: z.string().trim().min(1).max(500) })
export const pausePreviewQuery = z.strictObject({ until: day.optional() })

/** What a pause from now on does. */
export const pausePreview = z.object({
  /** What stands against it. */
  blockers: z.array(z.string()),
  /** The present period as it is, and how many of its days are left after today. */
  from: z.string(),
  to: z.string(),
  daysLeft: z.number().int(),
  /** Invoices for later periods, which are taken back; what was paid of them becomes credit. */
  takenBack: z.array(z.object({ id, number: z.string(), total: money, paid: money })),
  /** With the day of the resume: what becomes of the period, and when the next one begins. */
  resumed: z.object({ on: z.string(), to: z.string(), movedDays: z.number().int() }).nullable(),
  /** What its disk costs meanwhile, with tax: on the first of the renewal days and each further one; with the day of the resume how often, and all of it. Null: nothing. */
  storage: z
    .object({ each: money, first: day, times: z.number().int().nullable(), total: money.nullable() })
    .nullable(),
})
export type PausePreview = z.infer<typeof pausePreview>

/** What happens to a subscription on which day, if nobody does anything. */
export const subscriptionCalendar = z.object({
  /** Where its days begin and end. */
  timeZone: z.string(),
  /** The last day of which all is shown: sooner than was asked for where there is too much to show. */
  until: day,
  items: z.array(
    z.object({
      what: z.enum([
        'trialNotice',
        'activate',
        'trialOver',
        'end',
        'bill',
        'advance',
        'change',
        'settle',
        'storage',
        'resume',
        'release',
        'overdue',
        'remind',
        'suspend',
        'warn',
        'terminate',
      ]),
      at: timestamp,
      /** The day of it in that time zone. */
      date: z.string(),
      /** Of an invoice: for which period, how much, paid out of the customer's credit how much, and when the rest is due. */
      invoice: z
        .object({ from: z.string(), to: z.string(), total: money, fromCredit: money, dueDate: z.string() })
        .nullable(),
    }),
  ),
})
export type SubscriptionCalendar = z.infer<typeof subscriptionCalendar>

export const calendarQuery = z.strictObject({
  /** Whether what is open and what comes is taken to be paid in time, or not at all. */
  assume: z.enum(['paid', 'unpaid']).default('paid'),
  /** The last day that is asked for, at most two years ahead. */
  until: day.optional(),
  /** So many days, 120 where nothing is said: either these or `until`. */
  days: z.coerce.number().int().min(1).max(1_500).optional(),
})

/** What happened to a subscription: audit events, invoices, payments and jobs, newest first. */
export const subscriptionTimeline = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      at: timestamp,
      kind: z.enum(['event', 'invoice', 'payment', 'job']),
      /** The event's or job's name, the invoice's number, or the payment's reference. */
      label: z.string(),
      /** The state of an invoice or job; the outcome of an event; the method of a payment. */
      state: z.string(),
      amount: money.nullable(),
      /** Who caused an event or recorded a payment. */
      actor: z.object({ type: z.string(), label: z.string() }).nullable(),
      diff: z.record(z.string(), z.tuple([z.unknown(), z.unknown()]).meta({ items: {} })).nullable(),
    }),
  ),
  nextCursor: z.string().nullable(),
})
export type SubscriptionTimeline = z.infer<typeof subscriptionTimeline>

export const timelineQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: auditCursor.optional(),
})
